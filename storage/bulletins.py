"""What the house says about no single song, kept up to date by number: a row is due while `shown` is behind `version`.

Whatever changes what a bulletin says bumps it in the same transaction; what it says then is read when it is delivered.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, select, update

from storage.once import insert_once
from storage.outbox import LOOKED_AT
from storage.tables import Bulletin, BulletinKind
from storage.wake import remember

# A message is edited at most so often, unless what there is to say can't wait.
EDIT_MS = 3_000


def put_up(
    session: Session,
    *,
    key: str,
    kind: BulletinKind,
    subject: int,
    topic: str,
    surface: str,
    channel: str,
    now: int,
    message: str | None = None,
    server: str | None = None,
    user_id: int | None = None,
) -> bool:
    """Have something posted, and from then on kept up to date; False where `key` was put up before.

    `user_id` is whom it goes to where the channel is shut; nobody's is lost then.
    """
    remember(session, "outbox")
    row = Bulletin(
        key=key, kind=kind, subject=subject, topic=topic, surface=surface, channel=channel, message=message,
        server=server, user_id=user_id, due_at=now, created_at=now,
    )  # fmt: skip
    return insert_once(session, row, by=["key"]) is not None


def bump(
    session: Session, kind: BulletinKind, subject: int, now: int, *, topic: str | None = None, at_once: bool = False
) -> int:
    """What the bulletins about this say has changed, or those of one `topic`; returns how many there are.

    Changes that follow each other closely become one edit. `at_once`: it can't wait for its turn.
    """
    return _changed(session, kind, subject, topic, now, at_once=at_once, withdrawn=False)


def withdraw(session: Session, kind: BulletinKind, subject: int, now: int, *, topic: str | None = None) -> int:
    """Have the bulletins about this taken down for good, or those of one `topic`; returns how many there were."""
    return _changed(session, kind, subject, topic, now, at_once=True, withdrawn=True)


def is_due(session: Session, *, surfaces: Collection[str], now: int) -> bool:
    """Whether `claim_due` would find anything; reads only."""
    return session.exec(select(col(Bulletin.id)).where(_due(surfaces, now)).limit(1)).first() is not None


def claim_due(
    session: Session,
    *,
    surfaces: Collection[str],
    now: int,
    lease_ms: int,
    limit: int,
    busy: Collection[str] = (),
) -> tuple[Bulletin, ...]:
    """Lease what is due to the caller, oldest first, and count the attempt: one a channel, and none of those in `busy`.

    What follows (`extend`, `shown`, …) takes the row as it is returned here: that is what fences off whoever stalled,
    lost its lease and comes back.
    """
    waiting = (
        select(col(Bulletin.id), col(Bulletin.channel))
        .where(_due(surfaces, now), col(Bulletin.channel).not_in(busy))
        .order_by(col(Bulletin.due_at), col(Bulletin.id))
        .limit(limit * LOOKED_AT)
        .with_for_update(skip_locked=True)
    )
    first: dict[str, int] = {}
    for row_id, channel in session.exec(waiting):
        first.setdefault(channel, row_id)
    # What is bumped from now on waits for its turn, which is counted from here.
    leased = session.scalars(
        update(Bulletin)
        .where(col(Bulletin.id).in_(list(first.values())[:limit]))
        .values(lease_until=now + lease_ms, attempts=col(Bulletin.attempts) + 1, due_at=now + EDIT_MS)
        .returning(Bulletin),
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).all()
    return tuple(sorted(leased, key=lambda row: row.id))


def extend(session: Session, claimed: Bulletin, lease_until: int) -> bool:
    """Its courier is still at it. False where it is somebody else's by now."""
    return _mine(session, claimed, lease_until=lease_until)


def shown(session: Session, claimed: Bulletin, post: str | None) -> bool:
    """The chat shows what was true at the claim; `post` says where. It is still due if that has changed meanwhile.

    False where it is somebody else's by now.
    """
    return _mine(
        session, claimed, shown=claimed.version, post=post, attempts=0, lease_until=None, error=None
    )  # fmt: skip


