"""Credits: accounts, holds and transfers. Amounts are whole credits; keys make every call safe to repeat.

A hold sets credits aside and has no date of expiry: it ends only with its job. A queue may be paused for a week, and a
hold that ran out meanwhile would leave a song nobody can be charged for, or let its owner spend the credits twice.

The triggers in the migrations keep the books even against code that is wrong: transfers are append-only, a hold
settles once and never changes otherwise, a capture is ONE row whose insertion settles its hold, and nobody's credits
available (posted less held) go below zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, bindparam, case, func, literal, select
from sqlmodel import Session, col, or_, update
from sqlmodel import select as select_rows

from storage.once import adding_from, insert_once
from storage.soundness import check
from storage.tables import Account, AccountKind, Hold, Transfer, core

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
    "lock",
    "made",
    "open_account",
    "statement",
    "transfer",
    "void",
]

# Made by the first migration: where granted credits come from, and where charged ones go.
BANK, INCOME = "bank", "income"

ACCOUNT, HOLD, TRANSFER = core(Account), core(Hold), core(Transfer)


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


def grant(
    session: Session, *, key: str, account: str, amount: int, now: int, kind: str = "grant", note: str | None = None
) -> Transfer:
    """Give credits out of the bank. Raises `KeyReused` where `key` stands for another transfer."""
    return transfer(session, key=key, kind=kind, debit=BANK, credit=account, amount=amount, now=now, note=note)


def transfer(
    session: Session,
    *,
    key: str,
    kind: str,
    debit: str,
    credit: str,
    amount: int,
    now: int,
    note: str | None = None,
) -> Transfer:
    """Move credits from `debit` to `credit`, once for each key.

    Raises `InsufficientCredits` where `debit` has fewer available, `KeyReused`, and `ValueError` below 1 credit.
    """
    _whole(amount)
    moved = next(iter(made(session, key)), None)
    if moved is None:
        # In the order of their names, so that two people who give to each other don't wait for each other. The house's
        # own accounts keep no sum: everybody's credits come from them, and nobody waits for them.
        locked = {name: _account(session, name, lock=name not in (BANK, INCOME)) for name in sorted((debit, credit))}
        giver = locked[debit]
        available = giver.posted - giver.held
        if giver.kind == "user" and available < amount:
            raise InsufficientCredits(amount, available)
        row = Transfer(key=key, kind=kind, debit_id=debit, credit_id=credit, amount=amount, created_at=now, note=note)
        moved = insert_once(session, row, by=["key"]) or made(session, key)[0]
    if (moved.kind, moved.debit_id, moved.credit_id, moved.amount) != (kind, debit, credit, amount):
        raise KeyReused(f"{key} is a {moved.kind} of {moved.amount} from {moved.debit_id} to {moved.credit_id}")
    return moved


def made(session: Session, *keys: str) -> tuple[Transfer, ...]:
    """The transfers under these keys."""
    return tuple(session.exec(select_rows(Transfer).where(col(Transfer.key).in_(keys))))


def lock(session: Session, account: str) -> None:
    """Wait for whoever changes what `account` has; until this transaction ends, they wait for it.

    For what locks other rows too: where a job ends, its owner's account comes before those.
    """
    _account(session, account, lock=True)


def hold(session: Session, *, key: str, account: str, amount: int, now: int) -> None:
    """Set credits aside until their job ends: `capture` or `void`. Repeating it changes nothing.

    Raises `InsufficientCredits`, and `KeyReused` where `key` holds another amount or account.
    """
    _whole(amount)
    values = {"its_key": key, "owner": account, "amount": amount, "now": now}
    if _HOLDING.first(session, values) is not None:
        return
    # There already, or not to be had: which of them is worth another look.
    owner = _account(session, account, lock=True)
    kept = session.get(Hold, key, populate_existing=True)
    if kept is not None:
        if (kept.account_id, kept.amount) != (account, amount):
            raise KeyReused(f"{key} holds {kept.amount} of {kept.account_id}")
        return
    available = owner.posted - owner.held
    if owner.kind == "user" and available < amount:
        raise InsufficientCredits(amount, available)
    # Somebody else's hold went or credits came between the two looks; the constraint on the account has the last word.
    session.add(Hold(key=key, account_id=account, amount=amount, created_at=now))
    session.flush()


def capture(session: Session, *, key: str, amount: int, now: int) -> None:
    """Charge `amount` of the hold `key` and release the rest. Repeating it changes nothing.

    Raises `AlreadySettled` where it was voided, or captured with another amount; `ValueError` above the hold;
    `LookupError` where there is no such hold.
    """
    _whole(amount)
    values = {"its_key": key, "capture_key": f"capture:{key}", "amount": amount, "now": now}
    if _CAPTURING.first(session, values) is not None:
        return
    held = _hold(session, key)
    if amount > held.amount:
        raise ValueError(f"{key} holds {held.amount} credits, not {amount}")
    if held.state == "captured":
        charged = session.exec(select_rows(Transfer).where(Transfer.hold_key == key)).one()
        if charged.amount != amount:
            raise AlreadySettled(f"{key} was captured with {charged.amount} credits")
        return
    raise AlreadySettled(f"{key} was voided")


def void(session: Session, *, key: str, now: int) -> None:
    """Release all of the hold `key`. Repeating it changes nothing. Raises `AlreadySettled` after a capture."""
    held = _hold(session, key)
    if held.state == "captured":
        raise AlreadySettled(f"{key} was captured")
    session.exec(
        update(Hold).where(col(Hold.key) == key, col(Hold.state) == "open").values(state="voided", settled_at=now)
    )


def balance(session: Session, account: str) -> Balance:
    """What `account` has. Raises `LookupError` where there is none.

    An account of the house has no sum in its row, which everybody's songs would have to wait for: it is added up.
    """
    row = _account(session, account)
    posted = row.posted if row.kind == "user" else _added_up(session, account)
    return Balance(posted, row.held, posted - row.held)


def statement(session: Session, account: str, limit: int = 50) -> tuple[Transfer, ...]:
    """The latest transfers to and from `account`, newest first."""
    either = or_(col(Transfer.debit_id) == account, col(Transfer.credit_id) == account)
    return tuple(session.exec(select_rows(Transfer).where(either).order_by(col(Transfer.id).desc()).limit(limit)))


def _added_up(session: Session, account: str) -> int:
    side = case((col(Transfer.credit_id) == account, col(Transfer.amount)), else_=-col(Transfer.amount))
    either = or_(col(Transfer.debit_id) == account, col(Transfer.credit_id) == account)
    return int(session.exec(select_rows(func.coalesce(func.sum(side), 0)).where(either)).one())


def _whole(amount: int) -> None:
    if amount < 1:
        raise ValueError(f"an amount is at least 1 credit, not {amount}")


def _account(session: Session, account_id: str, *, lock: bool = False) -> Account:
    # Triggers change accounts behind the session's back: what it remembers of them is never used.
    # An account's name never changes, so rows that merely refer to it need not wait for this lock, nor it for them.
    wait_for = {"key_share": True} if lock else None
    account = session.get(Account, account_id, populate_existing=True, with_for_update=wait_for)
    if account is None:
        raise LookupError(f"no account {account_id}")
    return account


def _hold(session: Session, key: str) -> Hold:
    held = session.get(Hold, key, populate_existing=True, with_for_update=True)
    if held is None:
        raise LookupError(f"no hold {key}")
    return held


# Locked before it is looked at, so that two holds can't both see the last credits.
_HOLDING = adding_from(
    HOLD,
    ("key", "account_id", "amount", "state", "created_at"),
    select(
        bindparam("its_key", type_=Text()),
        ACCOUNT.c.id,
        bindparam("amount", type_=BigInteger()),
        literal("open"),
        bindparam("now", type_=BigInteger()),
    )
    .where(
        ACCOUNT.c.id == bindparam("owner"),
        or_(ACCOUNT.c.kind == "system", ACCOUNT.c.posted - ACCOUNT.c.held >= bindparam("amount")),
    )
    .with_for_update(key_share=True),
    by="key",
)
# A trigger settles the hold with it.
_CAPTURING = adding_from(
    TRANSFER,
    ("key", "kind", "debit_id", "credit_id", "amount", "hold_key", "created_at"),
    select(
        bindparam("capture_key", type_=Text()),
        literal("capture"),
        HOLD.c.account_id,
        literal(INCOME),
        bindparam("amount", type_=BigInteger()),
        HOLD.c.key,
        bindparam("now", type_=BigInteger()),
    ).where(HOLD.c.key == bindparam("its_key"), HOLD.c.state == "open", HOLD.c.amount >= bindparam("amount")),
    by="key",
)
