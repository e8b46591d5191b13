"""What is left of somebody who was forgotten: keyed hashes of how chats knew them, which name nobody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, delete, or_, select

from storage.once import insert
from storage.tables import Erased

# Until when somebody is banned, where that is for good.
FOR_GOOD = 0


class Ban(NamedTuple):
    """What kept them out, until then (None: for good). `operators`: that was the operator's word."""

    until: int | None
    operators: bool


def known_by(key: bytes, surface: str, external_id: str) -> str:
    """What somebody is remembered by. `key` is the secret of this database: without it, ids can't be tried out."""
    return hmac.new(key, f"erased\n{surface}\n{external_id}".encode(), hashlib.sha256).hexdigest()


def note(session: Session, hashed: str, ban: Ban | None, now: int) -> None:
    """Remember that somebody was forgotten; what was remembered of an earlier time becomes this."""
    until = None if ban is None else FOR_GOOD if ban.until is None else ban.until
    row = Erased(known_by=hashed, banned_until=until, operators=ban is not None and ban.operators, erased_at=now)
    fresh = row.model_dump(exclude={"known_by"})
    session.connection().execute(insert(session, row).on_conflict_do_update(index_elements=["known_by"], set_=fresh))


def get(session: Session, hashed: str) -> Erased | None:
    """What is remembered of somebody."""
    return session.get(Erased, hashed, populate_existing=True)


def ban_of(row: Erased, now: int) -> Ban | None:
    """What keeps them out now, if anything."""
    if row.banned_until is None or FOR_GOOD < row.banned_until <= now:
        return None
    return Ban(None if row.banned_until == FOR_GOOD else row.banned_until, row.operators)


def any_since(session: Session, hashes: Collection[str], since: int) -> bool:
    """Whether one of these was forgotten at `since` or later."""
    found = select(Erased.known_by).where(col(Erased.known_by).in_(hashes), Erased.erased_at >= since)
    return session.exec(found.limit(1)).first() is not None


def any_before(session: Session, before: int, now: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return session.exec(select(Erased.known_by).where(_old(before, now)).limit(1)).first() is not None


def forget(session: Session, before: int, now: int) -> int:
    """Forget who was forgotten before then and is banned no longer; returns how many hashes went."""
    return session.exec(delete(Erased).where(_old(before, now))).rowcount


def _old(before: int, now: int) -> ColumnElement[bool]:
    until = col(Erased.banned_until)
    return and_(col(Erased.erased_at) < before, or_(until.is_(None), and_(until != FOR_GOOD, until <= now)))
