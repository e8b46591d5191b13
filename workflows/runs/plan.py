"""What a run is going to do, worked out whole before anything is asked for: steps, what they need, what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.tables import RunKind

# What a step may take from one that it needs: `{"step": 2, "value": "bpm"}` in place of a value, or such inside of
# `{"join": ["a song in ", {"step": 2, "value": "keyscale"}]}`, which makes one text of several.
VALUES = ("job", "take", "title", "caption", "lyrics", "seed", "bpm", "keyscale", "timesignature", "duration")


@dataclass(frozen=True)
class PlannedStep:
    """One song: a job once what it `needs` (numbers of steps) is done. `number` counts from 1.

    `name` and `label` tell people which it is, `line` where it stands in a file. `values` are the options of `task` as
    JSON, with what is taken from other steps written as above. `price` (credits), `duration` (seconds) and `takes` are
    told beforehand.
    """

    number: int
    name: str
    label: str
    task: str
    values: Mapping[str, Any]
    price: int
    duration: float
    takes: int
    needs: tuple[int, ...] = ()
    line: int | None = None


@dataclass(frozen=True)
class Problem:
    """A row that can't be made: its `line` and text, and the refusal (`code` with its parameters, all JSON)."""

    line: int
    text: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """A run that nobody has said yes to. `name` is the file's or the recipe's, `inputs` what the recipe was given."""

    kind: RunKind
    name: str
    steps: tuple[PlannedStep, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def price(self) -> int:
        """Credits for all of it."""
        return sum(step.price for step in self.steps)
