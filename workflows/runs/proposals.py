"""Runs before they run: kept as proposals, and begun by a yes. All of it in the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict, replace

from sqlmodel import Session

from storage import bulletins, ledger, runs, users
from storage.tables import Run
from workflows import bans, queue
from workflows.accept import too_few
from workflows.credits import allowance, daily_waiting, welcome
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.runs import settle
from workflows.runs.plan import Proposal


def propose(
    session: Session, rules: Rules, who: Requester, where: ReplyTo, proposal: Proposal, *, now: int,
    firing_id: int | None = None,
) -> Run:  # fmt: skip
    """Keep what somebody may say yes to; nothing is held and nothing runs. Raises `Refusal`."""
    user = welcome(session, rules.pricing, who, now)
    bans.require_welcome(session, user.id, now)
    if not proposal.steps:
        raise Refusal("nothing_to_make", field="run", value=proposal.name)
    most = rules.limits.runs.rows
    if len(proposal.steps) > most:
        raise Refusal("too_many_steps", field="run", value=len(proposal.steps), most=most)
    theirs = session.exec(users.everyone(user.id)).all()
    runs.forget_proposed_but(session, theirs, rules.limits.runs.proposed - 1)
    return runs.propose(
        session,
        user_id=user.id,
        kind=proposal.kind,
        name=proposal.name,
        surface=where.surface,
        channel=where.channel,
        server=who.server,
        message=where.message,
        requester=asdict(who),
        inputs=proposal.inputs,
        problems=[asdict(problem) for problem in proposal.problems],
        price=proposal.price,
        firing_id=firing_id,
        steps=[
            {
                "number": step.number,
                "name": step.name,
                "label": step.label,
                "line": step.line,
                "needs": list(step.needs),
                "task": step.task,
                "spec": dict(step.values),
                "price": step.price,
                "duration": step.duration,
                "takes": step.takes,
            }
            for step in proposal.steps
        ],
        now=now,
    )


def start(session: Session, rules: Rules, run: Run, who: Requester, *, now: int) -> None:
    """Begin a proposal of this person: all of it is held for, and its bulletin put up. Raises `Refusal`."""
    queue.require_open(session)
    payer = users.staying(session, run.user_id)
    bans.require_welcome(session, payer.id, now)
    asker = as_now(run, who)
    # What runs by itself knows the roles that somebody had once; they may have lost them long ago.
    known_now = asker if run.firing_id is None else replace(asker, roles=())
    allowance(session, rules.roles, payer, known_now, now)
    locked = settle.locked(session, run.id)
    if locked is None or not runs.begin(session, run.id, requester=asdict(asker), now=now):
        status = None if locked is None else locked.status
        raise Refusal("run_not_proposed", field="run", value=run.id, status=status)
    hold(session, rules, locked, asker, now)
    bulletins.put_up(
        session,
        key=f"run:{run.id}",
        kind="run",
        subject=run.id,
        topic="progress",
        surface=run.surface,
        channel=run.channel,
        now=now,
        message=run.message,
        server=run.server,
        user_id=run.user_id,
    )


def propose_and_start(
    session: Session, rules: Rules, who: Requester, where: ReplyTo, proposal: Proposal, *, now: int,
    firing_id: int | None = None,
) -> Run:  # fmt: skip
    """Begin what nobody has to say yes to any more. Raises `Refusal`."""
    run = propose(session, rules, who, where, proposal, now=now, firing_id=firing_id)
    start(session, rules, run, who, now=now)
    session.refresh(run)
    return run


def hold(session: Session, rules: Rules, run: Run, who: Requester, now: int, *, again: bool = False) -> None:
    """Hold for all that a `run`, which is locked, is still to ask for. Raises `Refusal`; `again`: it ran before."""
    try:
        settle.reserve(session, run, runs.outline(session, run.id), now)
    except ledger.InsufficientCredits as short:
        payer = users.person(session, run.user_id)
        raise too_few(short, daily=daily_waiting(session, rules.roles, payer, who, now), again=again) from None


def requester_of(run: Run) -> Requester:
    """Who asks for the steps of a run."""
    kept = dict(run.requester)
    return Requester(**{**kept, "roles": tuple(kept.get("roles", ()))})


def as_now(run: Run, who: Requester) -> Requester:
    """Who asked, as they are now: their roles may have changed. Somebody else who starts it does not become them."""
    kept = requester_of(run)
    same = (kept.surface, kept.external_id, kept.server) == (who.surface, who.external_id, who.server)
    return who if same else kept
