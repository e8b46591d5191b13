"""The clock of the house: APScheduler wakes every duty (the dispatcher, the outbox, …) in turn; truth stays in tables.

Its own job store is memory: on a kill it would lose a running job, so nothing depends on it (see DESIGN.md).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

# How often each duty is done, in seconds. Whoever adds work wakes the first two (`storage.wake`), and whoever puts
# something off remembers its time: their own turns are for what was missed.
DUTIES = {
    "dispatch": 2.0, "outbox": 5.0, "runs": 2.0, "schedules": 2.0, "watch": 1.0, "rescue": 5.0, "sweep": 3600.0,
}  # fmt: skip

Duty = Callable[[], Awaitable[object]]


class Clock:
    """Calls each duty at its interval, and `nudge` calls one now. A duty never overlaps itself."""

    def __init__(self, **duties: Duty) -> None:
        """`duties` by their names in `DUTIES`; a process has only those it can do."""
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        self._rounds = {name: _Round(duty) for name, duty in duties.items()}
        for name, its in self._rounds.items():
            # The first round is now: a house that was down has things to catch up on.
            self._scheduler.add_job(
                its.run, IntervalTrigger(seconds=DUTIES[name]), id=name, next_run_time=datetime.now(UTC)
            )

    def start(self) -> None:
        """Begin to tick in the running event loop."""
        self._scheduler.start()

    def nudge(self, *names: str) -> None:
        """Let the duties called `names` run now rather than at their next turn."""
        for name in names:
            if name in self._rounds and self._rounds[name].going:
                # It may have looked already at what it is called for.
                self._rounds[name].again = True
            elif self._scheduler.get_job(name) is not None:
                self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    async def stop(self, grace_s: float) -> None:
        """Stop ticking; what is under way has `grace_s` seconds to come to its end."""
        self._scheduler.pause()
        # A round that is due by now begins here. The scheduler's own end cancels all, a job just claimed as well.
        await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(its.end() for its in self._rounds.values())), grace_s)
        self._scheduler.shutdown(wait=False)


class _Round:
    """One duty: once, and once more for as long as it was called meanwhile."""

    def __init__(self, duty: Duty) -> None:
        self._duty = duty
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.again = False

    @property
    def going(self) -> bool:
        """Whether it is under way."""
        return not self._at_rest.is_set()

    async def run(self) -> None:
        """A coroutine function, which the scheduler awaits; anything else it would call in a thread and forget."""
        self.again = True
        self._at_rest.clear()
        try:
            while self.again:
                self.again = False
                await self._duty()
        finally:
            self._at_rest.set()

    async def end(self) -> None:
        """Wait for what is under way; what it is called for from now on is left."""
        self.again = False
        await self._at_rest.wait()
