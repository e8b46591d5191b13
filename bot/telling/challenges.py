"""Answers to those who take part in song challenges, and what their buttons do."""

from __future__ import annotations

from bot.answers import Answer
from bot.challenge_words import (
    entry_choices,
    facts,
    listed,
    manners,
    own_entry,
    own_vote,
    podium,
    stands,
    theme_choices,
    title,
)
from bot.deeds import Deed
from bot.replies import reply
from bot.telling.counter import Asked, Counter, Doer, Teller
from engine.spec import Request
from workflows.asks.challenges import (
    ChallengeEnter,
    ChallengeResults,
    ChallengeStatus,
    ChallengeVote,
    ChallengeWithdraw,
)
from workflows.challenges import entering, view, voting
from workflows.challenges.entering import Offered
from workflows.challenges.state import Phase
from workflows.challenges.view import Mine
from workflows.refusal import Refusal
from workflows.repeated import only_shown
from workflows.view import JobView

# A button carries one number beside that of its challenge: a job and a take of it.
TAKES = 16


# --- songs ---


async def enter(counter: Counter, asked: Asked, ask: ChallengeEnter) -> Answer:
    """Somebody enters a song, or is asked which."""
    if ask.song_job_id is None:
        answer = await _which_song(counter, asked, ask.challenge)
        await only_shown(counter.db, asked.request)
        return answer
    return await _enter(counter, asked, ask.challenge, ask.song_job_id, ask.take)


async def _enter(counter: Counter, asked: Asked, number: int | None, job: int, take: int) -> Answer:
    done = await entering.enter(
        counter.db, counter.rules, asked.who, asked.where, number, job, take, request=asked.request
    )
    counter.nudge()
    words = reply(
        "challenge_entered_done", asked.who.locale, job=done.job, title=done.title, number=done.challenge,
        left=done.left or None, until=done.until, waiting=True if done.waiting else None,
    )  # fmt: skip
    return Answer(words)


async def enter_song(counter: Counter, asked: Asked, job: JobView) -> Answer:
    """What the button below a song does: it is entered where it stands; of several takes it is asked which."""
    if len(job.tracks) < 2:
        return await _enter(counter, asked, job.challenge, job.id, 1)
    offered = await entering.enterable(counter.db, asked.who, asked.where, job.challenge, job_id=job.id)
    if not offered.songs:
        raise Refusal("entered_already", field="song_job_id", value=job.id)
    await only_shown(counter.db, asked.request)
    return _choose_song(offered, asked.who.locale)


async def _which_song(counter: Counter, asked: Asked, number: int | None) -> Answer:
    locale = asked.who.locale
    offered = await entering.enterable(counter.db, asked.who, asked.where, number)
    if not offered.songs:
        return Answer(reply("challenge_no_songs", locale, until=offered.until))
    return _choose_song(offered, locale)


def _choose_song(offered: Offered, locale: str) -> Answer:
    choices = tuple(
        Deed(
            "entered", offered.challenge, one.job * TAKES + one.take - 1,
            reply(
                "challenge_song_label", locale, job=one.job, title=one.title, take=one.take if one.takes > 1 else None
            ),
        )
        for one in offered.songs
    )  # fmt: skip
    words = reply("challenge_choose_song", locale, theme=offered.theme)
    return Answer(words, prompt=reply("challenge_prompt_song", locale), choices=choices)


async def withdraw(counter: Counter, asked: Asked, ask: ChallengeWithdraw) -> Answer:
    """Somebody takes a song out again."""
    return await _withdraw(counter, asked, number=ask.challenge, job=ask.song_job_id)


async def _withdraw(
    counter: Counter, asked: Asked, *, number: int | None = None, job: int | None = None, entry: int | None = None
) -> Answer:
    gone = await entering.withdraw(
        counter.db, asked.who, asked.where, number, job_id=job, entry_id=entry, request=asked.request
    )
    counter.nudge()
    words = reply(
        "challenge_withdrawn", asked.who.locale, job=gone.job, title=gone.title, number=gone.challenge,
        until=gone.until if gone.left else None,
    )  # fmt: skip
    return Answer(words)


# --- votes ---


async def vote(counter: Counter, asked: Asked, ask: ChallengeVote) -> Answer:
    """Somebody votes, or is shown what for."""
    if ask.entry is None:
        answer = await _ballot(counter, asked, ask.challenge)
        await only_shown(counter.db, asked.request)
        return answer
    return await _vote(counter, asked, ask.challenge, ask.entry, ("theme", "vote"))


