"""Answers about credits."""

from __future__ import annotations

from bot.answers import Answer
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request
from workflows import credits, gifts
from workflows.asks.credits import Credits, Daily, Gift, Grant, Revoke


async def statement(counter: Counter, asked: Asked, ask: Credits) -> Answer:
    """What a person has, the last few things that changed it, and what more there is to have."""
    del ask
    locale = asked.who.locale
    account = await credits.account(counter.db, counter.rules, asked.who)
    balance = account.balance
    lines = [reply("your_balance", locale, available=balance.available, held=balance.held or None)]
    if account.daily is not None:
        lines.append(reply("daily_hint", locale, credits=account.daily))
    if account.monthly:
        lines.append(reply("monthly_hint", locale, credits=account.monthly))
    lines += [
        reply(
            _words_of(move),
            locale,
            change=f"{move.change:+,}",
            job=move.job,
            title=move.title,
            name=move.name,
            note=move.note or None,
        )
        for move in account.moves
    ]
    return Answer("\n".join(lines))


def _words_of(move: credits.Move) -> str:
    """The code of the words for a kind of move, which for what passes between people depends on the direction."""
    if move.kind == "gift":
        return "move_gift_from" if move.change > 0 else "move_gift_to"
    return f"move_{move.kind}"


async def daily(counter: Counter, asked: Asked, ask: Daily) -> Answer:
    """Today's credits."""
    del ask
    given = await credits.daily(counter.db, counter.rules, asked.who, request=asked.request)
    words = reply(
        "daily_given", asked.who.locale, credits=given.amount, available=given.available, retry_after=given.wait_s
    )
    return Answer(words)


async def gift(counter: Counter, asked: Asked, ask: Gift) -> Answer:
    """Credits of one's own for somebody else."""
    given = await gifts.gift(
        counter.db, counter.rules, asked.who, ask.who, ask.amount, note=ask.message or None, request=asked.request
    )
    words = reply("gift_given", asked.who.locale, name=given.name, credits=given.amount, left=given.left)
    return Answer(words)


async def grant(counter: Counter, asked: Asked, ask: Grant) -> Answer:
    """New credits for somebody."""
    given = await gifts.grant(
        counter.db, counter.rules, asked.who, ask.who, ask.amount, why=ask.why or None, request=asked.request
    )
    return Answer(reply("granted", asked.who.locale, name=given.name, credits=given.amount, available=given.available))


async def revoke(counter: Counter, asked: Asked, ask: Revoke) -> Answer:
    """Credits taken back from somebody."""
    given = await gifts.revoke(
        counter.db, counter.rules, asked.who, ask.who, ask.amount, why=ask.why or None, request=asked.request
    )
    return Answer(reply("revoked", asked.who.locale, name=given.name, credits=given.amount, available=given.available))


TELLERS: dict[type[Request], Teller] = {
    Credits: statement, Daily: daily, Gift: gift, Grant: grant, Revoke: revoke,
}  # fmt: skip
