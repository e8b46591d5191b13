"""A run as surfaces show it: one frozen value with its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from storage import runs, users
from storage.database import Database
from storage.tables import LIVE, Job, RunKind, RunStatus, Step, StepState
from workflows import eta
from workflows.people import ReplyTo, Requester
from workflows.queue import Pause, pause
from workflows.refusal import Refusal
from workflows.runs import reach
from workflows.runs.plan import Problem
from workflows.view import FileView


@dataclass(frozen=True)
class StepView:
    """A step and what came of it. `job` once it was asked for; `progress` 0 to 1 while it is made.

    `paid` are the credits it was charged (0 until it is done); `title` and `files` (of all takes) once it is done;
    `error_code` with `error_params` where it failed or was refused. `values` are its options as they were planned;
    `seeds` those of its takes. `parked`: its job waits for a moderator; `deleted`: its music was thrown away, or taken
    down by somebody in charge, whose reason is `taken_down`.
    """

    number: int
    name: str
    label: str
    line: int | None
    task: str
    state: StepState
    price: int
    duration: float
    job: int | None
    title: str | None
    progress: float | None
    paid: int
    files: tuple[tuple[int, FileView], ...]
    error_code: str | None
    error_params: Mapping[str, Any]
    error_permanent: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = ()
    parked: bool = False
    deleted: bool = False
    taken_down: str | None = None
    takes: int = 1


@dataclass(frozen=True)
class RunView:
    """A run. `owner` is what its surface calls who asked; `held_up` says why its next step has to wait (a refusal's
    code: `too_many_jobs`, `rate_limited`, …), with `due_at` (milliseconds since the epoch) for how long; `pause`: jobs
    wait because somebody in charge stopped the queue. `eta_s` is None before speed was measured.
    """

    id: int
    kind: RunKind
    name: str
    status: RunStatus
    user_id: int
    user: str
    owner: str | None
    surface: str
    channel: str
    price: int
    inputs: Mapping[str, Any]
    problems: tuple[Problem, ...]
    steps: tuple[StepView, ...]
    cancelling: bool
    held_up: str | None
    due_at: int
    created_at: int
    finished_at: int | None
    eta_s: float | None
    pause: Pause | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing of it will change by itself any more."""
        return self.status in ("COMPLETED", "CANCELLED")

    def count(self, *states: StepState) -> int:
        """How many of its steps are in these states."""
        return sum(step.state in states for step in self.steps)

    @property
    def paid(self) -> int:
        """Credits charged so far."""
        return sum(step.paid for step in self.steps)


async def show(db: Database, run_id: int, who: Requester, where: ReplyTo) -> RunView:
    """One run, for whoever may see it from there. Raises `Refusal`."""
    return await db.aread(lambda session: look(session, reach.seen(session, run_id, who, where).id))


async def recent(db: Database, who: Requester | None, limit: int) -> tuple[RunView, ...]:
    """The latest runs of one person or, with None, of everybody; newest first."""

    def read(session: Session) -> tuple[RunView, ...]:
        user = None if who is None else users.known(session, who.surface, who.external_id)
        if who is not None and user is None:
            return ()
        found = runs.recent(session, None if user is None else user.id, limit)
        return tuple(look(session, run_id) for run_id in found)

    return await db.aread(read)


def look(session: Session, run_id: int) -> RunView:
    """The run `run_id`. Raises `Refusal` where there is none."""
    run = runs.get(session, run_id)
    if run is None:
        raise Refusal("run_not_found", field="run", value=run_id)
    steps, jobs = runs.steps_of(session, run_id), runs.jobs_of(session, run_id)
    stopped = pause(session) if run.status == "RUNNING" else None
    return RunView(
        id=run.id,
        kind=run.kind,
        name=run.name,
        status=run.status,
        user_id=run.user_id,
        user=users.person(session, run.user_id).name,
        owner=users.external_id(session, run.user_id, run.surface),
        surface=run.surface,
        channel=run.channel,
        price=run.price,
        inputs=run.inputs,
        problems=tuple(Problem(**problem) for problem in run.problems or ()),
        steps=_steps(session, steps, jobs),
        cancelling=run.cancelling,
        held_up=run.held_up,
        due_at=run.due_at,
        created_at=run.created_at,
        finished_at=run.finished_at,
        eta_s=_eta_s(session, steps, jobs) if run.status == "RUNNING" and stopped is None else None,
        pause=stopped,
    )


def _steps(session: Session, steps: tuple[Step, ...], jobs: Mapping[int, Job]) -> tuple[StepView, ...]:
    done = [step.id for step in steps if step.state == "DONE"]
    files: dict[int, list[tuple[int, FileView]]] = {}
    for file in runs.files_of(session, done):
        shown = FileView(file.kind, file.name, file.format, file.digest, file.size)
        files.setdefault(file.step_id, []).append((file.take, shown))
    seeds: dict[int, list[int]] = {}
    for take in runs.takes_of(session, done):
        seeds.setdefault(take.step_id, []).append(take.seed)
    return tuple(
        _step(step, jobs.get(step.id), tuple(files.get(step.id, ())), tuple(seeds.get(step.id, ()))) for step in steps
    )


def _step(step: Step, job: Job | None, files: tuple[tuple[int, FileView], ...], seeds: tuple[int, ...]) -> StepView:
    code, params = step.error_code, step.error_params
    # What was refused when it was asked for again is what is wrong with it now, whatever its job failed of.
    failed = job if code is None and step.state in ("FAILED", "CANCELLED") else None
    if failed is not None:
        code, params = failed.error_code, failed.error_params
    return StepView(
        number=step.number,
        name=step.name,
        label=step.label,
        line=step.line,
        task=step.task,
        state=step.state,
        price=step.price,
        duration=step.duration if job is None else job.duration,
        job=None if job is None else job.id,
        title=None if job is None else job.title,
        progress=job.progress if job is not None and step.state == "QUEUED" else None,
        paid=job.price if job is not None and step.state == "DONE" else 0,
        files=files,
        error_code=code,
        error_params=params or {},
        error_permanent=failed is not None and bool(failed.error_permanent),
        values=step.spec,
        seeds=seeds,
        parked=job is not None and job.parked and step.state == "QUEUED",
        deleted=job is not None and job.deleted_at is not None,
        taken_down=None if job is None else job.taken_down,
        takes=step.takes,
    )


def _eta_s(session: Session, steps: tuple[Step, ...], jobs: Mapping[int, Job]) -> float | None:
    live = [job for job in jobs.values() if job.status in LIVE]
    to_come = [(step.task, step.duration * step.takes) for step in steps if step.state == "WAITING"]
    return eta.of_several(session, live, to_come)
