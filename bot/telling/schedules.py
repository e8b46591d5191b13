"""Answers about recipes that run by themselves."""

from __future__ import annotations

from bot.answers import Answer, refusal_words
from bot.commands import nearest
from bot.recurring import recurring_words
from bot.replies import reply
from bot.syntax import format_option, parse_options
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import InvalidSpec, Request, parse_as
from workflows import schedules
from workflows.asks.runs import RecipeRun, RecipeSchedule, RecipeSchedules, RecipeUnschedule
from workflows.people import now_ms
from workflows.recipes.scheduled import foreseen
from workflows.refusal import Refusal
from workflows.schedules import ScheduleView, upcoming

TIMES_TOLD = 2


async def repeat(counter: Counter, asked: Asked, ask: RecipeSchedule) -> Answer:
    """A recipe that runs again and again from now on. What it asks for is judged now, as if it ran now."""
    name = ask.name.strip().casefold()
    command = counter.commands.get(f"recipe run {name}")
    model = counter.rules.recipes.get(name)
    if command is None or model is None:
        recipes = counter.rules.recipes
        near = next(iter(nearest(name, recipes)), None)
        raise Refusal("unknown_recipe", field="name", value=ask.name, allowed=", ".join(recipes), suggestion=near)
    try:
        inputs = parse_as(model, parse_options(command, ask.inputs, {}))
    except InvalidSpec as invalid:
        raise _said_here(Refusal.of(invalid, command.task), model) from None
    zone = ask.zone or counter.rules.zone
    price = await foreseen(counter.db, counter.rules, asked.who, asked.where, inputs, zone)
    made = await schedules.repeat_recipe(
        counter.db, counter.rules, asked.who, asked.where, name=name, cron=ask.when, zone=zone,
        values=inputs.model_dump(mode="json", exclude={"task"}, exclude_unset=True), request=asked.request,
    )  # fmt: skip
    counter.nudge()
    first, *then = upcoming(made.cron, made.zone, now_ms(), TIMES_TOLD)
    words = reply(
        "scheduled",
        asked.who.locale,
        name=name,
        number=made.id,
        credits=price,
        first=first,
        second=next(iter(then), None),
    )
    return Answer(words)


def _said_here(refusal: Refusal, model: type[RecipeRun]) -> Refusal:
    """What a recipe lacks is given here by another option."""
    given = model.example.partition(f"{model.recipe} ")[2]
    if refusal.code in ("missing", "nothing_to_go_by") and given and '"' not in given:
        refusal.params["try"] = format_option("inputs", given)
    return refusal


async def listed(counter: Counter, asked: Asked, ask: RecipeSchedules) -> Answer:
    """What runs by itself: one's own, and what was asked for in this channel."""
    del ask
    return await _list(counter, asked)


async def stopped(counter: Counter, asked: Asked, ask: RecipeUnschedule) -> Answer:
    """Something runs by itself no longer."""
    ended = await schedules.stop(counter.db, counter.rules, asked.who, asked.where, ask.number, request=asked.request)
    return Answer(reply("schedule_stopped", asked.who.locale, name=ended.name, number=ask.number))


async def _pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del on, which
    return await _list(counter, asked)


async def _list(counter: Counter, asked: Asked) -> Answer:
    found = await schedules.listed(counter.db, asked.who, asked.where)
    if not found:
        return Answer(reply("no_schedules", asked.who.locale))
    return Answer("\n".join(line for view in found for line in _lines(view, asked.who.locale)))


def _lines(view: ScheduleView, locale: str) -> list[str]:
    told = reply(
        "schedule_line", locale, number=view.id, name=view.name, owner=view.owner, zone=view.zone,
        times=recurring_words(view.cron, locale), next=view.next_at,
    )  # fmt: skip
    if view.failure is None:
        return [told]
    return [told, f"  {reply('schedule_came_to_nothing', locale)} {refusal_words(view.failure, locale)}"]


TELLERS: dict[type[Request], Teller] = {
    RecipeSchedule: repeat, RecipeSchedules: listed, RecipeUnschedule: stopped,
}  # fmt: skip
DOERS: dict[str, Doer] = {"schedules": _pressed}
