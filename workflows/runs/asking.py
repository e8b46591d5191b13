"""Asking for a step: out of what its run has reserved into the hold of a job of its own, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from engine.spec import Request
from storage import bulletins, runs
from storage.claims import Ticket
from storage.tables import Job, Run, Step, User
from workflows import limits
from workflows.accept import enter, hold, keep, renew, weigh
from workflows.credits import account_of
from workflows.incoming import Brought
from workflows.people import ReplyTo, Requester
from workflows.pictures import Portrait
from workflows.rules import Rules
from workflows.runs import references, settle
from workflows.runs.proposals import requester_of


class Overtaken(Exception):
    """Somebody else asked for the step, or called it off, at this moment: there is nothing to do."""


@dataclass(frozen=True)
class Wanted:
    """A step whose turn has come. `again`: it has a job, which failed; else it is made of `values`.

    `parent` is the job of the first step that it needs, `asked_at` when somebody wanted all of the run.
    """

    run: int
    step: int
    number: int
    task: str
    values: Mapping[str, Any]
    who: Requester
    where: ReplyTo
    parent: int | None
    again: bool
    asked_at: int


def ready(session: Session, run_id: int, at_once: int) -> tuple[Wanted, ...]:
    """The steps of a run whose turn has come, as long as fewer than `at_once` of its jobs wait or run."""
    run = runs.get(session, run_id)
    if run is None or run.status != "RUNNING" or run.cancelling:
        return ()
    outline = runs.outline(session, run_id)
    done = {step.number for step in outline if step.state == "DONE"}
    room = max(at_once - sum(step.state == "QUEUED" for step in outline), 0)
    turn = [step.number for step in outline if step.state == "WAITING" and done.issuperset(step.needs)][:room]
    steps = {step.number: step for step in runs.steps_of(session, run_id)} if turn else {}
    return tuple(_wanted(session, run, steps, steps[number]) for number in turn)


def ask(
    session: Session, rules: Rules, it: Wanted, spec: Request | None, brought: Brought | None, now: int, *,
    portrait: Portrait | None = None,
) -> Job | Ticket:  # fmt: skip
    """Keep the job of a step (of `spec`, or a new round of the one that failed) with its hold. Raises `Refusal`.

    Raises `Overtaken`, with nothing kept, where the step is not to be asked for any more.
    """
    user, _ = enter(session, rules, it.who, now)
    if spec is None:
        # Judged like a new request: what failed counted no longer.
        _check_limits(session, rules, user, it, now)
        _require_waiting(session, it)
        failed = runs.job_of(session, it.step)
        job: Job | Ticket | None = None if failed is None else renew(session, failed.id, now)
        if job is None:
            raise Overtaken
    else:
        weighed = weigh(session, rules, user, it.who, it.where, spec, brought, now)
        _require_waiting(session, it)
        job = keep(session, rules, weighed, now, parent_id=it.parent, step_id=it.step)
        if portrait is not None:
            portrait.keep(session, job.id, now)
    _take_out(session, it, now)
    hold(session, user, job, now)
    return job


def refuse(session: Session, it: Wanted, code: str, params: Mapping[str, Any], now: int) -> None:
    """The step can't be made: FAILED without a job, and nobody pays. What needs it is skipped."""
    run = settle.locked(session, it.run)
    if run is not None and runs.refuse(session, it.run, it.number, code=code, params=params):
        settle.go_on(session, run, now, freed=True)


def put_off(session: Session, it: Wanted, *, due_at: int, why: str, now: int, until: bool) -> None:
    """The run has to wait, and says why. `until`: nobody has to guess for how long, so that is told, too."""
    before = runs.get(session, it.run)
    told = before is not None and before.held_up == why and not until
    if runs.put_off(session, it.run, due_at=due_at, why=why) and not told:
        # One that waits for days is looked at every few seconds, and there is nothing new to say of it.
        bulletins.bump(session, "run", it.run, now)


def _wanted(session: Session, run: Run, steps: Mapping[int, Step], step: Step) -> Wanted:
    first = runs.job_of(session, steps[step.needs[0]].id) if step.needs else None
    return Wanted(
        run=run.id,
        step=step.id,
        number=step.number,
        task=step.task,
        values=references.settled(session, steps, step),
        who=requester_of(run),
        where=ReplyTo(run.surface, run.channel),
        parent=None if first is None else first.id,
        again=runs.job_of(session, step.id) is not None,
        asked_at=run.created_at,
    )


def _check_limits(session: Session, rules: Rules, user: User, it: Wanted, now: int) -> None:
    account = account_of(user)
    limits.check(
        session, rules.limits, rules.roles, user_id=user.id, account=account, who=it.who, task=it.task, now=now
    )


def _require_waiting(session: Session, it: Wanted) -> None:
    """Two who feed the same run come here one after the other: whoever is second finds what the first did."""
    if not any(step.number == it.number and step.state == "WAITING" for step in runs.outline(session, it.run)):
        raise Overtaken


def _take_out(session: Session, it: Wanted, now: int) -> None:
    """Mark the step as asked for, and take what it costs out of what its run has reserved."""
    run = settle.locked(session, it.run)
    # Where the run was called off at this moment, it waits no longer.
    if run is None or not runs.move(session, it.run, (it.number,), "QUEUED", "WAITING"):
        raise Overtaken
    settle.reserve(session, run, runs.outline(session, it.run), now)
    runs.went_on(session, it.run, now)
    bulletins.bump(session, "run", it.run, now)
