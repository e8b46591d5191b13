"""The door: whether somebody may ask for anything here."""

from __future__ import annotations

from sqlmodel import Session

from storage import bans
from workflows.refusal import Refusal


def is_welcome(session: Session, user_id: int, now: int) -> bool:
    """Whether somebody may ask for something."""
    return bans.of(session, user_id, now) is None


def require_welcome(session: Session, user_id: int, now: int) -> None:
    """Raise a `Refusal` that says why and until when, where somebody is banned.

    To be asked by whatever makes or changes something, in the transaction that does it. Looking stays free to all.
    """
    ban = bans.of(session, user_id, now)
    if ban is None:
        return
    why, until = ban
    wait_s = None if until is None else -(-(until - now) // 1000)
    raise Refusal("banned", why=why or None, retry_after=wait_s)
