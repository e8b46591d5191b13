"""Trouble on order: errors, limits and lost connections for the requests that a test names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["status", "rate_limit", "drop_before", "drop_after", "delay"]


@dataclass
class Trouble:
    """What to do to the next `times` requests (None: all) of `method` whose path `route` is found in.

    status       answers with `status` and does nothing
    rate_limit   answers 429 with `seconds` to wait, for everything (`everywhere`) or for this route
    drop_before  the connection is closed, nothing was done
    drop_after   the work is done, the answer is lost
    delay        the work is done `seconds` late
    """

    kind: Kind
    route: re.Pattern[str]
    method: str | None
    times: int | None
    status: int
    seconds: float
    everywhere: bool
    hits: int = field(default=0, init=False)

    def matches(self, method: str, path: str) -> bool:
        return (
            (self.times is None or self.hits < self.times)
            and self.method in (None, method)
            and self.route.search(path) is not None
        )


class Faults:
    """The troubles that wait for their requests. The first that matches is taken, in the order they were added."""

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []

    def add(
        self,
        kind: Kind,
        *,
        route: str,
        method: str | None = None,
        times: int | None = 1,
        status: int = 500,
        seconds: float = 0.5,
        everywhere: bool = False,
    ) -> Trouble:
        """`route` is a regular expression over the path after /api/v10. The answer counts its `hits`."""
        trouble = Trouble(kind, re.compile(route), method, times, status, seconds, everywhere)
        self._troubles.append(trouble)
        return trouble

    def clear(self) -> None:
        self._troubles.clear()

    def take(self, method: str, path: str) -> Trouble | None:
        for trouble in self._troubles:
            if trouble.matches(method, path):
                trouble.hits += 1
                return trouble
        return None
