"""People enter their songs, and take them out again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import entries, jobs, tracks, users
from storage.database import Database
from storage.tables import Challenge, Job, User
from workflows import bans, reach
from workflows.challenges import announce, find
from workflows.challenges.state import Phase
from workflows.credits import welcome
from workflows.limits import NO_SONGS
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules

# How many of somebody's latest jobs are looked through for songs to enter, and how many of these are shown.
LOOKED_AT, SHOWN = 100, 25
ENTERING: tuple[Phase, ...] = ("enter",)


@dataclass(frozen=True)
class Entrance:
    """A song in a challenge as its owner is told of it. `left`: how many more they may enter."""

    challenge: int
    theme: str | None
    job: int
    title: str
    waiting: bool
    left: int
    until: int


@dataclass(frozen=True)
class Enterable:
    """A finished take that somebody may enter."""

    job: int
    take: int
    takes: int
    title: str


@dataclass(frozen=True)
class Offered:
    """What somebody may enter in a challenge, which takes songs `until` then."""

    challenge: int
    theme: str | None
    until: int
    songs: tuple[Enterable, ...]


async def enter(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None, job_id: int, take: int,
    *, request: str | None = None,
) -> Entrance:  # fmt: skip
    """Enter one of one's own songs. Raises `Refusal`."""

    def work(session: Session) -> Entrance:
        challenge, now = find.locked(session, number, who, where, ENTERING)
        only_once(session, request, now)
        find.require(challenge, now, "enter")
        user = welcome(session, rules.pricing, who, now)
        bans.require_welcome(session, user.id, now)
        title = _song(session, user, job_id, take, who, where)
        left = challenge.each - len(_of(session, challenge, user)) - 1
        earlier = next(iter(entries.of_song(session, challenge.id, job_id, take)), None)
        if earlier is not None and earlier.state in ("waiting", "shown"):
            raise Refusal("entered_already", field="song_job_id", value=job_id, theme=challenge.theme)
        if earlier is not None and earlier.state == "rejected":
            raise Refusal("entry_rejected", field="song_job_id", value=job_id, why=earlier.why)
        if left < 0:
            raise Refusal("entered_enough", field="song_job_id", value=job_id, each=challenge.each)
        entries.add(
            session, challenge_id=challenge.id, user_id=user.id, job_id=job_id, take=take,
            state="waiting" if challenge.review else "shown", now=now,
        )  # fmt: skip
        announce.changed(session, challenge.id, now, topic="enter")
        return Entrance(challenge.id, challenge.theme, job_id, title, challenge.review, left, challenge.submit_until)

    return await db.awrite(work)


async def withdraw(
    db: Database, who: Requester, where: ReplyTo, number: int | None, *, job_id: int | None = None,
    entry_id: int | None = None, request: str | None = None,
) -> Entrance:  # fmt: skip
    """Take one's song out: by its number, by its entry, or the only one. Votes for it fall away. Raises `Refusal`."""

    def work(session: Session) -> Entrance:
        given = None if entry_id is None else entries.get(session, entry_id)
        wanted = number if given is None else given.challenge_id
        challenge, now = find.locked(session, wanted, who, where, ("enter", "vote"))
        only_once(session, request, now)
        at = find.require(challenge, now, "enter", "vote")
        user = users.present(session, who.surface, who.external_id)
        mine = () if user is None else _of(session, challenge, user)
        if given is not None or job_id is not None:
            mine = tuple(one for one in mine if one.entry.id == entry_id or one.entry.job_id == job_id)
        if not mine:
            raise Refusal("not_entered", field="song_job_id", value=job_id, theme=challenge.theme)
        if len({one.entry.job_id for one in mine}) > 1:
            raise Refusal("withdraw_which", field="song_job_id", numbers=[f"#{one.entry.job_id}" for one in mine])
        for one in mine:
            entries.turned(session, one.entry.id, "withdrawn", "waiting", "shown")
        announce.changed(session, challenge.id, now, at_once=at == "vote")
        gone = mine[0]
        left = challenge.each - len(_of(session, challenge, user)) if user is not None else 0
        return Entrance(
            challenge.id, challenge.theme, gone.entry.job_id, gone.title, False, left if at == "enter" else 0,
            challenge.submit_until,
        )  # fmt: skip

    return await db.awrite(work)


async def enterable(
    db: Database, who: Requester, where: ReplyTo, number: int | None, *, job_id: int | None = None
) -> Offered:
    """The latest songs that somebody may enter in the challenge that takes songs now, or the takes of one.

    Raises `Refusal`.
    """

    def look(session: Session) -> Offered:
        now = now_ms()
        challenge = find.meant(session, number, who, where, ENTERING, now)
        find.require(challenge, now, "enter")
        user = users.known(session, who.surface, who.external_id)
        if user is None:
            return Offered(challenge.id, challenge.theme, challenge.submit_until, ())
        if len(_of(session, challenge, user)) >= challenge.each:
            raise Refusal("entered_enough", field="song_job_id", value=None, each=challenge.each)
        songs = _enterable(session, challenge, user, job_id)
        return Offered(challenge.id, challenge.theme, challenge.submit_until, tuple(songs[:SHOWN]))

    return await db.aread(look)


def _enterable(session: Session, challenge: Challenge, user: User, job_id: int | None) -> list[Enterable]:
    found: list[Enterable] = []
    asked = None if job_id is None else jobs.get(session, job_id)
    for job in jobs.recent(session, user.id, LOOKED_AT) if job_id is None else (asked,):
        if job is None or not _is_song(job) or users.person(session, job.user_id).id != user.id:
            continue
        takes = tracks.of_job(session, job.id)
        there = {one.take for one in entries.of_song(session, challenge.id, job.id) if one.state != "withdrawn"}
        found += [Enterable(job.id, one.take, len(takes), one.title) for one in takes if one.take not in there]
    return found


def _of(session: Session, challenge: Challenge, user: User) -> tuple[entries.Entered, ...]:
    """What somebody has in a challenge, as far as it is still to be heard."""
    return entries.of(session, challenge.id, "waiting", "shown", person=user.id)


def _is_song(job: Job) -> bool:
    return job.status == "COMPLETED" and job.deleted_at is None and job.taken_down is None and job.task not in NO_SONGS


def _song(session: Session, user: User, job_id: int, take: int, who: Requester, where: ReplyTo) -> str:
    """The title of a take that this person may enter: it is theirs, finished, and there. Raises `Refusal`."""
    job = reach.seen(session, job_id, who, where)
    owner = users.person(session, job.user_id)
    # Whoever has the terminal may do everything else to it; a song is entered by whose it is.
    if owner.id != user.id:
        raise Refusal("not_yours", field="song_job_id", value=job_id, owner=owner.name)
    there = {track.take: track.title for track in tracks.of_job(session, job.id)} if _is_song(job) else {}
    if not there:
        raise Refusal("not_to_enter", field="song_job_id", value=job_id, status=job.status)
    if take not in there:
        raise Refusal("entry_no_take", field="take", value=take, takes=len(there))
    return there[take]
