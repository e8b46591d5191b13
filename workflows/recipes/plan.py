"""What a recipe is going to do for somebody: a proposal with every step and its price."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from engine.spec import Estimate, Request
from engine.spec.tasks import Lrc
from workflows import reach, source
from workflows.accept import priced
from workflows.asks.runs import RecipeRun
from workflows.people import ReplyTo, Requester, now_ms
from workflows.recipes.expand import steps_of
from workflows.recipes.recipe import Recipe, Stage
from workflows.recipes.scope import Scope
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs.plan import Proposal
from workflows.runs.references import values_of


def planned(session: Session, rules: Rules, who: Requester, where: ReplyTo, ask: RecipeRun, day: date) -> Proposal:
    """The steps of a recipe with these inputs; it is `day` where it is made. Reads only. Raises `Refusal`."""
    recipe = ask.made_from
    inputs = {given.name: getattr(ask, given.name) for given in recipe.inputs}
    songs = [given.name for given in recipe.inputs if given.kind == "song" and inputs[given.name] is not None]
    known = {name: _song(session, name, inputs[name], who, where) for name in songs}
    scope = Scope(recipe, inputs, day, known)

    def weigh(spec: Request) -> tuple[Estimate, int]:
        found = priced(session, rules, who, where, spec)
        return found.settled, found.credits

    steps = steps_of(scope, rules, weigh, lambda stage, refusal: _refuse(recipe, stage, refusal))
    given = ask.model_dump(mode="json", exclude={"task"}, exclude_unset=True)
    return Proposal("recipe", recipe.name, steps, inputs=given)


def today(rules: Rules) -> date:
    """The day it is in this house."""
    return datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(rules.zone)).date()


def _song(session: Session, name: str, number: int, who: Requester, where: ReplyTo) -> dict[str, Any]:
    """What is known of a song that was given. Raises `Refusal` where there is none that this person may use here."""
    try:
        reach.seen(session, number, who, where)
        song = source.resolve(session, Lrc(job_id=number))
    except Refusal as refusal:
        refusal.field = name
        raise
    return {} if song is None else values_of(session, song.job)


def _refuse(recipe: Recipe, stage: Stage, refusal: Refusal) -> None:
    """Say it of the input that somebody gave, where the option is made of one."""
    refusal.field = recipe.behind(stage.options.get(refusal.field or "")) or refusal.field
    raise refusal
