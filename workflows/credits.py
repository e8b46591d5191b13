"""Accounts and credits of people: welcome, what comes by the day and the month, balance, statement, check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from storage import jobs, ledger, users
from storage.database import Database
from storage.ledger import Balance
from storage.locks import one_at_a_time
from storage.tables import Transfer, User
from workflows import bans
from workflows.people import Requester, now_ms
from workflows.pricing import Pricing
from workflows.privacy import known
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.roles import Roles
from workflows.rules import Rules

DAY_MS = 86_400_000


def account_of(user: User) -> str:
    """The ledger account of a person."""
    return f"user:{user.id}"


def welcome(session: Session, pricing: Pricing, requester: Requester, now: int, *, alone: bool = False) -> User:
    """The person behind a request; the first time with an account and the welcome credits, once.

    `alone`: nobody else does anything with them until this transaction ends (`users.present`).
    """
    surface, external_id = requester.surface, requester.external_id
    if (met := users.present(session, surface, external_id, alone=alone)) is not None:
        return met
    if surface == users.WEB:
        # Their key was good a moment ago: they had themselves forgotten since. Nobody comes back by what began then.
        raise Refusal("unauthorized")
    user = users.ensure(session, surface=surface, external_id=external_id, name=requester.name, now=now, alone=alone)
    account = account_of(user)
    ledger.open_account(session, account)
    # Whoever had themselves forgotten was welcomed then.
    if not known.came_back(session, requester, user.id, now) and pricing.welcome:
        ledger.grant(session, key=f"welcome:{account}", account=account, amount=pricing.welcome, now=now)
    return user


# --- what comes by itself ---


def allowance(session: Session, roles: Roles, user: User, who: Requester, now: int) -> int:
    """Give this month's allowance of their best role, as far as they don't have it yet; returns how much that was.

    Whoever gets a better role within the month gets the difference; a role that is lost and found gives nothing twice.
    """
    role, amount = roles.monthly(who)
    account, month = account_of(user), _day(now)[: len("2026-11")]
    # Looked at by itself first: it comes once a month, and songs all month long.
    if not amount or ledger.made(session, key := f"allowance:{account}:{role}:{month}"):
        return 0
    one_at_a_time(session, account)
    if known.left_since(session, user.id, month):
        return 0
    more = amount
    for one in roles.allowances:
        keys = (f"allowance:user:{number}:{one}:{month}" for number in _numbers(session, user))
        more -= max((each.amount for each in ledger.made(session, *keys)), default=0)
    if more <= 0:
        return 0
    ledger.grant(session, key=key, account=account, amount=more, now=now, kind="allowance")
    return more


@dataclass(frozen=True)
class Daily:
    """`amount` credits for today, which make `available`; the next ones come in `wait_s` seconds."""

    amount: int
    available: int
    wait_s: int


async def daily(db: Database, rules: Rules, who: Requester, *, request: str | None = None) -> Daily:
    """Give today's credits, once a calendar day (UTC). Raises `Refusal` where they were given, or there are none."""

    def give(session: Session) -> Daily:
        now = now_ms()
        only_once(session, request, now)
        user = welcome(session, rules.pricing, who, now)
        account, amount = account_of(user), rules.roles.daily(who)
        # The epoch began at midnight UTC.
        wait_s = -(-(DAY_MS - now % DAY_MS) // 1000)
        bans.require_welcome(session, user.id, now)
        if not amount:
            raise Refusal("no_daily")
        one_at_a_time(session, account)
        if _had_daily(session, user, now):
            raise Refusal("daily_taken", retry_after=wait_s)
        allowance(session, rules.roles, user, who, now)
        ledger.grant(session, key=f"daily:{account}:{_day(now)}", account=account, amount=amount, now=now, kind="daily")
        return Daily(amount, ledger.balance(session, account).available, wait_s)

    return await db.awrite(give)


def daily_waiting(session: Session, roles: Roles, user: User, who: Requester, now: int) -> int | None:
    """What `/daily` would give now; None where it gives nothing, or did today."""
    amount = roles.daily(who)
    return amount if amount and not _had_daily(session, user, now) else None


def _had_daily(session: Session, user: User, now: int) -> bool:
    had = ledger.made(session, *(f"daily:user:{number}:{_day(now)}" for number in _numbers(session, user)))
    return bool(had) or known.left_since(session, user.id, _day(now))


def _numbers(session: Session, user: User) -> tuple[int, ...]:
    """Theirs, and those of everybody they were before they were one person: what one of these had, they had."""
    return tuple(session.exec(users.everyone(user.id)))


def _day(now: int) -> str:
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


# --- what people have, and what became of it ---


async def balance(db: Database, pricing: Pricing, requester: Requester) -> Balance:
    """What a person has, and what of it is held. Opens the account of somebody new."""

    def look(session: Session) -> Balance:
        return ledger.balance(session, account_of(welcome(session, pricing, requester, now_ms())))

    return await db.awrite(look)


async def foreseen(db: Database, pricing: Pricing, name: str) -> Balance | None:
    """What somebody would begin with who came by the name `name`; None for the name of somebody who is there."""

    def look(session: Session) -> Balance | None:
        if users.known(session, users.TERMINAL, name) or users.by_name(session, name):
            return None
        credits = 0 if known.was_here(session, Requester(users.TERMINAL, name, name)) else pricing.welcome
        return Balance(posted=credits, held=0, available=credits)

    return await db.aread(look)


@dataclass(frozen=True)
class Move:
    """Credits that came (`change` above 0) or went, with the number and the time of the transfer. `kind` is the
    transfer's, or "welcome".

    `job`, `task` and `title` of what was paid, `name` of whoever is on the other side, `note` what they said.
    """

    change: int
    kind: str
    job: int | None = None
    title: str | None = None
    name: str | None = None
    note: str | None = None
    id: int = 0
    at: int = 0
    task: str | None = None


@dataclass(frozen=True)
class Statement:
    """A balance and the latest changes of it, newest first. `daily` is what `/daily` would give now."""

    balance: Balance
    moves: tuple[Move, ...]
    daily: int | None
    monthly: int


async def account(db: Database, rules: Rules, requester: Requester, limit: int = 5) -> Statement:
    """What a person has and what became of the rest. Opens the account of somebody new."""

    def look(session: Session) -> Statement:
        now = now_ms()
        user = welcome(session, rules.pricing, requester, now)
        allowance(session, rules.roles, user, requester, now)
        own, welcomed = account_of(user), bans.is_welcome(session, user.id, now)
        return Statement(
            ledger.balance(session, own),
            tuple(move(session, own, row) for row in ledger.statement(session, own, limit)),
            daily_waiting(session, rules.roles, user, requester, now) if welcomed else None,
            rules.roles.monthly(requester)[1],
        )

    return await db.awrite(look)


def move(session: Session, own: str, row: Transfer) -> Move:
    """What a transfer was for the account `own`, which is on one side of it."""
    change = row.amount if row.credit_id == own else -row.amount
    if row.hold_key is not None:
        number = jobs.held_by(row.hold_key)
        job = jobs.get(session, number)
        title, task = (None, None) if job is None else (job.title, job.task)
        return Move(change, row.kind, job=number, title=title, id=row.id, at=row.created_at, task=task)
    other = row.debit_id if row.credit_id == own else row.credit_id
    name = users.get(session, int(other.removeprefix("user:"))).name if other.startswith("user:") else None
    kind = "welcome" if row.key == f"welcome:{own}" else row.kind
    return Move(change, kind, name=name, note=row.note, id=row.id, at=row.created_at)


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
