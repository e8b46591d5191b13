"""What our own links are signed with."""

from __future__ import annotations

from sqlmodel import Session, select

from storage.tables import Seal


def key(session: Session) -> bytes:
    """The secret of this database. It MUST reach neither people nor logs."""
    return bytes.fromhex(session.exec(select(Seal.key)).one())