async def _vote(counter: Counter, asked: Asked, number: int | None, choice: int, phases: tuple[Phase, ...]) -> Answer:
    done = await voting.vote(
        counter.db, counter.rules, asked.who, asked.where, number, choice, phases=phases, request=asked.request
    )
    counter.nudge()
    words = reply(
        "challenge_vote_done", asked.who.locale, choice=done.number, title=done.title, until=done.until,
        again=True if done.again else None,
    )  # fmt: skip
    return Answer(words)


async def _ballot(counter: Counter, asked: Asked, number: int | None) -> Answer:
    locale = asked.who.locale
    mine = await view.on_ballot(counter.db, asked.who, asked.where, number)
    one = mine.challenge
    if one.phase == "theme":
        lines = [reply("challenge_theme_ballot", locale, until=one.theme_until)]
        choices, prompt = theme_choices(one, locale), reply("challenge_prompt_theme", locale)
    elif not one.entries:
        return Answer(reply("challenge_ballot_empty", locale, until=one.vote_until))
    else:
        lines = [reply("challenge_ballot", locale, until=one.vote_until)]
        choices, prompt = entry_choices(one.id, one.entries, locale), reply("challenge_prompt_entry", locale)
    lines += listed([str(choice.label) for choice in choices], locale)
    lines.append(own_vote(mine, locale))
    return Answer("\n".join(lines), prompt=prompt, choices=choices)


# --- how it stands ---


async def status(counter: Counter, asked: Asked, ask: ChallengeStatus) -> Answer:
    """How a challenge stands, and what somebody has to do with it."""
    return await _status(counter, asked, ask.challenge)


async def _status(counter: Counter, asked: Asked, number: int | None) -> Answer:
    locale = asked.who.locale
    mine = await view.status(counter.db, asked.who, asked.where, number)
    one = mine.challenge
    small = reply(
        "challenge_small", locale, number=one.id, round=one.number if one.repeated else None, season=one.season
    )
    lines = [f"{title(one, locale)} · {small}", *stands(one, locale)]
    if one.phase in ("theme", "enter", "planned"):
        lines += (*facts(one, locale), *manners(one, locale))
    lines += [own_entry(entry, one, locale) for entry in mine.entries]
    if one.phase in ("theme", "vote"):
        lines.append(own_vote(mine, locale))
    return Answer("\n".join(lines), deeds=_ways_on(mine, locale))


def _ways_on(mine: Mine, locale: str) -> tuple[Deed, ...]:
    one = mine.challenge
    own = [entry for entry in mine.entries if entry.state in ("waiting", "shown") and not entry.gone]
    withdraw_them = tuple(
        Deed("withdraw", entry.id, 0, reply("challenge_withdraw_label", locale, job=entry.job, title=entry.title))
        for entry in own[:3]
    )
    match one.phase:
        case "theme":
            return (Deed("ballot", one.id),)
        case "enter":
            return (*((Deed("enter", one.id),) if len(own) < one.each else ()), *withdraw_them)
        case "vote":
            return (*((Deed("ballot", one.id),) if one.entries else ()), *withdraw_them)
    return ()


async def results(counter: Counter, asked: Asked, ask: ChallengeResults) -> Answer:
    """Who won, and the table of the season."""
    return await _results(counter, asked, ask.challenge)


async def _results(counter: Counter, asked: Asked, number: int | None) -> Answer:
    locale = asked.who.locale
    one = await view.results(counter.db, asked.who, asked.where, number)
    return Answer("\n".join([title(one, locale), *podium(one, locale)]))


# --- buttons ---


async def _enter_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _which_song(counter, asked, on)


async def _status_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _status(counter, asked, on)


async def _results_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _results(counter, asked, on)


async def _ballot_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _ballot(counter, asked, on)


async def _vote_chosen(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    return await _vote(counter, asked, on, which, ("vote",))


async def _theme_chosen(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    return await _vote(counter, asked, on, which + 1, ("theme",))


async def _song_chosen(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    return await _enter(counter, asked, on, which // TAKES, which % TAKES + 1)


async def _withdraw_pressed(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
    del which
    return await _withdraw(counter, asked, entry=on)


TELLERS: dict[type[Request], Teller] = {
    ChallengeEnter: enter, ChallengeWithdraw: withdraw, ChallengeVote: vote, ChallengeStatus: status,
    ChallengeResults: results,
}  # fmt: skip
DOERS: dict[str, Doer] = {
    "enter": _enter_pressed, "status": _status_pressed, "results": _results_pressed, "ballot": _ballot_pressed,
    "vote": _vote_chosen, "theme": _theme_chosen, "entered": _song_chosen, "withdraw": _withdraw_pressed,
}  # fmt: skip
