"""Requests that were refused, kept so that their authors lose nothing they wrote."""

from __future__ import annotations

from sqlmodel import Session

from storage import drafts, users
from storage.database import Database
from workflows.credits import welcome
from workflows.people import Requester, now_ms
from workflows.pricing import Pricing

LONGEST = 25_000


async def keep(db: Database, pricing: Pricing, who: Requester, text: str) -> str | None:
    """Keep what was written, as it can be typed; returns the id to find it by, None where it is too long to keep."""
    if len(text) > LONGEST:
        return None

    def work(session: Session) -> str:
        now = now_ms()
        return drafts.keep(session, user_id=welcome(session, pricing, who, now).id, text=text, now=now)

    return await db.awrite(work)


async def find(db: Database, who: Requester, draft: str) -> str | None:
    """What this person wrote under `draft`, if it is theirs and still kept."""

    def work(session: Session) -> str | None:
        user = users.known(session, who.surface, who.external_id)
        return None if user is None else drafts.get(session, draft, user.id)

    return await db.aread(work)
