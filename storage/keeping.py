"""Which songs may go: the oldest first, and never one that something still needs."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlmodel import Session

from storage.tables import (
    LIVE,
    Blob,
    Challenge,
    Entry,
    Job,
    Recording,
    Run,
    Schedule,
    Step,
    Track,
    TrackFile,
    User,
    core,
)

JOB, TRACK, FILE, BLOB, RECORDING = core(Job), core(Track), core(TrackFile), core(Blob), core(Recording)
ENTRY, CHALLENGE, STEP, RUN, USER = core(Entry), core(Challenge), core(Step), core(Run), core(User)
SCHEDULE = core(Schedule)
MADE_FROM, OWNER = JOB.alias("made_from"), USER.alias("owner")


class Aged(NamedTuple):
    """A song that may go: whose it is, when it was finished, and the bytes that go with it."""

    job: int
    title: str
    owner: str
    finished_at: int
    size: int


def may_go(session: Session) -> tuple[Aged, ...]:
    """Every song that may go, the oldest first. A file that another song has, too, goes with neither."""
    songs = TRACK.join(FILE, FILE.c.track_id == TRACK.c.id)
    alone = select(FILE.c.digest).select_from(songs).group_by(FILE.c.digest)
    sizes = (
        select(TRACK.c.job_id, func.sum(BLOB.c.size).label("size"))
        .select_from(songs.join(BLOB, BLOB.c.digest == FILE.c.digest))
        .where(FILE.c.digest.in_(alone.having(func.count(TRACK.c.job_id.distinct()) == 1)))
        .group_by(TRACK.c.job_id)
        .subquery()
    )
    owned = JOB.join(USER, USER.c.id == JOB.c.user_id).join(
        OWNER, OWNER.c.id == func.coalesce(USER.c.joined, USER.c.id)
    )
    found = (
        select(
            JOB.c.id, func.coalesce(JOB.c.title, ""), OWNER.c.name, JOB.c.finished_at, func.coalesce(sizes.c.size, 0)
        )
        .select_from(owned.outerjoin(sizes, sizes.c.job_id == JOB.c.id))
        .where(*_free())
        .order_by(JOB.c.finished_at, JOB.c.id)
    )
    return tuple(Aged(*row[:4], int(row[4])) for row in session.connection().execute(found))


def is_free(session: Session, job_id: int) -> bool:
    """Whether this song may go still."""
    return session.connection().execute(select(JOB.c.id).where(JOB.c.id == job_id, *_free())).first() is not None


def wanted_later(session: Session) -> tuple[dict[str, Any], ...]:
    """The requests of runs that were not asked for yet: they may name songs that are there."""
    waiting = select(STEP.c.spec).join(RUN, RUN.c.id == STEP.c.run_id)
    still = waiting.where(STEP.c.state == "WAITING", RUN.c.status.in_(("PROPOSED", "RUNNING")))
    return tuple(session.connection().execute(still).scalars())


def scheduled(session: Session) -> tuple[dict[str, Any], ...]:
    """What recipes that run by themselves are given each time: they may name songs that are there."""
    going = select(SCHEDULE.c["values"]).where(SCHEDULE.c.kind == "recipe", SCHEDULE.c.ended_at.is_(None))
    return tuple(session.connection().execute(going).scalars())


def total(session: Session) -> int:
    """The bytes of all files that something needs."""
    named = or_(exists().where(FILE.c.digest == BLOB.c.digest), exists().where(RECORDING.c.digest == BLOB.c.digest))
    return int(session.connection().execute(select(func.coalesce(func.sum(BLOB.c.size), 0)).where(named)).scalar_one())


def _free() -> tuple[ColumnElement[bool], ...]:
    """Finished and there, and in no challenge, run or request that is not over."""
    not_over = and_(CHALLENGE.c.tallied_at.is_(None), CHALLENGE.c.cancelled_at.is_(None))
    entered = exists().where(
        ENTRY.c.job_id == JOB.c.id,
        ENTRY.c.state.in_(("waiting", "shown")),
        CHALLENGE.c.id == ENTRY.c.challenge_id,
        not_over,
    )
    going_on = exists().where(STEP.c.id == JOB.c.step_id, RUN.c.id == STEP.c.run_id, RUN.c.status == "RUNNING")
    wanted = exists().where(MADE_FROM.c.parent_id == JOB.c.id, MADE_FROM.c.status.in_(LIVE))
    made = exists().where(TRACK.c.job_id == JOB.c.id)
    return JOB.c.status == "COMPLETED", JOB.c.deleted_at.is_(None), made, ~entered, ~going_on, ~wanted
