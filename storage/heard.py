"""Requests that chats brought: each is answered once, however often it arrives."""

from __future__ import annotations

from sqlmodel import Session, col, delete, select

from storage.once import insert_once
from storage.tables import Heard


def first(session: Session, key: str, now: int) -> bool:
    """Note the request `key`; False where it was noted before."""
    return insert_once(session, Heard(key=key, heard_at=now), by=["key"]) is not None


def known(session: Session, key: str) -> bool:
    """Whether the request `key` was noted."""
    return session.get(Heard, key) is not None


def any_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return session.exec(select(Heard.key).where(Heard.heard_at < before).limit(1)).first() is not None


def forget(session: Session, before: int) -> int:
    """Forget what was heard before then (milliseconds since the epoch); returns how many."""
    return session.exec(delete(Heard).where(col(Heard.heard_at) < before)).rowcount
