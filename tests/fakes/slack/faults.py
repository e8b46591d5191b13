"""Trouble on the way, as often as a test asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from aiohttp import web

from tests.fakes.slack.arguments import Refused

# error: Slack says no; status: an HTTP status and no JSON; ratelimited: 429 with Retry-After; drop_before: the
# connection ends and nothing was done; drop_after: it was done, the answer is lost; delay: it takes its time.
Kind = Literal["error", "status", "ratelimited", "drop_before", "drop_after", "delay"]


@dataclass
class Fault:
    """`used` counts how often it struck."""

    method: str
    kind: Kind
    times: int
    after: int
    error: str
    status: int
    seconds: float
    used: int = 0

    def answer(self) -> web.Response | None:
        """What comes instead of the method's answer, for the kinds that answer at all."""
        match self.kind:
            case "error":
                return web.json_response(Refused(self.error).answer)
            case "status":
                return web.Response(status=self.status, text="upstream trouble")
            case "ratelimited":
                headers = {"Retry-After": str(int(self.seconds))}
                return web.json_response(Refused("ratelimited").answer, status=429, headers=headers)
            case _:
                return None


class Faults:
    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        method: str,
        kind: Kind,
        *,
        times: int = 1,
        after: int = 0,
        error: str = "internal_error",
        status: int = 500,
        seconds: float = 1.0,
    ) -> Fault:
        """`method`: a method of the Web API, or "upload", "download", "response_url", "socket"; * stands for anything.

        The first `after` calls go well, the next `times` don't. `seconds`: of a delay, or of Retry-After.
        """
        self._faults.append(fault := Fault(method, kind, times, after, error, status, seconds))
        return fault

    def clear(self) -> None:
        self._faults.clear()

    def strike(self, method: str) -> Fault | None:
        """The trouble this call meets. The fault that was added first goes first."""
        for fault in self._faults:
            if fault.used >= fault.times or not fnmatchcase(method, fault.method):
                continue
            if fault.after:
                fault.after -= 1
                continue
            fault.used += 1
            return fault
        return None
