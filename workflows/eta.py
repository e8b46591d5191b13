"""How long until a job is done, from measured render speed (promise 6)."""

from __future__ import annotations

from sqlmodel import Session

from storage import jobs
from storage.tables import Job

SAMPLES = 20


def seconds(session: Session, job: Job) -> float | None:
    """Seconds until `job` is finished: all the music queued before it and its own, at the speed last measured."""
    speed = jobs.measured_speed(session, job.task, SAMPLES)
    if speed is None:
        return None
    return round((jobs.audio_ahead(session, job) + job.duration * job.takes) * speed, 1)
