"""`minstrel recipe`: what there is, running one, and checking a file that somebody is writing."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot import compose
from bot.commands import Command, catalogue, nearest
from bot.on_terminal.cli import DONE, REFUSED
from bot.on_terminal.lines import spoken
from bot.recipe_words import fault_lines, from_credits, recipe_line
from bot.replies import reply
from bot.syntax import format_option, parse_command
from engine.spec import InvalidSpec, parse_as
from workflows.asks.runs import RecipeRun
from workflows.people import ReplyTo, Requester
from workflows.recipes.fault import BadRecipe
from workflows.recipes.plan import planned, today
from workflows.recipes.shelf import bad_among
from workflows.refusal import Refusal
from workflows.runs.plan import Proposal


def run(settings: compose.Settings, args: argparse.Namespace) -> int:
    """List, run or check."""
    if args.action == "list":
        return _list(settings, as_object=args.json)
    if not args.what:
        runs = args.action == "run"
        wanted = "the name of a recipe, as `minstrel recipe list` shows it" if runs else "a file with a recipe"
        raise Refusal("missing", field="NAME" if runs else "FILE", allowed=wanted)
    if args.action == "check":
        return _check(settings, Path(args.what), as_object=args.json)
    with compose.open_house(settings) as house:
        return asyncio.run(_run(house, args))


def _list(settings: compose.Settings, *, as_object: bool) -> int:
    rules, _ = compose.read_rules(settings)
    prices = {name: from_credits(model, rules) for name, model in rules.recipes.items()}
    bad = bad_among(rules.recipes)
    if as_object:
        told = [_as_json(model, prices[name]) for name, model in rules.recipes.items()]
        print(json.dumps({"recipes": told, "bad": [_bad_json(each) for each in bad]}, ensure_ascii=False, indent=2))
    else:
        lines = [recipe_line(model, prices[name]) for name, model in rules.recipes.items()] or [reply("no_recipes")]
        print(*map(spoken, lines), sep="\n")
        for each in bad:
            print(*fault_lines(each), sep="\n", file=sys.stderr)
    return DONE


def _check(settings: compose.Settings, path: Path, *, as_object: bool) -> int:
    if not path.is_file():
        raise Refusal("no_recipe_file", field="FILE", value=str(path))
    rules, _ = compose.read_rules(settings)
    try:
        model = compose.recipe_in(settings, rules, path)
    except BadRecipe as bad:
        if as_object:
            print(json.dumps(_bad_json(bad), ensure_ascii=False, indent=2))
        print(*fault_lines(bad), sep="\n", file=sys.stderr)
        return REFUSED
    price = from_credits(model, rules)
    if as_object:
        print(json.dumps(_as_json(model, price), ensure_ascii=False, indent=2))
    else:
        steps = len(model.made_from.stages)
        print(spoken(reply("recipe_good", file=path.name, count=steps, price=price, example=model.example)))
    return DONE


async def _run(house: compose.House, args: argparse.Namespace) -> int:
    # What follows a run to its end is more than what lists recipes needs.
    from bot.on_terminal.runs import carried_out

    who = Requester("terminal", args.name, args.name)
    where = ReplyTo("terminal", str(args.out.resolve()) if args.out else "")
    ask = asked(house, args.what, args.inputs)
    day = today(house.rules)
    plan: Proposal = await house.db.aread(lambda session: planned(session, house.rules, who, where, ask, day))
    return await carried_out(house, args, who, where, plan)


def asked(house: compose.House, name: str, words: Iterable[str]) -> RecipeRun:
    """The request for a recipe, as the words of a shell say it: `style:slow blues` is one of them. Raises `Refusal`."""
    recipes = house.rules.recipes
    if name not in recipes:
        near = nearest(name, recipes, most=1)
        raise Refusal(
            "unknown_recipe", field="NAME", value=name, allowed=", ".join(recipes), suggestion=near[0] if near else None
        )
    command = catalogue(house.rules.known, recipes.values())[f"recipe run {name}"]
    typed = " ".join(_as_typed(command, word) for word in words)
    values = parse_command(f"/{command.name} {typed}", {command.name: command}).values
    try:
        return parse_as(recipes[name], values)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid, command.task) from None


def _as_typed(command: Command, word: str) -> str:
    """A word of the shell as people type it in a chat, where quotes keep together what a shell has kept already."""
    option, colon, value = word.partition(":")
    if not colon or option not in command.spellings():
        return word
    return format_option(option, value.replace("\\n", "\n"))


def _as_json(model: type[RecipeRun], price: int) -> dict[str, Any]:
    recipe = model.made_from
    return {
        "name": recipe.name,
        "title": recipe.title,
        "description": recipe.description,
        "from_credits": price,
        "example": model.example,
        "inputs": [
            {"name": given.name, "type": given.kind, "help": given.help, "required": given.required}
            for given in recipe.inputs
        ],
        "steps": [{"name": stage.name, "command": stage.command} for stage in recipe.stages],
    }


def _bad_json(bad: BadRecipe) -> dict[str, Any]:
    faults = [
        {"line": fault.line, "code": fault.code, "message": reply(fault.code, **fault.params)} for fault in bad.faults
    ]
    return {"file": bad.path, "faults": faults}
