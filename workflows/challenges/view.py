"""A challenge as surfaces show it: one frozen value. What nobody is to know yet is not in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from storage import challenges, entries, tracks, users, votes
from storage.database import Database
from storage.entries import Entered
from storage.tables import Challenge, EntryState
from workflows.challenges import find
from workflows.challenges.state import OPEN, Phase, phase
from workflows.challenges.tally import Standing, favourite, standings
from workflows.challenges.voting import choice_of
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.view import FileView

__all__ = ["ChallengeView", "EntryView", "Mine", "Standing", "look", "on_ballot", "results", "shown", "status"]


@dataclass(frozen=True)
class EntryView:
    """A song in a challenge. `number` is what people vote by, None before voting begins.

    `user` is whose it is, None as long as that is nobody's business. `file` is what people listen to, None where there
    is none, or the song is `gone`; `cover` is the picture of a song that won. `place` (None: none), `votes` and `prize`
    once it is tallied; `why` it was rejected, for its owner alone.
    """

    id: int
    number: int | None
    job: int
    take: int
    title: str
    state: EntryState
    user: str | None
    file: FileView | None
    place: int | None = None
    votes: int | None = None
    prize: int | None = None
    why: str | None = None
    gone: bool = False
    cover: FileView | None = None


@dataclass(frozen=True)
class ChallengeView:
    """A challenge as it stands now; all its times are milliseconds since the epoch.

    `theme` is None while it is voted for. `entries` are those of the ballot, in its order, and () before there is one;
    once it is tallied they are in the order of their votes. `entered` counts songs, `waiting` those that somebody in
    charge is to look at first, `voters` people (while themes are voted for, for themes). `table` is the season's.
    """

    id: int
    number: int
    repeated: bool
    season: str
    phase: Phase
    theme: str | None
    themes: tuple[str, ...]
    opens_at: int
    theme_until: int | None
    submit_until: int
    vote_until: int
    prizes: tuple[int, ...]
    each: int
    anonymous: bool
    review: bool
    tie: str
    tallied: bool
    cancelled_why: str | None
    entries: tuple[EntryView, ...]
    entered: int
    waiting: int
    voters: int
    table: tuple[Standing, ...]


@dataclass(frozen=True)
class Mine:
    """What somebody has to do with a challenge: their songs in it, and the number of what they vote for."""

    challenge: ChallengeView
    entries: tuple[EntryView, ...]
    vote: int | None


def look(session: Session, challenge_id: int) -> ChallengeView:
    """The challenge `challenge_id` now. Raises `Refusal` where there is none."""
    challenge = challenges.get(session, challenge_id)
    if challenge is None:
        raise Refusal("challenge_not_found", field="challenge", value=challenge_id)
    now = now_ms()
    at, tallied = phase(challenge, now), challenge.tallied_at is not None
    # Who won has won, also where the song is gone since.
    found = entries.of(session, challenge.id, "shown", "waiting", there=not tallied)
    there = [one for one in found if one.entry.state == "shown"]
    ballot = _ballot(session, challenge, at, there)
    theme = challenge.theme
    if theme is None and at in ("enter", "vote", "over"):
        theme = favourite(challenge.themes, votes.chosen(session, challenge.id, now))
    return ChallengeView(
        id=challenge.id,
        number=challenge.number,
        repeated=challenge.firing_id is not None,
        season=challenge.season,
        phase=at,
        theme=theme,
        themes=tuple(challenge.themes),
        opens_at=challenge.opens_at,
        theme_until=challenge.theme_until,
        submit_until=challenge.submit_until,
        vote_until=challenge.vote_until,
        prizes=tuple(challenge.prizes),
        each=challenge.each,
        anonymous=challenge.anonymous,
        review=challenge.review,
        tie=challenge.tie,
        tallied=tallied,
        cancelled_why=challenge.cancelled_why,
        entries=ballot,
        entered=len(ballot) if tallied else len(there),
        waiting=0 if tallied else len(found) - len(there),
        voters=sum(one.votes or 0 for one in ballot) if tallied else _voters(session, challenge, at, now),
        table=_table(session, challenge) if tallied else (),
    )


async def status(db: Database, who: Requester, where: ReplyTo, number: int | None) -> Mine:
    """A challenge, and what somebody has to do with it. Raises `Refusal`."""

    def mine(session: Session) -> Mine:
        now = now_ms()
        challenge = find.meant(session, number, who, where, (*OPEN, "planned"), now)
        return _mine(session, challenge, who, now)

    return await db.aread(mine)


async def on_ballot(db: Database, who: Requester, where: ReplyTo, number: int | None) -> Mine:
    """The same of a challenge that people vote in now, for songs or for themes. Raises `Refusal`."""

    def mine(session: Session) -> Mine:
        now = now_ms()
        challenge = find.meant(session, number, who, where, ("theme", "vote"), now)
        find.require(challenge, now, "theme", "vote")
        return _mine(session, challenge, who, now)

    return await db.aread(mine)


async def results(db: Database, who: Requester, where: ReplyTo, number: int | None) -> ChallengeView:
    """A challenge that is over; without a number the latest of this channel, else of this server. Raises `Refusal`."""

    def find_it(session: Session) -> ChallengeView:
        now = now_ms()
        challenge = find.meant(session, number, who, where, (), now) if number is not None else None
        if challenge is None:
            challenge = find.latest_tallied(session, who, where)
        if challenge is None:
            challenge = find.meant(session, None, who, where, (*OPEN, "over"), now)
        if challenge.tallied_at is None:
            if phase(challenge, now) in OPEN:
                until = challenge.vote_until
                raise Refusal("challenge_not_over", field="challenge", value=challenge.id, until=until)
            find.require(challenge, now, "over")
            raise Refusal("challenge_counting", field="challenge", value=challenge.id)
        return look(session, challenge.id)

    return await db.aread(find_it)


def shown(session: Session, found: Collection[Entered], *, named: bool = False) -> tuple[EntryView, ...]:
    """Entries as they are shown, `named` where everybody may know whose they are."""
    tracks_of = [one.track.id for one in found if one.track is not None]
    # Both chats play MP3.
    heard = _files(session, tracks_of, "audio", "mp3")
    # Only of who won: it is seen once it is known whose song it is.
    won = [one.track.id for one in found if one.track is not None and one.entry.place == 1]
    seen = _files(session, won, "image", "png") if won else {}
    return tuple(_shown(one, heard, seen, named=named) for one in found)


def _shown(one: Entered, heard: Mapping[str, FileView], seen: Mapping[str, FileView], *, named: bool) -> EntryView:
    row, known_as = one.entry, "" if one.track is None else one.track.id
    return EntryView(
        id=row.id,
        number=row.number,
        job=row.job_id,
        take=row.take,
        title=one.title,
        state=row.state,
        user=one.name if named else None,
        file=heard.get(known_as),
        cover=seen.get(known_as),
        place=row.place,
        votes=row.votes,
        prize=row.prize,
        gone=one.track is None,
    )


def _files(session: Session, track_ids: Collection[str], kind: str, format_: str) -> dict[str, FileView]:
    found = tracks.files_of_all(session, track_ids, kind=kind, format_=format_)
    return {
        track: FileView(file.kind, file.name, file.format, file.digest, blob.size)
        for track, (file, blob) in found.items()
    }


def _ballot(session: Session, challenge: Challenge, at: Phase, there: Collection[Entered]) -> tuple[EntryView, ...]:
    if at not in ("vote", "over"):
        return ()
    tallied = challenge.tallied_at is not None
    found = [one for one in there if one.entry.number is not None and (not tallied or one.entry.votes is not None)]
    views = shown(session, found, named=tallied or not challenge.anonymous)
    if not tallied:
        return tuple(sorted(views, key=lambda one: one.number or 0))
    last = len(views) + 1
    return tuple(sorted(views, key=lambda one: (-(one.votes or 0), one.place or last, one.number or 0)))


def _voters(session: Session, challenge: Challenge, at: Phase, now: int) -> int:
    """How many people voted, whatever became of what they voted for: else what is missing once a song is gone would
    say how many votes that had."""
    cast = votes.chosen if at == "theme" else votes.given
    return len({one.person for one in cast(session, challenge.id, now)})


def _table(session: Session, challenge: Challenge) -> tuple[Standing, ...]:
    held_on = challenges.servers(session, [challenge.id]).get(challenge.id, set())
    until = challenge.tallied_at or 0
    return standings(entries.placed(session, challenges.season(session, challenge.season, held_on, until=until)))


def _mine(session: Session, challenge: Challenge, who: Requester, now: int) -> Mine:
    about = look(session, challenge.id)
    user = users.known(session, who.surface, who.external_id)
    if user is None:
        return Mine(about, (), None)
    own = entries.of(session, challenge.id, "waiting", "shown", "rejected", there=False, person=user.id)
    whys = {one.entry.id: one.entry.why for one in own}
    mine = tuple(replace(one, why=whys[one.id]) for one in shown(session, own))
    return Mine(about, mine, choice_of(session, challenge, user.id, now))
