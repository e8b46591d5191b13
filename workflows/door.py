"""The door for files from outside: who may bring any, one at a time for each person, and the room they lie in."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sqlmodel import Session

from engine.spec import Request
from storage.blobs import Blobs
from storage.database import Database
from storage.users import TERMINAL
from workflows import bans, limits, queue
from workflows.credits import account_of, welcome
from workflows.people import Requester, now_ms
from workflows.rules import Rules


class Fetched(Protocol):
    """A file that was fetched; `name` is what it is called, without folder and ending."""

    @property
    def name(self) -> str:
        """What people called it."""


class Fetcher(Protocol):
    """Fetches what a link leads to, guarded (`workflows.fetch`)."""

    async def fetch(
        self, url: str, to: Path, *, field: str, text_of: int | None = None, picture_of: int | None = None
    ) -> Fetched:
        """Write it to `to`: text or a picture of at most so many bytes where either says so, else sound.

        Raises `Refusal` that names `field`.
        """

    async def close(self) -> None:
        """End what is under way."""


class Door:
    """`folder` holds what is on its way in; `house` is where this house is reached, if it is.

    `fetcher` makes the one that is used, when there is the first to fetch.
    """

    def __init__(
        self, *, db: Database, blobs: Blobs, rules: Rules, fetcher: Callable[[], Fetcher], folder: Path,
        house: str | None = None,
    ) -> None:  # fmt: skip
        self.db, self.blobs, self.rules, self.house = db, blobs, rules, house
        self._make_fetcher, self._folder = fetcher, folder
        # One thing at a time for each person: somebody's fifty slow links keep nobody else waiting.
        self._turns: weakref.WeakValueDictionary[tuple[str, str], asyncio.Lock] = weakref.WeakValueDictionary()

    @cached_property
    def fetcher(self) -> Fetcher:
        """The client for links."""
        return self._make_fetcher()

    def require_may_bring(self, session: Session, who: Requester, spec: Request | None = None) -> None:
        """Whoever would be refused anyway makes us fetch nothing. What is judged here is judged again at the end.

        Raises `Refusal`; else it is counted.
        """
        queue.require_open(session)
        now, given = now_ms(), self.rules.limits
        user = welcome(session, self.rules.pricing, who, now)
        bans.require_welcome(session, user.id, now)
        account = account_of(user)
        if spec is not None:
            limits.check(
                session, given, self.rules.roles, user_id=user.id, account=account, who=who, task=spec.task, now=now
            )
        if who.surface != TERMINAL:
            limits.note_sound(session, given, user_id=user.id, account=account, now=now)

    @asynccontextmanager
    async def room(self, who: Requester) -> AsyncIterator[Path]:
        """A folder for one thing that somebody brings, once it is their turn; gone afterwards."""
        async with self._turn(who):
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            room = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._folder))
            try:
                yield room
            finally:
                await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

    async def close(self) -> None:
        """End what is under way."""
        if "fetcher" in vars(self):
            await self.fetcher.close()

    def _turn(self, who: Requester) -> asyncio.Lock:
        key = (who.surface, who.external_id)
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.Lock()
        return turn
