"""Questions about the queue; `storage.jobs` is where they are asked from."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, func, select

from storage.tables import LIVE, Job
from storage.tally import IS_DEAD
from storage.users import everyone


def get(session: Session, job_id: int) -> Job | None:
    """The job `job_id`."""
    return session.get(Job, job_id, populate_existing=True)


def by_key(session: Session, user_id: int, key: str) -> Job | None:
    """The job that a person asked for under `key`, by whichever of their numbers."""
    theirs = select(Job).where(col(Job.user_id).in_(everyone(user_id)), Job.key == key)
    return session.exec(theirs.order_by(col(Job.id).desc()).limit(1)).first()


def recent(session: Session, user_id: int | None, limit: int) -> tuple[Job, ...]:
    """The latest jobs of one person or, with None, of everybody; newest first."""
    jobs = select(Job).order_by(col(Job.id).desc()).limit(limit)
    return tuple(session.exec(jobs if user_id is None else jobs.where(col(Job.user_id).in_(everyone(user_id)))))


def live_of(session: Session, user_id: int) -> tuple[int, ...]:
    """The numbers of the jobs of a person, under any of theirs, that wait or run; the oldest first."""
    live = select(Job.id).where(col(Job.user_id).in_(everyone(user_id)), col(Job.status).in_(LIVE))
    return tuple(session.exec(live.order_by(col(Job.id))))


def finished_count(session: Session, user_id: int, most: int, *, without: Collection[str] = ()) -> int:
    """How many songs of a person, under every name that turned out to be theirs, were finished and stand; up to `most`.

    What a moderator took down does not count, and neither do the tasks `without`.
    """
    finished = select(Job.id).where(
        col(Job.user_id).in_(everyone(user_id)),
        Job.status == "COMPLETED",
        col(Job.taken_down).is_(None),
        col(Job.task).not_in(without),
    )
    return session.exec(select(func.count()).select_from(finished.limit(most).subquery())).one()


def live_posts(session: Session, surfaces: Collection[str], limit: int) -> tuple[Job, ...]:
    """Jobs that wait or run and have a status message on one of `surfaces`; running ones first, then the oldest."""
    found: list[Job] = []
    # One status after the other: each is read off the index in its order, however many wait.
    for status in reversed(LIVE):
        shown = (
            select(Job)
            .where(Job.status == status, col(Job.surface).in_(surfaces), col(Job.post).is_not(None))
            .order_by(col(Job.id))
            .limit(limit - len(found))
        )
        found += session.exec(shown)
    return tuple(found)


def dead_letters(session: Session, limit: int | None = None, error_code: str | None = None) -> tuple[Job, ...]:
    """Jobs that failed though another try might help, the latest first: what somebody in charge should look at."""
    dead = select(Job).where(IS_DEAD)
    if error_code is not None:
        dead = dead.where(Job.error_code == error_code)
    return tuple(session.exec(dead.order_by(col(Job.finished_at).desc()).limit(limit)))


def overdue(session: Session, *, now: int) -> bool:
    """Whether `rescue` would find any job."""
    lost = select(Job.id).where(Job.status == "PROCESSING", col(Job.lease_until) <= now)
    return session.exec(lost.limit(1)).first() is not None


def live_tokens(session: Session) -> set[str]:
    """The tokens of all attempts that run."""
    tokens = session.exec(select(Job.token).where(Job.status == "PROCESSING"))
    return {token for token in tokens if token is not None}
