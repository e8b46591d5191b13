"""What programs that come over HTTP need: their keys, where they want to be told, and the names they know tracks by."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import SERIAL, Table


class ApiKey(Table, table=True):
    """A key that acts for a person. Only `digest`, the SHA-256 of the key, is kept: whoever reads the table has none.

    `hint` is its beginning, by which people tell theirs apart; `scopes` (JSON) what it is good for. `last_used_at` is
    right to a minute.
    """

    __tablename__ = "api_key"

    id: str = Field(primary_key=True, sa_type=Text)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    digest: str = Field(unique=True, sa_type=Text)
    hint: str = Field(sa_type=Text)
    label: str = Field(default="", sa_type=Text)
    scopes: list[str] = Field(sa_type=JSON)
    created_at: int = Field(sa_type=BigInteger)
    expires_at: int | None = Field(default=None, sa_type=BigInteger)
    last_used_at: int | None = Field(default=None, sa_type=BigInteger)
    revoked_at: int | None = Field(default=None, sa_type=BigInteger)


class WebhookEndpoint(Table, table=True):
    """An address that is told of what becomes of somebody's jobs. `secret` signs what is sent there.

    `events` (JSON) are those it is told of. `disabled_at`: it is told of nothing until it is enabled again.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    url: str = Field(sa_type=Text)
    events: list[str] = Field(sa_type=JSON)
    description: str = Field(default="", sa_type=Text)
    secret: str = Field(sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    disabled_at: int | None = Field(default=None, sa_type=BigInteger)


class WebhookDelivery(Table, table=True):
    """One event on its way to one endpoint: `body` is sent as it is, again and again until it is taken or given up.

    `status` is the HTTP status of the last answer, None where there was none (`error` says why).
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("delivered_at IS NULL OR dead_at IS NULL", name="ending"),
        UniqueConstraint("endpoint_id", "event_id"),
        Index(
            "ix_webhook_delivery_waiting",
            "due_at",
            sqlite_where=text("delivered_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    endpoint_id: int = Field(foreign_key="webhook_endpoint.id", sa_type=BigInteger)
    event: str = Field(sa_type=Text)
    event_id: str = Field(sa_type=Text)
    job_id: int | None = Field(default=None, foreign_key="job.id", index=True, sa_type=BigInteger)
    body: str = Field(sa_type=Text)
    attempts: int = 0
    due_at: int = Field(sa_type=BigInteger)
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(index=True, sa_type=BigInteger)
    delivered_at: int | None = Field(default=None, sa_type=BigInteger)
    dead_at: int | None = Field(default=None, sa_type=BigInteger)
    status: int | None = None
    error: str | None = Field(default=None, sa_type=Text)


class Ordered(Table, table=True):
    """A track that was ordered through the second API: known by a name of its own before there is any sound.

    It is take `take` of a job. `stored`: its link stays good until it is deleted; otherwise for a day. `format` and
    `bit_rate` (kbit/s) are what its link leads to; `tags` (JSON) what was asked for with it.
    """

    __tablename__ = "ordered"
    __table_args__ = (UniqueConstraint("job_id", "take"),)

    id: str = Field(primary_key=True, sa_type=Text)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    job_id: int = Field(foreign_key="job.id", sa_type=BigInteger)
    take: int
    name: str | None = Field(default=None, sa_type=Text)
    tags: list[str] = Field(sa_type=JSON)
    format: str = Field(sa_type=Text)
    bit_rate: int | None = None
    stored: bool
    created_at: int = Field(sa_type=BigInteger)


class JobMark(Table, table=True):
    """What its owner did to a job in their collection. `hidden_at`: they want to see it no more.

    `thumbnail_url` is the address they gave for its picture, `picture` the blob of that picture.
    """

    __tablename__ = "job_mark"

    job_id: int = Field(foreign_key="job.id", primary_key=True, sa_type=BigInteger)
    liked_at: int | None = Field(default=None, sa_type=BigInteger)
    hidden_at: int | None = Field(default=None, sa_type=BigInteger)
    thumbnail_url: str | None = Field(default=None, sa_type=Text)
    picture: str | None = Field(default=None, foreign_key="blob.digest", index=True, sa_type=Text)
