"""The queue. Every change is one guarded UPDATE: it says which state it expects, and whether it found the job in it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlmodel import Session, col

from storage.jobs_read import (
    accepted_since,
    audio_ahead,
    by_key,
    get,
    live_count,
    live_posts,
    live_tokens,
    measured_speed,
    overdue,
    position,
    recent,
    waiting,
)
from storage.once import insert_once
from storage.tables import Job, User

__all__ = [
    "KeyTaken",
    "accepted_since",
    "audio_ahead",
    "by_key",
    "cancelled",
    "claim",
    "complete",
    "fail",
    "get",
    "give_up",
    "hand_back",
    "heartbeat",
    "hold_key",
    "insert",
    "live_count",
    "live_posts",
    "live_tokens",
    "measured_speed",
    "overdue",
    "position",
    "posted",
    "postpone",
    "readdress",
    "recent",
    "renew",
    "request_cancel",
    "rescue",
    "set_plan",
    "thrown_away",
    "waiting",
]

# What a job has only while an attempt runs.
IDLE: dict[str, Any] = {"token": None, "lease_until": None, "stage": None, "progress": None}
NO_ERROR: dict[str, Any] = {"error_code": None, "error_params": None, "error_permanent": None, "error_cause": None}


class KeyTaken(Exception):
    """The user has a job under this key: look it up with `by_key` in another transaction."""


def hold_key(job: Job) -> str:
    """The key of the credit hold of this round of `job`."""
    return f"job:{job.id}:{job.round}"


def insert(
    session: Session,
    *,
    user_id: int,
    surface: str,
    channel: str,
    message: str | None = None,
    task: str,
    spec: str,
    title: str | None = None,
    duration: float,
    takes: int,
    price: int,
    seed: int,
    now: int,
    key: str | None = None,
    priority: int = 0,
    run_after: int | None = None,
    parent_id: int | None = None,
) -> Job:
    """Keep a new PENDING job. Raises `KeyTaken` where `key` is not None and the user has a job under it."""
    job = Job(
        user_id=user_id,
        surface=surface,
        channel=channel,
        message=message,
        task=task,
        spec=spec,
        title=title,
        duration=duration,
        takes=takes,
        price=price,
        seed=seed,
        key=key,
        priority=priority,
        run_after=now if run_after is None else run_after,
        parent_id=parent_id,
        created_at=now,
    )
    kept = insert_once(session, job, by=["user_id", "key"])
    if kept is None:
        raise KeyTaken(key)
    return kept


def claim(session: Session, *, worker: str, now: int, lease_ms: int, tasks: Collection[str]) -> Job | None:
    """Take the best waiting job of one of `tasks`, with a new token, a lease and one more attempt.

    Best: the highest priority, then the user whose last claim is longest ago (so one user's 500 jobs never delay
    another's first), then the oldest. On Postgres, claims at the very same instant may serve one user twice.
    """
    best = (
        select(col(Job.id))
        .join(User, col(User.id) == col(Job.user_id))
        .where(col(Job.status) == "PENDING", col(Job.run_after) <= now, col(Job.task).in_(tasks))
        .order_by(col(Job.priority).desc(), col(User.turn), col(Job.id))
        .limit(1)
        .with_for_update(of=Job, skip_locked=True)
    )
    job = _change(
        session,
        and_(col(Job.id) == best.scalar_subquery(), col(Job.status) == "PENDING"),
        status="PROCESSING",
        token=uuid.uuid4().hex,
        worker=worker,
        lease_until=now + lease_ms,
        attempt=col(Job.attempt) + 1,
        started_at=now,
    )
    if job is not None:
        last = select(func.max(col(User.turn))).scalar_subquery()
        session.exec(
            update(User).where(col(User.id) == job.user_id).values(turn=last + 1),
            execution_options={"synchronize_session": False},
        )
    return job


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
    job = _change(session, _running(job_id, token), lease_until=now + lease_ms, **shown)
    if job is None:
        return "lost"
    return "cancel" if job.cancel_requested else "ok"


def set_plan(session: Session, *, job_id: int, token: str, plan: str, title: str) -> bool:
    """Show what was planned (JSON text). False where the job is no longer the caller's."""
    return _change(session, _running(job_id, token), plan=plan, title=title) is not None


def complete(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The music is there: COMPLETED. False where the job is no longer the caller's; then the caller changes nothing."""
    ended = _change(
        session,
        _running(job_id, token),
        status="COMPLETED",
        finished_at=now,
        cancel_requested=False,
        **IDLE,
        **NO_ERROR,
    )
    return ended is not None


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
    error = _error(error_code, error_params, error_permanent, error_cause)
    return _change(session, _running(job_id, token), status="FAILED", finished_at=now, **IDLE, **error) is not None


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
    """The attempt failed and counts; another may begin at `run_after`. False where it is no longer the caller's."""
    error = _error(error_code, error_params, error_permanent, error_cause)
    return _change(session, _running(job_id, token), status="PENDING", run_after=run_after, **IDLE, **error) is not None


def hand_back(session: Session, *, job_id: int, token: str) -> bool:
    """The worker closes: back to the queue as if never claimed. False where the job is no longer the caller's."""
    uncounted = col(Job.attempt) - 1
    return _change(session, _running(job_id, token), status="PENDING", attempt=uncounted, **IDLE) is not None


def request_cancel(session: Session, *, job_id: int, now: int) -> Job | None:
    """Cancel a PENDING job at once, and tell a PROCESSING one at its next heartbeat. None where neither is there."""
    here = col(Job.id) == job_id
    return _change(
        session, and_(here, col(Job.status) == "PENDING"), status="CANCELLED", cancel_requested=True, finished_at=now
    ) or _change(session, and_(here, col(Job.status) == "PROCESSING"), cancel_requested=True)


def cancelled(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The attempt stopped because nobody wants it: CANCELLED. False where the job is no longer the caller's."""
    return _change(session, _running(job_id, token), status="CANCELLED", finished_at=now, **IDLE) is not None


def rescue(session: Session, *, now: int) -> tuple[Job, ...]:
    """Put jobs whose lease ran out back into the queue; their attempts count, their tokens are void.

    The caller decides what becomes of one that has had too many (`give_up`) or is not wanted (`request_cancel`).
    """
    # Skips what a worker is settling at this moment: it is not lost after all.
    late = (
        select(col(Job.id))
        .where(col(Job.status) == "PROCESSING", col(Job.lease_until) <= now)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(late).all()
    found = update(Job).where(col(Job.id).in_(ids)).values(status="PENDING", run_after=now, **IDLE).returning(Job)
    rows = session.scalars(found, execution_options={"synchronize_session": False, "populate_existing": True}).all()
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
    error = _error(error_code, error_params, error_permanent, error_cause)
    waits = and_(col(Job.id) == job_id, col(Job.status) == "PENDING")
    return _change(session, waits, status="FAILED", finished_at=now, **error) is not None


def renew(session: Session, *, job_id: int, now: int) -> Job | None:
    """A FAILED job starts over: a new round, which needs a hold of its own. None where it is not FAILED."""
    return _change(
        session,
        and_(col(Job.id) == job_id, col(Job.status) == "FAILED"),
        status="PENDING",
        round=col(Job.round) + 1,
        attempt=0,
        run_after=now,
        cancel_requested=False,
        started_at=None,
        finished_at=None,
        **NO_ERROR,
    )


def posted(session: Session, job_id: int, post: str | None) -> None:
    """Its status message is there now; None: it is there no more."""
    _change(session, col(Job.id) == job_id, post=post)


def readdress(session: Session, job_id: int, surface: str, channel: str, why: str | None = None) -> None:
    """What is still to be told of the job goes to another channel, where it has no status message yet."""
    here = col(Job.id) == job_id
    _change(session, here, surface=surface, channel=channel, message=None, post=None, moved=why)


def thrown_away(session: Session, job_id: int, now: int) -> bool:
    """Its owner wants its tracks no longer. False where that was so already, or it has none."""
    kept = and_(col(Job.id) == job_id, col(Job.status) == "COMPLETED", col(Job.deleted_at).is_(None))
    return _change(session, kept, deleted_at=now) is not None


def _running(job_id: int, token: str) -> ColumnElement[bool]:
    """The fence: an attempt that lost its job has a token that is nobody's."""
    return and_(col(Job.id) == job_id, col(Job.status) == "PROCESSING", col(Job.token) == token)


def _change(session: Session, where: ColumnElement[bool], **values: Any) -> Job | None:
    job: Job | None = session.scalars(
        update(Job).where(where).values(**values).returning(Job),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).first()
    return job


def _error(code: str, params: Mapping[str, Any] | None, permanent: bool, cause: str | None) -> dict[str, Any]:
    return {
        "error_code": code,
        "error_params": dict(params or {}),
        "error_permanent": permanent,
        "error_cause": cause,
    }
