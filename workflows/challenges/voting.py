"""People vote: for one entry, and before that perhaps for a theme. Until the end of it they may change their mind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from storage import entries, users, votes
from storage.database import Database
from storage.tables import Challenge, User
from workflows import bans
from workflows.challenges import announce, find
from workflows.challenges.state import Phase, phase
from workflows.credits import welcome
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules


@dataclass(frozen=True)
class Voted:
    """What somebody votes for now: `theme` where that is a theme, else the entry `number` called `title`."""

    challenge: int
    number: int
    title: str
    theme: bool
    again: bool
    until: int


async def vote(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None, choice: int,
    *, phases: Collection[Phase] = ("theme", "vote"), request: str | None = None,
) -> Voted:  # fmt: skip
    """Vote for the entry `choice` or, while themes are voted for, for the theme that stands there (from 1).

    `phases` are what it is meant for: a button for a theme is none for a song. Raises `Refusal`.
    """

    def work(session: Session) -> Voted:
        challenge, now = find.locked(session, number, who, where, phases)
        only_once(session, request, now)
        at = find.require(challenge, now, *phases)
        user = welcome(session, rules.pricing, who, now)
        bans.require_welcome(session, user.id, now)
        return (_theme if at == "theme" else _entry)(session, challenge, user, choice, now)

    return await db.awrite(work)


def _entry(session: Session, challenge: Challenge, user: User, choice: int, now: int) -> Voted:
    ballot = {one.entry.number: one for one in entries.of(session, challenge.id, "shown")}
    chosen = ballot.get(choice)
    if chosen is None:
        listed = [str(one) for one in sorted(number for number in ballot if number is not None)]
        raise Refusal("no_such_entry", field="entry", value=choice, numbers=listed or None)
    if chosen.person == users.person(session, user.id).id:
        raise Refusal("own_entry", field="entry", value=choice)
    again = votes.given_by(session, challenge.id, user.id) is not None
    votes.give(session, challenge_id=challenge.id, user_id=user.id, entry_id=chosen.entry.id, now=now)
    if not again:
        announce.changed(session, challenge.id, now, topic="vote")
    return Voted(challenge.id, choice, chosen.title, False, again, challenge.vote_until)


def _theme(session: Session, challenge: Challenge, user: User, choice: int, now: int) -> Voted:
    if not 1 <= choice <= len(challenge.themes):
        raise Refusal("no_such_theme", field="entry", value=choice, count=len(challenge.themes))
    again = any(one.person == user.id for one in votes.chosen(session, challenge.id, now))
    votes.choose(session, challenge_id=challenge.id, user_id=user.id, choice=choice - 1, now=now)
    if not again:
        announce.changed(session, challenge.id, now, topic="theme")
    until = challenge.theme_until or challenge.submit_until
    return Voted(challenge.id, choice, challenge.themes[choice - 1], True, again, until)


def choice_of(session: Session, challenge: Challenge, person: int, now: int) -> int | None:
    """What somebody votes for now: the number of an entry, or of a theme; None: nothing, or what is gone."""
    if phase(challenge, now) == "theme":
        mine = [one.choice + 1 for one in votes.chosen(session, challenge.id, now) if one.person == person]
        return mine[-1] if mine else None
    given = votes.given_by(session, challenge.id, person)
    there = entries.of(session, challenge.id, "shown")
    return next((one.entry.number for one in there if one.entry.id == given), None)
