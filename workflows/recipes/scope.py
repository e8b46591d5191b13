"""What the references of a recipe stand for, once somebody has said what it is to be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from workflows.recipes.language import Reference, Template
from workflows.recipes.models import lines_of
from workflows.recipes.recipe import Each, Recipe, Stage


@dataclass(frozen=True)
class Taken:
    """A value of a step that is not made yet."""

    step: int
    value: str

    @property
    def stored(self) -> dict[str, Any]:
        """As `workflows.runs.plan` writes it."""
        return {"step": self.step, "value": self.value}


# None: it is not there.
Value = str | int | float | bool | Taken | None


@dataclass(frozen=True)
class Instance:
    """One of the things a step is made for: what it is, piece by piece, its number from 1, and the step beside it."""

    item: tuple[Value, ...] = ()
    index: int = 1
    beside: int | None = None


@dataclass(frozen=True)
class Scope:
    """Everything that has a value. `inputs` are as people gave them, `known` what is known of songs that were given.

    `made` are the numbers of the steps by their name, `instances` what each of them is made for.
    """

    recipe: Recipe
    inputs: Mapping[str, Any]
    day: date
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    made: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    instances: Mapping[str, tuple[Instance, ...]] = field(default_factory=dict)
    stage: Stage | None = None
    instance: Instance = Instance()

    def within(self, stage: Stage, instance: Instance) -> Scope:
        """The same inside of one step."""
        return replace(self, stage=stage, instance=instance)

    def after(self, stage: Stage, numbers: tuple[int, ...], instances: Sequence[Instance]) -> Scope:
        """The same with a step that others may take something from."""
        made, seen = {**self.made, stage.name: numbers}, {**self.instances, stage.name: tuple(instances)}
        return replace(self, made=made, instances=seen)

    def wants(self, stage: Stage) -> bool:
        """Whether a step is made at all."""
        wanted = stage.only_if is None or self.has(stage.only_if)
        return wanted and (stage.unless is None or not self.has(stage.unless))

    def has(self, name: str) -> bool:
        """Whether an input was given; a flag, whether it is true."""
        return self.inputs.get(name) not in (None, "", False)

    def each(self, stage: Stage) -> tuple[Instance, ...]:
        """What a step is made for: one thing where it says nothing."""
        each = stage.each
        if each is None:
            return (Instance(),)
        if each.of is not None and each.of.name in self.made:
            pairs = zip(self.instances[each.of.name], self.made[each.of.name], strict=True)
            return tuple(Instance(seen.item, number, beside) for number, (seen, beside) in enumerate(pairs, start=1))
        return tuple(Instance(item, number) for number, item in enumerate(self._items(each), start=1))

    def _items(self, each: Each) -> list[tuple[Value, ...]]:
        if each.items:
            return [tuple(self.parts(item)) for item in each.items]
        given = each.times if each.of is None else self.inputs.get(each.of.name)
        if isinstance(given, int):
            return [(number,) for number in range(1, given + 1)]
        return [(line,) for line in lines_of(given)]

    def parts(self, template: Template) -> list[Value]:
        """The pieces of a value that are there, one after the other: texts, and between them what is put in."""
        parts: list[Value] = []
        for piece in template.pieces:
            parts += [piece] if isinstance(piece, str) else self._first(piece)
        return parts

    def _first(self, choices: tuple[Reference, ...]) -> tuple[Value, ...]:
        values = (self.instance.item if one.name == "item" else (self.value(one),) for one in choices)
        there = (tuple(part for part in value if part not in (None, "")) for value in values)
        return next(filter(None, there), ())

    def value(self, reference: Reference) -> Value:
        """What one reference stands for, that is not the item itself."""
        name, value = reference.name, reference.value
        if name == "index":
            return self.instance.index
        if name == "run":
            run: dict[str | None, Value] = {"date": self.day.isoformat(), "weekday": f"{self.day:%A}"}
            return run.get(value, self.day.toordinal())
        if name in self.made:
            number = self._step(reference)
            return None if number is None else Taken(number, str(value))
        given = self.inputs.get(name)
        if value is not None:
            return None if given is None else self.known.get(name, {}).get(value)
        if reference.place is None:
            return given if isinstance(given, str | int | float | bool) else None
        lines = lines_of(given)
        return lines[self._place(reference) % len(lines)] if lines else None

    def _step(self, reference: Reference) -> int | None:
        numbers = self.made[reference.name]
        each = None if self.stage is None else self.stage.each
        if reference.place is None and each is not None and each.of is not None and each.of.name == reference.name:
            return self.instance.beside
        if not numbers:
            return None
        return numbers[0 if reference.place is None else self._place(reference) % len(numbers)]

    def _place(self, reference: Reference) -> int:
        """Which one, counted from 0; behind the last comes the first again."""
        if reference.place == "run.day":
            return self.day.toordinal()
        return (self.instance.index if reference.place == "index" else int(reference.place or 1)) - 1


def text_of(value: Value) -> str:
    """A value as people type it."""
    if value is None or isinstance(value, Taken):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