def retry_later(session: Session, claimed: Bulletin, due_at: int, error: str) -> bool:
    """It could not be shown now. False where it is somebody else's by now."""
    return _mine(session, claimed, due_at=due_at, lease_until=None, error=error)


def readdressed(session: Session, claimed: Bulletin, channel: str, why: str, now: int, error: str) -> bool:
    """It goes to its owner's own messages; `why` is told there. False where it is somebody else's by now."""
    remember(session, "outbox")
    # The attempts stay counted: they are part of the fence.
    return _mine(
        session, claimed, channel=channel, server=None, message=None, moved=why, post=None, due_at=now, created_at=now,
        lease_until=None, error=error,
    )  # fmt: skip


def dead(session: Session, claimed: Bulletin, now: int, error: str) -> bool:
    """It can never be shown. False where it is somebody else's by now."""
    return _mine(session, claimed, dead_at=now, lease_until=None, error=error)


def of(session: Session, kind: BulletinKind, subject: int) -> tuple[Bulletin, ...]:
    """Every bulletin about this, oldest first."""
    about = select(Bulletin).where(Bulletin.kind == kind, Bulletin.subject == subject)
    return tuple(session.exec(about.order_by(col(Bulletin.id))))


def settled(session: Session, kind: BulletinKind, subject: int) -> bool:
    """Whether every bulletin about this is up to date, or can never be."""
    return all(row.shown == row.version or row.dead_at is not None for row in of(session, kind, subject))


def _changed(
    session: Session, kind: BulletinKind, subject: int, topic: str | None, now: int, *, at_once: bool, withdrawn: bool
) -> int:
    about = select(col(Bulletin.id)).where(
        Bulletin.kind == kind,
        Bulletin.subject == subject,
        col(Bulletin.dead_at).is_(None),
        ~col(Bulletin.withdrawn),
        *([] if topic is None else [Bulletin.topic == topic]),
    )
    # In the order of their numbers, so that two who change the same ones don't wait for each other.
    ids = session.exec(about.order_by(col(Bulletin.id)).with_for_update()).all()
    if not ids:
        return 0
    change = update(Bulletin).where(col(Bulletin.id).in_(ids)).values(version=col(Bulletin.version) + 1)
    if withdrawn:
        change = change.values(withdrawn=True)
    if at_once:
        change = change.values(due_at=_sooner(now))
    session.exec(change)
    remember(session, "outbox")
    return len(ids)


def _sooner(now: int) -> ColumnElement[int]:
    """Due now, unless it is due already or has to wait because it failed."""
    put_off = and_(col(Bulletin.attempts) > 0, col(Bulletin.lease_until).is_(None))
    return case((or_(put_off, col(Bulletin.due_at) < now), col(Bulletin.due_at)), else_=now)


def _due(surfaces: Collection[str], now: int) -> ColumnElement[bool]:
    return and_(
        col(Bulletin.shown) < col(Bulletin.version),
        col(Bulletin.dead_at).is_(None),
        col(Bulletin.surface).in_(surfaces),
        col(Bulletin.due_at) <= now,
        or_(col(Bulletin.lease_until).is_(None), col(Bulletin.lease_until) <= now),
    )


def _mine(session: Session, claimed: Bulletin, **values: object) -> bool:
    """Change a row that is still leased to whoever claimed it: each claim is another attempt, or after a success."""
    still = update(Bulletin).where(
        col(Bulletin.id) == claimed.id,
        col(Bulletin.attempts) == claimed.attempts,
        col(Bulletin.shown) == claimed.shown,
        col(Bulletin.lease_until).is_not(None),
        col(Bulletin.dead_at).is_(None),
    )
    return session.exec(still.values(**values)).rowcount == 1
