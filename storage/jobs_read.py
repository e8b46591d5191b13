"""Questions about the queue; `storage.jobs` is where they are asked from."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Subquery, and_, literal, or_, tuple_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from storage.tables import LIVE, Job, User


def get(session: Session, job_id: int) -> Job | None:
    """The job `job_id`."""
    return session.get(Job, job_id, populate_existing=True)


def by_key(session: Session, user_id: int, key: str) -> Job | None:
    """The job that a user asked for under `key`."""
    return session.exec(select(Job).where(Job.user_id == user_id, Job.key == key)).first()


def recent(session: Session, user_id: int | None, limit: int) -> tuple[Job, ...]:
    """The latest jobs of one user or, with None, of everybody; newest first."""
    jobs = select(Job).order_by(col(Job.id).desc()).limit(limit)
    return tuple(session.exec(jobs if user_id is None else jobs.where(Job.user_id == user_id)))


def live_count(session: Session, user_id: int) -> int:
    """How many jobs of a user wait or run."""
    return session.exec(
        select(func.count()).select_from(Job).where(Job.user_id == user_id, col(Job.status).in_(LIVE))
    ).one()


def accepted_since(session: Session, user_id: int, task: str, since: int) -> tuple[int, int | None]:
    """How many jobs of `task` were taken from a user after `since`, and when the oldest of these was."""
    count, oldest = session.exec(
        select(func.count(), func.min(col(Job.created_at))).where(
            Job.user_id == user_id, Job.task == task, Job.created_at > since
        )
    ).one()
    return count, oldest


def waiting(session: Session, *, now: int) -> bool:
    """Whether any job may be claimed."""
    return (
        session.exec(select(Job.id).where(Job.status == "PENDING", Job.run_after <= now).limit(1)).first() is not None
    )


def live_posts(session: Session, surfaces: Collection[str], limit: int) -> tuple[Job, ...]:
    """Jobs that wait or run and have a status message on one of `surfaces`; running ones first, then the oldest."""
    shown = select(Job).where(col(Job.status).in_(LIVE), col(Job.surface).in_(surfaces), col(Job.post).is_not(None))
    return tuple(session.exec(shown.order_by(col(Job.status).desc(), col(Job.id)).limit(limit)))


def overdue(session: Session, *, now: int) -> bool:
    """Whether `rescue` would find any job."""
    lost = select(Job.id).where(Job.status == "PROCESSING", col(Job.lease_until) <= now)
    return session.exec(lost.limit(1)).first() is not None


def live_tokens(session: Session) -> set[str]:
    """The tokens of all attempts that run."""
    tokens = session.exec(select(Job.token).where(Job.status == "PROCESSING"))
    return {token for token in tokens if token is not None}


def position(session: Session, job: Job) -> int:
    """How many waiting jobs will be claimed before `job` if no other comes; 0 for one that doesn't wait."""
    return _ahead(session, job)[0]


def audio_ahead(session: Session, job: Job) -> float:
    """Seconds of music still to be rendered before `job`: what is left of running jobs, and the waiting ones."""
    left = col(Job.duration) * col(Job.takes) * (1 - func.coalesce(col(Job.progress), 0))
    running = session.exec(select(func.coalesce(func.sum(left), 0.0)).where(Job.status == "PROCESSING")).one()
    return float(running) + _ahead(session, job)[1]


def measured_speed(session: Session, task: str, samples: int) -> float | None:
    """Seconds of work for a second of music, over the last `samples` completed jobs of `task`; None without any."""
    latest = (
        select(
            (col(Job.finished_at) - col(Job.started_at)).label("work_ms"),
            (col(Job.duration) * col(Job.takes)).label("music_s"),
        )
        .where(Job.status == "COMPLETED", Job.task == task, Job.duration > 0, Job.takes > 0)
        .order_by(col(Job.finished_at).desc())
        .limit(samples)
        .subquery()
    )
    work_ms, music_s = session.exec(select(func.sum(latest.c.work_ms), func.sum(latest.c.music_s))).one()
    return float(work_ms) / 1000 / float(music_s) if music_s else None


def _ahead(session: Session, job: Job) -> tuple[int, float]:
    """Number and seconds of music of the waiting jobs before `job`."""
    line = _line()
    place = session.exec(
        select(line.c.priority, line.c.nth, line.c.turn, line.c.first).where(line.c.id == job.id)
    ).first()
    if place is None:
        return 0, 0.0
    priority, *order = place
    same_before = tuple_(line.c.nth, line.c.turn, line.c.first) < tuple_(*map(literal, order))
    count, music_s = session.exec(
        select(func.count(), func.coalesce(func.sum(line.c.music_s), 0.0)).where(
            or_(line.c.priority > priority, and_(line.c.priority == priority, same_before))
        )
    ).one()
    return count, float(music_s)


def _line() -> Subquery:
    """The waiting jobs with their place: everybody's first ones in the order of turns, then the second ones."""
    same = (col(Job.user_id), col(Job.priority))
    return (
        select_columns(
            col(Job.id),
            col(Job.priority),
            col(User.turn),
            func.row_number().over(partition_by=same, order_by=col(Job.id)).label("nth"),
            func.min(col(Job.id)).over(partition_by=same).label("first"),
            (col(Job.duration) * col(Job.takes)).label("music_s"),
        )
        .join(User, col(User.id) == col(Job.user_id))
        .where(col(Job.status) == "PENDING")
        .subquery("line")
    )
