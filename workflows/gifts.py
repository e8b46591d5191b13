"""Credits from hand to hand: gifts between people, and what those in charge grant and revoke."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlmodel import Session

from storage import ledger
from storage.database import Database
from storage.locks import one_at_a_time
from storage.tables import User
from workflows import bans, moderation, named, record
from workflows.asks.credits import LARGEST
from workflows.credits import account_of, welcome
from workflows.people import Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules


@dataclass(frozen=True)
class Given:
    """`amount` credits came to `name` (or went from them), who has `available` now. `left`: what the giver has."""

    name: str
    amount: int
    available: int
    left: int | None = None


async def gift(
    db: Database,
    rules: Rules,
    who: Requester,
    to: str,
    amount: int,
    *,
    note: str | None = None,
    request: str | None = None,
) -> Given:
    """Give somebody some of one's own credits. `to` is how `who` names them. Raises `Refusal`."""
    _sane(amount)
    key = f"gift:{request or secrets.token_hex(8)}"

    def give(session: Session) -> Given:
        now = now_ms()
        only_once(session, request, now)
        giver = welcome(session, rules.pricing, who, now)
        bans.require_welcome(session, giver.id, now)
        taker = named.person(session, rules.pricing, to, who, now)
        if taker.id == giver.id:
            raise Refusal("gift_to_oneself", field="who", value=to)
        if note is not None:
            moderation.check_text(rules.moderation, "message", note)
        own, theirs = account_of(giver), account_of(taker)
        try:
            ledger.transfer(session, key=key, kind="gift", debit=own, credit=theirs, amount=amount, now=now, note=note)
        except ledger.InsufficientCredits as short:
            raise Refusal("gift_too_large", field="amount", value=amount, available=short.available) from None
        return Given(
            taker.name, amount, ledger.balance(session, theirs).available, ledger.balance(session, own).available
        )

    return await db.awrite(give)


async def grant(
    db: Database,
    rules: Rules,
    by: Requester,
    to: str | Requester,
    amount: int,
    *,
    why: str | None = None,
    key: str | None = None,
    request: str | None = None,
) -> Given:
    """Give credits out of the bank, and note who did. The same `key` gives once; without one each call does.

    `to` is a person, or how `by` names them. Raises `Refusal`, `key_reused` for a key that gave something else.
    """
    _sane(amount)
    made_key = f"grant:key:{key}" if key is not None else f"grant:{request or secrets.token_hex(8)}"

    def give(session: Session) -> Given:
        now = now_ms()
        only_once(session, request, now)
        user = _person(session, rules, to, by, now)
        account = account_of(user)
        one_at_a_time(session, made_key)
        new = not ledger.made(session, made_key)
        try:
            ledger.grant(session, key=made_key, account=account, amount=amount, now=now, note=why)
        except ledger.KeyReused:
            raise Refusal("key_reused", field="key", value=key) from None
        if new:
            record.note(session, by, "grant", account, now, name=user.name, amount=amount, why=why)
        return Given(user.name, amount, ledger.balance(session, account).available)

    return await db.awrite(give)


async def revoke(
    db: Database, rules: Rules, by: Requester, whose: str, amount: int, *, why: str | None = None,
    request: str | None = None,
) -> Given:  # fmt: skip
    """Take credits back into the bank, and note who did: as many as are there and not held. Raises `Refusal`."""
    _sane(amount)
    key = f"revoke:{request or secrets.token_hex(8)}"

    def take(session: Session) -> Given:
        now = now_ms()
        only_once(session, request, now)
        user = _person(session, rules, whose, by, now)
        own = account_of(user)
        try:
            ledger.transfer(
                session, key=key, kind="revoke", debit=own, credit=ledger.BANK, amount=amount, now=now, note=why
            )
        except ledger.InsufficientCredits as short:
            raise Refusal(
                "revoke_too_much", field="amount", value=amount, name=user.name, available=short.available
            ) from None
        record.note(session, by, "revoke", own, now, name=user.name, amount=amount, why=why)
        return Given(user.name, amount, ledger.balance(session, own).available)

    return await db.awrite(take)


def _sane(amount: int) -> None:
    if not 1 <= amount <= LARGEST:
        raise Refusal("bad_value", field="amount", value=amount, allowed=f"1 to {LARGEST:,}")


def _person(session: Session, rules: Rules, given: str | Requester, by: Requester, now: int) -> User:
    if isinstance(given, Requester):
        return welcome(session, rules.pricing, given, now)
    return named.person(session, rules.pricing, given, by, now)
