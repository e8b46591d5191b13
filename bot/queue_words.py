"""The queue in words: how it stands, what failed in it, and what became of that. For chats and the terminal alike."""

from __future__ import annotations

from bot.commands import command_name
from bot.names import name_of
from bot.replies import reply
from workflows.dead_letters import UNPOSTED, DeadLetter, Listed, Requeued
from workflows.people import now_ms
from workflows.queue import QueueState

SHOWN_NUMBERS = 20


def queue_words(state: QueueState, locale: str = "en", *, in_charge: bool) -> str:
    """How the queue stands; to those in charge also what they may have to look after."""
    lines = [*_gate(state, locale, in_charge), _length(state, locale)]
    if state.parked:
        lines.append(reply("queue_parked" if in_charge else "queue_looked_at", locale, count=state.parked))
    if in_charge:
        if state.oldest is not None:
            lines.append(reply("queue_oldest", locale, age=max(now_ms() - state.oldest, 0) / 1000))
        if state.workers:
            lines.append(reply("queue_workers", locale, workers=len(state.workers)))
        if state.dead:
            lines.append(reply("queue_dead", locale, count=state.dead))
        if state.unposted:
            lines.append(reply("queue_unposted", locale, count=state.unposted))
        lines += [
            reply("queue_speed", locale, name=command_name(of.task), engine=of.engine, speed=of.speed)
            for of in state.speeds
        ]
    return "\n".join(lines)


def turned_words(changed: bool, state: QueueState, locale: str = "en") -> str:
    """What came of pausing, draining or opening it."""
    since = max(now_ms() - state.since, 0) / 1000
    if not changed:
        return reply(f"already_{state.state}", locale, by=state.by, since=since, why=state.why)
    return reply(f"now_{state.state}", locale, running=state.running or None, waiting=state.waiting or None)


def dead_words(dead: Listed, locale: str = "en") -> str:
    """What failed, and how it is tried again."""
    if not dead.letters:
        return reply("no_dead_letters", locale)
    lines = [_letter(letter, locale) for letter in dead.letters]
    if dead.more:
        lines.append(reply("more_dead_letters", locale, count=dead.more))
    return "\n".join([*lines, reply("how_to_requeue", locale)])


def requeued_words(done: Requeued, locale: str = "en") -> str:
    """What is tried again, and what can't be."""
    if not done.jobs and not done.short:
        return reply("requeued_none", locale)
    lines = [reply("requeued", locale, count=len(done.jobs), jobs=_numbers(done.jobs))] if done.jobs else []
    if done.short:
        lines.append(reply("requeue_short", locale, count=len(done.short), jobs=_numbers(done.short)))
    return "\n".join(lines)


def _gate(state: QueueState, locale: str, in_charge: bool) -> list[str]:
    if state.state == "open":
        return []
    by = state.by if in_charge else None
    return [reply(f"queue_{state.state}", locale, why=state.why, by=by)]


def _length(state: QueueState, locale: str) -> str:
    if not state.waiting and not state.running:
        return reply("queue_empty", locale)
    # Nobody knows how long a pause takes.
    eta_s = state.eta_s if state.state == "open" else None
    return reply("queue_length", locale, waiting=state.waiting, running=state.running, eta_s=eta_s)


def _letter(letter: DeadLetter, locale: str) -> str:
    job = letter.job
    code = "letter_unposted" if letter.error == UNPOSTED else "letter"
    named = {"job": job.id, "title": name_of(job), "owner": job.user}
    return reply(code, locale, **named, error=letter.error, tries=job.attempt, cause=letter.cause)


def _numbers(jobs: tuple[int, ...]) -> tuple[str, ...]:
    shown = tuple(f"#{job}" for job in jobs[:SHOWN_NUMBERS])
    return (*shown, "…") if len(jobs) > SHOWN_NUMBERS else shown
