"""Forgets what nobody will ask for again. It reads first: an idle house writes nothing."""

from __future__ import annotations

from sqlmodel import Session

from storage import asked, blobs, drafts, heard
from storage.database import Database
from workflows.people import now_ms

# Chats bring a request again within minutes; people come back to what they wrote within days.
HEARD_MS, DRAFTS_MS = 2 * 86_400_000, 14 * 86_400_000
# No limit looks back further than a day.
ASKED_MS = 2 * 86_400_000
# A blob is written before the row that speaks of it; younger ones may still get theirs.
ORPHAN_S = 3600.0


async def sweep(db: Database, store: blobs.Blobs) -> None:
    """Remove files that no track needs."""
    if await db.aread(lambda session: blobs.unneeded(session, store, older_than_s=ORPHAN_S)):
        await db.awrite(lambda session: blobs.sweep(session, store, older_than_s=ORPHAN_S))


async def forget(db: Database) -> None:
    """Drop requests, drafts and what was counted, once they are too old to matter."""
    now = now_ms()

    def work(session: Session) -> None:
        heard.forget(session, now - HEARD_MS)
        drafts.forget(session, now - DRAFTS_MS)
        asked.forget(session, now - ASKED_MS)

    def old(session: Session) -> bool:
        return (
            heard.any_before(session, now - HEARD_MS)
            or drafts.any_before(session, now - DRAFTS_MS)
            or asked.any_before(session, now - ASKED_MS)
        )

    if await db.aread(old):
        await db.awrite(work)
