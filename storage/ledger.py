"""Credits: accounts, holds and transfers. Amounts are whole credits; keys make every call safe to repeat.

A hold sets credits aside and has no date of expiry: it ends only with its job. A queue may be paused for a week, and a
hold that ran out meanwhile would leave a song nobody can be charged for, or let its owner spend the credits twice.

The triggers in the migrations keep the books even against code that is wrong: transfers are append-only, a hold
settles once and never changes otherwise, a capture is ONE row whose insertion settles its hold, and nobody's credits
available (posted less held) go below zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, or_, select, update

from storage.once import insert_once
from storage.soundness import check
from storage.tables import Account, AccountKind, Hold, Transfer

__all__ = [
    "BANK",
    "INCOME",
    "AlreadySettled",
    "Balance",
    "InsufficientCredits",
    "KeyReused",
    "balance",
    "capture",
    "check",
    "grant",
    "hold",
    "open_account",
    "statement",
    "transfer",
    "void",
]

# Made by the first migration: where granted credits come from, and where charged ones go.
BANK, INCOME = "bank", "income"


class InsufficientCredits(Exception):
    """The account has fewer credits available than the hold asks for."""

    def __init__(self, required: int, available: int) -> None:
        super().__init__(f"{required} credits needed, {available} available")
        self.required = required
        self.available = available


class KeyReused(Exception):
    """The key already stands for something else; repeating a call means repeating all of it."""


class AlreadySettled(Exception):
    """The hold was captured or voided before, and not like this."""


@dataclass(frozen=True)
class Balance:
    """`posted` is what the transfers add up to, `held` what of it is set aside, `available` the rest."""

    posted: int
    held: int
    available: int


def open_account(session: Session, account_id: str, kind: AccountKind = "user") -> Account:
    """The account `account_id`, empty if it is new. A system account may go below zero."""
    opened = insert_once(session, Account(id=account_id, kind=kind), by=["id"])
    return opened or _account(session, account_id)


def grant(session: Session, *, key: str, account: str, amount: int, now: int) -> Transfer:
    """Give credits out of the bank. Raises `KeyReused` where `key` stands for another transfer."""
    return transfer(session, key=key, kind="grant", debit=BANK, credit=account, amount=amount, now=now)


def transfer(
    session: Session,
    *,
    key: str,
    kind: str,
    debit: str,
    credit: str,
    amount: int,
    now: int,
    hold_key: str | None = None,
) -> Transfer:
    """Move credits from `debit` to `credit`, once for each key. Raises `KeyReused`; `ValueError` below 1 credit."""
    _whole(amount)
    row = Transfer(
        key=key, kind=kind, debit_id=debit, credit_id=credit, amount=amount, hold_key=hold_key, created_at=now
    )
    moved = insert_once(session, row, by=["key"])
    if moved is None:
        moved = session.exec(select(Transfer).where(Transfer.key == key)).one()
        if (moved.kind, moved.debit_id, moved.credit_id, moved.amount) != (kind, debit, credit, amount):
            raise KeyReused(f"{key} is a {moved.kind} of {moved.amount} from {moved.debit_id} to {moved.credit_id}")
    return moved


def hold(session: Session, *, key: str, account: str, amount: int, now: int) -> Hold:
    """Set credits aside until their job ends: `capture` or `void`. Repeating it changes nothing.

    Raises `InsufficientCredits`, and `KeyReused` where `key` holds another amount or account.
    """
    _whole(amount)
    # Locked before it is looked at, so that two holds can't both see the last credits.
    owner = _account(session, account, lock=True)
    kept = session.get(Hold, key, populate_existing=True)
    if kept is not None:
        if (kept.account_id, kept.amount) != (account, amount):
            raise KeyReused(f"{key} holds {kept.amount} of {kept.account_id}")
        return kept
    available = owner.posted - owner.held
    if owner.kind == "user" and available < amount:
        raise InsufficientCredits(amount, available)
    row = Hold(key=key, account_id=account, amount=amount, created_at=now)
    session.add(row)
    session.flush()
    return row


def capture(session: Session, *, key: str, amount: int, now: int) -> Transfer:
    """Charge `amount` of the hold `key` and release the rest. Repeating it changes nothing.

    Raises `AlreadySettled` where it was voided, or captured with another amount; `ValueError` above the hold;
    `LookupError` where there is no such hold.
    """
    _whole(amount)
    held = _hold(session, key)
    if amount > held.amount:
        raise ValueError(f"{key} holds {held.amount} credits, not {amount}")
    if held.state == "captured":
        made = session.exec(select(Transfer).where(Transfer.hold_key == key)).one()
        if made.amount != amount:
            raise AlreadySettled(f"{key} was captured with {made.amount} credits")
        return made
    if held.state == "voided":
        raise AlreadySettled(f"{key} was voided")
    return transfer(
        session,
        key=f"capture:{key}",
        kind="capture",
        debit=held.account_id,
        credit=INCOME,
        amount=amount,
        hold_key=key,
        now=now,
    )


def void(session: Session, *, key: str, now: int) -> None:
    """Release all of the hold `key`. Repeating it changes nothing. Raises `AlreadySettled` after a capture."""
    held = _hold(session, key)
    if held.state == "captured":
        raise AlreadySettled(f"{key} was captured")
    session.exec(
        update(Hold).where(col(Hold.key) == key, col(Hold.state) == "open").values(state="voided", settled_at=now)
    )


def balance(session: Session, account: str) -> Balance:
    """What `account` has. Raises `LookupError` where there is none."""
    row = _account(session, account)
    return Balance(row.posted, row.held, row.posted - row.held)


def statement(session: Session, account: str, limit: int = 50) -> tuple[Transfer, ...]:
    """The latest transfers to and from `account`, newest first."""
    either = or_(col(Transfer.debit_id) == account, col(Transfer.credit_id) == account)
    return tuple(session.exec(select(Transfer).where(either).order_by(col(Transfer.id).desc()).limit(limit)))


def _whole(amount: int) -> None:
    if amount < 1:
        raise ValueError(f"an amount is at least 1 credit, not {amount}")


def _account(session: Session, account_id: str, *, lock: bool = False) -> Account:
    # Triggers change accounts behind the session's back: what it remembers of them is never used.
    account = session.get(Account, account_id, populate_existing=True, with_for_update=lock or None)
    if account is None:
        raise LookupError(f"no account {account_id}")
    return account


def _hold(session: Session, key: str) -> Hold:
    held = session.get(Hold, key, populate_existing=True, with_for_update=True)
    if held is None:
        raise LookupError(f"no hold {key}")
    return held
