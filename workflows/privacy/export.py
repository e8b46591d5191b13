"""Everything that is kept about somebody, for them to take along: their rows in readable words, and their files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from storage import marks, personal, recordings, tracks, users
from storage.database import Database
from storage.tables import User
from workflows import limits, record
from workflows.asks.privacy import MydataExport
from workflows.credits import account_of
from workflows.people import OPERATOR, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.view import FileView

TASK = str(MydataExport.model_fields["task"].default)
# Columns that are points in time; so are all that end in "_at".
TIMES = frozenset({"at", "until", "run_after", "since", "theme_until", "submit_until", "vote_until"})
# Columns whose text is JSON.
WRITTEN = frozenset({"spec", "plan", "analysis"})


@dataclass(frozen=True)
class Owned:
    """A file of somebody: of a `take` of the song `job`, a picture they gave it, or (`job` None) sound they brought."""

    job: int | None
    title: str
    take: int
    file: FileView


@dataclass(frozen=True)
class Export:
    """What is kept about somebody: `data` by what it is about, rows of plain values; `files` the latest song first.

    `made_at` in milliseconds since the epoch.
    """

    name: str
    made_at: int
    data: dict[str, list[dict[str, Any]]]
    files: tuple[Owned, ...]

    @property
    def text(self) -> str:
        """`data` as JSON."""
        return json.dumps(self.data, ensure_ascii=False, indent=1)


async def mine(db: Database, rules: Rules, who: Requester) -> Export:
    """What is kept about who asks, a few times a minute at most. Raises `Refusal` where that is nothing."""

    def known(session: Session) -> User:
        user = users.known(session, who.surface, who.external_id)
        if user is None:
            raise Refusal("nothing_known")
        return users.person(session, user.id)

    def count(session: Session) -> None:
        user = known(session)
        account, now = account_of(user), now_ms()
        limits.note(session, rules.limits, user_id=user.id, account=account, task=TASK, now=now)

    found = await db.aread(lambda session: _export(session, known(session)))
    if TASK in rules.limits.per_minute:
        await db.awrite(count)
    return found


async def of_named(db: Database, name: str) -> Export:
    """The same for the operator, who names them. Raises `Refusal` for a name that nobody has."""

    def look(session: Session) -> Export:
        user = users.by_name(session, name)
        if user is None:
            raise Refusal("user_not_found", field="name", value=name)
        found = _export(session, user)
        record.note(session, OPERATOR, "mydata export", account_of(user), now_ms())
        return found

    return await db.awrite(look)


def _export(session: Session, user: User) -> Export:
    who = personal.person(session, user.id)
    data = {called: [_plain(row) for row in rows] for called, rows in personal.rows(session, who)}
    files = (*_songs(session, who), *_brought(session, who), *_pictures(session, who))
    return Export(user.name, now_ms(), data, files)


def _songs(session: Session, who: personal.Person) -> Iterator[Owned]:
    for number in personal.songs(session, who):
        for track in tracks.of_job(session, number):
            for file, blob in tracks.files_of(session, track.id):
                view = FileView(file.kind, file.name, file.format, file.digest, blob.size)
                yield Owned(number, track.title, track.take, view)


def _brought(session: Session, who: personal.Person) -> Iterator[Owned]:
    for row, blob in recordings.of(session, who.numbers):
        view = FileView("audio", "", row.digest.rpartition(".")[2], row.digest, blob.size)
        yield Owned(None, row.title, 1, view)


def _pictures(session: Session, who: personal.Person) -> Iterator[Owned]:
    for number, blob in marks.pictures(session, who.numbers):
        view = FileView("thumbnail", "", blob.digest.rpartition(".")[2], blob.digest, blob.size)
        yield Owned(number, "thumbnail", 1, view)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    if name in WRITTEN and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, int) and (name.endswith("_at") or name in TIMES):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="seconds")
    return value
