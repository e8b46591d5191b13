"""The clock of the house: APScheduler wakes the dispatcher, rescue, the outbox and the sweep; truth stays in tables.

Its own job store is memory: on a kill it would lose a running job, so nothing depends on it (see DESIGN.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

# How often each duty is done, in seconds.
DUTIES = {"dispatch": 0.5, "outbox": 1.0, "watch": 1.0, "rescue": 5.0, "sweep": 3600.0}

Duty = Callable[[], Awaitable[object]]


class Clock:
    """Calls each duty at its interval, and `nudge` calls one now. A duty never overlaps itself."""

    def __init__(self, **duties: Duty) -> None:
        """`duties` by their names in `DUTIES`; a process has only those it can do."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        for name, duty in duties.items():
            # The first round is now: a house that was down has things to catch up on.
            self._scheduler.add_job(
                _awaited(duty), IntervalTrigger(seconds=DUTIES[name]), id=name, next_run_time=datetime.now(UTC)
            )

    def start(self) -> None:
        """Begin to tick in the running event loop."""
        self._scheduler.start()

    def nudge(self, *names: str) -> None:
        """Let the duties called `names` run now rather than at their next turn."""
        for name in names:
            if self._scheduler.get_job(name) is not None:
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Stop ticking; duties under way go on to their end."""
        self._scheduler.shutdown(wait=False)


def _awaited(duty: Duty) -> Callable[[], Coroutine[Any, Any, None]]:
    """A coroutine function, which the scheduler awaits; anything else it would call in a thread and forget."""

    async def call() -> None:
        await duty()

    return call
