"""Tracks that were ordered through the second API: by the names they are known by there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

from storage.tables import Job, Ordered
from storage.users import everyone


def add(
    session: Session,
    *,
    user_id: int,
    job_id: int,
    takes: int,
    name: str | None,
    tags: Sequence[str],
    format_: str,
    bit_rate: int | None,
    stored: bool,
    now: int,
) -> tuple[Ordered, ...]:
    """Give each take of a new job a name of its own."""
    made = tuple(
        Ordered(
            id=str(uuid.uuid4()),
            user_id=user_id,
            job_id=job_id,
            take=take,
            name=name,
            tags=list(tags),
            format=format_,
            bit_rate=bit_rate,
            stored=stored,
            created_at=now,
        )
        for take in range(1, takes + 1)
    )
    session.add_all(made)
    session.flush()
    return made


def find(session: Session, track_id: str, user_id: int) -> tuple[Ordered, Job] | None:
    """The track that a person ordered, under any of their numbers, and the job it is a take of."""
    theirs = (
        select(Ordered, Job)
        .join(Job, col(Job.id) == col(Ordered.job_id))
        .where(Ordered.id == track_id, col(Ordered.user_id).in_(everyone(user_id)))
    )
    return session.exec(theirs.execution_options(populate_existing=True)).first()


def of_job(session: Session, job_id: int) -> tuple[Ordered, ...]:
    """What was ordered with a job and is not deleted, in the order of its takes."""
    return tuple(session.exec(select(Ordered).where(Ordered.job_id == job_id).order_by(col(Ordered.take))))


def takes(session: Session, job_id: int) -> frozenset[int]:
    """Those takes of a job that were ordered and are not deleted; none of what was not ordered here."""
    return frozenset(session.exec(select(Ordered.take).where(Ordered.job_id == job_id)))


def remove(session: Session, track_id: str) -> bool:
    """Forget a name. False where there is none."""
    return session.exec(delete(Ordered).where(col(Ordered.id) == track_id)).rowcount == 1
