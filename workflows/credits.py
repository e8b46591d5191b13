"""Accounts and credits of people: welcome, balance, grant, statement, check."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from storage import ledger, users
from storage.database import Database
from storage.ledger import Balance
from storage.tables import Transfer, User
from workflows.people import Requester, now_ms
from workflows.pricing import Pricing
from workflows.refusal import Refusal

LARGEST_GRANT = 1_000_000_000


def account_of(user: User) -> str:
    """The ledger account of a person."""
    return f"user:{user.id}"


def welcome(session: Session, pricing: Pricing, requester: Requester, now: int) -> User:
    """The person behind a request; the first time with an account and the welcome credits, once."""
    if (met := users.known(session, requester.surface, requester.external_id)) is not None:
        return met
    user = users.ensure(
        session, surface=requester.surface, external_id=requester.external_id, name=requester.name, now=now
    )
    account = account_of(user)
    ledger.open_account(session, account)
    if pricing.welcome:
        ledger.grant(session, key=f"welcome:{account}", account=account, amount=pricing.welcome, now=now)
    return user


async def balance(db: Database, pricing: Pricing, requester: Requester) -> Balance:
    """What a person has, and what of it is held. Opens the account of somebody new."""

    def look(session: Session) -> Balance:
        return ledger.balance(session, account_of(welcome(session, pricing, requester, now_ms())))

    return await db.awrite(look)


@dataclass(frozen=True)
class Statement:
    """A balance and the latest changes of it, newest first: credits with their sign, and what kind of move it was."""

    balance: Balance
    moves: tuple[tuple[int, str], ...]


async def account(db: Database, pricing: Pricing, requester: Requester, limit: int = 5) -> Statement:
    """What a person has and what became of the rest. Opens the account of somebody new."""

    def look(session: Session) -> Statement:
        own = account_of(welcome(session, pricing, requester, now_ms()))
        rows = ledger.statement(session, own, limit)
        moves = tuple((row.amount if row.credit_id == own else -row.amount, row.kind) for row in rows)
        return Statement(ledger.balance(session, own), moves)

    return await db.awrite(look)


async def grant(db: Database, pricing: Pricing, requester: Requester, amount: int, *, key: str) -> Balance:
    """Give credits. The same `key` gives once."""
    if not 1 <= amount <= LARGEST_GRANT:
        raise Refusal("bad_value", field="credits", value=amount, allowed=f"1 to {LARGEST_GRANT:,}")

    def give(session: Session) -> Balance:
        now = now_ms()
        account = account_of(welcome(session, pricing, requester, now))
        ledger.grant(session, key=key, account=account, amount=amount, now=now)
        return ledger.balance(session, account)

    return await db.awrite(give)


async def statement(db: Database, name: str, limit: int = 50) -> tuple[str, list[Transfer]]:
    """A person's account id and latest transfers, newest first. Raises `Refusal` for a name nobody has."""

    def look(session: Session) -> tuple[str, list[Transfer]]:
        user = users.by_name(session, name)
        if user is None:
            raise Refusal("user_not_found", field="name", value=name)
        account = account_of(user)
        return account, list(ledger.statement(session, account, limit))

    return await db.aread(look)


async def check(db: Database) -> list[str]:
    """Sentences about anything wrong with the books; an empty list says they are sound."""
    return await db.aread(ledger.check)
