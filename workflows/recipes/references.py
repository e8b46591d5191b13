"""What the names in a recipe stand for, and whether there is such a thing."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.recipes.fault import Faults
from workflows.recipes.language import ALLOWED, Reference
from workflows.recipes.recipe import Each, Recipe, Stage
from workflows.runs.plan import VALUES

OF_RUN = ("date", "weekday", "day")
# What reads a song and makes none.
READS = ("analyze",)


def needed(stage: Stage, recipe: Recipe) -> set[str]:
    """Names of the steps that have to be done before: those it says, and those it takes something from."""
    named = {reference.name for reference, _ in _of(stage)}
    return {*stage.needs, *named} & {other.name for other in recipe.stages}


def check(recipe: Recipe, steps: tuple[str, ...], faults: Faults) -> None:
    """Note every name that stands for nothing, or for something of another kind.

    `steps` are all that the file names, those that could not be read too: they are told of once.
    """
    inputs = {given.name for given in recipe.inputs}
    for name in inputs & set(steps):
        line = next((stage.line for stage in recipe.stages if stage.name == name), 1)
        faults.add(line, "recipe_name", value=name, allowed="a name that no input has")
    for unused in inputs - _used(recipe):
        given = recipe.input(unused)
        faults.add(1 if given is None else given.line, "recipe_unused", value=unused)
    for stage in recipe.stages:
        for name in stage.needs:
            if name not in steps:
                faults.add(stage.line, "recipe_step", value=name, allowed=", ".join(steps))
        for name in filter(None, (stage.only_if, stage.unless)):
            if name not in inputs:
                faults.add(stage.line, "recipe_input", value=name, allowed=", ".join(inputs))
        if stage.each is not None and stage.each.of is not None:
            _check_each(stage.each, stage.each.of, recipe, steps, faults)
        for reference, line in _of(stage, each=False):
            _check(reference, line, stage, recipe, steps, faults)


def _used(recipe: Recipe) -> set[str]:
    """Names that any step asks for."""
    named = {reference.name for stage in recipe.stages for reference, _ in _of(stage)}
    return named.union(*((stage.only_if or "", stage.unless or "") for stage in recipe.stages))


def _of(stage: Stage, *, each: bool = True) -> Iterator[tuple[Reference, int]]:
    for option in stage.options.values():
        for reference in option.value.references():
            yield reference, option.line
    if stage.each is not None:
        for item in stage.each.items:
            for reference in item.references():
                yield reference, stage.each.line
        if each and stage.each.of is not None:
            yield stage.each.of, stage.each.line


def _check_each(each: Each, named: Reference, recipe: Recipe, steps: tuple[str, ...], faults: Faults) -> None:
    given, step = recipe.input(named.name), recipe.stage(named.name)
    plain = named.place is None and named.value is None
    fits = (given is not None and given.kind in ("lines", "whole")) or (step is not None and step.each is not None)
    if not plain or (not fits and (given is not None or step is not None or named.name not in steps)):
        faults.add(each.line, "recipe_foreach", value=named.name)


def _check(
    reference: Reference, line: int, stage: Stage, recipe: Recipe, steps: tuple[str, ...], faults: Faults
) -> None:
    name, place, value = reference.name, reference.place, reference.value
    if place == "index" and stage.each is None:
        faults.add(line, "recipe_no_each", value="index")
    elif name in ("item", "index"):
        if stage.each is None:
            faults.add(line, "recipe_no_each", value=name)
        elif place is not None or value is not None:
            faults.add(line, "recipe_reference", value=reference.text, allowed=ALLOWED)
    elif name == "run":
        if value not in OF_RUN or place is not None:
            faults.add(line, "recipe_value", value=reference.text, allowed=", ".join(f"run.{one}" for one in OF_RUN))
    elif (given := recipe.input(name)) is not None:
        if place is not None and given.kind != "lines":
            faults.add(line, "recipe_no_list", value=name)
        if value is not None and (given.kind != "song" or value not in VALUES):
            faults.add(line, "recipe_value", value=reference.text, allowed=_values(name, given.kind == "song"))
    elif (step := recipe.stage(name)) is not None:
        _check_step(reference, line, stage, step, faults)
    elif name not in steps:
        names = (*(given.name for given in recipe.inputs), *steps, *(("item", "index") if stage.each else ()), "run")
        faults.add(line, "recipe_name_unknown", value=name, allowed=", ".join(names))


def _check_step(reference: Reference, line: int, stage: Stage, step: Stage, faults: Faults) -> None:
    if reference.value not in VALUES or step.task in READS:
        allowed = "" if step.task in READS else _values(step.name, True)
        faults.add(line, "recipe_value", value=reference.text, allowed=allowed)
    beside = stage.each is not None and stage.each.of is not None and stage.each.of.name == step.name
    if step.each is not None and reference.place is None and not beside:
        first = f"{step.name}[1].{reference.value}"
        faults.add(line, "recipe_several", value=reference.text, step=step.name, first=first)
    if reference.place is not None and step.each is None:
        faults.add(line, "recipe_no_list", value=step.name)


def _values(name: str, are: bool) -> str:
    return ", ".join(f"{name}.{value}" for value in VALUES) if are else name
