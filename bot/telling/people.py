"""Answers about who is who."""

from __future__ import annotations

from bot.answers import Answer
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request
from workflows import link
from workflows.asks.people import Link


async def linked(counter: Counter, asked: Asked, ask: Link) -> Answer:
    """A code for the other side, or two accounts made one by a code from there."""
    pricing, locale = counter.rules.pricing, asked.who.locale
    if not ask.code:
        code = await link.begin(counter.db, pricing, asked.who, asked.request)
        return Answer(reply("link_code", locale, code=code.code, name=code.name, minutes=code.minutes))
    joined = await link.finish(counter.db, pricing, asked.who, ask.code, asked.request)
    return Answer(
        reply(
            "linked",
            locale,
            name=joined.name,
            moved=joined.moved or None,
            back=joined.back or None,
            available=joined.available,
        )
    )


TELLERS: dict[type[Request], Teller] = {Link: linked}
