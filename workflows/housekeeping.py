"""Forgets what nobody will ask for again. It reads first: an idle house writes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlmodel import Session

from storage import asked, blobs, drafts, erased, erasure, heard, outbox, recordings, runs, webhook_deliveries
from storage.database import Database
from workflows import incoming
from workflows.limits import Retention
from workflows.people import now_ms
from workflows.privacy import departed, retention

# Chats bring a request again within minutes; people come back to what they wrote within days.
HEARD_MS, DRAFTS_MS = 2 * 86_400_000, 14 * 86_400_000
# No limit looks back further than a day.
ASKED_MS = 2 * 86_400_000
# Whoever wants a run says so at once; prices and songs change.
PROPOSED_MS = 86_400_000
# What was told a month ago is of use to nobody.
TOLD_MS = 30 * 86_400_000
# Nobody has themselves forgotten for the sake of credits that they get in a year.
ERASED_MS = 366 * 86_400_000
# A blob is written before the row that speaks of it; younger ones may still get theirs.
ORPHAN_S = 3600.0
# What was brought in is there for as long as people try things with it; one that no job came of goes with the files.
RECORDINGS_MS, WITHOUT_JOB_MS = 30 * 86_400_000, 3_600_000


async def sweep(db: Database, store: blobs.Blobs, coming_in: Path) -> None:
    """Remove files that nothing needs, and what was left in the folder of what is `coming_in`."""
    await asyncio.to_thread(incoming.clear, coming_in, ORPHAN_S)
    if await db.aread(lambda session: blobs.unneeded(session, store, older_than_s=ORPHAN_S)):
        await db.awrite(lambda session: blobs.sweep(session, store, older_than_s=ORPHAN_S))


async def keep_within(db: Database, kept: Retention) -> None:
    """Let go what is of servers that removed the bot, and songs that are kept no longer; files go with `sweep`."""
    await departed.clear(db, kept.after_removal_days)
    await retention.tidy(db, kept)


async def forget(db: Database) -> None:
    """Drop requests, drafts, proposals, recordings and what was counted and told, once they are too old to matter.

    And what was still known of somebody who had themselves forgotten, once their messages are gone.
    """
    now = now_ms()
    unused = {"unused_since": now - RECORDINGS_MS, "without_job_since": now - WITHOUT_JOB_MS}

    def work(session: Session) -> None:
        heard.forget(session, now - HEARD_MS)
        drafts.forget(session, now - DRAFTS_MS)
        asked.forget(session, now - ASKED_MS)
        runs.forget_proposed_before(session, now - PROPOSED_MS)
        recordings.forget(session, **unused)
        outbox.forget(session, now - TOLD_MS)
        webhook_deliveries.forget(session, now - TOLD_MS)
        erased.forget(session, now - ERASED_MS, now)
        erasure.finish(session)

    def old(session: Session) -> bool:
        return (
            heard.any_before(session, now - HEARD_MS)
            or drafts.any_before(session, now - DRAFTS_MS)
            or asked.any_before(session, now - ASKED_MS)
            or runs.any_proposed_before(session, now - PROPOSED_MS)
            or recordings.any_forgotten(session, **unused)
            or outbox.any_before(session, now - TOLD_MS)
            or webhook_deliveries.any_before(session, now - TOLD_MS)
            or erased.any_before(session, now - ERASED_MS, now)
            or erasure.any_left(session)
        )

    if await db.aread(old):
        await db.awrite(work)
