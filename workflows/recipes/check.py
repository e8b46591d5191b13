"""Whether a recipe works: it is planned with all that people may give it, and every step is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from engine.spec import Estimate, InvalidSpec, Request, estimate, parse_as
from workflows.asks.runs import RecipeRun
from workflows.pricing import price
from workflows.recipes.expand import STAND_INS, steps_of
from workflows.recipes.fault import Fault, Faults
from workflows.recipes.models import LINE, reach_of, sample_of, sampled
from workflows.recipes.recipe import Input, Recipe, Stage
from workflows.recipes.scope import Scope
from workflows.refusal import Refusal
from workflows.rules import Rules

# Any day will do, and a song of this length (seconds).
SOME_DAY = date(2026, 12, 4)
SOME_SONG_S = 120.0


def check(recipe: Recipe, model: type[RecipeRun], rules: Rules, faults: Faults) -> None:
    """Note what is wrong with the inputs, and with the options of every step, whatever is given within their range."""
    if not _inputs_fit(recipe, model, faults):
        return
    for given in _trials(recipe):
        _try(recipe, model, given, rules, faults)


def least(recipe: Recipe, model: type[RecipeRun], rules: Rules) -> int:
    """What it costs, in credits, with what it has to be given and nothing else; a song that is given is any song."""
    steps = steps_of(_scope(recipe, model, sampled(recipe)), rules, _weigh(rules), lambda _stage, _refusal: None)
    return sum(step.price for step in steps)


def _inputs_fit(recipe: Recipe, model: type[RecipeRun], faults: Faults) -> bool:
    fit = True
    for given in recipe.inputs:
        for value in (given.default, given.example):
            try:
                if value is not None:
                    _parsed(model, {**sampled(recipe, chosen=given.name), given.name: value})
            except InvalidSpec as invalid:
                for problem in invalid.problems:
                    if problem.field == given.name:
                        fit = False
                        named = {"field": problem.field, "value": problem.value, "allowed": problem.allowed}
                        faults.add(given.line, problem.code, **named, **problem.params)
    return fit


def _trials(recipe: Recipe) -> Iterator[Mapping[str, str]]:
    """What people may give: as little as they can, each of what they may leave out, everything, and all extremes."""
    for chosen in recipe.one_of or (None,):
        base = sampled(recipe, chosen=chosen)
        yield base
        free = [given for given in recipe.inputs if given.name not in recipe.one_of]
        for given in free:
            yield {**base, given.name: sample_of(given)}
        yield {**base, **{given.name: sample_of(given) for given in free}}
        for given in recipe.inputs:
            if given.name in base or given in free:
                for value in _extremes(given):
                    yield {**base, given.name: value}


def _extremes(given: Input) -> Iterator[str]:
    low, high = reach_of(given)
    match given.kind:
        case "choice":
            yield from given.choices
        case "flag":
            yield from ("true", "false")
        case "text":
            yield "o" * int(high)
        case "lines":
            yield "\n".join([sample_of(given).splitlines()[0]] * int(high))
            yield "\n".join(["o" * (given.width or LINE)] * max(1, int(low)))
        case "whole" | "number" | "seconds":
            yield from (f"{low:.10g}", f"{high:.10g}")


def _try(recipe: Recipe, model: type[RecipeRun], given: Mapping[str, str], rules: Rules, faults: Faults) -> None:
    def told(stage: Stage, refusal: Refusal) -> None:
        option = stage.options.get(refusal.field or "")
        if (source := recipe.behind(option)) is not None:
            refusal.params |= {"input": source, "given": given.get(source, "")}
        faults.note(Fault.of(stage.line if option is None else option.line, refusal))

    try:
        steps_of(_scope(recipe, model, given), rules, _weigh(rules), told)
    except Refusal as refusal:
        stage = recipe.stage(refusal.field or "")
        faults.note(Fault.of(1 if stage is None else stage.line, refusal))


def _scope(recipe: Recipe, model: type[RecipeRun], given: Mapping[str, str]) -> Scope:
    asked = _parsed(model, given)
    inputs: dict[str, Any] = {name.name: getattr(asked, name.name) for name in recipe.inputs}
    known = {name.name: {**STAND_INS, "duration": SOME_SONG_S} for name in recipe.inputs if name.kind == "song"}
    return Scope(recipe, inputs, SOME_DAY, known)


def _parsed(model: type[RecipeRun], given: Mapping[str, str]) -> RecipeRun:
    return parse_as(model, given)


def _weigh(rules: Rules) -> Any:
    def weigh(spec: Request) -> tuple[Estimate, int]:
        settled = estimate(spec, SOME_SONG_S)
        return settled, price(rules.pricing, spec, settled)

    return weigh
