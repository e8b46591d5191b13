"""Recipes that run by themselves: what a schedule asks for, in the name of whoever made it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from engine.spec import InvalidSpec, parse_as
from storage.database import Database
from storage.tables import Firing, Schedule
from workflows.asks.runs import RecipeRun
from workflows.people import ReplyTo, Requester, now_ms
from workflows.recipes.plan import planned
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs.proposals import propose_and_start
from workflows.schedules import requester_of


def begin(rules: Rules, session: Session, row: Schedule, firing: Firing, now: int) -> str:
    """Run the recipe of a schedule, once for its firing. Raises the `Refusal` that its owner would have been given."""
    who = requester_of(row, now)
    where = ReplyTo(row.surface, row.channel)
    model = rules.recipes.get(row.name)
    if model is None:
        raise Refusal("unknown_recipe", field="name", value=row.name, allowed=", ".join(rules.recipes))
    try:
        ask = parse_as(model, row.values)
    except InvalidSpec as invalid:
        # It was fine when it was scheduled; whoever runs the house has changed the recipe since.
        raise Refusal.of(invalid) from None
    proposal = planned(session, rules, who, where, ask, _day(firing.due_at, row.zone))
    propose_and_start(session, rules, who, where, proposal, now=now, firing_id=firing.id)
    return "run"


async def foreseen(db: Database, rules: Rules, who: Requester, where: ReplyTo, ask: RecipeRun, zone: str) -> int:
    """What it would cost to run it now, in credits. Raises the `Refusal` of what could not run now."""
    day = _day(now_ms(), zone)
    return (await db.aread(lambda session: planned(session, rules, who, where, ask, day))).price


def _day(ms: int, zone: str) -> date:
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).date()
