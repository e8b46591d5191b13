"""Whether everything there was to tell about a job, or a run, has been told."""

from __future__ import annotations

from storage import bulletins, outbox
from storage.database import Database


async def settled(db: Database, job_id: int) -> bool:
    """True once no parcel of the job waits for its courier."""
    return not await db.aread(lambda session: outbox.pending_for(session, job_id))


async def run_settled(db: Database, run_id: int) -> bool:
    """True once the message of the run says how it stands."""
    return await db.aread(lambda session: bulletins.settled(session, "run", run_id))
