"""What can go wrong in an engine, as codes with parameters; the words for people live with the surfaces."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a request: the field, the value given and what is allowed, in words."""

    code: str
    field: str
    value: Any = None
    allowed: str | None = None
    params: dict[str, Any] = dataclasses.field(default_factory=dict)


class InvalidSpec(ValueError):
    """The request can't be read; `problems` has at least one entry."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.code}" for p in problems))
        self.problems = problems


class EngineError(Exception):
    """A failed attempt. `permanent` says that trying again can't help; `cause` is for the log, never for people."""

    def __init__(self, code: str, *, permanent: bool, cause: str = "", **params: Any) -> None:
        super().__init__(f"{code}: {cause}" if cause else code)
        self.code = code
        self.permanent = permanent
        self.cause = cause
        self.params = params


class Cancelled(Exception):
    """The job was cancelled while the engine worked on it."""
