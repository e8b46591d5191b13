"""Accounts, holds and transfers: the books that `storage.ledger` keeps."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlmodel import Field

from storage.tables.base import SERIAL, Table

HoldState = Literal["open", "captured", "voided"]
AccountKind = Literal["user", "system"]


class Account(Table, table=True):
    """A ledger account. `posted` and `held` are sums that the triggers keep; nothing else writes them.

    `posted` is kept for people alone: what the house's own accounts have is added up when somebody asks.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('user', 'system')", name="kind"),
        CheckConstraint("held >= 0", name="held"),
        CheckConstraint("kind = 'system' OR posted >= held", name="available"),
    )

    id: str = Field(primary_key=True, sa_type=Text)
    kind: AccountKind = Field(sa_type=Text)
    posted: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)


class Hold(Table, table=True):
    """Credits set aside. It settles once: captured (by the transfer that names it) or voided."""

    __tablename__ = "hold"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('open', 'captured', 'voided')", name="state"),
        CheckConstraint("(state = 'open') = (settled_at IS NULL)", name="settled"),
        Index(None, "account_id", "state"),
    )

    key: str = Field(primary_key=True, sa_type=Text)
    account_id: str = Field(foreign_key="account.id", sa_type=Text)
    amount: int = Field(sa_type=BigInteger)
    state: HoldState = Field(default="open", sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    settled_at: int | None = Field(default=None, sa_type=BigInteger)


class Transfer(Table, table=True):
    """Credits that moved, for good. One row carries both sides, so that the sum over all accounts is zero.

    `note` is what whoever gave or took them had to say.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_id <> credit_id", name="sides"),
        CheckConstraint("(kind = 'capture') = (hold_key IS NOT NULL)", name="capture"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    key: str = Field(unique=True, sa_type=Text)
    kind: str = Field(sa_type=Text)
    debit_id: str = Field(foreign_key="account.id", index=True, sa_type=Text)
    credit_id: str = Field(foreign_key="account.id", index=True, sa_type=Text)
    amount: int = Field(sa_type=BigInteger)
    hold_key: str | None = Field(default=None, foreign_key="hold.key", unique=True, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    note: str | None = Field(default=None, sa_type=Text)
