"""Who answers which request that makes no music."""

from __future__ import annotations

from bot.telling import (
    challenges,
    credits,
    keepers,
    moderation,
    people,
    privacy,
    queue,
    recipes,
    runs,
    schedules,
    songs,
)
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import Request

__all__ = ["DOERS", "TELLERS", "Asked", "Counter", "teller"]

TELLERS: dict[type[Request], Teller] = (
    songs.TELLERS
    | credits.TELLERS
    | people.TELLERS
    | privacy.TELLERS
    | queue.TELLERS
    | moderation.TELLERS
    | runs.TELLERS
    | recipes.TELLERS
    | schedules.TELLERS
    | challenges.TELLERS
    | keepers.TELLERS
)
DOERS: dict[str, Doer] = {**runs.DOERS, **schedules.DOERS, **challenges.DOERS, **keepers.DOERS, **privacy.DOERS}


def teller(ask: Request) -> Teller:
    """Who answers `ask`: one answers for all recipes, whose requests are of one kind."""
    return next(TELLERS[kind] for kind in type(ask).__mro__ if kind in TELLERS)
