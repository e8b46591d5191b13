"""Runs and their steps. Every change is one guarded UPDATE: it says which state it expects, and whether it was so.

Whoever changes a run has it `locked` before it looks: what is decided about one step depends on the others. What is
reserved for the steps of a run that are not asked for yet is the open hold `run:<id>:<reserved>`, always exactly the
sum of their prices. How runs are read is `storage.runs_read`; everything is to be found here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists
from sqlmodel import Session, col, delete, select, update

from storage import ledger
from storage.runs_read import (
    File,
    Outline,
    Take,
    any_proposed_before,
    due,
    files_of,
    get,
    going_of,
    job_of,
    jobs_of,
    live_jobs,
    outline,
    recent,
    steps_of,
    takes_of,
)
from storage.tables import Job, Run, RunKind, RunStatus, Step, StepState
from storage.wake import remember

__all__ = [
    "File",
    "Outline",
    "Take",
    "any_proposed_before",
    "begin",
    "due",
    "end",
    "files_of",
    "forget",
    "forget_proposed_before",
    "forget_proposed_but",
    "get",
    "going_of",
    "hold_key",
    "job_of",
    "jobs_of",
    "live_jobs",
    "locked",
    "move",
    "outline",
    "propose",
    "put_off",
    "recent",
    "refuse",
    "reopen",
    "reserve",
    "steps_of",
    "stop",
    "take_prices_of_jobs",
    "takes_of",
    "went_on",
]

ENDED: tuple[RunStatus, ...] = ("COMPLETED", "CANCELLED")


def hold_key(run_id: int, number: int) -> str:
    """The key of what is reserved for the steps of a run that are not asked for yet; each hold has its `number`."""
    return f"run:{run_id}:{number}"


def propose(
    session: Session,
    *,
    user_id: int,
    kind: RunKind,
    name: str,
    surface: str,
    channel: str,
    server: str | None,
    message: str | None,
    requester: Mapping[str, Any],
    inputs: Mapping[str, Any],
    problems: Sequence[Mapping[str, Any]],
    price: int,
    firing_id: int | None,
    steps: Sequence[Mapping[str, Any]],
    now: int,
) -> Run:
    """Keep a new run that nobody has started; `steps` are the columns of its steps but their run."""
    run = Run(
        user_id=user_id,
        kind=kind,
        name=name,
        surface=surface,
        channel=channel,
        server=server,
        message=message,
        requester=dict(requester),
        inputs=dict(inputs),
        problems=[dict(problem) for problem in problems] or None,
        price=price,
        firing_id=firing_id,
        created_at=now,
        due_at=now,
    )
    session.add(run)
    session.flush()
    session.add_all(Step(run_id=run.id, **step) for step in steps)
    session.flush()
    return run


def locked(session: Session, run_id: int, account: str) -> Run | None:
    """The run, which nobody else changes until this transaction has ended, and neither its owner's credits.

    The account goes first, whoever asks, as where a job ends.
    """
    ledger.lock(session, account)
    row = select(Run).where(Run.id == run_id).with_for_update(key_share=True)
    return session.exec(row.execution_options(populate_existing=True)).first()


def reserve(session: Session, run: Run, *, account: str, amount: int, now: int) -> None:
    """Hold `amount` for what is still to be asked for, in place of what was held before; 0 holds nothing.

    `run` as it was `locked`. Raises `ledger.InsufficientCredits`.
    """
    if run.reserved:
        ledger.void(session, key=hold_key(run.id, run.reserved), now=now)
    if amount:
        number = run.reserved + 1
        ledger.hold(session, key=hold_key(run.id, number), account=account, amount=amount, now=now)
        _change(session, col(Run.id) == run.id, reserved=number)
        session.refresh(run)


def begin(session: Session, run_id: int, *, requester: Mapping[str, Any], now: int) -> bool:
    """Somebody said yes: RUNNING. False where it is no proposal any more."""
    return _woken(
        session,
        and_(col(Run.id) == run_id, col(Run.status) == "PROPOSED"),
        status="RUNNING",
        requester=dict(requester),
        confirmed_at=now,
        due_at=now,
    )


def reopen(session: Session, run_id: int, *, now: int, requester: Mapping[str, Any] | None = None) -> bool:
    """An ended run goes on. False where it has not ended."""
    asked_by = {} if requester is None else {"requester": dict(requester)}
    return _woken(
        session,
        and_(col(Run.id) == run_id, col(Run.status).in_(ENDED)),
        status="RUNNING",
        cancelling=False,
        finished_at=None,
        due_at=now,
        held_up=None,
        **asked_by,
    )


def went_on(session: Session, run_id: int, now: int) -> bool:
    """A step of it was asked for or has ended: it may ask for the next. False where it runs no longer."""
    return _woken(session, _running(run_id), due_at=now, held_up=None)


def put_off(session: Session, run_id: int, *, due_at: int, why: str) -> bool:
    """Its next step can't be asked for before then. False where it runs no longer."""
    return _change(session, _running(run_id), due_at=due_at, held_up=why)


