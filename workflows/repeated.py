"""Requests that arrive more than once: what they ask for is done once, and they are answered once."""

from __future__ import annotations

from sqlmodel import Session

from storage import heard
from storage.database import Database
from workflows.people import now_ms


class Repeated(Exception):
    """This very request was taken before: nothing is done, and nothing said."""


def only_once(session: Session, request: str | None, now: int) -> None:
    """Note `request` in the transaction that does what it asks for. Raises `Repeated`; None is never a repetition."""
    if request is not None and not heard.first(session, request, now):
        raise Repeated(request)


async def first_time(db: Database, request: str | None) -> bool:
    """Whether `request`, which changed nothing (it was refused, or only asked), is answered for the first time."""
    if request is None:
        return True
    return await db.awrite(lambda session: heard.first(session, request, now_ms()))


async def only_shown(db: Database, request: str | None) -> None:
    """Raise `Repeated` where `request`, which only shows something, was answered before."""
    if not await first_time(db, request):
        raise Repeated(str(request))
