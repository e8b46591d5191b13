"""Runs the writes of a process. On SQLite those that wait together are committed together.

A commit waits for the disk, and SQLite has one writer at a time: with a hundred people typing at one moment, a commit
for each would keep the last of them waiting for a hundred syncs. Each write still stands alone: it runs in a savepoint,
what it raises undoes it and nothing else, and nobody is told that it is done before the disk has it. On Postgres, where
several connections write at once and share their syncs, a few threads take one transaction each: rows that many writes
of one transaction had locked in any order would deadlock with another process.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session

from storage.engines import POSTGRES_AT_ONCE, is_conflict, named_errors
from storage.wake import Topic, taken

T = TypeVar("T")
Work = Callable[[Session], Any]

# How many writes share a commit at most: the first of them waits for all the others.
GROUP = 32
# How often a transaction that lost against another is tried.
TRIES = 5


@dataclass(slots=True)
class _Call:
    """A write that was handed in, and who waits for it: an event loop's future, or a thread's."""

    work: Work
    future: Any
    loop: asyncio.AbstractEventLoop | None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Takes writes from any thread or event loop. `close` finishes what was handed in.

    `notify` is called after a commit with what it gave others to do (`storage.wake`), in the thread that committed.
    """

    def __init__(self, engine: Engine, notify: Callable[..., None] = lambda *_topics: None) -> None:
        self._engine, self._notify = engine, notify
        self._grouped = engine.dialect.name == "sqlite"
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._inside = threading.local()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"storage-writer-{number}", daemon=True)
            for number in range(1 if self._grouped else POSTGRES_AT_ONCE)
        ]
        for thread in self._threads:
            thread.start()

    def run(self, work: Callable[[Session], T]) -> T:
        """Run `work`, wait for it, and return or raise what came of it."""
        if getattr(self._inside, "writing", False):
            raise RuntimeError("a write within a write would wait for itself: pass the session on")
        future: Future[T] = Future()
        self._hand_in(_Call(work, future, None))
        return future.result()

    async def arun(self, work: Callable[[Session], T]) -> T:
        """`run` beside the event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._hand_in(_Call(work, future, loop))
        return await future

    def close(self) -> None:
        """Finish what was handed in; later calls are refused."""
        self._closed = True
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join()

    def _hand_in(self, call: _Call) -> None:
        if self._closed:
            raise RuntimeError("the database is closed")
        self._calls.put(call)

    def _serve(self) -> None:
        self._inside.writing = True
        last = False
        while not last:
            calls: list[_Call] = []
            call = self._calls.get()
            while call is not None:
                calls.append(call)
                if not self._grouped or len(calls) == GROUP or self._calls.empty():
                    break
                call = self._calls.get()
            last = call is None
            topics = self._run(calls)
            # Whoever waits for this write need not wait until others have been woken.
            _tell(calls)
            if topics:
                self._notify(*topics)

    def _run(self, calls: list[_Call]) -> frozenset[Topic]:
        """Run what was handed in; returns what it gives others to do."""
        if len(calls) > 1:
            return self._together(calls)
        return self._alone(calls[0]) if calls else frozenset()

    def _alone(self, call: _Call) -> frozenset[Topic]:
        for attempt in range(TRIES):
            try:
                with named_errors(), Session(self._engine, expire_on_commit=False) as session:
                    call.result = call.work(session)
                    session.commit()
                    return taken(session)
            except BaseException as error:
                # Postgres let somebody else pass and undid all of ours: from the start, it sees what they did.
                if attempt + 1 < TRIES and is_conflict(error):
                    continue
                call.error = error
            break
        return frozenset()

    def _together(self, calls: list[_Call]) -> frozenset[Topic]:
        try:
            with named_errors(), Session(self._engine, expire_on_commit=False) as session:
                topics = frozenset().union(*[_in_savepoint(session, call) for call in calls])
                session.commit()
                return topics
        except BaseException:
            # The group could not be begun or committed. Nothing of it is there: each for itself finds out why.
            for call in calls:
                call.result, call.error = None, None
            return frozenset().union(*map(self._alone, calls))


def _in_savepoint(session: Session, call: _Call) -> frozenset[Topic]:
    """Run one write of a group; returns what it gives others to do. Only the group's own trouble is raised."""
    # Straight to the driver: the session's own nested transactions take as long as the work.
    plain = session.connection().connection.cursor()
    plain.execute("SAVEPOINT one")
    try:
        with named_errors():
            call.result = call.work(session)
            session.flush()
    except BaseException as error:
        call.error = error
        # A full disk or a broken file undoes the whole transaction by itself.
        if not plain.connection.in_transaction:
            raise
        plain.execute("ROLLBACK TO one")
    plain.execute("RELEASE one")
    # The next one must find nothing of this one's in memory.
    session.expunge_all()
    topics = taken(session)
    return topics if call.error is None else frozenset()


def _tell(calls: list[_Call]) -> None:
    """Hand results to whoever waits; those of one event loop all at once."""
    waiting: dict[asyncio.AbstractEventLoop, list[_Call]] = {}
    for call in calls:
        if call.loop is None:
            _resolve(call)
        else:
            waiting.setdefault(call.loop, []).append(call)
    for loop, its in waiting.items():
        try:
            loop.call_soon_threadsafe(_resolve_all, its)
        except RuntimeError:
            # The loop has ended, and whoever waited with it. What they asked for is done.
            continue


def _resolve_all(calls: list[_Call]) -> None:
    for call in calls:
        _resolve(call)


def _resolve(call: _Call) -> None:
    if call.future.done():
        return
    if call.error is not None:
        call.future.set_exception(call.error)
    else:
        call.future.set_result(call.result)
