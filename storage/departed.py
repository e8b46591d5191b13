"""Discord servers and Slack workspaces that removed the bot."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, delete, select

from storage.once import insert_once
from storage.tables import Departed


def note(session: Session, server: str, now: int) -> bool:
    """A server removed the bot. False where that was known."""
    return insert_once(session, Departed(server=server, at=now), by=["server"]) is not None


def returned(session: Session, server: str) -> bool:
    """It has the bot again, or all of it is gone. False where it never went."""
    return session.exec(delete(Departed).where(col(Departed.server) == server)).rowcount == 1


def is_gone(session: Session, server: str | None) -> bool:
    """Whether a server removed the bot; None is no server."""
    return server is not None and session.get(Departed, server, populate_existing=True) is not None


def of_these(session: Session, servers: Collection[str]) -> frozenset[str]:
    """Which of these servers removed the bot."""
    if not servers:
        return frozenset()
    return frozenset(session.exec(select(Departed.server).where(col(Departed.server).in_(servers))))


def before(session: Session, then: int) -> tuple[str, ...]:
    """The servers that removed the bot before then (milliseconds since the epoch)."""
    return tuple(session.exec(select(Departed.server).where(Departed.at < then).order_by(Departed.server)))


def all_of(session: Session, surface: str) -> tuple[str, ...]:
    """The servers of one chat that removed the bot."""
    found = select(Departed.server).where(col(Departed.server).startswith(f"{surface}:", autoescape=True))
    return tuple(session.exec(found))
