"""The way to the database: one session a call, one transaction a session."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlmodel import Session

from storage.engines import LOCK_WAIT_S, named_errors, open_engine, settled
from storage.errors import DatabaseBusy, StorageFull

__all__ = ["Database", "DatabaseBusy", "StorageFull"]

T = TypeVar("T")

READERS = 4


class Database:
    """A database by its URL: `sqlite:///path/to/file` or `postgresql://…`, with its schema in place (`migrate`).

    Writes run one after the other on one thread that owns the write connection; reads run beside them and see one
    snapshot each. What a call returns stays readable after its session. Calls raise `DatabaseBusy` after waiting
    `lock_wait_s` for a lock and `StorageFull` when the disk is full, both with nothing written.
    """

    def __init__(self, url: str, *, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.url = settled(url)
        self._writing = open_engine(self.url, lock_wait_s=lock_wait_s)
        self._reading = open_engine(self.url, lock_wait_s=lock_wait_s, read_only=True)
        self._inside = threading.local()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-writer")
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="storage-reader")

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own and commit it; whatever it raises rolls everything back."""
        if getattr(self._inside, "writing", False):
            raise RuntimeError("a write within a write would wait for itself: pass the session on")
        return self._writer.submit(self._write, work).result()

    def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a snapshot, in this thread. The database refuses to be changed by it."""
        with named_errors(), Session(self._reading, expire_on_commit=False) as session:
            return work(session)

    async def awrite(self, work: Callable[[Session], T]) -> T:
        """`write` beside the event loop.

        A cancelled caller doesn't cancel the transaction: in its turn it is committed or rolled back as a whole.
        Whoever must know how it ended shields a task of this call, and awaits that task again.
        """
        return await asyncio.shield(asyncio.wrap_future(self._writer.submit(self._write, work)))

    async def aread(self, work: Callable[[Session], T]) -> T:
        """`read` beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read, work)

    def close(self) -> None:
        """Finish what was handed in, then close every connection."""
        self._writer.shutdown()
        self._readers.shutdown()
        # The write connection goes last: then SQLite folds its log into the file.
        self._reading.dispose()
        self._writing.dispose()

    def _write(self, work: Callable[[Session], T]) -> T:
        self._inside.writing = True
        with named_errors(), Session(self._writing, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
            return result
