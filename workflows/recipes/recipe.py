"""A recipe: what it asks for, and the steps it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workflows.recipes.language import Reference, Template

Kind = Literal["text", "lines", "whole", "number", "seconds", "flag", "choice", "song"]
KINDS: tuple[Kind, ...] = ("text", "lines", "whole", "number", "seconds", "flag", "choice", "song")


@dataclass(frozen=True)
class Input:
    """Something a recipe asks for. `default` and `example` are as people type them; `required` has no default.

    `low` and `high` are the range of a number, or how many characters a text or how many lines there may be; `width` is
    how many characters a line has at most.
    """

    name: str
    kind: Kind
    help: str
    line: int
    required: bool
    default: str | None = None
    low: float | None = None
    high: float | None = None
    width: int | None = None
    choices: tuple[str, ...] = ()
    example: str | None = None


@dataclass(frozen=True)
class Given:
    """The value of one option, and its line."""

    value: Template
    line: int


@dataclass(frozen=True)
class Each:
    """What a step is made for, one song each: texts, so many times, each line of an input, or each song of a step."""

    line: int
    items: tuple[Template, ...] = ()
    times: int | None = None
    of: Reference | None = None


@dataclass(frozen=True)
class Stage:
    """A named step: the song it makes, or the songs where it is made for each of several things.

    `needs` are names of steps that come before. `only_if` and `unless` name inputs: it is left out where that one is
    not there, or is.
    """

    name: str
    command: str
    task: str
    line: int
    options: Mapping[str, Given] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    each: Each | None = None
    only_if: str | None = None
    unless: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A plan of several songs. `stages` stand so that each comes after what it needs.

    `one_of`: exactly one of these inputs is given.
    """

    name: str
    title: str
    description: str
    inputs: tuple[Input, ...]
    stages: tuple[Stage, ...]
    one_of: tuple[str, ...] = ()

    def stage(self, name: str) -> Stage | None:
        """The step of that name."""
        return next((stage for stage in self.stages if stage.name == name), None)

    def input(self, name: str) -> Input | None:
        """The input of that name."""
        return next((given for given in self.inputs if given.name == name), None)

    def behind(self, given: Given | None) -> str | None:
        """The input that the value of an option is made of, if it is made of one."""
        names = [] if given is None else [reference.name for reference in given.value.references()]
        return next((name for name in names if self.input(name) is not None), None)
