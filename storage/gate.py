"""The gate of the queue: whether jobs are begun, and whether requests are taken."""

from __future__ import annotations

from sqlmodel import Session, col, update

from storage.tables import Gate, GateState
from storage.wake import remember


def get(session: Session) -> Gate:
    """How it stands."""
    return session.get_one(Gate, 1, populate_existing=True)


def turn(session: Session, state: GateState, *, by: str, why: str | None, now: int) -> bool:
    """Open or shut it. False where it stands like that already; then nothing is changed."""
    remember(session, "queue")
    changed = update(Gate).where(col(Gate.state) != state).values(state=state, by=by, why=why, since=now)
    return session.exec(changed).rowcount == 1
