"""What the stand-in writes down for a test to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call of the Web API that reached the method. `at` is `time.monotonic()`; `error` is None if it was done."""

    method: str
    arguments: dict[str, Any]
    at: float
    error: str | None


@dataclass(frozen=True)
class Violation:
    """Something sent that breaks a limit of Slack."""

    method: str
    message: str


@dataclass(frozen=True)
class Ping:
    """A mention in a message. `where` is "text" or the type of the block that holds it."""

    method: str
    channel: str
    mention: str
    where: str

    @property
    def rouses_many(self) -> bool:
        return not self.mention.startswith("<@")
