"""How long until a job is done, from measured render speed (promise 6)."""

from __future__ import annotations

from sqlmodel import Session

from storage import jobs
from storage.claims import Ticket
from storage.tables import Job

SAMPLES = 20


def seconds(session: Session, job: Job | Ticket) -> float | None:
    """Seconds until `job` is finished: the music queued before it, shared by the engines at work, and its own.

    At the speed last measured with this engine and task; None before anything was.
    """
    speed = jobs.measured_speed(session, job.task, SAMPLES)
    if speed is None:
        return None
    ahead_s, engines = jobs.audio_ahead(session, job.id)
    return round((ahead_s / engines + job.duration * job.takes) * speed, 1)
