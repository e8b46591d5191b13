"""From a recipe and what somebody gave it to its steps: each judged and priced as a request of its own would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.spec import MODELS, Estimate, InvalidSpec, Request, estimate, parse
from workflows import edits
from workflows.pricing import STEM_TASKS, price
from workflows.recipes.recipe import Stage
from workflows.recipes.scope import Instance, Scope, Taken, Value, text_of
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs.plan import PlannedStep
from workflows.source import NUMBERS
from workflows.submit import judge

# Stand for what a step will have been decided about, where it is not asked for.
STAND_INS: Mapping[str, str] = {
    "job": "1", "take": "1", "title": "A Title", "caption": "slow blues", "lyrics": "[verse]\nCarry me home",
    "seed": "7", "bpm": "100", "keyscale": "A Minor", "timesignature": "4/4",
}  # fmt: skip
NAMED = {"title": "display_name"}
NUMERIC = frozenset({"job", "take", "seed", "bpm", "duration"})
# What leaves no score behind that could be played otherwise.
SCORELESS = (*STEM_TASKS, "text2samples")
# What tells one song from another, the likeliest first.
TELLING = ("display_name", "track_name", "query", "caption", "lyrics")
LABEL = 60

Weigh = Callable[[Request], tuple[Estimate, int]]
"""Length, takes and credits of a request that starts from no step. Raises `Refusal`."""
Told = Callable[[Stage, Refusal], None]
"""Hears what is wrong with a step. Where it returns, the step is left as it is, and the others go on."""


@dataclass(frozen=True)
class _Made:
    """A step with the request that it will be, as far as it is known."""

    step: PlannedStep
    spec: Request | None


def steps_of(scope: Scope, rules: Rules, weigh: Weigh, told: Told) -> tuple[PlannedStep, ...]:
    """All steps of `scope`'s recipe, in an order in which they can be made.

    Raises `Refusal` (`recipe_too_many`) where they are too many.
    """
    made: dict[int, _Made] = {}
    most = rules.limits.runs.rows
    for stage in scope.recipe.stages:
        instances = scope.each(stage) if scope.wants(stage) else ()
        if len(made) + len(instances) > most:
            raise Refusal("recipe_too_many", field=stage.name, value=len(made) + len(instances), most=most)
        numbers = tuple(range(len(made) + 1, len(made) + 1 + len(instances)))
        for number, instance in zip(numbers, instances, strict=True):
            inside = scope.within(stage, instance)
            made[number] = _Step(inside, stage, instance, number, made).made(rules, weigh, told)
        scope = scope.after(stage, numbers, instances)
    return tuple(each.step for each in made.values())


@dataclass(frozen=True)
class _Step:
    scope: Scope
    stage: Stage
    instance: Instance
    number: int
    before: Mapping[int, _Made]

    def made(self, rules: Rules, weigh: Weigh, told: Told) -> _Made:
        options = {name: self.scope.parts(given.value) for name, given in self.stage.options.items()}
        options = {name: parts for name, parts in options.items() if parts}
        spec, settled, credits = None, Estimate(0.0, 0), 0
        try:
            spec = self._spec({name: self._judged(parts) for name, parts in options.items()}, rules)
            settled, credits = self._weighed(spec, options, rules, weigh)
        except InvalidSpec as invalid:
            for problem in invalid.problems:
                told(self.stage, Refusal.of(InvalidSpec((problem,)), self.stage.task))
        except Refusal as refusal:
            told(self.stage, refusal)
        values = spec.model_dump(mode="json", exclude={"task"}, exclude_unset=True) if spec is not None else {}
        left_open = {
            name: self._stored(name, parts)
            for name, parts in options.items()
            if any(isinstance(part, Taken) for part in parts)
        }
        step = PlannedStep(
            number=self.number,
            name=self.stage.name,
            label=self._label(options),
            task=self.stage.task,
            values={**values, **left_open},
            price=credits,
            duration=settled.duration,
            takes=settled.takes,
            needs=tuple(sorted(set(self._needs(options)))),
        )
        return _Made(step, spec)

    def _spec(self, values: Mapping[str, str], rules: Rules) -> Request:
        """The request that the step will be. Raises `InvalidSpec` with all that is wrong with it, or `Refusal`."""
        parse(self.stage.task, values, rules.known)
        return judge(rules, self.stage.task, values)

    def _weighed(
        self, spec: Request, options: Mapping[str, list[Value]], rules: Rules, weigh: Weigh
    ) -> tuple[Estimate, int]:
        field = next((name for name in NUMBERS if name in options), None)
        source = options[field][0] if field is not None else None
        if field is None or not isinstance(source, Taken):
            return weigh(spec)
        origin = self.before[source.step].step
        start = edits.Start(
            field,
            None,
            origin.duration,
            has_score=origin.task not in SCORELESS,
            has_stems=origin.task != "extract-stem",
        )
        edits.check_start(spec, start, rules.capabilities)
        settled = estimate(spec, start.duration)
        return settled, price(rules.pricing, spec, settled)

    def _needs(self, options: Mapping[str, list[Value]]) -> Iterator[int]:
        for parts in options.values():
            yield from (part.step for part in parts if isinstance(part, Taken))
        for name in self.stage.needs:
            yield from self.scope.made.get(name, ())
        if self.instance.beside is not None:
            yield self.instance.beside

    def _judged(self, parts: list[Value]) -> str:
        """An option as text, with what a step will have decided, or something like it."""
        return "".join(self._stand_in(part) if isinstance(part, Taken) else text_of(part) for part in parts).strip()

    def _stand_in(self, taken: Taken) -> str:
        made = self.before[taken.step]
        if taken.value == "duration":
            return f"{made.step.duration or 60:g}"
        decided = getattr(made.spec, NAMED.get(taken.value, taken.value), None)
        return STAND_INS[taken.value] if decided in (None, "", -1) else str(decided)

    def _stored(self, name: str, parts: list[Value]) -> dict[str, Any]:
        """An option as it is kept until the steps that it takes something from are done."""
        alone = parts[0]
        if len(parts) == 1 and isinstance(alone, Taken) and not (alone.value in NUMERIC and self._is_text(name)):
            return alone.stored
        stored: list[str | dict[str, Any]] = []
        for part in parts:
            if isinstance(part, Taken):
                stored.append(part.stored)
            elif stored and isinstance(stored[-1], str):
                stored[-1] += text_of(part)
            else:
                stored.append(text_of(part))
        return {"join": stored}

    def _is_text(self, name: str) -> bool:
        annotation = MODELS[self.stage.task].model_fields[name].annotation
        return annotation is str or str in getattr(annotation, "__args__", ())

    def _label(self, options: Mapping[str, list[Value]]) -> str:
        """What tells this one from others: of its name where there are several, else of its kind."""
        if self.stage.each is not None:
            parts, instead = self.instance.item, str(self.instance.index)
        else:
            name = next((name for name in TELLING if name in options), "")
            parts, instead = tuple(options.get(name, ())), self.stage.command
            if name == "track_name":
                return "".join(map(text_of, parts)).replace("_", " ")
        text = " ".join("".join(map(text_of, parts)).split()) or instead
        return text if len(text) <= LABEL else text[: LABEL - 1].rstrip() + "…"
