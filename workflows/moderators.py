"""Those in charge and people: who is kept out, and what is noted of that.

Whether somebody is in charge is asked before (`workflows.roles`). A ban keeps people from asking for anything, not from
being in charge: a role is taken away where it was given. So nobody in charge can be kept out by another from a chat for
longer than they put up with it; whom the terminal bans, only the terminal lets in again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import bans, jobs, users
from storage.database import Database
from storage.tables import Job, User
from storage.users import TERMINAL
from workflows import named
from workflows.attempt import end_unpaid
from workflows.credits import welcome
from workflows.people import OPERATOR, Requester, now_ms
from workflows.pricing import Pricing
from workflows.record import note, signature
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.runs import calling_off

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Banned:
    """Somebody who may ask for nothing for `hours` more (None: for good), as `by` said."""

    name: str
    why: str
    hours: float | None
    by: str


def looked_after(session: Session, job_id: int, who: Requester) -> Job:
    """The job, if it was asked for on the server that `who` is in charge of, or on none, or they have the terminal.

    Raises `Refusal` as if it did not exist. What was asked for in a direct message has to be looked after by somebody.
    """
    job = jobs.get(session, job_id)
    if job is None or not (who.surface == TERMINAL or job.server is None or job.server == who.server):
        raise Refusal("job_not_found", field="job_id", value=job_id)
    return job


def server_of(who: Requester) -> str | None:
    """The server that `who` looks after; None: all of them."""
    return None if who.surface == TERMINAL else who.server or ""


async def ban(
    db: Database, pricing: Pricing, who: Requester, whom: str, *, hours: int | None, why: str, request: str | None
) -> tuple[str, int]:
    """Keep somebody out for `hours`, or for good, and cancel what they have going. Raises `Refusal`.

    Returns their name, and how many jobs were cancelled.
    """

    def work(session: Session) -> tuple[str, int]:
        now = now_ms()
        only_once(session, request, now)
        user, mine = _people(session, pricing, who, whom, now)
        if users.has_terminal(session, user.id):
            raise Refusal("cannot_ban_operator", field="who", value=user.name)
        if user.id == mine.id:
            raise Refusal("cannot_ban_yourself", field="who", value=whom)
        _require_lifted_here(session, user, who, now)
        until = None if hours is None else now + hours * HOUR_MS
        by = OPERATOR.name if who.surface == TERMINAL else signature(session, who)
        bans.put(session, user_id=user.id, why=why, by=by, until=until, now=now)
        live = jobs.live_of(session, user.id)
        for job_id in live:
            job = jobs.call_off(session, job_id=job_id, why=why, now=now)
            if job is not None and job.status == "CANCELLED":
                end_unpaid(session, job, "cancelled", now)
        calling_off.stop_all_of(session, user.id, now)
        note(session, who, "ban", f"user:{user.id}", now, name=user.name, hours=hours, why=why or None)
        return user.name, len(live)

    return await db.awrite(work)


async def unban(db: Database, pricing: Pricing, who: Requester, whom: str, *, request: str | None) -> str:
    """Let somebody in again; returns their name. Raises `Refusal`."""

    def work(session: Session) -> str:
        now = now_ms()
        only_once(session, request, now)
        user, _ = _people(session, pricing, who, whom, now)
        if bans.of(session, user.id, now) is None:
            raise Refusal("not_banned", field="who", value=user.name)
        _require_lifted_here(session, user, who, now)
        bans.lift(session, user.id)
        note(session, who, "unban", f"user:{user.id}", now, name=user.name)
        return user.name

    return await db.awrite(work)


async def banned(db: Database, limit: int) -> tuple[tuple[Banned, ...], int]:
    """Who is kept out now, the latest first, and how many those are in all."""

    def look(session: Session) -> tuple[tuple[Banned, ...], int]:
        now = now_ms()
        found, count = bans.current(session, now, limit)
        shown = tuple(
            Banned(name, row.why, None if row.until is None else (row.until - now) / HOUR_MS, row.by)
            for row, name in found
        )
        return shown, count

    return await db.aread(look)


def _people(session: Session, pricing: Pricing, who: Requester, whom: str, now: int) -> tuple[User, User]:
    """Whom they mean, who does nothing else until that is done, and themselves."""
    return named.person(session, pricing, whom, who, now, alone=True), welcome(session, pricing, who, now)


def _require_lifted_here(session: Session, user: User, who: Requester, now: int) -> None:
    """The operator's word is not changed from a chat."""
    ban = bans.get(session, user.id)
    lasts = ban is not None and (ban.until is None or ban.until > now)
    if ban is not None and lasts and ban.by == OPERATOR.name and who.surface != TERMINAL:
        raise Refusal("operators_ban", field="who", value=user.name)
