"""Answers about the queue."""

from __future__ import annotations

from bot.answers import Answer
from bot.queue_words import dead_words, queue_words, requeued_words, turned_words
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request
from workflows import dead_letters, repeated
from workflows import queue as use_cases
from workflows.asks.queue import Dead, Queue, Requeue
from workflows.repeated import Repeated

SHOWN_LETTERS = 10


async def queue(counter: Counter, asked: Asked, ask: Queue) -> Answer:
    """How the queue stands, or what came of turning it."""
    who, in_charge = asked.who, counter.rules.roles.in_charge(asked.who)
    if ask.do == "show":
        state = await use_cases.status(counter.db)
        if not await repeated.first_time(counter.db, asked.request):
            raise Repeated(str(asked.request))
        return Answer(queue_words(state, who.locale, in_charge=in_charge))
    counter.rules.roles.require_in_charge(who, f"queue {ask.do}")
    turned = await use_cases.turn(counter.db, ask.do, who, ask.why or None, request=asked.request)
    counter.nudge()
    return Answer(turned_words(*turned, who.locale))


async def dead(counter: Counter, asked: Asked, ask: Dead) -> Answer:
    """What failed though another try might help."""
    del ask
    return Answer(dead_words(await dead_letters.listed(counter.db, SHOWN_LETTERS), asked.who.locale))


async def requeue(counter: Counter, asked: Asked, ask: Requeue) -> Answer:
    """One of them again, or all of one error."""
    done = await dead_letters.requeue_what(counter.db, ask.what, asked.who, request=asked.request)
    counter.nudge()
    return Answer(requeued_words(done, asked.who.locale))


TELLERS: dict[type[Request], Teller] = {Queue: queue, Dead: dead, Requeue: requeue}
