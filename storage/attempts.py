"""Attempts: what may be changed of a job that runs, by whoever has its token alone; and what is lost is found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, case, null, select, text, update
from sqlmodel import Session, col

from storage.claims import JOB
from storage.prepared import Prepared
from storage.tables import Job
from storage.wake import remember

# What a job has only while an attempt runs.
IDLE: dict[str, Any] = {"token": None, "lease_until": None, "stage": None, "progress": None}
NO_ERROR: dict[str, Any] = {"error_code": None, "error_params": None, "error_permanent": None, "error_cause": None}


def heartbeat(
    session: Session,
    *,
    job_id: int,
    token: str,
    now: int,
    lease_ms: int,
    stage: str | None = None,
    progress: float | None = None,
) -> Literal["ok", "cancel", "lost"]:
    """Extend the lease and show how far the attempt is; without `stage` or `progress`, what was shown stays.

    "cancel": the job is still the caller's, but nobody wants it any more. "lost": it is no longer the caller's.
    """
    shown: dict[str, Any] = {}
    if stage is not None:
        # Another stage starts without progress of its own.
        shown = {"stage": stage, "progress": case((col(Job.stage) == stage, col(Job.progress)), else_=None)}
    if progress is not None:
        shown["progress"] = progress
    job = change(session, _running(job_id, token), lease_until=now + lease_ms, **shown)
    if job is None:
        return "lost"
    return "cancel" if job.cancel_requested else "ok"


def set_plan(session: Session, *, job_id: int, token: str, plan: str, title: str) -> bool:
    """Show what was planned (JSON text). False where the job is no longer the caller's."""
    return change(session, _running(job_id, token), plan=plan, title=title) is not None


def complete(session: Session, *, job_id: int, token: str, now: int, analysis: str | None = None) -> bool:
    """The music is there, or what was heard (JSON text): COMPLETED.

    False where the job is no longer the caller's; then the caller changes nothing.
    """
    ended = {"its_id": job_id, "its_token": token, "now": now, "its_analysis": analysis}
    if _COMPLETING.count(session, ended) != 1:
        return False
    remember(session, "queue")
    return True


def fail(
    session: Session,
    *,
    job_id: int,
    token: str,
    now: int,
    error_code: str,
    error_params: Mapping[str, Any] | None = None,
    error_permanent: bool = False,
    error_cause: str | None = None,
) -> bool:
    """The attempt failed and there will be no other: FAILED. False where the job is no longer the caller's."""
    error = failure(error_code, error_params, error_permanent, error_cause)
    return change(session, _running(job_id, token), status="FAILED", finished_at=now, **IDLE, **error) is not None


def postpone(
    session: Session,
    *,
    job_id: int,
    token: str,
    run_after: int,
    error_code: str,
    error_params: Mapping[str, Any] | None = None,
    error_permanent: bool = False,
    error_cause: str | None = None,
) -> bool:
    """The attempt failed and counts; another may begin at `run_after`.

    False where it is no longer the caller's, or nobody wants it any more: then it is to be `cancelled`.
    """
    error = failure(error_code, error_params, error_permanent, error_cause)
    return change(session, _wanted(job_id, token), status="PENDING", run_after=run_after, **IDLE, **error) is not None


def hand_back(session: Session, *, job_id: int, token: str) -> bool:
    """The worker closes: back to the queue as if never claimed. False as for `postpone`."""
    uncounted = col(Job.attempt) - 1
    return change(session, _wanted(job_id, token), status="PENDING", attempt=uncounted, **IDLE) is not None


def cancelled(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The attempt stopped because nobody wants it: CANCELLED. False where the job is no longer the caller's."""
    return change(session, _running(job_id, token), status="CANCELLED", finished_at=now, **IDLE) is not None


def rescue(session: Session, *, now: int, most: int | None = None) -> tuple[Job, ...]:
    """Put jobs whose lease ran out back into the queue; their attempts count, their tokens are void.

    `most` that many. One alone is locked in the order in which the end of a job locks things; those of several people
    together may deadlock with somebody else's, and then wait for Postgres to notice. The caller decides what becomes of
    one that has had too many (`give_up`) or is not wanted (`request_cancel`).
    """
    # Skips what a worker is settling at this moment: it is not lost after all.
    late = (
        select(col(Job.id))
        .where(text("job.status = 'PROCESSING'"), col(Job.lease_until) <= now)
        .order_by(col(Job.lease_until))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(late).all()
    found = update(Job).where(col(Job.id).in_(ids)).values(status="PENDING", run_after=now, **IDLE).returning(Job)
    rows = session.scalars(found, execution_options={"synchronize_session": False, "populate_existing": True}).all()
    if rows:
        remember(session, "queue")
    return tuple(sorted(rows, key=lambda job: job.id))


def give_up(
    session: Session,
    *,
    job_id: int,
    now: int,
    error_code: str,
    error_params: Mapping[str, Any] | None = None,
    error_permanent: bool = False,
    error_cause: str | None = None,
) -> bool:
    """A PENDING job was tried too often: FAILED. False where it is not PENDING."""
    error = failure(error_code, error_params, error_permanent, error_cause)
    waits = and_(col(Job.id) == job_id, col(Job.status) == "PENDING")
    return change(session, waits, status="FAILED", finished_at=now, **error) is not None


def change(session: Session, where: ColumnElement[bool], **values: Any) -> Job | None:
    """The job, changed, if it is as `where` says."""
    # What waits may begin now, or somebody who had enough running may have another.
    if "status" in values or "parked" in values:
        remember(session, "queue")
    job: Job | None = session.scalars(
        update(Job).where(where).values(**values).returning(Job),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).first()
    return job


def _running(job_id: int, token: str) -> ColumnElement[bool]:
    """The fence: an attempt that lost its job has a token that is nobody's."""
    return and_(col(Job.id) == job_id, col(Job.status) == "PROCESSING", col(Job.token) == token)


def _wanted(job_id: int, token: str) -> ColumnElement[bool]:
    """Running, and not cancelled meanwhile: what nobody wants must not begin again."""
    return and_(_running(job_id, token), ~col(Job.cancel_requested))


def failure(code: str, params: Mapping[str, Any] | None, permanent: bool, cause: str | None) -> dict[str, Any]:
    """Why a job ended without music, as its row has it."""
    return {
        "error_code": code,
        "error_params": dict(params or {}),
        "error_permanent": permanent,
        "error_cause": cause,
    }


_ENDING = (
    update(JOB)
    .where(JOB.c.id == bindparam("its_id"), JOB.c.status == "PROCESSING", JOB.c.token == bindparam("its_token"))
    .values(
        status="COMPLETED",
        finished_at=bindparam("now"),
        cancel_requested=False,
        analysis=bindparam("its_analysis"),
        **IDLE,
        **{**NO_ERROR, "error_params": null()},
    )
)
_COMPLETING = Prepared(lambda _dialect: _ENDING)
