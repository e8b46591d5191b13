"""Somebody is forgotten, for good: everything of theirs ends, goes, and only numbers stay that the books need."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import erasure, ledger, personal, users
from storage.database import Database
from storage.tables import User
from workflows import record
from workflows.people import OPERATOR, Requester, now_ms
from workflows.privacy import known
from workflows.refusal import Refusal
from workflows.repeated import only_once


@dataclass(frozen=True)
class Forgotten:
    """Somebody who was called `name`: `songs` of theirs went, and `credits` went back to the house."""

    name: str
    songs: int
    credits: int


async def foreseen(db: Database, who: Requester) -> Forgotten:
    """What would go with who asks; nothing does yet. Raises `Refusal` where nothing is known about them."""

    def look(session: Session) -> Forgotten:
        user = users.known(session, who.surface, who.external_id)
        if user is None:
            raise Refusal("nothing_known")
        return _foreseen(session, users.person(session, user.id))

    return await db.aread(look)


async def foreseen_named(db: Database, name: str) -> Forgotten:
    """The same for the operator, who names them. Raises `Refusal` for a name that nobody has."""

    def look(session: Session) -> Forgotten:
        user = users.by_name(session, name)
        if user is None:
            raise Refusal("user_not_found", field="name", value=name)
        return _foreseen(session, user)

    return await db.aread(look)


async def me(db: Database, who: Requester, *, request: str | None = None) -> Forgotten:
    """Forget who asks, whom nothing keeps from that. Raises `Refusal` where nothing is known about them."""

    def work(session: Session) -> Forgotten:
        now = now_ms()
        only_once(session, request, now)
        user = users.present(session, who.surface, who.external_id, alone=True)
        if user is None:
            raise Refusal("nothing_known")
        return _forget(session, user, now)

    return await db.awrite(work)


async def named(db: Database, name: str) -> Forgotten:
    """The same for the operator, who names them. Raises `Refusal` for a name that nobody has."""

    def work(session: Session) -> Forgotten:
        found = users.by_name(session, name)
        user = found and users.staying(session, found.id, alone=True)
        if user is None or user.erased_at is not None:
            raise Refusal("user_not_found", field="name", value=name)
        now = now_ms()
        gone = _forget(session, user, now)
        record.note(session, OPERATOR, "mydata delete", f"user:{user.id}", now)
        return gone

    return await db.awrite(work)


def _foreseen(session: Session, user: User) -> Forgotten:
    theirs = personal.person(session, user.id)
    left = sum(ledger.balance(session, account).posted for account in theirs.accounts)
    return Forgotten(user.name, erasure.songs(session, theirs), left)


def _forget(session: Session, user: User, now: int) -> Forgotten:
    who = personal.person(session, user.id)
    songs = erasure.songs(session, who)
    erasure.end(session, who, now)
    credits = sum(_give_back(session, account, now) for account in who.accounts)
    known.remember(session, user.id, now)
    erasure.erase(session, who, now)
    return Forgotten(user.name, songs, credits)


def _give_back(session: Session, account: str, now: int) -> int:
    """What nobody can spend any more is the bank's again. Nothing of it is held: everything has ended."""
    left = ledger.balance(session, account).available
    if left:
        key = f"erased:{account}"
        ledger.transfer(session, key=key, kind="erased", debit=account, credit=ledger.BANK, amount=left, now=now)
    return left
