"""What webhooks tell of, kept in the transaction in which it happens (promise 1)."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlmodel import Session

from storage import webhook_deliveries, webhooks

if TYPE_CHECKING:
    from storage.claims import Ticket
    from storage.tables import Job

TEST = "webhook.test"
# What the end of a job is called, by what it makes of it.
OF_JOBS = {"COMPLETED": "job.completed", "FAILED": "job.failed", "CANCELLED": "job.cancelled"}
EVENTS = (*OF_JOBS.values(), TEST)
ALL = "*"


def told_of(events: Collection[str], event: str) -> bool:
    """Whether an endpoint with these `events` hears of `event`."""
    return ALL in events or event in events


def new_id() -> str:
    """A name for one event, by which whoever hears of it twice knows it again."""
    return f"evt_{secrets.token_hex(12)}"


def happened(session: Session, job: Job | Ticket, topic: str, now: int) -> None:
    """Tell the endpoints of its owner that `job` has "completed", "failed" or been "cancelled"; nothing else is told.

    To be called once for each, in the transaction in which it ends.
    """
    event = f"job.{topic}"
    if event not in EVENTS:
        return
    event_id = new_id()
    for endpoint_id, events in webhooks.listening(session, job.user_id):
        if told_of(events, event):
            webhook_deliveries.add(
                session, endpoint_id=endpoint_id, event=event, event_id=event_id, job_id=job.id, now=now
            )
