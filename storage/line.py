"""The line: who is before whom, and how long that will take. Read off the lanes, so a long queue costs no more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, bindparam, case, func, or_, select, text
from sqlmodel import Session, col

from storage.claims import HAS_WAITING, IS_RUNNING, IS_WAITING, JOB, LANE
from storage.tables import QUICK, Job

# Of a lane: the music of as many of its jobs as are before us, taking them for equally long.
_ITS_SHARE = LANE.c.music_ms * 1.0 / LANE.c.waiting
# A lane whose turn comes before ours serves as many before us as we have before us in our own, and one more.
_BEFORE = case(
    (
        or_(
            LANE.c.turn < bindparam("turn"),
            and_(LANE.c.turn == bindparam("turn"), LANE.c.user_id < bindparam("owner")),
        ),
        bindparam("mine") + 1,
    ),
    else_=bindparam("mine"),
)
_ALLOWED = case((LANE.c.priority > bindparam("its_priority"), LANE.c.waiting), else_=_BEFORE)
_AHEAD_OF_LANE = case((LANE.c.waiting < _ALLOWED, LANE.c.waiting), else_=_ALLOWED)
_AHEAD = select(
    func.coalesce(func.sum(_AHEAD_OF_LANE), 0), func.coalesce(func.sum(_AHEAD_OF_LANE * _ITS_SHARE), 0)
).where(
    HAS_WAITING,
    LANE.c.priority >= bindparam("its_priority"),
    # What other engines work is in nobody's way.
    LANE.c.priority < bindparam("its_end"),
    or_(LANE.c.user_id != bindparam("owner"), LANE.c.priority != bindparam("its_priority")),
)
_MINE = select(func.count(), func.coalesce(func.sum(JOB.c.duration * JOB.c.takes), 0)).where(
    JOB.c.user_id == bindparam("owner"),
    JOB.c.priority == bindparam("its_priority"),
    JOB.c.id < bindparam("its_id"),
    IS_WAITING,
)
_RUNNING = select(
    func.count(),
    func.coalesce(func.sum(JOB.c.duration * JOB.c.takes * (1 - func.coalesce(JOB.c.progress, 0))), 0),
).where(IS_RUNNING, JOB.c.priority >= bindparam("its_side"), JOB.c.priority < bindparam("its_end"))
_PLACE = (
    select(JOB.c.id, JOB.c.user_id, JOB.c.priority, LANE.c.turn)
    .select_from(JOB.join(LANE, and_(LANE.c.user_id == JOB.c.user_id, LANE.c.priority == JOB.c.priority)))
    .where(JOB.c.id == bindparam("its_id"), IS_WAITING)
)
_DONE = (
    select(JOB.c.engine, JOB.c.started_at, JOB.c.finished_at, (JOB.c.duration * JOB.c.takes).label("music_s"))
    .where(
        text("job.status = 'COMPLETED'"),
        JOB.c.task == bindparam("its_task"),
        JOB.c.duration > 0,
        JOB.c.takes > 0,
        # The clock was set back meanwhile: that tells nothing.
        JOB.c.finished_at >= JOB.c.started_at,
    )
    .order_by(col(Job.finished_at).desc())
    .limit(bindparam("samples"))
)


def position(session: Session, job_id: int) -> int:
    """How many waiting jobs will be claimed before it if no other comes; 0 for one that doesn't wait."""
    return _ahead(session, _place(session, job_id))[0]


def audio_ahead(session: Session, job_id: int) -> tuple[float, int]:
    """Seconds of music still to be made before it (what is left of running jobs, and of waiting ones), by how many.

    How many: the jobs that run now, at least 1.
    """
    place = _place(session, job_id)
    of_its_side = _side(0 if place is None else place.priority)
    running, left_s = session.connection().execute(_RUNNING, of_its_side).one()
    return float(left_s) + _ahead(session, place)[1], max(int(running), 1)


def measured_speed(session: Session, task: str, samples: int) -> float | None:
    """Seconds of work for a second of music, over the last `samples` completed jobs of `task`; None without any.

    Of the engine that made the latest of them alone: another one's speed says nothing.
    """
    return next(iter(measured_speeds(session, task, samples).values()), None)


def measured_speeds(session: Session, task: str, samples: int) -> dict[str, float]:
    """`measured_speed` of each engine among them by its name, first of the one that made the latest."""
    of_engine: dict[str, list[tuple[float, float]]] = {}
    for engine, started_at, finished_at, music_s in session.connection().execute(
        _DONE, {"its_task": task, "samples": samples}
    ):
        of_engine.setdefault(engine or "", []).append((finished_at - started_at, music_s))
    return {
        engine: sum(work_ms for work_ms, _ in rows) / 1000 / sum(music_s for _, music_s in rows)
        for engine, rows in of_engine.items()
    }


def _place(session: Session, job_id: int) -> Row[*tuple[Any, ...]] | None:
    """Where a job that waits stands; None for one that doesn't."""
    return session.connection().execute(_PLACE, {"its_id": job_id}).first()


def _side(priority: int) -> dict[str, int]:
    """The priorities of the lanes that the same engines work."""
    return {"its_side": QUICK, "its_end": 2 * QUICK} if priority >= QUICK else {"its_side": 0, "its_end": QUICK}


def _ahead(session: Session, place: Row[*tuple[Any, ...]] | None) -> tuple[int, float]:
    """Number and seconds of music of the waiting jobs before it."""
    connection = session.connection()
    if place is None:
        return 0, 0.0
    own = {"owner": place.user_id, "its_priority": place.priority}
    mine, mine_s = connection.execute(_MINE, {**own, "its_id": place.id}).one()
    end = _side(place.priority)["its_end"]
    others, others_ms = connection.execute(_AHEAD, {**own, "its_end": end, "turn": place.turn, "mine": mine}).one()
    return int(mine) + int(others), float(mine_s) + float(others_ms) / 1000
