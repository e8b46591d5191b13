"""From a file to a recipe: its names, its references and its order. What its values mean is judged by `check`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from engine.spec import MODELS, option_names
from workflows.asks.runs import RecipeRun
from workflows.recipes import references
from workflows.recipes.fault import BadRecipe, Faults
from workflows.recipes.language import ALLOWED, Template, Unreadable, template
from workflows.recipes.nodes import Node, read
from workflows.recipes.recipe import KINDS, Each, Given, Input, Kind, Recipe, Stage
from workflows.recipes.table import Table
from workflows.recording import LINKS

# What chats allow a command to be called, to say of itself, and how many options it may have.
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
STEP_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
SAID, TITLE, MOST_INPUTS = 100, 60, 20
# What an input can't be called: these mean something else, or belong to every request.
TAKEN = frozenset({"item", "index", "run", "advanced", "interaction"}) | {*dir(RecipeRun), *RecipeRun.model_fields}

_NUMBERS: tuple[Kind, ...] = ("whole", "number", "seconds")


def recipe_of(name: str, text: str, path: str, commands: Mapping[str, str]) -> Recipe:
    """The recipe in `text`, called `name`. `commands` are those that make music: name to task.

    Raises `BadRecipe` with everything that is wrong, as far as it can be read.
    """
    faults = Faults()
    if not NAME.fullmatch(name):
        faults.add(1, "recipe_name", value=name, allowed="small letters, digits and -, at most 32")
    node = read(text, faults)
    recipe = None if node is None else _Reading(name, node, commands, faults).recipe()
    if faults or recipe is None:
        raise BadRecipe(path, faults)
    return recipe


class _Reading:
    def __init__(self, name: str, node: Node, commands: Mapping[str, str], faults: Faults) -> None:
        self.name, self.commands, self.faults = name, commands, faults
        self.table = Table(node, "the recipe", faults)

    def recipe(self) -> Recipe:
        table = self.table
        title = table.text("title", TITLE, required=True) or self.name
        description = table.text("description", SAID, required=True) or ""
        listed = table.names("inputs")
        inputs = tuple(self._input(name, node) for name, node in listed.items())
        one_of = self._one_of(table.node("one_of"), inputs)
        steps = table.names("steps", required=True)
        stages = [self._stage(name, node) for name, node in steps.items()]
        table.end()
        if len(inputs) > MOST_INPUTS:
            self.faults.add(table.line, "recipe_unfit", key="inputs", allowed=f"at most {MOST_INPUTS}")
        recipe = Recipe(self.name, title, description, inputs, tuple(filter(None, stages)), one_of)
        references.check(recipe, tuple(steps), self.faults)
        return Recipe(self.name, title, description, inputs, self._ordered(recipe), one_of)

    def _ordered(self, recipe: Recipe) -> tuple[Stage, ...]:
        """The steps, each behind what it needs, and else as they stand in the file."""
        needs = {stage.name: references.needed(stage, recipe) for stage in recipe.stages}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as cycle:
            round_trip = [str(name) for name in cycle.args[1]]
            first = min(stage.line for stage in recipe.stages if stage.name in round_trip)
            self.faults.add(first, "recipe_cycle", steps=tuple(dict.fromkeys(reversed(round_trip))))
            return recipe.stages
        left, ordered = list(recipe.stages), list[Stage]()
        while left:
            done = {stage.name for stage in ordered}
            following = next(stage for stage in left if needs[stage.name] <= done)
            ordered.append(following)
            left.remove(following)
        return tuple(ordered)

    def _input(self, name: str, node: Node) -> Input:
        table = Table(node, f"the input {name}", self.faults)
        if not OWN_NAME.fullmatch(name) or name in TAKEN:
            allowed = "a word of small letters, digits and _ that means nothing else here"
            self.faults.add(node.line, "recipe_name", value=name, allowed=allowed)
        kind = table.text("type", 20, required=True)
        if kind is not None and kind not in KINDS:
            table.unfit(node.line, "type", "one of " + ", ".join(KINDS))
        known: Kind = next((known for known in KINDS if known == kind), "text")
        default, example = table.texts("default"), table.texts("example")
        choices = table.texts("choices") or () if known == "choice" else ()
        whole = known not in ("number", "seconds")
        low, high = (None, None) if known in ("flag", "choice", "song") else _reach(table, whole=whole)
        width = table.number("width", whole=True) if known == "lines" else None
        if known == "choice" and not choices:
            self.faults.add(node.line, "recipe_missing", key="choices", where=table.where)
        if low is not None and high is not None and low > high:
            table.unfit(node.line, "min", f"at most {high:g}")
        help_ = table.text("help", SAID, required=True) or ""
        optional = table.flag("optional")
        table.end()
        return Input(
            name=name,
            kind=known,
            help=help_,
            line=node.line,
            required=default is None and not optional and known != "flag",
            default=_as_typed(default),
            low=low,
            high=high,
            width=None if width is None else int(width),
            choices=choices,
            example=_as_typed(example),
        )

    def _one_of(self, node: Node | None, inputs: tuple[Input, ...]) -> tuple[str, ...]:
        if node is None:
            return ()
        listed = node.value if isinstance(node.value, tuple) else ()
        names = tuple(str(item.value) for item in listed)
        free = [given.name for given in inputs if not given.required and given.default is None and given.kind != "flag"]
        if len(names) < 2 or set(names) - set(free):
            allowed = "a list of two or more inputs, each `optional: true` and without a default"
            self.faults.add(node.line, "recipe_unfit", key="one_of", allowed=allowed)
            return ()
        return names

    def _stage(self, name: str, node: Node) -> Stage | None:
        table = Table(node, f"the step {name}", self.faults)
        if not STEP_NAME.fullmatch(name) or name in ("item", "index", "run"):
            allowed = "a word of small letters, digits, _ and - that means nothing else here"
            self.faults.add(node.line, "recipe_name", value=name, allowed=allowed)
        command = table.node("command", required=True)
        options = table.names("with")
        each = self._each(table.node("foreach"), name)
        needs, only_if, unless = table.texts("needs") or (), table.text("if", 40), table.text("unless", 40)
        table.end()
        if command is None:
            return None
        typed = str(command.value).removeprefix("/")
        if typed not in self.commands:
            self.faults.add(command.line, "recipe_command", value=typed, allowed=", ".join(self.commands))
            return None
        task = self.commands[typed]
        given = self._options(options, task)
        return Stage(name, typed, task, node.line, given, needs, each, only_if, unless)

    def _options(self, options: Mapping[str, Node], task: str) -> Mapping[str, Given]:
        names = option_names(MODELS[task])
        found: dict[str, Given] = {}
        for typed, node in options.items():
            name = names.get(typed)
            if name is None:
                allowed = ", ".join(field for field in MODELS[task].model_fields if field != "task")
                self.faults.add(node.line, "unknown_option", field=typed, value=None, allowed=allowed)
            elif name in LINKS:
                self.faults.add(node.line, "recipe_link", value=typed)
            elif name in found:
                self.faults.add(node.line, "recipe_twice", key=typed)
            elif isinstance(node.value, str):
                found[name] = Given(self._template(node.value, node.line), node.line)
            elif node.value is not None:
                self.faults.add(node.line, "recipe_unfit", key=typed, allowed="a text, a number, or true or false")
        return found

    def _each(self, node: Node | None, step: str) -> Each | None:
        if node is None:
            return None
        if isinstance(node.value, tuple):
            texts = [item.value for item in node.value if isinstance(item.value, str)]
            if texts and len(texts) == len(node.value):
                return Each(node.line, items=tuple(self._template(text, node.line) for text in texts))
        elif isinstance(node.value, str) and node.value.isdigit() and 0 < int(node.value) <= 1000:
            return Each(node.line, times=int(node.value))
        elif isinstance(node.value, str):
            written = node.value if "$" in node.value else f"${{{node.value}}}"
            read = self._template(written, node.line)
            named = next(read.references(), None)
            if read.alone and named is not None:
                return Each(node.line, of=named)
        self.faults.add(node.line, "recipe_foreach", value=step)
        return None

    def _template(self, text: str, line: int) -> Template:
        try:
            return template(text.rstrip("\n"))
        except Unreadable as unreadable:
            self.faults.add(line, "recipe_reference", value=str(unreadable), allowed=ALLOWED)
            return Template(("",))


def _reach(table: Table, *, whole: bool) -> tuple[float | None, float | None]:
    return table.number("min", whole=whole), table.number("max", whole=whole)


def _as_typed(texts: tuple[str, ...] | None) -> str | None:
    return None if texts is None else "\n".join(text.strip() for text in texts)
