"""Songs that people entered in challenges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, and_, col, func, select, update

from storage.once import insert_once
from storage.tables import Challenge, Entry, EntryState, Job, Track, User
from storage.users import everyone


@dataclass(frozen=True)
class Entered:
    """An entry with its song: `track` is None where that is gone. `person` is whose it is, by the number they have now.

    What is withheld has no track: it is not for anybody to hear.
    """

    entry: Entry
    person: int
    name: str
    title: str
    track: Track | None


def of(
    session: Session, challenge_id: int, *states: EntryState, there: bool = True, person: int | None = None
) -> tuple[Entered, ...]:
    """The entries of a challenge in these states, the earliest first; of one `person` where that is given.

    `there`: only those whose song is still to be heard.
    """
    heard = and_(
        col(Track.job_id) == col(Entry.job_id),
        col(Track.take) == col(Entry.take),
        col(Job.deleted_at).is_(None),
        col(Job.taken_down).is_(None),
    )
    rows = (
        select(Entry, func.coalesce(User.joined, User.id), Job.title, Track)
        .join(User, col(User.id) == col(Entry.user_id))
        .join(Job, col(Job.id) == col(Entry.job_id))
        .join(Track, heard, isouter=True)
        .where(Entry.challenge_id == challenge_id, col(Entry.state).in_(states))
        .order_by(col(Entry.created_at), col(Entry.id))
        .execution_options(populate_existing=True)
    )
    if there:
        rows = rows.where(col(Track.id).is_not(None))
    if person is not None:
        rows = rows.where(col(Entry.user_id).in_(everyone(person)))
    found = session.exec(rows).all()
    names = _names(session, {row[1] for row in found})
    return tuple(
        Entered(entry, owner, names[owner], (track.title if track else title) or "", track)
        for entry, owner, title, track in found
    )


def _names(session: Session, people: Collection[int]) -> dict[int, str]:
    return dict(session.exec(select(User.id, User.name).where(col(User.id).in_(people))).all())


def get(session: Session, entry_id: int) -> Entry | None:
    """The entry `entry_id`, as it is now."""
    return session.get(Entry, entry_id, populate_existing=True)


def of_song(session: Session, challenge_id: int, job_id: int, take: int | None = None) -> tuple[Entry, ...]:
    """What was entered of a song, in whatever state; without `take` all of its takes."""
    rows = select(Entry).where(Entry.challenge_id == challenge_id, Entry.job_id == job_id)
    if take is not None:
        rows = rows.where(Entry.take == take)
    return tuple(session.exec(rows.order_by(col(Entry.take)).execution_options(populate_existing=True)))


def add(
    session: Session, *, challenge_id: int, user_id: int, job_id: int, take: int, state: EntryState, now: int
) -> bool:
    """Enter a song, or enter it again after it was withdrawn. False where it is in already, or was rejected."""
    row = Entry(challenge_id=challenge_id, user_id=user_id, job_id=job_id, take=take, state=state, created_at=now)
    if insert_once(session, row, by=["challenge_id", "job_id", "take"]) is not None:
        return True
    again = update(Entry).where(
        col(Entry.challenge_id) == challenge_id,
        col(Entry.job_id) == job_id,
        col(Entry.take) == take,
        col(Entry.state) == "withdrawn",
    )
    return session.exec(again.values(state=state, user_id=user_id, created_at=now)).rowcount == 1


def turned(session: Session, entry_id: int, state: EntryState, *before: EntryState, why: str | None = None) -> bool:
    """It is in another state now. False where it was in none of those `before`."""
    rows = update(Entry).where(col(Entry.id) == entry_id, col(Entry.state).in_(before))
    return session.exec(rows.values(state=state, why=why)).rowcount == 1


def numbered(session: Session, entry_id: int, number: int) -> None:
    """People vote for it by this number, for good."""
    session.exec(update(Entry).where(col(Entry.id) == entry_id, col(Entry.number).is_(None)).values(number=number))


def last_number(session: Session, challenge_id: int) -> int:
    """The highest number that was given in a challenge, 0 where none was."""
    highest = select(func.max(Entry.number)).where(Entry.challenge_id == challenge_id)
    return session.exec(highest).one() or 0


def told(session: Session, entry_id: int, *, place: int | None, votes: int, prize: int | None) -> None:
    """What came of it."""
    _change(session, entry_id, place=place, votes=votes, prize=prize)


def placed(session: Session, challenge_ids: Collection[int]) -> tuple[tuple[int, str, int | None, int], ...]:
    """Of every entry of these that got votes: whose it is now, their name, its place (None: none) and its votes."""
    rows = (
        select(func.coalesce(User.joined, User.id), Entry.place, Entry.votes)
        .join(User, col(User.id) == col(Entry.user_id))
        .where(col(Entry.challenge_id).in_(challenge_ids), col(Entry.votes) > 0)
        .order_by(col(Entry.id))
    )
    found = session.exec(rows).all()
    names = _names(session, {row[0] for row in found})
    return tuple((person, names[person], place, votes or 0) for person, place, votes in found)


def in_challenges(session: Session, job_id: int) -> tuple[int, ...]:
    """The challenges that a song of this job is in, or was when they ended: their messages still let it be heard.

    In the order of their numbers, so that two who change the same ones don't wait for each other.
    """
    rows = (
        select(Entry.challenge_id)
        .join(Challenge, col(Challenge.id) == col(Entry.challenge_id))
        .where(
            Entry.job_id == job_id,
            col(Entry.state).in_(("waiting", "shown")),
            col(Challenge.cancelled_at).is_(None),
        )
        .distinct()
        .order_by(col(Entry.challenge_id))
    )
    return tuple(session.exec(rows))


def _change(session: Session, entry_id: int, **values: Any) -> None:
    session.exec(update(Entry).where(col(Entry.id) == entry_id).values(**values))
