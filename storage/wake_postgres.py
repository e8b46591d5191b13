"""Notices between the processes that share a Postgres database: NOTIFY and LISTEN."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from time import monotonic, sleep
from typing import Any

import psycopg
from sqlalchemy import URL, text
from sqlmodel import Session

from storage.wake import TOPICS, Topic, as_text, topics_of

log = logging.getLogger(__name__)

CHANNEL = "minstrel_wake"
# An advisory lock that everybody at work has a share of: it writes nothing, and can't outlive its connection.
AT_WORK = (1_835_626_099, 1)
# Seconds between tries to listen again.
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 30.0
# After a notice, others are gathered for so long: the first one goes at once.
TOGETHER_S = 0.02
# A server that could not be reached to send a notice is left alone for so long: nobody should wait for it.
SILENT_S = 5.0
# A listener only waits: without these it would not learn that the server's machine is gone.
CONNECTION = {
    "application_name": "minstrel wake",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


class PostgresWaker:
    """The processes anywhere that use the database at `url`.

    Notices are sent on a connection of their own, after the commit. Inside the transaction they would cost every
    commit the lock under which Postgres queues notices, kept while the log is flushed: all others wait for it. A
    thread of its own sends them, several commits' together: with a round trip each, a fast queue would be a slower one.
    """

    def __init__(self, url: URL) -> None:
        _, given = url.get_dialect()().create_connect_args(url)
        self._given: dict[str, Any] = {**CONNECTION, **given}
        self._sender: psycopg.Connection | None = None
        self._silent_until = 0.0
        self._due: set[Topic] = set()
        self._closed = False
        self._called = threading.Condition()
        self._thread: threading.Thread | None = None

    def notify(self, *topics: Topic) -> None:
        """Have the notice sent."""
        with self._called:
            if not topics or self._closed:
                return
            self._due.update(topics)
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="wake", daemon=True)
                self._thread.start()
            self._called.notify()

    def _serve(self) -> None:
        while True:
            with self._called:
                self._called.wait_for(lambda: self._due or self._closed)
                notice = as_text(self._due)
                self._due.clear()
            if not notice:
                break
            # A connection that broke while nothing was sent is found out by sending.
            if not self._send(notice):
                self._send(notice)
            sleep(TOGETHER_S)
        self._hang_up()

    def _send(self, notice: str) -> bool:
        if monotonic() < self._silent_until:
            return False
        try:
            if self._sender is None:
                self._sender = psycopg.connect(**self._given, autocommit=True)
            self._sender.execute("SELECT pg_notify(%s, %s)", (CHANNEL, notice))
        except (psycopg.Error, OSError) as error:
            log.debug("a notice could not be sent: %s", error)
            if self._sender is None:
                self._silent_until = monotonic() + SILENT_S
            self._hang_up()
            return False
        return True

    @contextlib.asynccontextmanager
    async def listening(self, on_wake: Callable[[Topic], None], *, works: bool = False) -> AsyncIterator[None]:
        """See `Waker`. Listens once the block begins, if the server answers; otherwise as soon as it does."""
        tried = asyncio.Event()
        listener = asyncio.create_task(self._listen(on_wake, tried, works), name="wake")
        try:
            await tried.wait()
            yield
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self, on_wake: Callable[[Topic], None], tried: asyncio.Event, works: bool) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**self._given, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if works:
                        await connection.execute("SELECT pg_advisory_lock_shared(%s, %s)", AT_WORK)
                    wait_s = FIRST_WAIT_S
                    for topic in TOPICS:
                        on_wake(topic)
                    tried.set()
                    while True:
                        # All that arrived together.
                        notices = [notice.payload async for notice in connection.notifies(stop_after=1)]
                        for topic in topics_of(" ".join(notices)):
                            on_wake(topic)
            except (psycopg.Error, OSError) as error:
                log.info("other processes can't wake this one, it looks by the clock meanwhile: %s", error)
            tried.set()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    def close(self) -> None:
        """Send what is to be sent, and close the connection."""
        with self._called:
            self._closed = True
            self._called.notify()
        if self._thread is not None:
            self._thread.join()

    def _hang_up(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None


def somebody_works(session: Session) -> bool:
    """Whether any process on any machine works the queue of this database."""
    shares = text("""
        SELECT EXISTS (
            SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE locktype = 'advisory' AND granted AND datname = current_database()
                AND classid = :kind AND objid = :its AND objsubid = 2
        )
    """)
    kind, its = AT_WORK
    return bool(session.connection().execute(shares, {"kind": kind, "its": its}).scalar_one())