def stop(session: Session, run_id: int) -> bool:
    """Nothing more of it is wanted. False where it runs no longer, or that was said before."""
    return _woken(session, and_(_running(run_id), ~col(Run.cancelling)), cancelling=True, held_up=None)


def end(session: Session, run_id: int, now: int) -> bool:
    """All its steps have come to their end: COMPLETED, or CANCELLED where it was stopped. False: it runs no longer."""
    stopped = and_(_running(run_id), col(Run.cancelling))
    return _change(session, stopped, status="CANCELLED", finished_at=now) or _change(
        session, _running(run_id), status="COMPLETED", finished_at=now, held_up=None
    )


def move(session: Session, run_id: int, numbers: Collection[int], to: StepState, *of: StepState) -> int:
    """The steps `numbers` that are in one of the states `of` are in `to` now, without an error; returns how many."""
    return _moved(session, run_id, numbers, of, state=to, error_code=None, error_params=None)


def refuse(session: Session, run_id: int, number: int, *, code: str, params: Mapping[str, Any]) -> bool:
    """A step can't be asked for: FAILED. False where it does not wait for that."""
    failed = {"state": "FAILED", "error_code": code, "error_params": dict(params)}
    return _moved(session, run_id, (number,), ["WAITING"], **failed) == 1


def take_prices_of_jobs(session: Session, run_id: int) -> None:
    """What waits and was asked for before costs what its job turned out to cost, not what was told beforehand."""
    price = select(col(Job.price)).where(col(Job.step_id) == col(Step.id)).correlate(Step).scalar_subquery()
    again = exists().where(col(Job.step_id) == col(Step.id)).correlate(Step)
    steps = update(Step).where(col(Step.run_id) == run_id, col(Step.state) == "WAITING", again).values(price=price)
    session.exec(steps, execution_options={"synchronize_session": False})


def forget(session: Session, run_id: int) -> bool:
    """Nobody wants this proposal. False where it is none any more."""
    return _forgotten(session, and_(col(Run.id) == run_id, col(Run.status) == "PROPOSED")) == 1


def forget_proposed_before(session: Session, before: int) -> int:
    """Forget the proposals that were made before then and nobody started; returns how many."""
    return _forgotten(session, and_(col(Run.status) == "PROPOSED", col(Run.created_at) < before))


def forget_proposed_but(session: Session, user_ids: Collection[int], kept: int) -> int:
    """Forget all proposals of somebody but the latest `kept`; returns how many."""
    theirs = and_(col(Run.status) == "PROPOSED", col(Run.user_id).in_(user_ids))
    latest = select(col(Run.id)).where(theirs).order_by(col(Run.id).desc()).limit(kept)
    return _forgotten(session, and_(theirs, col(Run.id).not_in(session.exec(latest).all())))


def _running(run_id: int) -> ColumnElement[bool]:
    return and_(col(Run.id) == run_id, col(Run.status) == "RUNNING")


def _woken(session: Session, where: ColumnElement[bool], **values: Any) -> bool:
    remember(session, "runs")
    return _change(session, where, **values)


def _change(session: Session, where: ColumnElement[bool], **values: Any) -> bool:
    changed = update(Run).where(where).values(**values)
    return session.exec(changed, execution_options={"synchronize_session": False}).rowcount == 1


def _moved(session: Session, run_id: int, numbers: Collection[int], of: Sequence[StepState], **values: Any) -> int:
    steps = (col(Step.run_id) == run_id, col(Step.number).in_(numbers), col(Step.state).in_(of))
    changed = update(Step).where(*steps).values(**values)
    return session.exec(changed, execution_options={"synchronize_session": False}).rowcount


def _forgotten(session: Session, which: ColumnElement[bool]) -> int:
    # Locked first: somebody may be starting one of them at this moment.
    ids = session.exec(select(col(Run.id)).where(which).with_for_update()).all()
    session.exec(delete(Step).where(col(Step.run_id).in_(ids)))
    return session.exec(delete(Run).where(col(Run.id).in_(ids))).rowcount
