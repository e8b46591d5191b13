"""What time does to challenges: they open, themes and votes are counted, people are reminded and told.

Each of it follows from the rows and now, and is done in one transaction that leaves nothing more to do: so it is done
once, whoever looks first, and a house that was away does at once all that should have been done meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session

from storage import challenges, entries, ledger, users, votes
from storage.database import Database
from storage.entries import Entered
from storage.tables import Challenge
from workflows import bans
from workflows.challenges import announce, find
from workflows.challenges.state import Phase, phase
from workflows.challenges.tally import Candidate, counted, favourite, ranked
from workflows.credits import account_of
from workflows.people import now_ms

log = logging.getLogger(__name__)


async def tick(db: Database) -> int:
    """Do what is due in every challenge; returns in how many that was. Reads first: an idle house writes nothing."""
    due = await db.aread(lambda session: [one.id for one in challenges.under_way(session) if _is_due(session, one)])
    done = 0
    for challenge_id in due:
        try:
            done += await db.awrite(lambda session, number=challenge_id: _settle(session, number))  # type: ignore[misc]
        except Exception:
            # Undone with all it began: it is due again at the next look, and keeps no other one waiting.
            log.exception("challenge %s", challenge_id)
    return done


def move_on(session: Session, challenge: Challenge, now: int) -> bool:
    """Do what is due in this challenge, which nobody else changes meanwhile. False where nothing is."""
    at = phase(challenge, now)
    done = False
    if challenge.theme is None and at in ("enter", "vote", "over"):
        theme = favourite(challenge.themes, votes.chosen(session, challenge.id, now))
        done = challenges.themed(session, challenge.id, theme)
        challenge = challenges.get(session, challenge.id) or challenge
    if at in ("vote", "over"):
        done |= _thin_out(session, challenge, now)
    if at == "vote":
        done |= number(session, challenge) > 0
    if at == "over" or _is_deserted(session, challenge, at):
        done |= _tally(session, challenge, now)
    fresh = challenges.get(session, challenge.id)
    return announce.catch_up(session, fresh or challenge, now) or done


def _thin_out(session: Session, challenge: Challenge, now: int) -> bool:
    """Take out what somebody entered beyond what each may, as two who turned out to be one; the earlier songs stay."""
    over = _beyond(challenge, entries.of(session, challenge.id, "shown")) if challenge.tallied_at is None else []
    for one in over:
        entries.turned(session, one.entry.id, "withdrawn", "shown")
    if over:
        announce.changed(session, challenge.id, now, at_once=True)
    return bool(over)


def _beyond(challenge: Challenge, there: Sequence[Entered]) -> list[Entered]:
    had = Counter[int]()
    over = []
    for one in there:
        had[one.person] += 1
        if had[one.person] > challenge.each:
            over.append(one)
    return over


def number(session: Session, challenge: Challenge) -> int:
    """Give the entries that may be shown and have no number theirs; returns how many those were.

    In an order that says nothing of who came first: only the house knows by what name it keeps a track.
    """
    shown = entries.of(session, challenge.id, "shown")
    unnumbered = sorted((one for one in shown if one.entry.number is None), key=lambda one: _shuffled(challenge, one))
    last = entries.last_number(session, challenge.id)
    for at, one in enumerate(unnumbered, last + 1):
        entries.numbered(session, one.entry.id, at)
    return len(unnumbered)


def _shuffled(challenge: Challenge, one: Entered) -> str:
    known_as = one.track.id if one.track is not None else ""
    return hashlib.sha256(f"{challenge.id}:{known_as}".encode()).hexdigest()


def _is_due(session: Session, challenge: Challenge) -> bool:
    now = now_ms()
    at = phase(challenge, now)
    if at == "over" or (challenge.theme is None and at in ("enter", "vote")):
        return True
    if at == "vote":
        there = entries.of(session, challenge.id, "shown", "waiting")
        shown = [one for one in there if one.entry.state == "shown"]
        if not there or any(one.entry.number is None for one in shown) or _beyond(challenge, shown):
            return True
    return bool(announce.missing(session, challenge, now))


def _is_deserted(session: Session, challenge: Challenge, at: Phase) -> bool:
    """Whether there is nothing to vote for, and never will be."""
    return at == "vote" and not entries.of(session, challenge.id, "shown", "waiting")


def _settle(session: Session, challenge_id: int) -> bool:
    find.alone(session, challenge_id)
    challenge = challenges.get(session, challenge_id)
    return challenge is not None and move_on(session, challenge, now_ms())


def _tally(session: Session, challenge: Challenge, now: int) -> bool:
    """Count the votes, once, and give the prizes. False where it was done before, or the challenge was called off."""
    if not challenges.settled(session, challenge.id, now):
        return False
    number(session, challenge)
    there = entries.of(session, challenge.id, "shown")
    # Who is kept out wins nothing, either.
    kept_out = {person for person in {one.person for one in there} if not bans.is_welcome(session, person, now)}
    there = tuple(one for one in there if one.person not in kept_out)
    candidates = [Candidate(one.entry.id, one.person, one.entry.created_at) for one in there]
    count = counted(votes.given(session, challenge.id, now), candidates)
    results = ranked(candidates, count, tie=challenge.tie, prizes=challenge.prizes)
    owners = {one.entry.id: one.person for one in there}
    # In the order of their numbers, so that two who wait for the same people don't wait for each other.
    paid = {owners[result.id] for result in results if result.prize}
    staying = {one: users.staying(session, one) for one in sorted(paid)}
    for result in results:
        entries.told(session, result.id, place=result.place, votes=result.votes, prize=result.prize or None)
        if result.prize:
            ledger.transfer(
                session, key=f"prize:{challenge.id}:{result.id}", kind="prize", debit=ledger.BANK,
                credit=account_of(staying[owners[result.id]]), amount=result.prize, now=now, note=challenge.theme,
            )  # fmt: skip
    return True
