"""Requests that became no job but are limited all the same."""

from __future__ import annotations

from sqlmodel import Session, col, delete, select

from storage.tables import Asked


def note(session: Session, user_id: int, task: str, now: int) -> None:
    """Somebody asked for `task`, and got it."""
    session.add(Asked(user_id=user_id, task=task, asked_at=now))
    session.flush()


def last(session: Session, user_id: int, task: str, *, since: int, most: int) -> int | None:
    """None where fewer than `most` of `task` were noted after `since`; else when that was which has to pass first."""
    times = select(Asked.asked_at).where(Asked.user_id == user_id, Asked.task == task, Asked.asked_at > since)
    return session.exec(times.order_by(col(Asked.asked_at).desc()).offset(most - 1).limit(1)).first()


def any_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return session.exec(select(Asked.id).where(Asked.asked_at < before).limit(1)).first() is not None


def forget(session: Session, before: int) -> int:
    """Forget what was asked before then (milliseconds since the epoch); returns how many."""
    return session.exec(delete(Asked).where(col(Asked.asked_at) < before)).rowcount
