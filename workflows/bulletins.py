"""Bulletins: messages of the house about runs and challenges, posted once and edited in place as things move.

Whatever changes what a bulletin says bumps its version in the same transaction; the courier is told what is true when
it gets there, so that ten changes at once are one edit, and a crash repeats nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from sqlmodel import Session

from storage import bulletins, users
from storage.database import Database
from storage.tables import Bulletin, BulletinKind
from workflows.errands import AT_ONCE

# Where each kind is looked up: `look(session, subject)`, loaded when there is something to tell of it.
_VIEWS: Mapping[BulletinKind, str] = {
    "run": "workflows.runs.view",
    "challenge": "workflows.challenges.view",
    "schedule": "workflows.firings",
}


@dataclass(frozen=True)
class Notice:
    """A bulletin on its way. `id` and `key` are the same at every try.

    `about` is what it tells of (a `RunView`, a `ChallengeView`, a `FiringView`) and `subject` its number; None where it
    is `withdrawn`: then it is to be taken down. `topic` says which part. `owner` is what the surface calls whom it is
    for, if it is for one person; `moved` the code of why it goes to their own messages. `post` is the chat's id of it,
    None: not posted yet, as far as we know; `again`: it was tried before, so a courier looks (back to `since`,
    milliseconds) before it posts.
    """

    id: int
    key: str
    kind: BulletinKind
    subject: int
    topic: str
    about: object
    surface: str
    channel: str
    message: str | None
    owner: str | None
    post: str | None
    moved: str | None
    withdrawn: bool
    again: bool
    since: int


class Board(Protocol):
    """Puts bulletins up on one surface. MUST be idempotent by `notice.id`, and safe to call several times at once."""

    surface: str

    async def put_up(self, notice: Notice) -> str | None:
        """Post it, edit it, or take it down; returns the chat's id of it, None once it is down.

        Raises `DeliveryFailed` like a courier.
        """

    def elsewhere(self, notice: Notice, /) -> str | None:
        """Another channel that reaches whom it is for when its own can't be posted to, if there is one."""


def look(session: Session, row: Bulletin) -> Notice:
    """What a bulletin is to show now."""
    owner = None if row.user_id is None else users.external_id(session, row.user_id, row.surface)
    return Notice(
        id=row.id,
        key=row.key,
        kind=row.kind,
        subject=row.subject,
        topic=row.topic,
        about=None if row.withdrawn else import_module(_VIEWS[row.kind]).look(session, row.subject),
        surface=row.surface,
        channel=row.channel,
        message=row.message,
        owner=owner,
        post=row.post,
        moved=row.moved,
        withdrawn=row.withdrawn,
        again=row.attempts > 1,
        since=row.created_at,
    )


class Bulletins:
    """The line of bulletins: what `workflows.deliver` takes to `boards`."""

    at_once = AT_ONCE

    def __init__(self, db: Database, boards: Mapping[str, Board]) -> None:
        self._db, self._boards = db, boards
        self.surfaces = tuple(boards)

    def is_due(self, session: Session, surfaces: Collection[str], now: int) -> bool:
        """Whether anything is to be shown on one of `surfaces`; reads only."""
        return bulletins.is_due(session, surfaces=surfaces, now=now)

    def claim(
        self, session: Session, surface: str, *, now: int, lease_ms: int, limit: int, busy: Collection[str]
    ) -> list[Showing]:
        """Lease what is due there, one thing a channel."""
        rows = bulletins.claim_due(session, surfaces=(surface,), now=now, lease_ms=lease_ms, limit=limit, busy=busy)
        return [Showing(self._db, self._boards[surface], row) for row in rows]


class Showing:
    """One bulletin under way to its board."""

    def __init__(self, db: Database, board: Board, row: Bulletin) -> None:
        self._db, self._board, self._row = db, board, row
        self._notice: Notice | None = None
        self.name, self.surface, self.channel = f"{row.key} v{row.version}", row.surface, row.channel
        self.attempts, self.since = row.attempts, row.created_at

    async def run(self) -> str | None:
        """Show what is true now; where that can't be read, nothing else is held up by it."""
        self._notice = await self._db.aread(lambda session: look(session, self._row))
        return await self._board.put_up(self._notice)

    def extend(self, session: Session, lease_until: int) -> None:
        """Keep it ours."""
        bulletins.extend(session, self._row, lease_until)

    def arrived(self, session: Session, now: int, receipt: str | None) -> int | None:
        """It is shown; milliseconds until its next change may be."""
        del now
        bulletins.shown(session, self._row, receipt)
        return bulletins.EDIT_MS

    def again(self, session: Session, due_at: int, error: str) -> None:
        """Try it later."""
        bulletins.retry_later(session, self._row, due_at, error)

    def elsewhere(self) -> str | None:
        """Where it can go instead: to whom it is for."""
        return None if self._notice is None else self._board.elsewhere(self._notice)

    def readdress(self, session: Session, now: int, channel: str, why: str, error: str) -> None:
        """Send it there from now on."""
        bulletins.readdressed(session, self._row, channel, why, now, error)

    def lose(self, session: Session, now: int, error: str) -> None:
        """Nobody can be shown it."""
        bulletins.dead(session, self._row, now, error)
