"""One edit of a job's message at a time, and none after its end: progress must not paint over a result."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from workflows.view import JobView

REMEMBERED = 10_000


@dataclass
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    told: int = 0


class Turns:
    """Remembers of the latest jobs which round of each has been told to its end."""

    def __init__(self) -> None:
        self._turns: OrderedDict[int, _Turn] = OrderedDict()

    @asynccontextmanager
    async def last(self, job: JobView) -> AsyncIterator[None]:
        """Tell the end of a round of `job`; where that fails, progress is still not shown, for the end is known."""
        turn = self._turn(job.id)
        # One that was tried again meanwhile has not come to the end of its round.
        turn.told = max(turn.told, job.round if job.ended else job.round - 1)
        async with turn.lock:
            yield

    @asynccontextmanager
    async def progress(self, job: JobView) -> AsyncIterator[bool]:
        """Show progress, if the body is told True: the end of this round has not been told, nor is it being told."""
        turn = self._turn(job.id)
        async with turn.lock:
            yield turn.told < job.round

    def _turn(self, job_id: int) -> _Turn:
        turn = self._turns.setdefault(job_id, _Turn())
        self._turns.move_to_end(job_id)
        while len(self._turns) > REMEMBERED:
            oldest = next(iter(self._turns))
            if self._turns[oldest].lock.locked():
                break
            del self._turns[oldest]
        return turn
