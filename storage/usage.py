"""What somebody's credits were spent on, and where they came from: sums and pages of the transfers of their accounts.

Somebody who was two people has two accounts; what went from one of these to the other neither came nor was spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, or_
from sqlmodel import Session, col, func, select

from storage.tables import Transfer

_FROM, _TO = col(Transfer.debit_id), col(Transfer.credit_id)


@dataclass(frozen=True)
class Totals:
    """Credits that were `spent` on jobs, and that `came`, in all. `allowed_at` is when the last allowance came."""

    spent: int
    came: int
    allowed_at: int | None


def totals(session: Session, accounts: Sequence[str]) -> Totals:
    """The sums over everything that ever moved."""
    # One side after the other: only so is either read off its index.
    amount = func.coalesce(func.sum(col(Transfer.amount)), 0)
    allowed = func.max(case((col(Transfer.kind) == "allowance", col(Transfer.created_at))))
    paid = session.exec(select(amount).where(_spent(accounts))).one()
    given, allowed_at = session.exec(select(amount, allowed).where(_came(accounts))).one()
    return Totals(int(paid), int(given), allowed_at)


def moved(session: Session, accounts: Sequence[str], skip: int, limit: int) -> tuple[Transfer, ...]:
    """Everything that came or went, newest first."""
    return _page(session, _moved(accounts), skip, limit)


def spent(session: Session, accounts: Sequence[str], skip: int, limit: int) -> tuple[Transfer, ...]:
    """What was paid for jobs, newest first."""
    return _page(session, _spent(accounts), skip, limit)


def came(session: Session, accounts: Sequence[str], skip: int, limit: int) -> tuple[Transfer, ...]:
    """What came, newest first."""
    return _page(session, _came(accounts), skip, limit)


def _page(session: Session, which: ColumnElement[bool], skip: int, limit: int) -> tuple[Transfer, ...]:
    rows = select(Transfer).where(which).order_by(col(Transfer.id).desc())
    return tuple(session.exec(rows.offset(skip).limit(limit)))


def _spent(accounts: Sequence[str]) -> ColumnElement[bool]:
    return and_(_FROM.in_(accounts), col(Transfer.kind) == "capture")


def _came(accounts: Sequence[str]) -> ColumnElement[bool]:
    return and_(_TO.in_(accounts), _FROM.not_in(accounts))


def _moved(accounts: Sequence[str]) -> ColumnElement[bool]:
    return or_(_came(accounts), and_(_FROM.in_(accounts), _TO.not_in(accounts)))
