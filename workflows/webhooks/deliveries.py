"""What was sent to somebody's webhooks, for them to look at; to send once more, and to try."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import users, webhook_deliveries, webhooks
from storage.database import Database
from storage.tables import WebhookDelivery
from storage.webhook_deliveries import STATES, State
from workflows import limits
from workflows.credits import account_of
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.webhooks.events import TEST, new_id

__all__ = ["STATES", "DeliveryView", "State", "listed", "one", "send_again", "test"]


@dataclass(frozen=True)
class DeliveryView:
    """One event on its way to one endpoint. `status` is the HTTP status of the last answer, `error` why it was no good.

    `body` is what is sent, None before the first attempt; `due_at` when the next one is, None where there is none.
    Times in milliseconds since the epoch.
    """

    id: int
    endpoint_id: int
    event: str
    event_id: str
    job_id: int | None
    state: State
    attempts: int
    status: int | None
    error: str | None
    body: str | None
    created_at: int
    due_at: int | None
    delivered_at: int | None
    failed_at: int | None


async def listed(
    db: Database, owner: int, *, endpoint_id: int | None, state: State | None, skip: int, limit: int
) -> tuple[tuple[DeliveryView, ...], int]:
    """What was sent to their endpoints, or to one of them, the latest first; and how many there are altogether."""
    rows, total = await db.aread(
        lambda session: webhook_deliveries.listed(
            session, owner, endpoint_id=endpoint_id, state=state, skip=skip, limit=limit
        )
    )
    return tuple(map(_view, rows)), total


async def one(db: Database, owner: int, delivery_id: int) -> DeliveryView:
    """One of theirs. Raises `Refusal`."""
    return await db.aread(lambda session: _found(webhook_deliveries.get(session, delivery_id, owner)))


async def send_again(db: Database, owner: int, delivery_id: int) -> DeliveryView:
    """Send the very same once more, now. Raises `Refusal`."""

    def work(session: Session) -> DeliveryView:
        users.staying(session, owner)
        row = webhook_deliveries.get(session, delivery_id, owner)
        if row is not None:
            _require_enabled(session, row.endpoint_id, owner)
        return _found(webhook_deliveries.send_again(session, delivery_id, owner, now_ms()))

    return await db.awrite(work)


async def test(db: Database, owner: int, endpoint_id: int) -> DeliveryView:
    """Send a test to an endpoint of theirs, whatever it is told of. Raises `Refusal`."""

    def work(session: Session) -> DeliveryView:
        now, user = now_ms(), users.staying(session, owner)
        _require_enabled(session, endpoint_id, owner)
        limits.note_test(session, user_id=user.id, account=account_of(user), now=now)
        row = webhook_deliveries.add(session, endpoint_id=endpoint_id, event=TEST, event_id=new_id(), now=now)
        return _view(row)

    return await db.awrite(work)


def _require_enabled(session: Session, endpoint_id: int, owner: int) -> None:
    endpoint = webhooks.staying(session, endpoint_id, owner)
    if endpoint is None:
        raise Refusal("webhook_not_found")
    if endpoint.disabled_at is not None:
        raise Refusal("webhook_disabled")


def _found(row: WebhookDelivery | None) -> DeliveryView:
    if row is None:
        raise Refusal("webhook_not_found")
    return _view(row)


def _view(row: WebhookDelivery) -> DeliveryView:
    ended = row.delivered_at is not None or row.dead_at is not None
    return DeliveryView(
        id=row.id,
        endpoint_id=row.endpoint_id,
        event=row.event,
        event_id=row.event_id,
        job_id=row.job_id,
        state="delivered" if row.delivered_at is not None else "failed" if ended else "pending",
        attempts=row.attempts,
        status=row.status,
        error=row.error,
        body=row.body or None,
        created_at=row.created_at,
        due_at=None if ended else row.due_at,
        delivered_at=row.delivered_at,
        failed_at=row.dead_at,
    )
