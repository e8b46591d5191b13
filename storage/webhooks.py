"""Where people want to be told what becomes of their jobs: addresses, each with the secret that signs what goes there.

What is on its way there is in `storage.webhook_deliveries`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, delete, select, update

from storage.prepared import Prepared
from storage.tables import User, WebhookDelivery, WebhookEndpoint
from storage.users import everyone

# Most houses have none, and this is asked at the end of every job.
_ANY = Prepared(lambda _dialect: select(col(WebhookEndpoint.id)).limit(1))


def add(
    session: Session, *, user_id: int, url: str, events: Sequence[str], description: str, secret: str, now: int
) -> WebhookEndpoint:
    """Keep a new endpoint."""
    row = WebhookEndpoint(
        user_id=user_id, url=url, events=list(events), description=description, secret=secret, created_at=now
    )
    session.add(row)
    session.flush()
    return row


def count(session: Session, user_id: int) -> int:
    """How many somebody has."""
    return session.exec(select(func.count()).select_from(WebhookEndpoint).where(_of(user_id))).one()


def get(session: Session, endpoint_id: int, user_id: int) -> WebhookEndpoint | None:
    """An endpoint of theirs."""
    return session.exec(select(WebhookEndpoint).where(_one(endpoint_id, user_id))).first()


def staying(session: Session, endpoint_id: int, user_id: int) -> WebhookEndpoint | None:
    """An endpoint of theirs, which is there until this transaction ends."""
    theirs = select(WebhookEndpoint).where(_one(endpoint_id, user_id))
    return session.exec(theirs.with_for_update(key_share=True, read=True)).first()


def listed(session: Session, user_id: int) -> tuple[WebhookEndpoint, ...]:
    """All of theirs, the oldest first."""
    return tuple(session.exec(select(WebhookEndpoint).where(_of(user_id)).order_by(col(WebhookEndpoint.id))))


def change(session: Session, endpoint_id: int, user_id: int, **values: Any) -> WebhookEndpoint | None:
    """Write `values` to an endpoint of theirs; returns it as it is now."""
    changed = update(WebhookEndpoint).where(_one(endpoint_id, user_id)).values(**values).returning(WebhookEndpoint)
    return session.scalars(changed, execution_options={"synchronize_session": False, "populate_existing": True}).first()


def remove(session: Session, endpoint_id: int, user_id: int) -> bool:
    """Forget an endpoint of theirs and all that was ever sent there. False where there is none."""
    # Locked first: what a job that ends now still adds is then there to be seen.
    if session.exec(select(WebhookEndpoint).where(_one(endpoint_id, user_id)).with_for_update()).first() is None:
        return False
    session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint_id))
    session.exec(delete(WebhookEndpoint).where(col(WebhookEndpoint.id) == endpoint_id))
    return True


def listening(session: Session, user_id: int) -> tuple[tuple[int, list[str]], ...]:
    """The endpoints that are told of the jobs of whoever is, or was, `user_id`: their numbers and their events.

    They are there until this transaction ends.
    """
    if _ANY.first(session, {}) is None:
        return ()
    person = select(func.coalesce(User.joined, User.id)).where(User.id == user_id).scalar_subquery()
    numbers = select(User.id).where(or_(col(User.id) == person, col(User.joined) == person))
    theirs = select(WebhookEndpoint.id, WebhookEndpoint.events).where(
        col(WebhookEndpoint.user_id).in_(numbers), col(WebhookEndpoint.disabled_at).is_(None)
    )
    locked = theirs.order_by(col(WebhookEndpoint.id)).with_for_update(key_share=True, read=True)
    return tuple((number, list(events)) for number, events in session.exec(locked))


def _of(user_id: int) -> ColumnElement[bool]:
    return col(WebhookEndpoint.user_id).in_(everyone(user_id))


def _one(endpoint_id: int, user_id: int) -> ColumnElement[bool]:
    return and_(col(WebhookEndpoint.id) == endpoint_id, _of(user_id))
