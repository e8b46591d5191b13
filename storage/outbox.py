"""What is to be told about jobs, kept in the transaction that makes it true; couriers take it from here."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, text
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, select, update

from storage.once import adding
from storage.tables import Job, Outbox, core
from storage.users import WEB
from storage.wake import remember

# How many due rows are looked at for each that may be taken: a long line in one channel hides the next ones.
LOOKED_AT = 50
# How many of those that are of no more use go at once; the next look finds the others.
FORGOTTEN = 1000
_TOLD = (
    select(Outbox.job_id, Outbox.dead_at)
    .where(col(Outbox.job_id).in_(bindparam("job_ids", expanding=True)))
    .order_by(col(Outbox.id))
)


def add(
    session: Session,
    *,
    key: str,
    job_id: int,
    surface: str,
    topic: str,
    payload: Mapping[str, Any],
    now: int,
) -> bool:
    """Keep something to tell; False where `key` was kept before. `payload` must be JSON.

    What came over HTTP is told nowhere: whoever asked for it looks, or has a webhook.
    """
    if surface == WEB:
        return False
    values = {
        "key": key,
        "job_id": job_id,
        "surface": surface,
        "topic": topic,
        "payload": json.dumps(payload),
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }
    remember(session, "outbox")
    return _ADDING.first(session, values) is not None


def is_due(session: Session, *, surfaces: Collection[str], now: int) -> bool:
    """Whether `claim_due` would find anything; reads only."""
    return session.exec(select(col(Outbox.id)).where(_due(surfaces, now)).limit(1)).first() is not None


def claim_due(
    session: Session,
    *,
    surfaces: Collection[str],
    now: int,
    lease_ms: int,
    limit: int,
    busy: Collection[str] = (),
) -> tuple[tuple[Outbox, str], ...]:
    """Lease what is due to the caller, oldest first, with the channel of each, and count the attempt.

    Only the oldest untold row of each job: what is said about a job is said in order. One row a channel, and none of
    those in `busy`: a channel where much is to be said must not hold up the others. A row whose courier does not answer
    within its lease is due again.
    """
    waiting = (
        select(col(Outbox.id), col(Job.channel))
        .join(Job, col(Job.id) == col(Outbox.job_id))
        .where(_due(surfaces, now), col(Job.channel).not_in(busy))
        .order_by(col(Outbox.due_at), col(Outbox.id))
        .limit(limit * LOOKED_AT)
        .with_for_update(of=Outbox, skip_locked=True)
    )
    first: dict[str, int] = {}
    for row_id, channel in session.exec(waiting):
        first.setdefault(channel, row_id)
    channels = {row_id: channel for channel, row_id in list(first.items())[:limit]}
    leased = session.scalars(
        update(Outbox)
        .where(col(Outbox.id).in_(channels))
        .values(lease_until=now + lease_ms, attempts=col(Outbox.attempts) + 1)
        .returning(Outbox),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).all()
    return tuple((row, channels[row.id]) for row in sorted(leased, key=lambda row: (row.due_at, row.id)))


def sent(session: Session, row_id: int, now: int, receipt: str | None = None) -> bool:
    """It was posted; `receipt` says where. False where its end was known already."""
    return _change(session, row_id, sent_at=now, receipt=receipt, lease_until=None, error=None)


def extend(session: Session, row_id: int, lease_until: int) -> bool:
    """Its courier is still at it. False where its end was known already, or it was given back meanwhile."""
    still_at_it = update(Outbox).where(col(Outbox.id) == row_id, _untold(), col(Outbox.lease_until).is_not(None))
    return session.exec(still_at_it.values(lease_until=lease_until)).rowcount == 1


def readdressed(session: Session, row_id: int, now: int, error: str) -> bool:
    """Its job goes to another channel: a fresh start there. False where its end was known already."""
    remember(session, "outbox")
    return _change(session, row_id, due_at=now, created_at=now, attempts=0, lease_until=None, error=error)


def retry_later(session: Session, row_id: int, due_at: int, error: str) -> bool:
    """It could not be posted now. False where its end was known already."""
    return _change(session, row_id, due_at=due_at, lease_until=None, error=error)


def dead(session: Session, row_id: int, now: int, error: str) -> bool:
    """It can never be posted. False where its end was known already."""
    return _change(session, row_id, dead_at=now, lease_until=None, error=error)


def pending_for(session: Session, job_id: int) -> tuple[Outbox, ...]:
    """What is still to be told about a job, oldest first."""
    return tuple(session.exec(select(Outbox).where(Outbox.job_id == job_id, _untold()).order_by(col(Outbox.id))))


def given_up(session: Session, job_id: int) -> int:
    """How many times we gave up telling of a job; 0 where the latest thing there was to tell arrived or waits."""
    return given_up_of(session, [job_id]).get(job_id, 0)


def given_up_of(session: Session, job_ids: Collection[int]) -> dict[int, int]:
    """The same of several jobs, by the job; those with 0 are left out."""
    times: dict[int, int] = {}
    lost: set[int] = set()
    for job_id, dead_at in session.exec(_TOLD, params={"job_ids": [*job_ids]}):
        if dead_at is None:
            lost.discard(job_id)
        else:
            lost.add(job_id)
            times[job_id] = times.get(job_id, 0) + 1
    return {job_id: times[job_id] for job_id in lost}


def dead_letters(session: Session, limit: int | None = None) -> tuple[Outbox, ...]:
    """What could be posted nowhere, the latest first: of each job the last thing there was to tell, if that is it."""
    later = aliased(Outbox)
    superseded = exists().where(col(later.job_id) == col(Outbox.job_id), col(later.id) > col(Outbox.id))
    dead = select(Outbox).where(text("outbox.dead_at IS NOT NULL"), ~superseded)
    return tuple(session.exec(dead.order_by(col(Outbox.id).desc()).limit(limit)))


def any_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return bool(_old(session, before))


def forget(session: Session, before: int) -> int:
    """Forget what was told before then, of jobs of which everything was told; returns how many. The oldest go first."""
    ids = _old(session, before)
    return session.exec(delete(Outbox).where(col(Outbox.id).in_(ids))).rowcount if ids else 0


def _old(session: Session, before: int) -> list[int]:
    """Of the oldest rows that were told those that may go. A look costs the same however many there are."""
    other = aliased(Outbox)
    all_told = ~exists().where(col(other.job_id) == col(Outbox.job_id), col(other.sent_at).is_(None))
    oldest = select(Outbox.id, Outbox.sent_at).where(col(Outbox.sent_at).is_not(None), all_told)
    rows = session.exec(oldest.order_by(col(Outbox.id)).limit(FORGOTTEN)).all()
    return [number for number, sent_at in rows if sent_at is not None and sent_at < before]


def _untold() -> ColumnElement[bool]:
    return and_(col(Outbox.sent_at).is_(None), col(Outbox.dead_at).is_(None))


def _due(surfaces: Collection[str], now: int) -> ColumnElement[bool]:
    earlier = aliased(Outbox)
    return and_(
        _untold(),
        col(Outbox.surface).in_(surfaces),
        col(Outbox.due_at) <= now,
        or_(col(Outbox.lease_until).is_(None), col(Outbox.lease_until) <= now),
        ~exists().where(
            col(earlier.job_id) == col(Outbox.job_id),
            col(earlier.id) < col(Outbox.id),
            col(earlier.sent_at).is_(None),
            col(earlier.dead_at).is_(None),
        ),
    )


def _change(session: Session, row_id: int, **values: object) -> bool:
    return session.exec(update(Outbox).where(col(Outbox.id) == row_id, _untold()).values(**values)).rowcount == 1


_ADDING = adding(
    core(Outbox),
    ("key", "job_id", "surface", "topic", "payload", "attempts", "due_at", "created_at"),
    by=["key"],
    returning="id",
)
