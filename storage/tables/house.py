"""What moderators do, the record of it, and what the house signs with."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import JSON_OR_NULL, SERIAL, Table

ReviewState = Literal["waiting", "approved", "rejected"]


class Review(Table, table=True):
    """A job that a moderator looks at before it is made."""

    __tablename__ = "review"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name="state"),)

    job_id: int = Field(foreign_key="job.id", primary_key=True, sa_type=BigInteger)
    state: ReviewState = Field(default="waiting", index=True, sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)
    by: str | None = Field(default=None, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    decided_at: int | None = Field(default=None, sa_type=BigInteger)


class Report(Table, table=True):
    """Somebody's complaint about a song; one each. `outcome` says what was decided: "kept" or "taken_down"."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("job_id", "user_id"),
        Index(
            "ix_report_open",
            "created_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    job_id: int = Field(foreign_key="job.id", sa_type=BigInteger)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    why: str = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    outcome: str | None = Field(default=None, sa_type=Text)


class Audit(Table, table=True):
    """What somebody in charge did: for good, a trigger forbids to change it.

    `by` is a person's name here ("operator": whoever has the terminal), `act` what they did ("grant", "ban"),
    `subject` to whom or what ("user:3", "job:12", "queue").
    """

    __tablename__ = "audit"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    at: int = Field(index=True, sa_type=BigInteger)
    by: str = Field(sa_type=Text)
    surface: str = Field(sa_type=Text)
    act: str = Field(index=True, sa_type=Text)
    subject: str = Field(index=True, sa_type=Text)
    details: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)


class Seal(Table, table=True):
    """What our own links are signed with: one row, made with the database, alike for every process on it."""

    __tablename__ = "seal"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: int = Field(default=1, primary_key=True)
    key: str = Field(sa_type=Text)
