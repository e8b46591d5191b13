"""The record of what those in charge did: noted in the transaction that does it, and read."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from storage import audit, users
from storage.database import Database
from storage.tables import Audit
from storage.users import TERMINAL
from workflows.people import Requester


def note(session: Session, who: Requester, act: str, subject: str, now: int, /, **details: Any) -> None:
    """Note what somebody in charge did; details that are None are left out. `name`: what the subject is called."""
    told = {key: value for key, value in details.items() if value is not None}
    by = signature(session, who)
    audit.note(session, at=now, by=by, surface=who.surface, act=act, subject=subject, details=told or None)


def signature(session: Session, who: Requester) -> str:
    """What somebody in charge goes down as: the name of their account, which nobody else has.

    What a chat calls them they may change as they like. Whoever never asked for anything, and so has no account, has
    the chat's own id behind it. At the terminal people are who they say they are.
    """
    if who.surface == TERMINAL:
        return who.name
    user = users.known(session, who.surface, who.external_id)
    return f"{who.name}/{who.external_id}" if user is None else users.person(session, user.id).name


async def latest(db: Database, limit: int) -> tuple[Audit, ...]:
    """The latest entries, newest first."""
    return await db.aread(lambda session: audit.latest(session, limit))


def about(entry: Audit) -> str:
    """Whom or what an entry is about: the name of a person, or the subject as it was noted."""
    return str((entry.details or {}).get("name") or entry.subject)


def in_words(entry: Audit) -> tuple[str, ...]:
    """The other details of an entry as "name value", in the order they were noted."""
    told = (entry.details or {}).items()
    return tuple(f"{name} {value}" for name, value in told if name != "name" and value is not None)
