"""Those in charge look at entries: what may be shown, and what is taken out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import entries
from storage.database import Database
from storage.entries import Entered
from storage.tables import Challenge, Entry, EntryState
from workflows import record
from workflows.challenges import announce, find, view
from workflows.challenges.tick import number as give_numbers
from workflows.challenges.view import EntryView
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules


@dataclass(frozen=True)
class Waiting:
    """The entries of a challenge that wait for a look, without a word of whose they are."""

    challenge: int
    theme: str | None
    entries: tuple[EntryView, ...]


@dataclass(frozen=True)
class Decided:
    """What became of an entry."""

    challenge: int
    job: int
    title: str
    shown: bool


async def waiting(db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None) -> Waiting:
    """What waits for a look in a challenge. Raises `Refusal`."""

    def look(session: Session) -> Waiting:
        now = now_ms()
        challenge = find.meant(session, number, who, where, ("enter", "vote"), now)
        find.require_charge(session, rules, challenge, who, "challenge review")
        found = entries.of(session, challenge.id, "waiting")
        return Waiting(challenge.id, challenge.theme, view.shown(session, found))

    return await db.aread(look)


async def find_entry(db: Database, rules: Rules, who: Requester, entry_id: int) -> Entry:
    """An entry of a challenge that `who` looks after. Raises `Refusal`."""

    def look(session: Session) -> Entry:
        found = entries.get(session, entry_id)
        if found is None:
            raise Refusal("not_in_challenge", field="song_job_id", value=entry_id)
        challenge = find.meant(session, found.challenge_id, who, ReplyTo(who.surface), (), now_ms())
        find.require_charge(session, rules, challenge, who, "challenge reject")
        return found

    return await db.aread(look)


async def decide(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None, *, show: bool,
    job_id: int | None = None, entry_id: int | None = None, why: str = "", request: str | None = None,
) -> Decided:  # fmt: skip
    """Let an entry be shown, or take it out: by the number of its song, or by its own. Raises `Refusal`.

    Either may be changed to the other until voting ends. What is shown during the vote is on the ballot at once; votes
    for what is taken out fall away.
    """

    def work(session: Session) -> Decided:
        given = None if entry_id is None else entries.get(session, entry_id)
        wanted = number if given is None else given.challenge_id
        challenge, now = find.locked(session, wanted, who, where, ("enter", "vote"))
        find.require_charge(session, rules, challenge, who, "challenge review" if show else "challenge reject")
        only_once(session, request, now)
        at = find.require(challenge, now, "enter", "vote")
        before: tuple[EntryState, ...] = ("waiting", "rejected") if show else ("waiting", "shown")
        there = [
            one
            for one in entries.of(session, challenge.id, *before)
            if one.entry.id == entry_id or (entry_id is None and one.entry.job_id == job_id)
        ]
        if not there:
            raise Refusal("not_in_challenge", field="song_job_id", value=job_id or (given.job_id if given else None))
        for one in there:
            if show and one.entry.state == "rejected":
                _require_room(session, challenge, one)
            entries.turned(session, one.entry.id, "shown" if show else "rejected", *before, why=why or None)
            record.note(
                session, who, "challenge review" if show else "challenge reject",
                f"challenge:{challenge.id}", now, name=f"#{one.entry.job_id}", why=why or None,
            )  # fmt: skip
        if at == "vote":
            give_numbers(session, challenge)
        announce.changed(session, challenge.id, now, at_once=at == "vote")
        return Decided(challenge.id, there[0].entry.job_id, there[0].title, show)

    return await db.awrite(work)


def _require_room(session: Session, challenge: Challenge, one: Entered) -> None:
    """Raise a `Refusal` where whoever entered this entered others since, and may enter no more."""
    if len(entries.of(session, challenge.id, "waiting", "shown", person=one.person)) >= challenge.each:
        raise Refusal("entry_replaced", field="song_job_id", value=one.entry.job_id, each=challenge.each)
