"""Questions about runs; `storage.runs` is where they are asked from."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import and_, exists, or_, text
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from storage.tables import LIVE, Blob, Job, Run, Step, StepState, Track, TrackFile
from storage.tracks import COPY
from storage.users import everyone


class Outline(NamedTuple):
    """What is decided by, of a step: its words are left where they are."""

    id: int
    number: int
    needs: list[int]
    state: StepState
    price: int


class Take(NamedTuple):
    """A finished take of a step."""

    step_id: int
    take: int
    seed: int


class File(NamedTuple):
    """A file of a finished take of a step; `digest` names its blob, `size` in bytes."""

    step_id: int
    take: int
    kind: str
    name: str
    format: str
    digest: str
    size: int


def get(session: Session, run_id: int) -> Run | None:
    """The run `run_id`."""
    return session.get(Run, run_id, populate_existing=True)


def recent(session: Session, user_id: int | None, limit: int) -> tuple[int, ...]:
    """The numbers of the latest runs of one person or, with None, of everybody; newest first."""
    runs = select(col(Run.id)).order_by(col(Run.id).desc()).limit(limit)
    return tuple(session.exec(runs if user_id is None else runs.where(col(Run.user_id).in_(everyone(user_id)))))


def going_of(session: Session, user_id: int) -> tuple[int, ...]:
    """The numbers of the runs of a person, under any of theirs, that run."""
    going = select(col(Run.id)).where(col(Run.user_id).in_(everyone(user_id)), col(Run.status) == "RUNNING")
    return tuple(session.exec(going.order_by(col(Run.id))))


def due(session: Session, now: int, at_once: int) -> tuple[int, ...]:
    """The numbers of the runs that something may be done for: whoever waits longest first.

    Not those that have `at_once` jobs already: what ends of these comes first.
    """
    waits = exists().where(col(Step.run_id) == col(Run.id), col(Step.state) == "WAITING")
    queued = select(func.count()).where(col(Step.run_id) == col(Run.id), col(Step.state) == "QUEUED").correlate(Run)
    wanted = and_(col(Run.due_at) <= now, waits, queued.scalar_subquery() < at_once)
    # Written out: only so is the index of those that run used.
    found = select(col(Run.id)).where(text("run.status = 'RUNNING'"), or_(col(Run.cancelling), wanted))
    return tuple(session.exec(found.order_by(col(Run.due_at), col(Run.id))))


def steps_of(session: Session, run_id: int) -> tuple[Step, ...]:
    """The steps of a run, in their order."""
    return tuple(session.exec(select(Step).where(Step.run_id == run_id).order_by(col(Step.number))))


def outline(session: Session, run_id: int) -> tuple[Outline, ...]:
    """How the steps of a run stand, in their order."""
    columns = select_columns(col(Step.id), col(Step.number), col(Step.needs), col(Step.state), col(Step.price))
    rows = session.connection().execute(columns.where(col(Step.run_id) == run_id).order_by(col(Step.number)))
    return tuple(Outline(*row) for row in rows)


def job_of(session: Session, step_id: int) -> Job | None:
    """The job of a step, once it was asked for."""
    return session.exec(select(Job).where(Job.step_id == step_id).execution_options(populate_existing=True)).first()


def jobs_of(session: Session, run_id: int) -> dict[int, Job]:
    """The jobs of a run, by the number that the database has for their steps."""
    rows = select(Job).join(Step, col(Step.id) == col(Job.step_id)).where(Step.run_id == run_id)
    return {job.step_id: job for job in session.exec(rows) if job.step_id is not None}


def live_jobs(session: Session, run_id: int) -> tuple[int, ...]:
    """The numbers of the jobs of a run that wait or run, and nobody has called off."""
    live = select(col(Job.id)).join(Step, col(Step.id) == col(Job.step_id)).where(Step.run_id == run_id)
    wanted = live.where(col(Job.status).in_(LIVE), ~col(Job.cancel_requested))
    return tuple(session.exec(wanted.order_by(col(Job.id))))


def takes_of(session: Session, step_ids: Collection[int]) -> tuple[Take, ...]:
    """The finished takes of these steps, in order."""
    rows = (
        select_columns(col(Step.id), col(Track.take), col(Track.seed))
        .join(Job, col(Job.step_id) == col(Step.id))
        .join(Track, col(Track.job_id) == col(Job.id))
        .where(col(Step.id).in_(step_ids))
        .order_by(col(Step.id), col(Track.take))
    )
    return tuple(Take(*row) for row in session.connection().execute(rows))


def files_of(session: Session, step_ids: Collection[int]) -> tuple[File, ...]:
    """The files of the finished takes of these steps, in the order they were added."""
    rows = (
        select_columns(
            col(Step.id), col(Track.take), col(TrackFile.kind), col(TrackFile.name), col(TrackFile.format),
            col(TrackFile.digest), col(Blob.size),
        )
        .select_from(Step)
        .join(Job, col(Job.step_id) == col(Step.id))
        .join(Track, col(Track.job_id) == col(Job.id))
        .join(TrackFile, col(TrackFile.track_id) == col(Track.id))
        .join(Blob, col(Blob.digest) == col(TrackFile.digest))
        .where(col(Step.id).in_(step_ids), col(TrackFile.kind) != COPY)
        .order_by(col(Step.id), col(Track.take), col(TrackFile.id))
    )  # fmt: skip
    return tuple(File(*row) for row in session.connection().execute(rows))


def any_proposed_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget_proposed_before`; reads only."""
    old = select(func.count()).select_from(Run).where(Run.status == "PROPOSED", Run.created_at < before)
    return session.exec(old).one() > 0
