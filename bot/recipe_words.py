"""Recipes in words: what there is, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from bot.replies import reply
from workflows.asks.runs import RecipeRun
from workflows.rules import Rules

if TYPE_CHECKING:
    from workflows.recipes.fault import BadRecipe, Fault


# What a chat shows in one piece.
MOST_CHARACTERS = 1800


def listed(recipes: Mapping[str, type[RecipeRun]], rules: Rules, locale: str = "en") -> list[str]:
    """A line for each recipe: what it is for, what it costs at least and, where there is room, how it is typed."""
    prices = {name: from_credits(model, rules) for name, model in recipes.items()}
    lines = [recipe_line(model, prices[name], locale) for name, model in recipes.items()]
    if sum(map(len, lines)) <= MOST_CHARACTERS:
        return lines
    return [recipe_line(model, prices[name], locale, example=False) for name, model in recipes.items()]


def from_credits(model: type[RecipeRun], rules: Rules) -> int:
    """What a recipe costs with what it has to be given and nothing else."""
    # Recipes are read when they are asked for, and so is what works out their price.
    from workflows.recipes.check import least

    return least(model.made_from, model, rules)


def recipe_line(model: type[RecipeRun], price: int, locale: str = "en", *, example: bool = True) -> str:
    """One recipe."""
    return reply(
        "recipe_line",
        locale,
        name=f"recipe run {model.recipe}",
        summary=model.made_from.description.rstrip("."),
        price=price,
        free=True if price == 0 else None,
        example=model.example if example else None,
    )


def fault_lines(bad: BadRecipe, locale: str = "en") -> list[str]:
    """Everything that is wrong with a file, each with its line."""
    file = PurePath(bad.path).name
    return [
        f"{reply('recipe_wrong', locale, file=file, line=fault.line)} {_words(fault, locale)}" for fault in bad.faults
    ]


def _words(fault: Fault, locale: str) -> str:
    said = reply(fault.code, locale, **fault.params)
    if not fault.params.get("given"):
        return said
    return f"{said} {reply('recipe_where', locale, input=fault.params['input'], given=fault.params['given'])}"
