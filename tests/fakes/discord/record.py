"""What happened, for tests to ask."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One HTTP request: when it arrived (`time.monotonic()`), its path after /api/v10, and the status it got.

    Status 0: the answer never left.
    """

    at: float
    method: str
    path: str
    status: int


@dataclass(frozen=True)
class Violation:
    """A body that Discord would not take."""

    route: str
    message: str


@dataclass(frozen=True)
class Ping:
    """Text that was sent without allowed_mentions saying `{"parse": []}`: a mention in it would notify people."""

    route: str
    text: str


@dataclass
class Record:
    """Everything seen since the start."""

    requests: list[Request] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    pings: list[Ping] = field(default_factory=list)
    unknown_routes: list[str] = field(default_factory=list)
    lapses: list[Violation] = field(default_factory=list)
    """Answers of the stand-in itself that Discord's description does not allow."""
