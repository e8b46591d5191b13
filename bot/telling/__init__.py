"""Who answers which request that makes no music."""

from __future__ import annotations

from bot.telling import credits, moderation, people, queue, songs
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request

__all__ = ["TELLERS", "Asked", "Counter"]

TELLERS: dict[type[Request], Teller] = (
    songs.TELLERS | credits.TELLERS | people.TELLERS | queue.TELLERS | moderation.TELLERS
)
