"""The life of jobs as the house runs it, one transaction a step: shared by the model test and by real processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from sqlmodel import Session

from storage import audit, gate, jobs, ledger, outbox, tracks
from storage.claims import Ticket
from storage.database import Database
from storage.tables import GateState, Job
from tests.rows import account, free_job
from workflows.queue import require_open

T = TypeVar("T")
Say = Callable[[str], None]

TASKS = ("text2music",)
MOST_ATTEMPTS = 3


def submit(session: Session, *, user_id: int, price: int, key: str | None, now: int, **more: Any) -> Job | Ticket:
    """A request with its hold and its outbox row, or the job it was the first time. Raises while the house drains."""
    require_open(session)
    first = jobs.by_key(session, user_id, key) if key else None
    if first is not None:
        return first
    job = free_job(session, user_id, price=price, key=key, now=now, channel=str(user_id), **more)
    _hold(session, job, now)
    _tell(session, job, "accepted", now)
    return job


def claim(session: Session, *, now: int, lease_ms: int, worker: str = "w") -> Ticket | None:
    return next(iter(jobs.claim(session, worker=worker, now=now, lease_ms=lease_ms, tasks=TASKS)), None)


def finish(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The music is there: keep it, charge for it, tell of it."""
    if not jobs.complete(session, job_id=job_id, token=token, now=now):
        return False
    job = _job(session, job_id)
    tracks.add(
        session,
        job_id=job_id,
        take=0,
        title="Rain",
        seed=job.seed,
        duration=job.duration,
        sample_rate=48_000,
        channels=2,
        bpm=96.0,
        keyscale="A Minor",
        timesignature="4/4",
        now=now,
    )
    if job.price:
        ledger.capture(session, key=jobs.hold_key(job), amount=job.price, now=now)
    _tell(session, job, "completed", now)
    return True


def fail(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The attempt failed for good."""
    if not jobs.fail(session, job_id=job_id, token=token, now=now, error_code="internal"):
        return False
    _end_unpaid(session, _job(session, job_id), "failed", now)
    return True


def stop(session: Session, *, job_id: int, token: str, now: int) -> bool:
    """The attempt ended because nobody wants it."""
    if not jobs.cancelled(session, job_id=job_id, token=token, now=now):
        return False
    _end_unpaid(session, _job(session, job_id), "cancelled", now)
    return True


def cancel(session: Session, *, job_id: int, now: int) -> Job | None:
    """Somebody presses the button."""
    job = jobs.request_cancel(session, job_id=job_id, now=now)
    if job is not None and job.status == "CANCELLED":
        _end_unpaid(session, job, "cancelled", now)
    return job


def retry(session: Session, *, job_id: int, now: int) -> Job | None:
    """Somebody presses the other button."""
    job = jobs.renew(session, job_id=job_id, now=now)
    if job is not None:
        _hold(session, job, now)
    return job


def review(session: Session, *, job_id: int, approved: bool, now: int) -> bool:
    """A moderator looks at a parked job; False where it waits for that no more."""
    if approved:
        return jobs.release(session, job_id=job_id, now=now)
    job = jobs.rejected(session, job_id=job_id, why="too loud", now=now)
    if job is not None:
        _end_unpaid(session, job, "cancelled", now)
    return job is not None


def move(session: Session, *, kind: str, key: str, debit: str, credit: str, amount: int, now: int) -> None:
    """Credits are granted, given to somebody else, or taken back."""
    ledger.transfer(session, key=key, kind=kind, debit=debit, credit=credit, amount=amount, now=now)
    audit.note(session, at=now, by="operator", surface="terminal", act=kind, subject=credit, details={"amount": amount})


def turn(session: Session, *, state: GateState, now: int) -> bool:
    """Somebody in charge pauses the queue, drains it or opens it again."""
    changed = gate.turn(session, state, by="operator", why=None, now=now)
    if changed:
        audit.note(session, at=now, by="operator", surface="terminal", act=state, subject="queue")
    return changed


def rescue(session: Session, *, now: int) -> tuple[Job, ...]:
    """Jobs whose worker is gone: again, or never again."""
    found = jobs.rescue(session, now=now)
    for job in found:
        if job.cancel_requested:
            cancel(session, job_id=job.id, now=now)
        elif job.attempt >= MOST_ATTEMPTS and jobs.give_up(session, job_id=job.id, now=now, error_code="crashed"):
            _end_unpaid(session, job, "failed", now)
    return found


def _end_unpaid(session: Session, job: Job, topic: str, now: int) -> None:
    if job.price:
        ledger.void(session, key=jobs.hold_key(job), now=now)
    _tell(session, job, topic, now)


def _hold(session: Session, job: Job | Ticket, now: int) -> None:
    if job.price:
        ledger.hold(session, key=jobs.hold_key(job), account=account(job.user_id), amount=job.price, now=now)


def _tell(session: Session, job: Job | Ticket, topic: str, now: int) -> None:
    key = f"job:{job.id}:{job.round}:{topic}"
    outbox.add(session, key=key, job_id=job.id, surface="terminal", topic=topic, payload={}, now=now)


def _job(session: Session, job_id: int) -> Job:
    job = jobs.get(session, job_id)
    assert job is not None
    return job


def serve(line: Connection, url: str, lease_ms: int, stall: str) -> None:
    """A process: it says that it is there, begins when it is told to, and says at the end what it finished."""
    line.send("ready")
    line.recv()
    line.send(work(url, lease_ms=lease_ms, stall=stall, say=line.send))


def work(url: str, *, lease_ms: int, stall: str, say: Say) -> list[int]:
    """Work the queue until nothing is left of it; returns the jobs we were told we had finished.

    Where `stall` says so, stop for good, until somebody kills us, at the first claim: "claiming" and "finishing" inside
    the transaction that does it, just before it is committed, and "claimed" between the two.
    """
    database = Database(url)
    finished: list[int] = []
    while True:
        now = time.time_ns() // 1_000_000
        claiming = _bound(claim, now=now, lease_ms=lease_ms)
        job = database.write(_stalling(claiming, stall, say) if stall == "claiming" else claiming)
        if job is None:
            database.write(_bound(rescue, now=now))
            if not database.read(jobs.live_tokens) and not database.read(_bound(jobs.waiting, now=now, tasks=TASKS)):
                database.close()
                return finished
            time.sleep(0.02)
            continue
        if stall == "claimed":
            _stop(stall, say)
        assert job.token is not None
        finishing = _bound(finish, job_id=job.id, token=job.token, now=now)
        if database.write(_stalling(finishing, stall, say) if stall == "finishing" else finishing):
            finished.append(job.id)


def _stalling(act: Callable[[Session], T], moment: str, say: Say) -> Callable[[Session], T]:
    def stop(session: Session) -> T:
        result = act(session)
        session.flush()
        _stop(moment, say)
        return result

    return stop


def _stop(moment: str, say: Say) -> None:
    say(moment)
    time.sleep(3600)


def _bound(act: Callable[..., T], **values: object) -> Callable[[Session], T]:
    return lambda session: act(session, **values)
