"""Votes: for entries of challenges, and for themes. One a person, whichever of their numbers they came by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, exists, func, or_, select

from storage.tables import Ban, ThemeVote, User, Vote
from storage.users import everyone


@dataclass(frozen=True)
class Cast:
    """A vote: who gave it (by the number they have now), for what, and when. `choice` is an entry, or a theme."""

    person: int
    choice: int
    at: int


def give(session: Session, *, challenge_id: int, user_id: int, entry_id: int, now: int) -> None:
    """Somebody votes for an entry; a vote of theirs that was there, under any of their numbers, goes."""
    session.exec(delete(Vote).where(col(Vote.challenge_id) == challenge_id, col(Vote.user_id).in_(everyone(user_id))))
    session.add(Vote(challenge_id=challenge_id, user_id=user_id, entry_id=entry_id, voted_at=now))
    session.flush()


def given(session: Session, challenge_id: int, now: int) -> tuple[Cast, ...]:
    """The votes of a challenge, the earliest first; without those of people who are kept out now."""
    rows = select(_person(), Vote.entry_id, Vote.voted_at).join(User, col(User.id) == col(Vote.user_id))
    rows = rows.where(Vote.challenge_id == challenge_id, _welcome(now))
    return tuple(Cast(*row) for row in session.exec(rows.order_by(col(Vote.voted_at), col(Vote.id))))


def given_by(session: Session, challenge_id: int, user_id: int) -> int | None:
    """The entry that somebody votes for."""
    theirs = select(Vote.entry_id).where(Vote.challenge_id == challenge_id, col(Vote.user_id).in_(everyone(user_id)))
    return session.exec(theirs.order_by(col(Vote.voted_at).desc(), col(Vote.id).desc())).first()


def choose(session: Session, *, challenge_id: int, user_id: int, choice: int, now: int) -> None:
    """Somebody votes for a theme."""
    theirs = and_(col(ThemeVote.challenge_id) == challenge_id, col(ThemeVote.user_id).in_(everyone(user_id)))
    session.exec(delete(ThemeVote).where(theirs))
    session.add(ThemeVote(challenge_id=challenge_id, user_id=user_id, choice=choice, voted_at=now))
    session.flush()


def chosen(session: Session, challenge_id: int, now: int) -> tuple[Cast, ...]:
    """The votes for the theme of a challenge, the earliest first; without those of people who are kept out now."""
    rows = select(_person(), ThemeVote.choice, ThemeVote.voted_at).join(User, col(User.id) == col(ThemeVote.user_id))
    rows = rows.where(ThemeVote.challenge_id == challenge_id, _welcome(now))
    return tuple(Cast(*row) for row in session.exec(rows.order_by(col(ThemeVote.voted_at), col(ThemeVote.id))))


def _person() -> ColumnElement[int]:
    return func.coalesce(col(User.joined), col(User.id))


def _welcome(now: int) -> ColumnElement[bool]:
    return ~exists().where(col(Ban.user_id) == _person(), or_(col(Ban.until).is_(None), col(Ban.until) > now))
