"""What the end of a step means for its run, in the transaction in which its job ends: the next step, or the end.

Such a job has no message of its own, so nothing goes to the outbox: the run's bulletin tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from storage import bulletins, runs, users
from storage.claims import Ticket
from storage.runs import Outline
from storage.tables import Job, Run, Step, StepState
from workflows.credits import account_of
from workflows.refusal import Refusal

# What is told of a job that ended, and what that makes of its step.
ENDS: dict[str, StepState] = {"completed": "DONE", "failed": "FAILED", "cancelled": "CANCELLED"}
OPEN: tuple[StepState, ...] = ("WAITING", "QUEUED")


def step_ended(session: Session, job: Job | Ticket, topic: str, now: int) -> None:
    """The job of a step has ended (one of `ENDS`), or its music was taken away: then only what is told changes."""
    step = _step(session, job)
    run = _run(session, step)
    if topic not in ENDS:
        bulletins.bump(session, "run", run.id, now)
    elif runs.move(session, run.id, (step.number,), ENDS[topic], "QUEUED"):
        go_on(session, run, now)


def step_renewed(session: Session, job: Job, now: int) -> None:
    """The failed job of a step begins a new round by itself; its run goes on, should it have ended.

    Raises a `Refusal` where the run is being cancelled: nothing more of that is wanted.
    """
    step = _step(session, job)
    run = _run(session, step)
    if run.status == "RUNNING" and run.cancelling:
        raise Refusal("run_cancelling", field="job", value=job.id)
    waited = runs.move(session, run.id, (step.number,), "QUEUED", "WAITING") == 1
    if not waited:
        runs.move(session, run.id, (step.number,), "QUEUED", "FAILED")
        runs.reopen(session, run.id, now=now)
    else:
        # What was reserved for it goes into the hold of its new round.
        reserve(session, run, runs.outline(session, run.id), now)
    bulletins.bump(session, "run", run.id, now, at_once=True)


def locked(session: Session, run_id: int) -> Run | None:
    """The run, which nobody else changes until this transaction has ended (`storage.runs.locked`)."""
    run = runs.get(session, run_id)
    return None if run is None else runs.locked(session, run_id, account(session, run))


def go_on(session: Session, run: Run, now: int, *, freed: bool = False) -> None:
    """What follows from how the steps of a `run` stand, which is locked: some are not to be had, or all is done.

    `freed`: one that was reserved for is not to be asked for any more.
    """
    steps = runs.outline(session, run.id)
    if lost := _lost(steps):
        runs.move(session, run.id, lost, "SKIPPED", "WAITING")
        steps = runs.outline(session, run.id)
    if lost or freed:
        reserve(session, run, steps, now)
    runs.went_on(session, run.id, now)
    over = not any(step.state in OPEN for step in steps)
    if over:
        runs.end(session, run.id, now)
    bulletins.bump(session, "run", run.id, now, at_once=over)


def reserve(session: Session, run: Run, steps: Sequence[Outline], now: int) -> None:
    """Hold for a `run`, which is locked, what its steps cost that are not asked for yet.

    Raises `ledger.InsufficientCredits` where that is more than was held before.
    """
    amount = sum(step.price for step in steps if step.state == "WAITING")
    runs.reserve(session, run, account=account(session, run), amount=amount, now=now)


def account(session: Session, run: Run) -> str:
    """Whose credits pay for a run."""
    return account_of(users.person(session, run.user_id))


def _lost(steps: Sequence[Outline]) -> list[int]:
    """The steps that wait for something that will not come, directly or not. What is needed may stand anywhere."""
    gone = {step.number for step in steps if step.state in ("FAILED", "SKIPPED", "CANCELLED")}
    lost: list[int] = []
    while more := [
        step.number for step in steps if step.state == "WAITING" and step.number not in gone and gone & set(step.needs)
    ]:
        gone.update(more)
        lost += more
    return lost


def _step(session: Session, job: Job | Ticket) -> Step:
    step = None if job.step_id is None else session.get(Step, job.step_id)
    if step is None:
        raise LookupError(f"no step {job.step_id}")
    return step


def _run(session: Session, step: Step) -> Run:
    run = locked(session, step.run_id)
    if run is None:
        raise LookupError(f"no run {step.run_id}")
    return run
