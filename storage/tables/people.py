"""People, how each surface knows them, and what keeps them out or joins them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import SERIAL, Table


class User(Table, table=True):
    """A person. `joined` is set on one that turned out to be somebody else, known from another chat: that person.

    `erased_at`: they had themselves forgotten. A number is left, for what was paid and won, and no chat knows it.
    """

    __tablename__ = "user"
    __table_args__ = (
        Index(
            "ix_user_erased",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    name: str = Field(unique=True, sa_type=Text)
    joined: int | None = Field(default=None, foreign_key="user.id", index=True, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    erased_at: int | None = Field(default=None, sa_type=BigInteger)


class Identity(Table, table=True):
    """How a surface knows a person; one person may have several."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("surface", "external_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    surface: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)


class LinkCode(Table, table=True):
    """A code that joins two people who are one. `code` is kept as a hash: whoever reads the table can't use it."""

    __tablename__ = "link_code"

    code: str = Field(primary_key=True, sa_type=Text)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    expires_at: int = Field(sa_type=BigInteger)


class Ban(Table, table=True):
    """Somebody who may ask for nothing, until then or (None) for good. `by` says who decided it."""

    __tablename__ = "ban"

    user_id: int = Field(foreign_key="user.id", primary_key=True, sa_type=BigInteger)
    why: str = Field(sa_type=Text)
    by: str = Field(sa_type=Text)
    until: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)


class Erased(Table, table=True):
    """Somebody who had everything about them deleted. `known_by` is a keyed hash of how a chat knew them.

    It names nobody, and only says what must not be had anew by asking to be forgotten: the welcome credits, and
    (`banned_until`, 0 for good) a way round a ban; `operators`: that was the operator's word.
    """

    __tablename__ = "erased"

    known_by: str = Field(primary_key=True, sa_type=Text)
    banned_until: int | None = Field(default=None, sa_type=BigInteger)
    operators: bool = False
    erased_at: int = Field(index=True, sa_type=BigInteger)


class Departed(Table, table=True):
    """A Discord server or Slack workspace that removed the bot at that time; what is of it goes some days later."""

    __tablename__ = "departed"

    server: str = Field(primary_key=True, sa_type=Text)
    at: int = Field(sa_type=BigInteger)
