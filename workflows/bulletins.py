"""Bulletins: messages of the house about runs and challenges, posted once and edited in place as things move.

Whatever changes what a bulletin says bumps its version in the same transaction; the courier is told what is true when
it gets there, so that ten changes at once are one edit, and a crash repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage.tables import BulletinKind


@dataclass(frozen=True)
class Notice:
    """A bulletin on its way. `id` and `key` are the same at every try.

    `about` is what it tells of: a `RunView` or a `ChallengeView`; `topic` says which part. `owner` is what the surface
    calls whom it is for, if it is for one person. `post` is the chat's id of it, None: not posted yet, as far as we
    know; `again`: it was tried before, so a courier looks (back to `since`, milliseconds) before it posts.
    `withdrawn`: it is to be taken down.
    """

    id: int
    key: str
    kind: BulletinKind
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
