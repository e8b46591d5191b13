"""Forgets what nobody will ask for again."""

from __future__ import annotations

from sqlmodel import Session

from storage import drafts, heard
from storage.database import Database
from workflows.people import now_ms

# Chats bring a request again within minutes; people come back to what they wrote within days.
HEARD_MS, DRAFTS_MS = 2 * 86_400_000, 14 * 86_400_000


async def forget(db: Database) -> None:
    """Drop requests and drafts that are too old to matter."""

    def work(session: Session) -> None:
        now = now_ms()
        heard.forget(session, now - HEARD_MS)
        drafts.forget(session, now - DRAFTS_MS)

    await db.awrite(work)
