"""Answers to those who hold song challenges: made, called off, and their entries looked at."""

from __future__ import annotations

from bot.answers import Answer, command_answer
from bot.deeds import Deed
from bot.forms import Form, Written, form
from bot.names import slug
from bot.placard import Bundle
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import Request
from workflows.asks.challenges import ChallengeCancel, ChallengeCreate, ChallengeHere, ChallengeReject, ChallengeReview
from workflows.challenges import reviewing, rounds
from workflows.repeated import only_shown

# As many entries as are told of at once; of so many, buttons stand below.
SHOWN, WITH_BUTTONS = 10, 2
REJECT = "challenge reject"


async def create(counter: Counter, asked: Asked, ask: ChallengeCreate) -> Answer:
    """Somebody in charge holds a challenge."""
    made = await rounds.create(counter.db, counter.rules, asked.who, asked.where, ask, request=asked.request)
    counter.nudge()
    locale, one = asked.who.locale, made.challenge
    if one is None:
        return Answer(reply("challenge_repeated", locale, first=made.first_at, zone=made.zone))
    if one.phase == "planned":
        return Answer(reply("challenge_created_later", locale, number=one.id, opens=one.opens_at))
    return Answer(reply("challenge_created", locale, number=one.id))


async def here(counter: Counter, asked: Asked, ask: ChallengeHere) -> Answer:
    """It is held in this channel, too."""
    held = await rounds.hold_here(
        counter.db, counter.rules, asked.who, asked.where, ask.challenge, request=asked.request
    )
    counter.nudge()
    return Answer(reply("challenge_is_here", asked.who.locale, number=held.id))


async def cancel(counter: Counter, asked: Asked, ask: ChallengeCancel) -> Answer:
    """It is called off."""
    done = await rounds.cancel(
        counter.db, counter.rules, asked.who, asked.where, ask.challenge, why=ask.why, following=ask.following,
        request=asked.request,
    )  # fmt: skip
    counter.nudge()
    locale = asked.who.locale
    told = [reply("challenge_cancelled_done", locale, number=done.id)] if done.id is not None else []
    return Answer(" ".join([*told, *([reply("challenge_ended_done", locale)] if done.following else [])]))


async def review(counter: Counter, asked: Asked, ask: ChallengeReview) -> Answer:
    """Somebody in charge lets an entry be shown, or sees and hears those that wait."""
    if ask.song_job_id is not None:
        return await _decide(counter, asked, show=True, number=ask.challenge, job=ask.song_job_id)
    locale = asked.who.locale
    found = await reviewing.waiting(counter.db, counter.rules, asked.who, asked.where, ask.challenge)
    await only_shown(counter.db, asked.request)
    if not found.entries:
        return Answer(reply("challenge_review_none", locale, number=found.challenge))
    shown = found.entries[:SHOWN]
    lines = [reply("challenge_review_title", locale, number=found.challenge, theme=found.theme)]
    lines += [reply("challenge_review_line", locale, job=one.job, title=one.title) for one in shown]
    if more := len(found.entries) - len(shown):
        lines.append(reply("more_of_them", locale, count=more))
    deeds = [
        Deed(name, one.id, label=reply(label, locale, job=one.job))
        for one in shown[:WITH_BUTTONS]
        for name, label in (("entry_show", "challenge_show_label"), ("entry_reject", "challenge_reject_label"))
    ]
    files = tuple(
        (f"{one.job}-{slug(one.title)}.{one.file.format}", one.file.digest, one.file.size)
        for one in shown
        if one.file is not None
    )
    return Answer(
        "\n".join([*lines, reply("challenge_review_hint", locale)]),
        deeds=tuple(deeds),
        bundle=Bundle(f"challenge-{found.challenge}-review", files) if files else None,
    )


async def reject(counter: Counter, asked: Asked, ask: ChallengeReject) -> Answer:
    """Somebody in charge takes an entry out."""
    return await _decide(counter, asked, show=False, number=ask.challenge, job=ask.song_job_id, why=ask.why)


async def _decide(
    counter: Counter, asked: Asked, *, show: bool, number: int | None = None, job: int | None = None,
    entry: int | None = None, why: str = "",
) -> Answer:  # fmt: skip
    done = await reviewing.decide(
        counter.db, counter.rules, asked.who, asked.where, number, show=show, job_id=job, entry_id=entry, why=why,
        request=asked.request,
    )  # fmt: skip
    counter.nudge()
    code = "challenge_shown_done" if done.shown else "challenge_rejected_done"
    return Answer(reply(code, asked.who.locale, job=done.job, title=done.title))


async def _show_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _decide(counter, asked, show=True, entry=on)


async def _reject_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Form | Answer:
    del which
    found = await reviewing.find_entry(counter.db, counter.rules, asked.who, on)
    values = {"song_job_id": str(found.job_id), "challenge": str(found.challenge_id)}
    asking = Written(REJECT, values)
    shown = form(asking, counter.commands)
    return shown or command_answer(REJECT, asking.as_command(counter.commands), asked.who.locale)


TELLERS: dict[type[Request], Teller] = {
    ChallengeCreate: create, ChallengeHere: here, ChallengeCancel: cancel, ChallengeReview: review,
    ChallengeReject: reject,
}  # fmt: skip
DOERS: dict[str, Doer] = {"entry_show": _show_pressed, "entry_reject": _reject_pressed}
