"""Calling a run off: what nobody asked for yet is left, its jobs are cancelled, what is done stays and is paid."""

from __future__ import annotations

from sqlmodel import Session

from storage import bulletins, jobs, runs
from storage.database import Database
from workflows.attempt import end_unpaid
from workflows.people import now_ms
from workflows.runs import settle


def stop(session: Session, run_id: int, now: int) -> bool:
    """Nothing more of a run is asked for; what was reserved is free. False where it runs no longer, or was stopped.

    Its jobs are called off afterwards (`jobs_of`), each by itself, by whoever stopped it or whoever feeds runs: a job
    that ends has its run locked after itself, and never the other way round.
    """
    run = settle.locked(session, run_id)
    if run is None or not runs.stop(session, run_id):
        return False
    waiting = [step.number for step in runs.outline(session, run_id) if step.state == "WAITING"]
    runs.move(session, run_id, waiting, "CANCELLED", "WAITING")
    settle.go_on(session, run, now, freed=True)
    bulletins.bump(session, "run", run_id, now, at_once=True)
    return True


def stop_all_of(session: Session, user_id: int, now: int) -> int:
    """`stop` every run of a person; returns how many. For whoever has called off their jobs before."""
    return sum(stop(session, run_id, now) for run_id in runs.going_of(session, user_id))


async def jobs_of(db: Database, run_id: int) -> int:
    """Cancel what still waits or runs of a run that was stopped; returns how many jobs that were."""

    def cancel(session: Session, job_id: int) -> None:
        now = now_ms()
        job = jobs.request_cancel(session, job_id=job_id, now=now)
        if job is not None and job.status == "CANCELLED":
            end_unpaid(session, job, "cancelled", now)

    live = await db.aread(lambda session: runs.live_jobs(session, run_id))
    for job_id in live:
        await db.awrite(lambda session, job_id=job_id: cancel(session, job_id))  # type: ignore[misc]
    return len(live)
