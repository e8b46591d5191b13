"""What is on its way to webhooks: kept in the transaction that makes it true, and sent from here until it is taken.

Like the outbox (`storage.outbox`), with an end of its own: after some attempts it is given up.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, delete, select, update

from storage.tables import WebhookDelivery, WebhookEndpoint
from storage.users import everyone
from storage.wake import remember

# How it stands: on its way, taken, or given up.
State = Literal["pending", "delivered", "failed"]
STATES: tuple[State, ...] = get_args(State)
# How many of those that are of no more use go at once; the next look finds the others.
FORGOTTEN = 1000


def add(
    session: Session, *, endpoint_id: int, event: str, event_id: str, now: int, job_id: int | None = None
) -> WebhookDelivery:
    """Keep something to send. What exactly is sent is settled at the first attempt (`keep_body`)."""
    remember(session, "outbox")
    row = WebhookDelivery(
        endpoint_id=endpoint_id, event=event, event_id=event_id, job_id=job_id, body="", due_at=now, created_at=now
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, delivery_id: int, user_id: int) -> WebhookDelivery | None:
    """A delivery to an endpoint of theirs."""
    return session.exec(select(WebhookDelivery).where(_one(delivery_id, user_id))).first()


def listed(
    session: Session, user_id: int, *, endpoint_id: int | None, state: State | None, skip: int, limit: int
) -> tuple[tuple[WebhookDelivery, ...], int]:
    """Deliveries to their endpoints, or to one of them, the latest first; and how many there are altogether."""
    which = [_of(user_id)]
    if endpoint_id is not None:
        which.append(col(WebhookDelivery.endpoint_id) == endpoint_id)
    if state is not None:
        which.append(_is(state))
    rows = select(WebhookDelivery).where(*which).order_by(col(WebhookDelivery.id).desc()).offset(skip).limit(limit)
    total = select(func.count()).select_from(WebhookDelivery).where(*which)
    return tuple(session.exec(rows)), session.exec(total).one()


def is_due(session: Session, now: int) -> bool:
    """Whether `claim_due` would find anything; reads only."""
    return session.exec(select(col(WebhookDelivery.id)).where(_due(now)).limit(1)).first() is not None


def claim_due(
    session: Session, *, now: int, lease_ms: int, limit: int, busy: Collection[int]
) -> tuple[tuple[WebhookDelivery, WebhookEndpoint], ...]:
    """Lease what is due to the caller, with where it goes, and count the attempt.

    One thing an endpoint, the oldest of it, and none of the endpoints in `busy`: one that takes its time holds up only
    itself. What is not answered for within its lease is due again.
    """
    first = (
        select(func.min(WebhookDelivery.id))
        .where(_due(now), col(WebhookDelivery.endpoint_id).not_in(busy))
        .group_by(col(WebhookDelivery.endpoint_id))
        .order_by(func.min(WebhookDelivery.due_at), func.min(WebhookDelivery.id))
        .limit(limit)
    )
    # Another process may have come first: what it has leased is due no longer.
    leased = session.scalars(
        update(WebhookDelivery)
        .where(col(WebhookDelivery.id).in_(first), _waits(now))
        .values(lease_until=now + lease_ms, attempts=col(WebhookDelivery.attempts) + 1)
        .returning(WebhookDelivery),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).all()
    return tuple((row, session.get_one(WebhookEndpoint, row.endpoint_id)) for row in leased)


def keep_body(session: Session, delivery_id: int, body: str) -> str | None:
    """Settle what is sent; returns what was settled first. None where it is to be sent no more."""
    mine = col(WebhookDelivery.id) == delivery_id
    session.exec(update(WebhookDelivery).where(mine, col(WebhookDelivery.body) == "").values(body=body))
    return session.exec(select(WebhookDelivery.body).where(mine)).first()


def extend(session: Session, row: WebhookDelivery, lease_until: int) -> bool:
    """It is still under way. False where it is not ours any more."""
    return _change(session, _is_ours(row), lease_until=lease_until)


def delivered(session: Session, row: WebhookDelivery, now: int, status: int | None) -> bool:
    """It was taken, whoever is at it by now. False where its end was known already."""
    mine = and_(col(WebhookDelivery.id) == row.id, _is("pending"))
    return _change(session, mine, delivered_at=now, lease_until=None, status=status, error=None)


def retry_later(session: Session, row: WebhookDelivery, due_at: int, status: int | None, error: str) -> bool:
    """It was not taken now. False where it is not ours any more."""
    return _change(session, _is_ours(row), due_at=due_at, lease_until=None, status=status, error=error)


def give_up(session: Session, row: WebhookDelivery, now: int, status: int | None, error: str) -> bool:
    """It is never to be tried again by itself. False where it is not ours any more."""
    return _change(session, _is_ours(row), dead_at=now, lease_until=None, status=status, error=error)


def send_again(session: Session, delivery_id: int, user_id: int, now: int) -> WebhookDelivery | None:
    """Send the same once more, whatever became of it, with all its attempts before it."""
    remember(session, "outbox")
    again = update(WebhookDelivery).where(_one(delivery_id, user_id))
    fresh = again.values(due_at=now, attempts=0, delivered_at=None, dead_at=None, status=None, error=None)
    return session.scalars(
        fresh.returning(WebhookDelivery), execution_options={"synchronize_session": False, "populate_existing": True}
    ).first()


def any_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return session.exec(select(col(WebhookDelivery.id)).where(_old(before)).limit(1)).first() is not None


def forget(session: Session, before: int) -> int:
    """Forget what happened before then; returns how many deliveries went."""
    ids = select(col(WebhookDelivery.id)).where(_old(before)).limit(FORGOTTEN)
    return session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(ids))).rowcount


def _of(user_id: int) -> ColumnElement[bool]:
    theirs = select(col(WebhookEndpoint.id)).where(col(WebhookEndpoint.user_id).in_(everyone(user_id)))
    return col(WebhookDelivery.endpoint_id).in_(theirs)


def _one(delivery_id: int, user_id: int) -> ColumnElement[bool]:
    return and_(col(WebhookDelivery.id) == delivery_id, _of(user_id))


def _is(state: State) -> ColumnElement[bool]:
    match state:
        case "delivered":
            return col(WebhookDelivery.delivered_at).is_not(None)
        case "failed":
            return col(WebhookDelivery.dead_at).is_not(None)
        case "pending":
            return and_(col(WebhookDelivery.delivered_at).is_(None), col(WebhookDelivery.dead_at).is_(None))


def _is_ours(row: WebhookDelivery) -> ColumnElement[bool]:
    """Each attempt has its number: whoever comes back late, after another began the next, changes nothing."""
    mine = and_(col(WebhookDelivery.id) == row.id, col(WebhookDelivery.attempts) == row.attempts)
    return and_(mine, col(WebhookDelivery.lease_until).is_not(None), _is("pending"))


def _waits(now: int) -> ColumnElement[bool]:
    free = or_(col(WebhookDelivery.lease_until).is_(None), col(WebhookDelivery.lease_until) <= now)
    return and_(_is("pending"), col(WebhookDelivery.due_at) <= now, free)


def _due(now: int) -> ColumnElement[bool]:
    enabled = select(col(WebhookEndpoint.id)).where(col(WebhookEndpoint.disabled_at).is_(None))
    return and_(_waits(now), col(WebhookDelivery.endpoint_id).in_(enabled))


def _old(before: int) -> ColumnElement[bool]:
    return col(WebhookDelivery.created_at) < before


def _change(session: Session, which: ColumnElement[bool], **values: Any) -> bool:
    return session.exec(update(WebhookDelivery).where(which).values(**values)).rowcount == 1
