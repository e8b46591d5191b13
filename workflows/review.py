"""Requests that somebody in charge looks at before they are made. They are kept and held for like any other."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from engine.spec import Request
from storage import jobs, recordings, reviews
from storage.database import Database
from storage.tables import User
from workflows import moderation, view
from workflows.attempt import end_unpaid
from workflows.limits import NO_SONGS
from workflows.moderators import looked_after, server_of
from workflows.people import Requester, now_ms
from workflows.record import note, signature
from workflows.recording import link_field
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules
from workflows.view import JobView


@dataclass(frozen=True)
class Waiting:
    """The requests that wait longest for a look, and how many there are in all."""

    jobs: tuple[JobView, ...]
    count: int


def needs_look(session: Session, rules: Rules, who: Requester, user: User, spec: Request) -> bool:
    """Whether somebody looks at this request first.

    Not where nobody wrote a word: what is made from a song that is there was looked at with it. Sound from outside was
    looked at by nobody; what is only told of it, and not played, may be told.
    """
    rule = rules.moderation
    brings = link_field(spec) is not None and spec.task not in rules.capabilities.quick
    if rules.roles.in_charge(who) or not (brings or moderation.is_said(spec)):
        return False
    if rule.review == "everybody" or moderation.has_review_words(rule, spec):
        return True
    if rule.review != "newcomers":
        return False
    # Stems of somebody else's song cost next to nothing, and show nothing of what somebody would ask for.
    return jobs.finished_count(session, user.id, rule.review_first, without=NO_SONGS) < rule.review_first


async def waiting(db: Database, who: Requester, limit: int) -> Waiting:
    """What waits for a look by somebody in charge where `who` is."""

    def look(session: Session) -> Waiting:
        found, count = reviews.waiting(session, limit, server=server_of(who))
        return Waiting(tuple(view.look(session, job.id) for job in found), count)

    return await db.aread(look)


async def approve(db: Database, who: Requester, job_id: int, *, request: str | None) -> JobView:
    """Let it be made. Raises `Refusal` where it doesn't wait for that any more."""

    def work(session: Session) -> JobView:
        now = now_ms()
        only_once(session, request, now)
        looked_after(session, job_id, who)
        decided = reviews.decide(session, job_id, "approved", by=signature(session, who), why=None, now=now)
        if not (decided and jobs.release(session, job_id=job_id, now=now)):
            raise Refusal("not_in_review", field="job_id", value=job_id)
        note(session, who, "approve", f"job:{job_id}", now)
        return view.look(session, job_id)

    return await db.awrite(work)


async def reject(db: Database, who: Requester, job_id: int, why: str, *, request: str | None) -> JobView:
    """Cancel it unmade and uncharged; its owner is told why. Raises `Refusal` as `approve` does."""

    def work(session: Session) -> JobView:
        now = now_ms()
        only_once(session, request, now)
        looked_after(session, job_id, who)
        decided = reviews.decide(session, job_id, "rejected", by=signature(session, who), why=why, now=now)
        job = jobs.rejected(session, job_id=job_id, why=why, now=now) if decided else None
        if job is None:
            raise Refusal("not_in_review", field="job_id", value=job_id)
        end_unpaid(session, job, "cancelled", now)
        if job.recording_id is not None:
            recordings.let_go(session, job.recording_id)
        note(session, who, "reject", f"job:{job_id}", now, why=why)
        return view.look(session, job_id)

    return await db.awrite(work)
