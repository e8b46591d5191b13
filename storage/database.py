"""The way to the database: one session a call; what is written is on disk before its call returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from sqlmodel import Session

from storage.engines import LOCK_WAIT_S, named_errors, open_engine, settled
from storage.errors import DatabaseBusy, StorageFull
from storage.wake import Topic, open_waker
from storage.writer import Writer

__all__ = ["Database", "DatabaseBusy", "StorageFull"]

T = TypeVar("T")

READERS = 4


class Database:
    """A database by its URL: `sqlite:///path/to/file` or `postgresql://…`, with its schema in place (`migrate`).

    Writes go through a `Writer`; reads run beside them and see one snapshot each. What a call returns stays readable
    after its session. Calls raise `DatabaseBusy` after waiting `lock_wait_s` for a lock and `StorageFull` when the disk
    is full, both with nothing written.
    """

    def __init__(self, url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.url = settled(url)
        self._writing = open_engine(self.url, lock_wait_s=lock_wait_s)
        self._reading = open_engine(self.url, lock_wait_s=lock_wait_s, read_only=True)
        self._waker = open_waker(self.url)
        self._writer = Writer(self._writing, self._waker.notify)
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="storage-reader")

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` as a transaction of its own and commit it; whatever it raises undoes all of it.

        `work` may be run again where the database asks for that (a deadlock): it changes nothing but the database.
        """
        return self._writer.run(work)

    def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a snapshot, in this thread. The database refuses to be changed by it."""
        with named_errors(), Session(self._reading, expire_on_commit=False) as session:
            return work(session)

    async def awrite(self, work: Callable[[Session], T]) -> T:
        """`write` beside the event loop.

        A cancelled caller doesn't cancel the transaction: in its turn it is committed or rolled back as a whole.
        Whoever must know how it ended shields a task of this call, and awaits that task again.
        """
        return await self._writer.arun(work)

    async def aread(self, work: Callable[[Session], T]) -> T:
        """`read` beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read, work)

    def listening(self, on_wake: Callable[[Topic], None], *, works: bool = False) -> AbstractAsyncContextManager[None]:
        """Call `on_wake` for what the writes of any process give others to do: see `storage.wake`."""
        return self._waker.listening(on_wake, works=works)

    def worked_anywhere(self) -> bool:
        """Whether a process on any machine shows that it works the queue; False on SQLite, which is of one machine."""
        if self.url.get_backend_name() != "postgresql":
            return False
        from storage.wake_postgres import somebody_works

        return self.read(somebody_works)

    def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        self._writer.close()
        self._waker.close()
        self._readers.shutdown()
        # The write connection goes last: then SQLite folds its log into the file.
        self._reading.dispose()
        self._writing.dispose()
