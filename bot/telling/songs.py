"""Answers about the house and its songs."""

from __future__ import annotations

from bot import answers
from bot.answers import Answer
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request
from engine.spec.tasks import Lrc
from workflows import control
from workflows.asks.songs import Help, Jobs
from workflows.lyrics import synchronised


async def lyrics(counter: Counter, asked: Asked, ask: Lrc) -> Answer:
    """The words of a song with their times."""
    found = await synchronised(counter.db, counter.rules, ask, asked.who, asked.where)
    return answers.lyrics_answer(found, asked.who.locale)


async def jobs(counter: Counter, asked: Asked, ask: Jobs) -> Answer:
    """A person's latest songs."""
    return answers.jobs_answer(await control.recent(counter.db, ask.limit, asked.who), asked.who.locale)


async def help_(counter: Counter, asked: Asked, ask: Help) -> Answer:
    """Every command, or one with its options."""
    rules = counter.rules
    return answers.help_answer(counter.commands, ask.command, rules.capabilities, asked.who, rules.roles)


TELLERS: dict[type[Request], Teller] = {Lrc: lyrics, Jobs: jobs, Help: help_}
