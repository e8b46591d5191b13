"""The record of what people in charge did. It is only ever added to."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from storage.tables import Audit


def note(
    session: Session, *, at: int, by: str, surface: str, act: str, subject: str, details: dict[str, Any] | None = None
) -> None:
    """Note that `by` did `act` to `subject`, in the transaction that did it. `details` must be JSON."""
    session.add(Audit(at=at, by=by, surface=surface, act=act, subject=subject, details=details))
    session.flush()


def latest(session: Session, limit: int, *, subject: str | None = None, act: str | None = None) -> tuple[Audit, ...]:
    """The latest notes, newest first; of one subject or of one kind of act."""
    notes = select(Audit).order_by(col(Audit.id).desc()).limit(limit)
    if subject is not None:
        notes = notes.where(Audit.subject == subject)
    if act is not None:
        notes = notes.where(Audit.act == act)
    return tuple(session.exec(notes))
