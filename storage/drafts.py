"""Requests that were refused, kept for a while so that their authors can mend them."""

from __future__ import annotations

import secrets

from sqlmodel import Session, col, delete, select

from storage.tables import Draft


def keep(session: Session, *, user_id: int, text: str, now: int) -> str:
    """Keep `text`, as it can be typed; returns the id it is found by."""
    draft = Draft(id=secrets.token_urlsafe(9), user_id=user_id, text=text, created_at=now)
    session.add(draft)
    session.flush()
    return draft.id


def get(session: Session, draft_id: str, user_id: int) -> str | None:
    """The text of a draft of this person."""
    return session.exec(select(Draft.text).where(Draft.id == draft_id, Draft.user_id == user_id)).first()


def any_before(session: Session, before: int) -> bool:
    """Whether there is anything to `forget`; reads only."""
    return session.exec(select(Draft.id).where(Draft.created_at < before).limit(1)).first() is not None


def forget(session: Session, before: int) -> int:
    """Forget drafts from before then (milliseconds since the epoch); returns how many."""
    return session.exec(delete(Draft).where(col(Draft.created_at) < before)).rowcount
