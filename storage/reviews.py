"""Jobs that a moderator looks at before they are made. Such a job is parked until then."""

from __future__ import annotations

from typing import Literal

from sqlmodel import Session, col, func, or_, select, update

from storage.tables import Job, Review


def ask(session: Session, job_id: int, now: int) -> None:
    """Somebody shall look at this job, which is parked."""
    session.add(Review(job_id=job_id, created_at=now))
    session.flush()


def waiting(session: Session, limit: int, *, server: str | None = None) -> tuple[tuple[Job, ...], int]:
    """The jobs that wait to be looked at, the oldest first, and how many there are in all.

    With `server` those that were asked for there, and those that were asked for on no server.
    """
    # What its owner cancelled meanwhile needs no look.
    found = (
        select(Job)
        .join(Review, col(Review.job_id) == col(Job.id))
        .where(Review.state == "waiting", Job.status == "PENDING", col(Job.parked))
    )
    if server is not None:
        found = found.where(or_(col(Job.server) == server, col(Job.server).is_(None)))
    all_of_them = session.exec(select(func.count()).select_from(found.subquery())).one()
    return tuple(session.exec(found.order_by(col(Job.id)).limit(limit))), all_of_them


def decide(
    session: Session, job_id: int, state: Literal["approved", "rejected"], *, by: str, why: str | None, now: int
) -> bool:
    """Note what was decided. False where nobody waits for that any more."""
    open_one = update(Review).where(col(Review.job_id) == job_id, col(Review.state) == "waiting")
    return session.exec(open_one.values(state=state, by=by, why=why, decided_at=now)).rowcount == 1
