"""A run as surfaces show it: one frozen value with its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.tables import RunKind, RunStatus, StepState
from workflows.runs.plan import Problem
from workflows.view import FileView


@dataclass(frozen=True)
class StepView:
    """A step and what came of it. `job` once it was asked for; `progress` 0 to 1 while it is made.

    `paid` are the credits it was charged (0 until it is done); `title` and `files` (of all takes) once it is done;
    `error_code` with `error_params` where it failed or was refused.
    """

    number: int
    name: str
    label: str
    line: int | None
    task: str
    state: StepState
    price: int
    duration: float
    job: int | None
    title: str | None
    progress: float | None
    paid: int
    files: tuple[tuple[int, FileView], ...]
    error_code: str | None
    error_params: Mapping[str, Any]
    error_permanent: bool


@dataclass(frozen=True)
class RunView:
    """A run. `owner` is what its surface calls who asked; `held_up` says why its next step has to wait (a refusal's
    code: `too_many_jobs`, `rate_limited`, …), with `due_at` (milliseconds since the epoch) for how long."""

    id: int
    kind: RunKind
    name: str
    status: RunStatus
    user_id: int
    user: str
    owner: str | None
    surface: str
    channel: str
    price: int
    inputs: Mapping[str, Any]
    problems: tuple[Problem, ...]
    steps: tuple[StepView, ...]
    cancelling: bool
    held_up: str | None
    due_at: int
    created_at: int
    finished_at: int | None
    eta_s: float | None

    @property
    def ended(self) -> bool:
        """Whether nothing of it will change by itself any more."""
        return self.status in ("COMPLETED", "CANCELLED")

    def count(self, *states: StepState) -> int:
        """How many of its steps are in these states."""
        return sum(step.state in states for step in self.steps)

    @property
    def paid(self) -> int:
        """Credits charged so far."""
        return sum(step.paid for step in self.steps)
