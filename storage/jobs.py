"""The life of a job. Every change is one guarded UPDATE: it says which state it expects, and whether it was so.

How it is claimed is `storage.claims`, how long it will wait `storage.line`; everything is to be found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from sqlalchemy import ColumnElement, and_, bindparam, case, null, select, text, update
from sqlmodel import Session, col

from storage.claims import JOB, Ticket, claim, waiting
from storage.jobs_read import (
    by_key,
    dead_letters,
    finished_count,
    get,
    live_of,
    live_posts,
    live_tokens,
    overdue,
    recent,
)
from storage.line import audio_ahead, measured_speed, position
from storage.once import adding
from storage.prepared import Prepared
from storage.tables import Job
from storage.wake import remember

__all__ = [
    "KeyTaken",
    "Ticket",
    "audio_ahead",
    "by_key",
    "cancelled",
    "claim",
    "complete",
    "dead_letters",
    "fail",
    "finished_count",
    "get",
    "give_up",
    "hand_back",
    "heartbeat",
    "held_by",
    "hold_key",
    "insert",
    "live_of",
    "live_posts",
    "live_tokens",
    "measured_speed",
    "overdue",
    "position",
    "posted",
    "postpone",
    "readdress",
    "recent",
    "rejected",
    "release",
    "renew",
    "request_cancel",
    "rescue",
    "set_plan",
    "taken_down",
    "thrown_away",
    "waiting",
]

# What a job has only while an attempt runs.
IDLE: dict[str, Any] = {"token": None, "lease_until": None, "stage": None, "progress": None}
# How every job begins.
NEW: dict[str, Any] = {"status": "PENDING", "round": 1, "attempt": 0, "cancel_requested": False}
NO_ERROR: dict[str, Any] = {"error_code": None, "error_params": None, "error_permanent": None, "error_cause": None}


class KeyTaken(Exception):
    """The user has a job under this key: look it up with `by_key` in another transaction."""


class Round(Protocol):
    """What a hold is named by: a `Job` or a `Ticket`."""

    @property
    def id(self) -> int:
        """The number of the job."""

    @property
    def round(self) -> int:
        """Which round of it."""


def hold_key(job: Round) -> str:
    """The key of the credit hold of this round of `job`."""
    return f"job:{job.id}:{job.round}"


def held_by(key: str) -> int:
    """The number of the job that the hold `key` is for."""
    return int(key.split(":")[1])


def insert(
    session: Session,
    *,
    user_id: int,
    surface: str,
    channel: str,
    server: str | None = None,
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
    bucket: str = "",
    parked: bool = False,
    run_after: int | None = None,
    parent_id: int | None = None,
) -> Ticket:
    """Keep a new PENDING job; a `parked` one waits until it is `release`d.

    Raises `KeyTaken` where `key` is not None and the user has a job under it.
    """
    values: dict[str, Any] = {
        "user_id": user_id,
        "surface": surface,
        "channel": channel,
        "server": server,
        "message": message,
        "task": task,
        "spec": spec,
        "title": title,
        "duration": duration,
        "takes": takes,
        "price": price,
        "seed": seed,
        "key": key,
        "priority": priority,
        "bucket": bucket,
        "parked": parked,
        "run_after": now if run_after is None else run_after,
        "parent_id": parent_id,
        "created_at": now,
        **NEW,
    }
    row = _INSERTING.first(session, values)
    if row is None:
        raise KeyTaken(key)
    if not parked:
        remember(session, "queue")
    return Ticket(**{name: value for name, value in values.items() if name in Ticket._fields}, id=row[0], token=None)


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
    ended = {"its_id": job_id, "its_token": token, "now": now}
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


def rejected(session: Session, *, job_id: int, why: str, now: int) -> Job | None:
    """A moderator said no to a parked job: CANCELLED, and it says why. None where it waits for that no more."""
    parked = and_(col(Job.id) == job_id, col(Job.status) == "PENDING", col(Job.parked))
    error = _error("rejected", {"why": why}, True, None)
    return _change(session, parked, status="CANCELLED", finished_at=now, **error)


def cancelled(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The attempt stopped because nobody wants it: CANCELLED. False where the job is no longer the caller's."""
    return _change(session, _running(job_id, token), status="CANCELLED", finished_at=now, **IDLE) is not None


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


def release(session: Session, *, job_id: int, now: int) -> bool:
    """A parked job may be made now. False where it is not parked any more, or was cancelled."""
    parked = and_(col(Job.id) == job_id, col(Job.status) == "PENDING", col(Job.parked))
    return _change(session, parked, parked=False, run_after=now) is not None


def taken_down(session: Session, job_id: int, why: str) -> None:
    """Say why a moderator took its music away."""
    _change(session, col(Job.id) == job_id, taken_down=why)


def thrown_away(session: Session, job_id: int, now: int) -> bool:
    """Its owner wants its tracks no longer. False where that was so already, or it has none."""
    kept = and_(col(Job.id) == job_id, col(Job.status) == "COMPLETED", col(Job.deleted_at).is_(None))
    return _change(session, kept, deleted_at=now) is not None


def _running(job_id: int, token: str) -> ColumnElement[bool]:
    """The fence: an attempt that lost its job has a token that is nobody's."""
    return and_(col(Job.id) == job_id, col(Job.status) == "PROCESSING", col(Job.token) == token)


def _change(session: Session, where: ColumnElement[bool], **values: Any) -> Job | None:
    # What waits may begin now, or somebody who had enough running may have another.
    if "status" in values or "parked" in values:
        remember(session, "queue")
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


_INSERTING = adding(
    JOB,
    (
        "user_id", "surface", "channel", "server", "message", "task", "spec", "title", "duration", "takes", "price",
        "seed", "key", "priority", "bucket", "parked", "run_after", "parent_id", "created_at", *NEW,
    ),
    by=("user_id", "key"),
    returning="id",
)  # fmt: skip
_ENDING = (
    update(JOB)
    .where(JOB.c.id == bindparam("its_id"), JOB.c.status == "PROCESSING", JOB.c.token == bindparam("its_token"))
    .values(
        status="COMPLETED",
        finished_at=bindparam("now"),
        cancel_requested=False,
        **IDLE,
        **{**NO_ERROR, "error_params": null()},
    )
)
_COMPLETING = Prepared(lambda _dialect: _ENDING)
