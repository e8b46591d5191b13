"""The outbox: every post goes out, and only once (promise 4). Slow work happens after commit, never inside one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlmodel import Session

from storage import outbox
from storage.database import Database
from workflows.people import now_ms
from workflows.view import JobView, look

log = logging.getLogger(__name__)

LEASE_MS = 60_000
BATCH = 20
FIRST_WAIT_MS, LONGEST_WAIT_MS, TRIES = 1_000, 600_000, 12


@dataclass(frozen=True)
class Parcel:
    """One thing to tell one channel. `key` is the same at every try: a courier looks before it posts again."""

    key: str
    topic: str
    payload: Mapping[str, Any]
    job: JobView


class DeliveryFailed(Exception):
    """`permanent`: trying again can't help (the channel is gone); else it is tried again later."""

    def __init__(self, cause: str, *, permanent: bool) -> None:
        super().__init__(cause)
        self.permanent = permanent


class Courier(Protocol):
    """Takes parcels to one surface. MUST be idempotent by `parcel.key`."""

    surface: str

    async def deliver(self, parcel: Parcel) -> str:
        """Post it, or find that it is posted already; returns a receipt (a message id, a path)."""


async def deliver_due(db: Database, couriers: Mapping[str, Courier]) -> int:
    """Deliver what is due for the surfaces we have couriers for; returns how many rows were looked at."""
    surfaces = tuple(couriers)

    def claim(session: Session) -> list[tuple[int, Parcel, int]]:
        rows = outbox.claim_due(session, surfaces=surfaces, now=now_ms(), lease_ms=LEASE_MS, limit=BATCH)
        return [
            (row.id, Parcel(row.key, row.topic, row.payload, look(session, row.job_id)), row.attempts) for row in rows
        ]

    if not surfaces or not await db.aread(lambda s: outbox.is_due(s, surfaces=surfaces, now=now_ms())):
        return 0
    parcels = await db.awrite(claim)
    for row_id, parcel, attempts in parcels:
        await _deliver(db, couriers[parcel.job.surface], row_id, parcel, attempts)
    return len(parcels)


async def _deliver(db: Database, courier: Courier, row_id: int, parcel: Parcel, attempts: int) -> None:
    try:
        receipt = await courier.deliver(parcel)
    except DeliveryFailed as failure:
        cause, permanent = str(failure), failure.permanent
    except Exception as failure:
        log.exception("parcel %s", parcel.key)
        cause, permanent = repr(failure), False
    else:
        await db.awrite(lambda session: outbox.sent(session, row_id, now_ms(), receipt))
        return
    log.warning("parcel %s not delivered: %s", parcel.key, cause)
    if permanent or attempts >= TRIES:
        await db.awrite(lambda session: outbox.dead(session, row_id, now_ms(), cause))
        return
    wait_ms = min(FIRST_WAIT_MS * 2 ** max(attempts - 1, 0), LONGEST_WAIT_MS)
    due_at = now_ms() + wait_ms
    await db.awrite(lambda session: outbox.retry_later(session, row_id, due_at, cause))
