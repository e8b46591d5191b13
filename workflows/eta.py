"""How long until a job is done, from measured render speed (promise 6)."""

from __future__ import annotations

from collections.abc import Sequence

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


def of_several(session: Session, live: Sequence[Job], to_come: Sequence[tuple[str, float]]) -> float | None:
    """Seconds until the `live` jobs are finished and what is `to_come` after them: (task, seconds of music) each.

    None where any of it was never measured. What makes no music takes no time worth telling.
    """
    speeds: dict[str, float | None] = {}
    for task in {job.task for job in live if job.takes} | {task for task, music_s in to_come if music_s}:
        speeds[task] = jobs.measured_speed(session, task, SAMPLES)
    if not speeds or None in speeds.values():
        return None
    known = {task: speed for task, speed in speeds.items() if speed is not None}
    last = max((job for job in live if job.takes), key=lambda job: job.id, default=None)
    until = 0.0 if last is None else seconds(session, last) or 0.0
    # With none of them in the queue, the number of a job that never was: what others wait for comes first all the same.
    _, engines = jobs.audio_ahead(session, 0 if last is None else last.id)
    return round(until + sum(music_s * known[task] for task, music_s in to_come if music_s) / engines, 1)
