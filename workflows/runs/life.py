"""What people do to runs: propose, start, drop, cancel, retry.

`request` is the chat's own id of what somebody typed or pressed: the same one again raises `Repeated` and changes
nothing. All of them return the run as it is afterwards, and raise `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlmodel import Session

from storage import bulletins, runs, users
from storage.database import Database
from storage.runs import Outline
from storage.tables import Run
from workflows import bans, queue, schedules
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules
from workflows.runs import calling_off, proposals, reach, settle
from workflows.runs.plan import Proposal
from workflows.runs.view import RunView, look


async def propose(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, proposal: Proposal, *, request: str | None = None
) -> RunView:
    """Keep what this person may say yes to within a day; nothing is held and nothing runs."""
    return await _kept(db, rules, who, where, proposal, proposals.propose, request)


async def propose_and_start(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, proposal: Proposal, *, request: str | None = None
) -> RunView:
    """Begin what this person has said yes to before."""
    return await _kept(db, rules, who, where, proposal, proposals.propose_and_start, request)


async def start(
    db: Database, rules: Rules, run_id: int, who: Requester, where: ReplyTo, *, request: str | None = None
) -> RunView:
    """Begin a proposal: all of it is held for, and from now on it runs by itself."""

    def work(session: Session) -> RunView:
        now = now_ms()
        only_once(session, request, now)
        proposals.start(session, rules, reach.owned(session, run_id, who, where), who, now=now)
        return look(session, run_id)

    return await db.awrite(work)


async def drop(db: Database, run_id: int, who: Requester, where: ReplyTo, *, request: str | None = None) -> RunView:
    """Forget a proposal; returns it as it was."""

    def work(session: Session) -> RunView:
        only_once(session, request, now_ms())
        run = reach.owned(session, run_id, who, where)
        shown = look(session, run_id)
        if not runs.forget(session, run_id):
            raise Refusal("run_not_proposed", field="run", value=run_id, status=run.status)
        return shown

    return await db.awrite(work)


async def cancel(db: Database, run_id: int, who: Requester, where: ReplyTo, *, request: str | None = None) -> RunView:
    """Ask for nothing more of a run and cancel what is under way; what is done stays, and stays paid."""

    def work(session: Session) -> None:
        now = now_ms()
        only_once(session, request, now)
        run = reach.owned(session, run_id, who, where)
        if not calling_off.stop(session, run_id, now) and run.status != "RUNNING":
            raise Refusal("cannot_cancel_run", field="run", value=run_id, status=run.status)

    await db.awrite(work)
    await calling_off.jobs_of(db, run_id)
    return await db.aread(lambda session: look(session, run_id))


async def retry(
    db: Database, rules: Rules, run_id: int, who: Requester, where: ReplyTo, *, request: str | None = None
) -> RunView:
    """Ask again for what failed, and for what was skipped because of it; what that costs is held anew.

    What was cancelled stays so. A job that failed is renewed when its turn comes: there is never another of its step.
    """

    def work(session: Session) -> RunView:
        now = now_ms()
        only_once(session, request, now)
        run = reach.owned(session, run_id, who, where)
        queue.require_open(session)
        bans.require_welcome(session, users.staying(session, run.user_id).id, now)
        locked = settle.locked(session, run_id)
        if locked is None or locked.status != "COMPLETED":
            raise Refusal("nothing_to_retry", field="run", value=run_id)
        revived = _revived(runs.outline(session, run_id))
        if not revived:
            raise Refusal("nothing_to_retry", field="run", value=run_id)
        runs.move(session, run_id, revived, "WAITING", "FAILED", "SKIPPED")
        runs.take_prices_of_jobs(session, run_id)
        asker = proposals.as_now(locked, who)
        runs.reopen(session, run_id, now=now, requester=asdict(asker))
        proposals.hold(session, rules, locked, asker, now, again=True)
        bulletins.bump(session, "run", run_id, now, at_once=True)
        return look(session, run_id)

    return await db.awrite(work)


async def _kept(
    db: Database,
    rules: Rules,
    who: Requester,
    where: ReplyTo,
    proposal: Proposal,
    keep: Callable[..., Run],
    request: str | None,
) -> RunView:
    def work(session: Session) -> RunView:
        now = now_ms()
        only_once(session, request, now)
        if (user := users.present(session, who.surface, who.external_id)) is not None:
            schedules.known_now(session, user, who, now)
        return look(session, keep(session, rules, who, where, proposal, now=now).id)

    return await db.awrite(work)


def _revived(steps: Sequence[Outline]) -> list[int]:
    """The steps that may be asked for again: what failed, and what was skipped and has all it needs, then or now."""
    there = {step.number for step in steps if step.state in ("DONE", "FAILED")}
    revived = [step.number for step in steps if step.state == "FAILED"]
    while more := [
        step.number
        for step in steps
        if step.state == "SKIPPED" and step.number not in there and there.issuperset(step.needs)
    ]:
        there.update(more)
        revived += more
    return revived
