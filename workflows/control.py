"""What people do to a job after it was taken: look, cancel, retry."""

from __future__ import annotations

from sqlmodel import Session

from storage import jobs, users
from storage.database import Database
from workflows import view
from workflows.attempt import end_unpaid
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.submit import hold
from workflows.view import JobView


async def show(db: Database, job_id: int) -> JobView:
    """One job. Raises `Refusal`."""
    return await db.aread(lambda session: view.look(session, job_id))


async def recent(db: Database, limit: int) -> list[JobView]:
    """The latest jobs, newest first."""
    return await db.aread(lambda session: view.recent(session, limit))


async def cancel(db: Database, job_id: int) -> JobView:
    """Cancel a waiting job at once, a running one at its next breath; nothing is charged for either."""

    def work(session: Session) -> JobView:
        before = view.look(session, job_id)
        if before.ended:
            raise Refusal("cannot_cancel", field="job", value=job_id, status=before.status)
        now = now_ms()
        job = jobs.request_cancel(session, job_id=job_id, now=now)
        if job is not None and job.status == "CANCELLED":
            end_unpaid(session, job, "cancelled", now)
        return view.look(session, job_id)

    return await db.awrite(work)


async def retry(db: Database, job_id: int) -> JobView:
    """Try a failed job again, with a new hold: the failed round's was voided, so it is paid once."""

    def work(session: Session) -> JobView:
        before = view.look(session, job_id)
        if before.status != "FAILED":
            raise Refusal("not_failed", field="job", value=job_id, status=before.status)
        now = now_ms()
        job = jobs.renew(session, job_id=job_id, now=now)
        if job is None:
            raise Refusal("not_failed", field="job", value=job_id, status=before.status)
        hold(session, users.get(session, job.user_id), job, now)
        return view.look(session, job_id)

    return await db.awrite(work)
