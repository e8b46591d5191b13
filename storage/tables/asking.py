"""Requests: which were heard, which were refused and can be mended, and how often some may be made."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from storage.tables.base import SERIAL, Table


class Heard(Table, table=True):
    """A request that a chat brought. It may come again where our answer was slow or lost, and must do nothing twice."""

    __tablename__ = "heard"

    key: str = Field(primary_key=True, sa_type=Text)
    heard_at: int = Field(index=True, sa_type=BigInteger)


class Draft(Table, table=True):
    """A request that was refused, as it can be typed: its author changes a word instead of writing it all again."""

    __tablename__ = "draft"

    id: str = Field(primary_key=True, sa_type=Text)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    text: str = Field(sa_type=Text)
    created_at: int = Field(index=True, sa_type=BigInteger)


class Asked(Table, table=True):
    """A request that became no job but is limited all the same (the lyrics of a song, say)."""

    __tablename__ = "asked"
    __table_args__ = (Index(None, "user_id", "task", "asked_at"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    task: str = Field(sa_type=Text)
    asked_at: int = Field(index=True, sa_type=BigInteger)
