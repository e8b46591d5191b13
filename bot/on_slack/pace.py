"""How fast we talk: Slack takes about one message a second in a channel."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class Pace:
    """Gives turns in named lanes, one every `every_s` seconds in each; those who are urgent go first."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        # A lane is here as long as its last turn was a moment ago.
        self._waiting: dict[str, list[tuple[bool, int, asyncio.Future[None]]]] = {}
        self._numbers = itertools.count()

    def is_free(self, lane: str) -> bool:
        """Whether a turn in `lane` would come at once."""
        return lane not in self._waiting

    async def turn(self, lane: str, *, urgent: bool) -> None:
        """Wait for a turn in `lane`."""
        waiting = self._waiting.get(lane)
        if waiting is None:
            self._waiting[lane] = []
            self._next_later(lane)
            return
        mine = asyncio.get_running_loop().create_future()
        heapq.heappush(waiting, (not urgent, next(self._numbers), mine))
        await mine

    def _next_later(self, lane: str) -> None:
        asyncio.get_running_loop().call_later(self._every_s, self._next, lane)

    def _next(self, lane: str) -> None:
        waiting = self._waiting[lane]
        while waiting:
            _, _, first = heapq.heappop(waiting)
            if not first.done():
                first.set_result(None)
                self._next_later(lane)
                return
        del self._waiting[lane]
