"""What its owner did to a job in their collection: liked it, put it away, gave it a picture."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from storage.once import insert
from storage.tables import Blob, Job, JobMark

_OF_JOBS = (
    select(JobMark)
    .where(col(JobMark.job_id).in_(bindparam("job_ids", expanding=True)))
    .execution_options(populate_existing=True)
)


def of(session: Session, job_id: int) -> JobMark | None:
    """The marks of a job; None where it has none."""
    return session.get(JobMark, job_id, populate_existing=True)


def hidden(session: Session, job_id: int) -> bool:
    """Whether its owner put a job away."""
    mark = of(session, job_id)
    return mark is not None and mark.hidden_at is not None


def of_jobs(session: Session, job_ids: Collection[int]) -> dict[int, JobMark]:
    """The marks of these jobs, by the job; those that have none are left out."""
    return {mark.job_id: mark for mark in session.exec(_OF_JOBS, params={"job_ids": [*job_ids]})}


def change(session: Session, job_id: int, **values: Any) -> None:
    """Set some of the marks of a job; the others stay as they are."""
    row = JobMark(job_id=job_id, **values)
    session.exec(insert(session, row).on_conflict_do_update(index_elements=["job_id"], set_=values))


def pictures(session: Session, user_ids: Collection[int]) -> tuple[tuple[int, Blob], ...]:
    """The pictures that these people gave to their jobs, each with the number of its job; the latest job first."""
    found = select(JobMark.job_id, Blob).join(Blob, col(Blob.digest) == col(JobMark.picture))
    theirs = found.join(Job, col(Job.id) == col(JobMark.job_id)).where(col(Job.user_id).in_(user_ids))
    return tuple((job_id, blob) for job_id, blob in session.exec(theirs.order_by(col(Job.id).desc())))


def drop_picture(session: Session, job_id: int) -> None:
    """The picture of a job is needed no more."""
    session.exec(update(JobMark).where(col(JobMark.job_id) == job_id).values(picture=None, thumbnail_url=None))
