"""The whole queue in numbers, for those who look after it. It goes through all that waits: not for every request."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlmodel import Session

from storage.claims import IS_WAITING, JOB

IS_DEAD = text(
    "job.status = 'FAILED' AND NOT job.error_permanent AND job.deleted_at IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM job_mark WHERE job_mark.job_id = job.id AND job_mark.hidden_at IS NOT NULL)"
)

_WAITING = (
    select(JOB.c.task, func.count(), func.min(JOB.c.created_at), func.sum(JOB.c.duration * JOB.c.takes))
    .where(IS_WAITING)
    .group_by(JOB.c.task)
)
_RUNNING = select(
    JOB.c.task, JOB.c.worker, JOB.c.duration * JOB.c.takes * (1 - func.coalesce(JOB.c.progress, 0))
).where(text("job.status = 'PROCESSING'"))
_PARKED = select(func.count()).select_from(JOB).where(text("job.status = 'PENDING' AND job.parked"))
_DEAD = select(func.count()).select_from(JOB).where(IS_DEAD)


@dataclass(frozen=True)
class Tally:
    """How many jobs wait, run, are `parked` for a moderator, or are `dead`: failed, though another try might help.

    `oldest` is when the oldest that waits was asked for (milliseconds since the epoch), `workers` who has one running,
    `music_s` the seconds of music still to be made, by task.
    """

    waiting: int
    oldest: int | None
    running: int
    workers: tuple[str, ...]
    parked: int
    dead: int
    music_s: dict[str, float]


def take(session: Session) -> Tally:
    """Count it all."""
    connection = session.connection()
    waiting = connection.execute(_WAITING).all()
    running = connection.execute(_RUNNING).all()
    music_s: dict[str, float] = {task: float(seconds) for task, _, _, seconds in waiting}
    for task, _, left_s in running:
        music_s[task] = music_s.get(task, 0.0) + float(left_s)
    return Tally(
        waiting=sum(count for _, count, _, _ in waiting),
        oldest=min((oldest for _, _, oldest, _ in waiting), default=None),
        running=len(running),
        workers=tuple(sorted({worker for _, worker, _ in running})),
        parked=connection.execute(_PARKED).scalar_one(),
        dead=dead(session),
        music_s=music_s,
    )


def dead(session: Session) -> int:
    """How many jobs failed though another try might help."""
    return int(session.connection().execute(_DEAD).scalar_one())
