"""Whether everything there was to tell about a job has been told."""

from __future__ import annotations

from storage import outbox
from storage.database import Database


async def settled(db: Database, job_id: int) -> bool:
    """True once no parcel of the job waits for its courier."""
    return not await db.aread(lambda session: outbox.pending_for(session, job_id))
