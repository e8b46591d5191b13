"""Answers about recipes: what there is, and what one would do."""

from __future__ import annotations

from bot.answers import Answer
from bot.recipe_words import listed
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Teller
from bot.telling.runs import proposed
from engine.spec import Request
from workflows.asks.runs import RecipeList, RecipeRun
from workflows.recipes.plan import planned, today
from workflows.recipes.shelf import bad_among


async def recipes(counter: Counter, asked: Asked, ask: RecipeList) -> Answer:
    """Every recipe in a line; those in charge are told how many can't be used."""
    del ask
    rules, locale = counter.rules, asked.who.locale
    lines = listed(rules.recipes, rules, locale) or [reply("no_recipes", locale)]
    if rules.recipes:
        lines.append(reply("recipe_help", locale, name=f"recipe run {next(iter(rules.recipes))}"))
    bad = bad_among(rules.recipes)
    if bad and rules.roles.in_charge(asked.who):
        lines.append(reply("recipes_bad", locale, count=len(bad)))
    return Answer("\n".join(lines))


async def run(counter: Counter, asked: Asked, ask: RecipeRun) -> Answer:
    """What a recipe would make of what it was given, and for how much: one press starts it."""
    rules = counter.rules
    day = today(rules)
    plan = await counter.db.aread(lambda session: planned(session, rules, asked.who, asked.where, ask, day))
    return await proposed(counter, asked, plan)


TELLERS: dict[type[Request], Teller] = {RecipeList: recipes, RecipeRun: run}
