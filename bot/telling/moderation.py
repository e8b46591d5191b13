"""Answers about reports, reviews, bans, and the record of them."""

from __future__ import annotations

from bot.answers import Answer, Attached
from bot.commands import command_name
from bot.facts import clock
from bot.names import name_of
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Teller
from engine.spec import Request
from workflows import moderators, record, reports, review
from workflows.asks.moderation import (
    Approve,
    Audit,
    Ban,
    Bans,
    Dismiss,
    Reject,
    Report,
    Reports,
    Review,
    Takedown,
    Unban,
)
from workflows.moderation import TEXTS
from workflows.people import OPERATOR, now_ms
from workflows.view import JobView

SHOWN, SHOWN_BANS = 10, 25
WORDS = "review.txt"


async def complain(counter: Counter, asked: Asked, ask: Report) -> Answer:
    """Somebody complains about a song."""
    pricing = counter.rules.pricing
    await reports.report(counter.db, pricing, asked.who, asked.where, ask.job_id, ask.why, request=asked.request)
    return Answer(reply("reported", asked.who.locale, job=ask.job_id))


async def complaints(counter: Counter, asked: Asked, ask: Reports) -> Answer:
    """The songs that people complained about."""
    del ask
    locale = asked.who.locale
    found, count = await reports.complaints(counter.db, asked.who, SHOWN)
    lines = [
        reply(
            "report_line", locale, job=one.job, title=one.title or f"#{one.job}", user=one.user, count=one.count,
            reasons=one.reasons,
        )
        for one in found
    ]  # fmt: skip
    return _listed(lines, count, "reports_hint", "reports_none", locale)


async def take_down(counter: Counter, asked: Asked, ask: Takedown) -> Answer:
    """A song goes, and its post says why."""
    job = await reports.take_down(counter.db, asked.who, ask.job_id, ask.why, request=asked.request)
    counter.nudge()
    said = reply("takedown_done", asked.who.locale, job=ask.job_id)
    if job.folder is not None:
        # Where that is on this machine is for whoever has the terminal.
        folder = job.folder if asked.who.surface == OPERATOR.surface else None
        said = f"{said} {reply('copies_stay', asked.who.locale, folder=folder)}"
    return Answer(said)


async def dismiss(counter: Counter, asked: Asked, ask: Dismiss) -> Answer:
    """A song stays."""
    closed = await reports.dismiss(counter.db, asked.who, ask.job_id, request=asked.request)
    return Answer(reply("dismiss_done", asked.who.locale, job=ask.job_id, count=closed))


async def waiting(counter: Counter, asked: Asked, ask: Review) -> Answer:
    """The requests that wait for a look, with every word of them in a file."""
    del ask
    locale = asked.who.locale
    found = await review.waiting(counter.db, asked.who, SHOWN)
    lines = [
        reply("review_line", locale, job=job.id, user=job.user, name=command_name(job.task), title=name_of(job))
        for job in found.jobs
    ]
    answer = _listed(lines, found.count, "review_hint", "review_none", locale)
    text = "\n\n".join(_words(job) for job in found.jobs)
    return Answer(answer.text, file=Attached(WORDS, text + "\n")) if text else answer


async def approve(counter: Counter, asked: Asked, ask: Approve) -> Answer:
    """A request may be made."""
    job = await review.approve(counter.db, asked.who, ask.job_id, request=asked.request)
    counter.nudge()
    return Answer(reply("approve_done", asked.who.locale, job=job.id, user=job.user))


async def reject(counter: Counter, asked: Asked, ask: Reject) -> Answer:
    """A request is not made."""
    job = await review.reject(counter.db, asked.who, ask.job_id, ask.why, request=asked.request)
    counter.nudge()
    return Answer(reply("reject_done", asked.who.locale, job=job.id, user=job.user))


async def ban(counter: Counter, asked: Asked, ask: Ban) -> Answer:
    """Somebody is kept out."""
    name, cancelled = await moderators.ban(
        counter.db, counter.rules.pricing, asked.who, ask.who, hours=ask.hours, why=ask.why, request=asked.request
    )
    counter.nudge()
    return Answer(reply("ban_done", asked.who.locale, name=name, hours=ask.hours, count=cancelled or None))


async def unban(counter: Counter, asked: Asked, ask: Unban) -> Answer:
    """Somebody is let in again."""
    name = await moderators.unban(counter.db, counter.rules.pricing, asked.who, ask.who, request=asked.request)
    return Answer(reply("unban_done", asked.who.locale, name=name))


async def banned(counter: Counter, asked: Asked, ask: Bans) -> Answer:
    """Who is kept out."""
    del ask
    locale = asked.who.locale
    found, count = await moderators.banned(counter.db, SHOWN_BANS)
    lines = [
        reply(
            "ban_line", locale, name=one.name, by=one.by, why=one.why or None,
            left=None if one.hours is None else one.hours * 3600,
        )
        for one in found
    ]  # fmt: skip
    return _listed(lines, count, "bans_hint", "bans_none", locale)


async def audit(counter: Counter, asked: Asked, ask: Audit) -> Answer:
    """What those in charge did, the latest first."""
    locale, now = asked.who.locale, now_ms()
    lines = [
        reply(
            "audit_line", locale, age=(now - one.at) / 1000, by=one.by, surface=one.surface, act=one.act,
            subject=record.about(one), details=record.in_words(one),
        )
        for one in await record.latest(counter.db, ask.limit)
    ]  # fmt: skip
    return Answer("\n".join(lines) or reply("audit_none", locale))


def _listed(lines: list[str], count: int, hint: str, none: str, locale: str) -> Answer:
    """Lines with what can be done about them, and how many more there are."""
    if not lines:
        return Answer(reply(none, locale))
    more = [reply("more_of_them", locale, count=count - len(lines))] if count > len(lines) else []
    return Answer("\n".join([*lines, *more, reply(hint, locale)]))


def _words(job: JobView) -> str:
    """Everything that somebody wrote in a request, and what the sound that they brought calls itself."""
    said = [f"{name}: {job.spec[name]}" for name in TEXTS if job.spec.get(name)]
    sound = job.recording
    brought = [f"sound: {sound.title} ({clock(sound.duration)}) {sound.artist}".rstrip()] if sound else []
    return "\n".join([f"#{job.id} {job.user}", *said, *brought])


TELLERS: dict[type[Request], Teller] = {
    Report: complain, Reports: complaints, Takedown: take_down, Dismiss: dismiss, Review: waiting, Approve: approve,
    Reject: reject, Ban: ban, Unban: unban, Bans: banned, Audit: audit,
}  # fmt: skip
