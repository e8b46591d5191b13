"""Every table. Times are whole milliseconds since the epoch; statuses and kinds are text that a constraint checks.

The triggers that guard the ledger and the ends of jobs live in the migrations, for they are no part of a model.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Integer, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

JobStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
LIVE: tuple[JobStatus, ...] = ("PENDING", "PROCESSING")

HoldState = Literal["open", "captured", "voided"]
AccountKind = Literal["user", "system"]

# SQLite numbers rows by itself only where the type is exactly INTEGER (64 bits there all the same).
SERIAL = BigInteger().with_variant(Integer(), "sqlite")
JSON_OR_NULL = JSON(none_as_null=True)


class Table(SQLModel):
    """The base of every table; constraints get names, so that a later migration can change them."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Table, table=True):
    """A person. `turn` numbers the last claim of one of their jobs: whoever has the lowest is served next."""

    __tablename__ = "user"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    name: str = Field(unique=True, sa_type=Text)
    turn: int = Field(default=0, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)


class Identity(Table, table=True):
    """How a surface knows a person; one person may have several."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("surface", "external_id"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    surface: str = Field(sa_type=Text)
    external_id: str = Field(sa_type=Text)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)


class Account(Table, table=True):
    """A ledger account. `posted` and `held` are sums that the triggers keep; nothing else writes them."""

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
    """Credits that moved, for good. One row carries both sides, so that the sum over all accounts is zero."""

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


class Job(Table, table=True):
    """One accepted request. `spec` and `plan` are JSON text; `round` counts manual retries, `attempt` tries of a round.

    `message` is what the request answered, `post` the status message (the surface's own id); `moved` says why the post
    went to its owner instead of the channel that was asked for. `key` makes a request that is sent twice one job;
    `token` is the fence of the attempt that runs now and `lease_until` the end of its lease. `deleted_at` is set once
    its owner has thrown its tracks away.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')", name="status"),
        CheckConstraint("(status = 'PROCESSING') = (token IS NOT NULL)", name="token"),
        CheckConstraint("(status = 'PROCESSING') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(status IN ('PENDING', 'PROCESSING')) = (finished_at IS NULL)", name="finished"),
        CheckConstraint("price >= 0 AND attempt >= 0 AND round >= 1 AND takes >= 0", name="counts"),
        UniqueConstraint("user_id", "key"),
        Index(None, "status", "run_after", "priority", "id"),
        Index(None, "user_id", "task", "created_at"),
        Index(None, "user_id", "status"),
        Index(None, "status", "task", "finished_at"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    parent_id: int | None = Field(default=None, foreign_key="job.id", index=True, sa_type=BigInteger)
    key: str | None = Field(default=None, sa_type=Text)
    surface: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    task: str = Field(sa_type=Text)
    spec: str = Field(sa_type=Text)
    plan: str | None = Field(default=None, sa_type=Text)
    title: str | None = Field(default=None, sa_type=Text)
    duration: float
    takes: int
    seed: int = Field(sa_type=BigInteger)
    price: int = Field(sa_type=BigInteger)
    status: JobStatus = Field(default="PENDING", sa_type=Text)
    priority: int = 0
    round: int = 1
    attempt: int = 0
    run_after: int = Field(sa_type=BigInteger)
    token: str | None = Field(default=None, unique=True, sa_type=Text)
    worker: str | None = Field(default=None, sa_type=Text)
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    cancel_requested: bool = False
    stage: str | None = Field(default=None, sa_type=Text)
    progress: float | None = None
    error_code: str | None = Field(default=None, sa_type=Text)
    error_params: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
    error_permanent: bool | None = None
    error_cause: str | None = Field(default=None, sa_type=Text)
    created_at: int = Field(sa_type=BigInteger)
    started_at: int | None = Field(default=None, sa_type=BigInteger)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)
    post: str | None = Field(default=None, sa_type=Text)
    moved: str | None = Field(default=None, sa_type=Text)
    deleted_at: int | None = Field(default=None, sa_type=BigInteger)


class Blob(Table, table=True):
    """A file in the blob store, named by its content: hex SHA-256, a dot, the extension. `size` in bytes."""

    __tablename__ = "blob"

    digest: str = Field(primary_key=True, sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    created_at: int = Field(index=True, sa_type=BigInteger)


class Track(Table, table=True):
    """A finished take. `duration` in seconds, `lrc` the text of its timed lyrics, `peaks` its drawn wave."""

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("job_id", "take"),)

    id: str = Field(primary_key=True, sa_type=Text)
    job_id: int = Field(foreign_key="job.id", sa_type=BigInteger)
    take: int
    title: str = Field(sa_type=Text)
    seed: int = Field(sa_type=BigInteger)
    duration: float
    sample_rate: int
    channels: int
    bpm: float
    keyscale: str = Field(sa_type=Text)
    timesignature: str = Field(sa_type=Text)
    quality_score: float | None = None
    lrc: str | None = Field(default=None, sa_type=Text)
    peaks: list[int] | None = Field(default=None, sa_type=JSON_OR_NULL)
    created_at: int = Field(sa_type=BigInteger)


class TrackFile(Table, table=True):
    """A file of a track. How often a blob is referenced is the number of these rows that name it."""

    __tablename__ = "track_file"
    __table_args__ = (UniqueConstraint("track_id", "kind", "name", "format"),)

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    track_id: str = Field(foreign_key="track.id", sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    format: str = Field(sa_type=Text)
    digest: str = Field(foreign_key="blob.digest", index=True, sa_type=Text)


class Outbox(Table, table=True):
    """Something to tell a channel about a job. `receipt` says where it was posted, `dead_at` that we gave up."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("sent_at IS NULL OR dead_at IS NULL", name="ending"),
        Index(
            "ix_outbox_waiting",
            "surface",
            "due_at",
            sqlite_where=text("sent_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND dead_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    key: str = Field(unique=True, sa_type=Text)
    job_id: int = Field(foreign_key="job.id", index=True, sa_type=BigInteger)
    surface: str = Field(sa_type=Text)
    topic: str = Field(sa_type=Text)
    payload: dict[str, Any] = Field(sa_type=JSON)
    attempts: int = 0
    due_at: int = Field(sa_type=BigInteger)
    lease_until: int | None = Field(default=None, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    sent_at: int | None = Field(default=None, sa_type=BigInteger)
    dead_at: int | None = Field(default=None, sa_type=BigInteger)
    error: str | None = Field(default=None, sa_type=Text)
    receipt: str | None = Field(default=None, sa_type=Text)


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
