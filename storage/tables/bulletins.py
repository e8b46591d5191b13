"""Messages of the house that are about no single song: a run's progress, a challenge, its podium."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, text
from sqlmodel import Field

from storage.tables.base import SERIAL, Table

BulletinKind = Literal["run", "challenge", "schedule"]


class Bulletin(Table, table=True):
    """A message in a channel, posted once and edited in place whenever what it is about changes.

    What it says is read from the tables when it is delivered (`kind` and `subject` say of what, `topic` which part of
    it), so only a number tells what is to be done: it is up to date once `shown` has reached `version`. `post` is the
    chat's own id of it. `user_id` is whom it goes to where the channel is shut, `server` where the channel is.
    `withdrawn`: it is to be taken down.
    """

    __tablename__ = "bulletin"
    __table_args__ = (
        CheckConstraint("kind IN ('run', 'challenge', 'schedule')", name="kind"),
        CheckConstraint("shown <= version", name="version"),
        Index(
            "ix_bulletin_waiting",
            "surface",
            "due_at",
            sqlite_where=text("shown < version AND dead_at IS NULL"),
            postgresql_where=text("shown < version AND dead_at IS NULL"),
        ),
        Index(None, "kind", "subject"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    key: str = Field(unique=True, sa_type=Text)
    kind: BulletinKind = Field(sa_type=Text)
    subject: int = Field(sa_type=BigInteger)
    topic: str = Field(sa_type=Text)
    surface: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    server: str | None = Field(default=None, index=True, sa_type=Text)
    user_id: int | None = Field(default=None, foreign_key="user.id", index=True, sa_type=BigInteger)
    version: int = 1
    shown: int = 0
    withdrawn: bool = False
    post: str | None = Field(default=None, sa_type=Text)
    moved: str | None = Field(default=None, sa_type=Text)
    attempts: int = 0
    due_at: int = Field(sa_type=BigInteger)
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    dead_at: int | None = Field(default=None, sa_type=BigInteger)
    error: str | None = Field(default=None, sa_type=Text)
