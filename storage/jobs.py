"""The life of a job. Every change is one guarded UPDATE: it says which state it expects, and whether it was so.

How it is claimed is `storage.claims`, what its attempts do `storage.attempts`, how long it will wait `storage.line`;
everything is to be found here.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import and_
from sqlmodel import Session, col

from storage.attempts import (
    NO_ERROR,
    cancelled,
    change,
    complete,
    fail,
    failure,
    give_up,
    hand_back,
    heartbeat,
    postpone,
    rescue,
    set_plan,
)
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
from storage.tables import Job
from storage.wake import remember

__all__ = [
    "KeyTaken",
    "Ticket",
    "audio_ahead",
    "by_key",
    "call_off",
    "cancelled",
    "claim",
    "complete",
    "dead_letters",
    "expired",
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

# How every job begins.
NEW: dict[str, Any] = {"status": "PENDING", "round": 1, "attempt": 0, "cancel_requested": False}


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
    fingerprint: str | None = None,
    priority: int = 0,
    bucket: str = "",
    parked: bool = False,
    run_after: int | None = None,
    parent_id: int | None = None,
    recording_id: str | None = None,
    step_id: int | None = None,
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
        "fingerprint": fingerprint,
        "priority": priority,
        "bucket": bucket,
        "parked": parked,
        "run_after": now if run_after is None else run_after,
        "parent_id": parent_id,
        "recording_id": recording_id,
        "step_id": step_id,
        "created_at": now,
        **NEW,
    }
    row = _INSERTING.first(session, values)
    if row is None:
        raise KeyTaken(key)
    if not parked:
        remember(session, "queue")
    return Ticket(**{name: value for name, value in values.items() if name in Ticket._fields}, id=row[0], token=None)


def request_cancel(session: Session, *, job_id: int, now: int) -> Job | None:
    """Cancel a PENDING job at once, and tell a PROCESSING one at its next heartbeat. None where neither is there."""
    here = col(Job.id) == job_id
    return change(
        session, and_(here, col(Job.status) == "PENDING"), status="CANCELLED", cancel_requested=True, finished_at=now
    ) or change(session, and_(here, col(Job.status) == "PROCESSING"), cancel_requested=True)


def call_off(session: Session, *, job_id: int, why: str, now: int) -> Job | None:
    """`request_cancel` by a moderator, and it says why."""
    job = request_cancel(session, job_id=job_id, now=now)
    error = failure("called_off", {"why": why} if why else {}, True, None)
    return job and change(session, col(Job.id) == job_id, **error)


def rejected(session: Session, *, job_id: int, why: str, now: int) -> Job | None:
    """A moderator said no to a parked job: CANCELLED, and it says why. None where it waits for that no more."""
    parked = and_(col(Job.id) == job_id, col(Job.status) == "PENDING", col(Job.parked))
    error = failure("rejected", {"why": why}, True, None)
    return change(session, parked, status="CANCELLED", finished_at=now, **error)


def renew(session: Session, *, job_id: int, now: int) -> Job | None:
    """A FAILED job starts over: a new round, which needs a hold of its own. None where it is not FAILED.

    Nor does one whose owner was forgotten: nobody knows any more what was asked for.
    """
    return change(
        session,
        and_(col(Job.id) == job_id, col(Job.status) == "FAILED", col(Job.deleted_at).is_(None)),
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
    change(session, col(Job.id) == job_id, post=post)


def readdress(session: Session, job_id: int, surface: str, channel: str, why: str | None = None) -> None:
    """What is still to be told of the job goes to another channel, where it has no status message yet."""
    here = col(Job.id) == job_id
    change(session, here, surface=surface, channel=channel, message=None, post=None, moved=why)


def release(session: Session, *, job_id: int, now: int) -> bool:
    """A parked job may be made now. False where it is not parked any more, or was cancelled."""
    parked = and_(col(Job.id) == job_id, col(Job.status) == "PENDING", col(Job.parked))
    return change(session, parked, parked=False, run_after=now) is not None


def taken_down(session: Session, job_id: int, why: str) -> None:
    """Say why a moderator took its music away."""
    change(session, col(Job.id) == job_id, taken_down=why)


def expired(session: Session, job_id: int, code: str) -> None:
    """Say by the code of a message why the house keeps its music no longer."""
    change(session, col(Job.id) == job_id, error_code=code)


def thrown_away(session: Session, job_id: int, now: int) -> bool:
    """Its owner wants its tracks, or what was heard, no longer. False where that was so already, or it has none."""
    kept = and_(col(Job.id) == job_id, col(Job.status) == "COMPLETED", col(Job.deleted_at).is_(None))
    return change(session, kept, deleted_at=now, analysis=None) is not None


_INSERTING = adding(
    JOB,
    (
        "user_id", "surface", "channel", "server", "message", "task", "spec", "title", "duration", "takes", "price",
        "seed", "key", "fingerprint", "priority", "bucket", "parked", "run_after", "parent_id", "recording_id",
        "step_id", "created_at", *NEW,
    ),
    by=("user_id", "key"),
    returning="id",
)  # fmt: skip
