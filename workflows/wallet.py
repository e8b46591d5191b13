"""What somebody has and had, and what things would cost: in credits, and in the cents that programs count in.

Nothing is bought here. Credits come from the house, and a cent is another way to read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field
from sqlmodel import Session

from engine.spec import MODELS, Estimate, Generation, InvalidSpec, Request, parse_as
from engine.spec.fields import Choice, Range
from storage import ledger, usage, users
from storage.database import Database
from storage.tables import Transfer, User
from workflows.accept import too_few
from workflows.credits import Move, account_of, allowance, move, welcome
from workflows.people import Requester, now_ms
from workflows.pricing import STEM_TASKS, price_of
from workflows.refusal import Refusal
from workflows.rules import Rules

# What is paid for, by the names of the reference: the task that tells the price. Of sound from outside, for stems.
SERVICES: Mapping[str, str] = {
    "music_generation": "text2music",
    "stem_extraction": "stems",
    "music_analysis": "analyze",
    "lyrics_alignment": "lrc",
}
MINUTE_S = 60.0
LEAST_CENTS, MOST_CENTS = 100, 1_000_000

T = TypeVar("T")
AnyAsk = TypeVar("AnyAsk", bound=Request)


class CostAsk(Request):
    """What a job of so many seconds would cost."""

    task: Literal["estimate"] = "estimate"
    service_type: Annotated[str, Choice(tuple(SERVICES))] = Field(description="One of the service types")
    duration_seconds: Annotated[float, Range(1, 86_400, "seconds")] = Field(description="Length of the audio")


class TopUpAsk(Request):
    """Money for credits, which no house of ours takes."""

    task: Literal["topup"] = "topup"
    amount_cents: Annotated[int, Range(LEAST_CENTS, MOST_CENTS, "cents")] = Field(description="How much")


@dataclass(frozen=True)
class Wallet:
    """Credits: `available` for new jobs, `held` for those under way, `spent` and `came` in all.

    `monthly` come every month by themselves: last at `allowed_at`, next at `next_at` (None where none do).
    """

    available: int
    held: int
    spent: int
    came: int
    monthly: int
    allowed_at: int | None
    next_at: int | None


@dataclass(frozen=True)
class Cost:
    """What one job of `service` that is `seconds` long costs; `there` are so many credits for it."""

    service: str
    seconds: float
    credits: int
    there: int = 0


async def look(db: Database, rules: Rules, who: Requester) -> Wallet:
    """What `who` has, and what became of the rest."""

    def find(session: Session, user: User) -> Wallet:
        now, monthly = now_ms(), rules.roles.monthly(who)[1]
        has, had = ledger.balance(session, account_of(user)), usage.totals(session, _accounts(session, user))
        return Wallet(
            has.available, has.held, had.spent, had.came, monthly, had.allowed_at, _next_month(now) if monthly else None
        )

    return await _of(db, rules, who, find)


async def moves(db: Database, rules: Rules, who: Requester, skip: int, limit: int) -> tuple[Move, ...]:
    """Everything that came to `who` or went, newest first."""
    return await _page(db, rules, who, usage.moved, skip, limit)


async def spent(db: Database, rules: Rules, who: Requester, skip: int, limit: int) -> tuple[Move, ...]:
    """What `who` paid for jobs, newest first."""
    return await _page(db, rules, who, usage.spent, skip, limit)


async def came(db: Database, rules: Rules, who: Requester, skip: int, limit: int) -> tuple[Move, ...]:
    """What came to `who`, newest first."""
    return await _page(db, rules, who, usage.came, skip, limit)


def services(rules: Rules) -> tuple[str, ...]:
    """What can be paid for in this house. The lyrics of a song are read, whatever the engine can do."""
    return tuple(name for name, task in SERVICES.items() if task in (*rules.capabilities.tasks, "lrc"))


def cost(rules: Rules, service: str, seconds: float) -> Cost:
    """What one job costs."""
    task = SERVICES[service]
    settled = Estimate(seconds, int(issubclass(MODELS[task], Generation)))
    return Cost(service, seconds, price_of(rules.pricing, task, settled, foreign=True))


def by_length(service: str) -> bool:
    """Whether longer ones cost more."""
    task = SERVICES[service]
    return issubclass(MODELS[task], Generation) and task not in STEM_TASKS


def service_of(task: str | None) -> str:
    """The service that a job of `task` counts as."""
    if task in STEM_TASKS:
        return "stem_extraction"
    return next((name for name, its in SERVICES.items() if its == task), "music_generation")


def asked_cost(rules: Rules, values: Mapping[str, Any]) -> Cost:
    """What the job in question costs. Raises `Refusal` where there is no such job."""
    ask = _parsed(CostAsk, values)
    there = services(rules)
    if ask.service_type not in there:
        allowed = "one of " + ", ".join(there)
        raise Refusal("bad_value", field="service_type", value=ask.service_type, allowed=allowed)
    longest = rules.capabilities.max_duration
    if by_length(ask.service_type) and ask.duration_seconds > longest:
        allowed = f"at most {longest:g} seconds for {ask.service_type}"
        raise Refusal("bad_value", field="duration_seconds", value=ask.duration_seconds, allowed=allowed)
    return cost(rules, ask.service_type, ask.duration_seconds)


async def afford(db: Database, rules: Rules, who: Requester, values: Mapping[str, Any]) -> Cost:
    """The same, if `who` could pay for it now. Raises `Refusal` (`insufficient_credits`)."""
    asked = asked_cost(rules, values)
    there = await _of(db, rules, who, lambda session, user: ledger.balance(session, account_of(user)).available)
    if there < asked.credits:
        raise too_few(ledger.InsufficientCredits(asked.credits, there))
    return Cost(asked.service, asked.seconds, asked.credits, there)


def top_up(values: Mapping[str, Any]) -> Refusal:
    """Why there is nothing to pay with `values`; raises the `Refusal` of what could be paid nowhere."""
    _parsed(TopUpAsk, values)
    return Refusal("no_payments")


async def _of(db: Database, rules: Rules, who: Requester, find: Callable[[Session, User], T]) -> T:
    """What there is to find of `who`, once they have what comes to them by the month: a job could be paid with that."""

    def give(session: Session) -> T:
        now = now_ms()
        user = welcome(session, rules.pricing, who, now)
        allowance(session, rules.roles, user, who, now)
        return find(session, user)

    def read(session: Session) -> T | None:
        user = users.known(session, who.surface, who.external_id)
        return None if user is None else find(session, user)

    found = None if rules.roles.monthly(who)[1] else await db.aread(read)
    return await db.awrite(give) if found is None else found


async def _page(
    db: Database,
    rules: Rules,
    who: Requester,
    rows: Callable[[Session, tuple[str, ...], int, int], tuple[Transfer, ...]],
    skip: int,
    limit: int,
) -> tuple[Move, ...]:
    def find(session: Session, user: User) -> tuple[Move, ...]:
        own = _accounts(session, user)
        return tuple(
            move(session, row.debit_id if row.debit_id in own else row.credit_id, row)
            for row in rows(session, own, skip, limit)
        )

    return await _of(db, rules, who, find)


def _accounts(session: Session, user: User) -> tuple[str, ...]:
    """Theirs, and those of everybody they were before they were one person."""
    return tuple(account_of(users.get(session, number)) for number in session.exec(users.everyone(user.id)))


def _parsed(model: type[AnyAsk], values: Mapping[str, Any]) -> AnyAsk:
    try:
        return parse_as(model, values)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None


def _next_month(now: int) -> int:
    """When the month after `now` begins, in milliseconds since the epoch."""
    day = datetime.fromtimestamp(now / 1000, UTC)
    first = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1, day=1)
    return int(first.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
