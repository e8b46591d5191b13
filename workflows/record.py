"""The record of what those in charge did, to be read."""

from __future__ import annotations

from storage import audit
from storage.database import Database
from storage.tables import Audit


async def latest(db: Database, limit: int) -> tuple[Audit, ...]:
    """The latest entries, newest first."""
    return await db.aread(lambda session: audit.latest(session, limit))


def in_words(entry: Audit) -> tuple[str, ...]:
    """The details of an entry as "name value", in the order they were noted."""
    return tuple(f"{name} {value}" for name, value in (entry.details or {}).items())
