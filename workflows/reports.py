"""Songs that somebody complains about, and what those in charge do about them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import jobs, reports, users
from storage.database import Database
from workflows import bans, reach, view
from workflows.control import remove_music
from workflows.credits import welcome
from workflows.moderators import looked_after, server_of
from workflows.people import ReplyTo, Requester, now_ms
from workflows.pricing import Pricing
from workflows.record import note
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.view import JobView


@dataclass(frozen=True)
class Complaint:
    """A song with open complaints: `count` of them, and the reasons of the latest."""

    job: int
    title: str | None
    user: str
    count: int
    reasons: tuple[str, ...]


async def report(
    db: Database, pricing: Pricing, who: Requester, where: ReplyTo, job_id: int, why: str, *, request: str | None
) -> None:
    """Keep somebody's complaint about a song that they can see, once. Raises `Refusal`."""

    def work(session: Session) -> None:
        now = now_ms()
        only_once(session, request, now)
        job = reach.seen(session, job_id, who, where)
        user = welcome(session, pricing, who, now)
        bans.require_welcome(session, user.id, now)
        if job.status != "COMPLETED" or job.deleted_at is not None:
            raise Refusal("nothing_to_report", field="job_id", value=job_id)
        if not reports.add(session, job_id=job_id, user_id=user.id, why=why, now=now):
            raise Refusal("reported_already", field="job_id", value=job_id)

    await db.awrite(work)


async def complaints(db: Database, who: Requester, limit: int) -> tuple[tuple[Complaint, ...], int]:
    """The songs with open complaints where `who` is in charge, those with most first, and how many there are."""

    def look(session: Session) -> tuple[tuple[Complaint, ...], int]:
        found, count = reports.open_ones(session, limit, server=server_of(who))
        shown = tuple(
            Complaint(one.job.id, one.job.title, users.person(session, one.job.user_id).name, one.count, one.reasons)
            for one in found
        )
        return shown, count

    return await db.aread(look)


async def take_down(db: Database, who: Requester, job_id: int, why: str, *, request: str | None) -> JobView:
    """Throw away the music of a finished job and say why in its post. Raises `Refusal`.

    What it cost stays paid: the work was done.
    """

    def work(session: Session) -> JobView:
        now = now_ms()
        only_once(session, request, now)
        job = looked_after(session, job_id, who)
        if not remove_music(session, job, "taken_down", now):
            raise Refusal("nothing_to_take_down", field="job_id", value=job_id)
        jobs.taken_down(session, job_id, why)
        closed = reports.close(session, job_id, "taken_down", now)
        note(session, who, "takedown", f"job:{job_id}", now, why=why, reports=closed or None)
        return view.look(session, job_id)

    return await db.awrite(work)


async def dismiss(db: Database, who: Requester, job_id: int, *, request: str | None) -> int:
    """Close the complaints about a song that stays; returns how many those were. Raises `Refusal` for none."""

    def work(session: Session) -> int:
        now = now_ms()
        only_once(session, request, now)
        looked_after(session, job_id, who)
        closed = reports.close(session, job_id, "kept", now)
        if not closed:
            raise Refusal("no_reports", field="job_id", value=job_id)
        note(session, who, "dismiss", f"job:{job_id}", now, reports=closed)
        return closed

    return await db.awrite(work)
