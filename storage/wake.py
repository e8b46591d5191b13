"""Wakes whoever waits for work: a process that commits something to do tells all processes that listen.

A notice is a hint and never the truth: the truth is in the tables, and what a lost notice spoke of is found at the
next look by the clock. So a notice is sent after the commit, by whoever committed, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, get_args

from sqlalchemy import URL
from sqlmodel import Session

# "queue": there may be a job to claim; "outbox": something to deliver; "runs": a run's next step, or its end.
Topic = Literal["queue", "outbox", "runs"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

REMEMBERED = "wake"


class Waker(Protocol):
    """The processes of one database, as far as they can be reached."""

    def notify(self, *topics: Topic) -> None:
        """Wake every process that listens, this one included. To be called after the commit that gave them work.

        Never raises and never waits for a listener. MUST be safe to call from any thread.
        """

    def listening(self, on_wake: Callable[[Topic], None], *, works: bool = False) -> AbstractAsyncContextManager[None]:
        """Call `on_wake` in the running event loop for what any process notifies, until the block ends.

        `works`: this process makes what is queued; where processes of other machines can't see that by themselves, they
        are shown it meanwhile (`storage.wake_postgres.somebody_works`).

        Several notices may become one call. Each topic is called once as listening begins, and again wherever notices
        may have been missed. Where listening is impossible, nothing is ever called. `on_wake` MUST NOT raise.
        """

    def close(self) -> None:
        """Let go of what `notify` uses. It may be called again, and then does nothing."""


def open_waker(url: URL) -> Waker:
    """The waker for the database at `url` (settled: see `storage.engines`). Connects to nothing yet."""
    if url.get_backend_name() == "postgresql":
        from storage.wake_postgres import PostgresWaker

        return PostgresWaker(url)
    from storage.wake_sockets import SocketWaker

    return SocketWaker(str(url.database))


def remember(session: Session, topic: Topic) -> None:
    """Note that the transaction of `session`, once committed, gives somebody work."""
    session.info.setdefault(REMEMBERED, set()).add(topic)


def taken(session: Session) -> frozenset[Topic]:
    """What was remembered, which is forgotten now: for `notify` after a commit, for nobody after a rollback."""
    return frozenset(session.info.pop(REMEMBERED, ()))


def as_text(topics: Collection[Topic]) -> str:
    """A notice as it travels."""
    return " ".join(sorted(topics))


def topics_of(text: str) -> tuple[Topic, ...]:
    """The topics of notices as they travelled. A later version's are left out: nobody here waits for them."""
    words = text.split()
    return tuple(topic for topic in TOPICS if topic in words)
