"""Jobs, the lanes they wait in, and what is to be told of them. Statuses are text that a constraint checks."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text, UniqueConstraint, desc, text
from sqlmodel import Field

from storage.tables.base import JSON_OR_NULL, SERIAL, Table

JobStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
LIVE: tuple[JobStatus, ...] = ("PENDING", "PROCESSING")
IS_LIVE = "status IN ('PENDING', 'PROCESSING')"

GateState = Literal["open", "paused", "draining"]

# From this priority on, lanes are of jobs that people wait for; engines of their own work them.
QUICK = 1_000_000


def _where(condition: str) -> dict[str, Any]:
    """What makes an index one of those rows alone."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Job(Table, table=True):
    """One accepted request. `spec` and `plan` are JSON text; `round` counts manual retries, `attempt` tries of a round.

    `message` is what the request answered, `post` the status message (the surface's own id); `moved` says why the post
    went to its owner instead of the channel that was asked for. `key` makes a request that is sent twice one job;
    `token` is the fence of the attempt that runs now and `lease_until` the end of its lease. `deleted_at` is set once
    its owner has thrown its tracks away, or, where `taken_down` says why, a moderator has.

    `server` is the Discord server or Slack workspace that it was asked for in, `bucket` the same for jobs that an
    engine can make together, `engine` who made it last. A `parked` job waits for a moderator, not for an engine.
    `recording_id` is the sound from outside that it starts from; `analysis` (JSON text) is all that comes of a job that
    makes no takes. `step_id`: it is a step of a run, whose own message tells of it; such a job has none.
    `fingerprint` tells requests under one `key` apart where what was asked for is more than the spec.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')", name="status"),
        CheckConstraint("(status = 'PROCESSING') = (token IS NOT NULL)", name="token"),
        CheckConstraint("(status = 'PROCESSING') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(status IN ('PENDING', 'PROCESSING')) = (finished_at IS NULL)", name="finished"),
        CheckConstraint("price >= 0 AND attempt >= 0 AND round >= 1 AND takes >= 0", name="counts"),
        UniqueConstraint("user_id", "key"),
        Index("ix_job_lane", "user_id", "priority", "id", **_where("status = 'PENDING' AND NOT parked")),
        Index("ix_job_parked", "user_id", **_where("status = 'PENDING' AND parked")),
        Index("ix_job_running", "lease_until", **_where("status = 'PROCESSING'")),
        Index("ix_job_server_running", "server", **_where("status = 'PROCESSING' AND server IS NOT NULL")),
        Index("ix_job_shown", "status", "id", **_where(f"{IS_LIVE} AND post IS NOT NULL")),
        Index("ix_job_server_live", "server", "id", **_where(f"{IS_LIVE} AND server IS NOT NULL")),
        Index("ix_job_speed", "task", "finished_at", **_where("status = 'COMPLETED'")),
        Index("ix_job_dead", "finished_at", **_where("status = 'FAILED' AND NOT error_permanent")),
        Index(None, "user_id", "created_at"),
        Index(None, "server", "created_at"),
        Index("ix_job_step_id", "step_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", sa_type=BigInteger)
    parent_id: int | None = Field(default=None, foreign_key="job.id", index=True, sa_type=BigInteger)
    key: str | None = Field(default=None, sa_type=Text)
    fingerprint: str | None = Field(default=None, sa_type=Text)
    surface: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    server: str | None = Field(default=None, sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    task: str = Field(sa_type=Text)
    spec: str = Field(sa_type=Text)
    plan: str | None = Field(default=None, sa_type=Text)
    recording_id: str | None = Field(default=None, foreign_key="recording.id", index=True, sa_type=Text)
    analysis: str | None = Field(default=None, sa_type=Text)
    step_id: int | None = Field(default=None, foreign_key="step.id", sa_type=BigInteger)
    title: str | None = Field(default=None, sa_type=Text)
    duration: float
    takes: int
    seed: int = Field(sa_type=BigInteger)
    price: int = Field(sa_type=BigInteger)
    status: JobStatus = Field(default="PENDING", sa_type=Text)
    priority: int = 0
    bucket: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    parked: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    round: int = 1
    attempt: int = 0
    run_after: int = Field(sa_type=BigInteger)
    token: str | None = Field(default=None, unique=True, sa_type=Text)
    worker: str | None = Field(default=None, sa_type=Text)
    engine: str | None = Field(default=None, sa_type=Text)
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
    taken_down: str | None = Field(default=None, sa_type=Text)


class Lane(Table, table=True):
    """The line of one person's jobs of one priority: what the queue serves in turn, locked with the claim.

    `turn` numbers the last claim from it: the lowest is served next. `waiting`, `running` and `music_ms` (of music, of
    those that wait) are kept by triggers on `job`; nothing else writes them.
    """

    __tablename__ = "lane"
    __table_args__ = (
        CheckConstraint("waiting >= 0 AND running >= 0 AND music_ms >= 0", name="counts"),
        Index("ix_lane_next", desc("priority"), "turn", "user_id", **_where("waiting > 0")),
        Index(None, "turn"),
    )

    user_id: int = Field(foreign_key="user.id", primary_key=True, sa_type=BigInteger)
    priority: int = Field(primary_key=True)
    turn: int = Field(default=0, sa_type=BigInteger)
    waiting: int = 0
    running: int = 0
    music_ms: int = Field(default=0, sa_type=BigInteger)


class Gate(Table, table=True):
    """Whether jobs are begun: one row. Paused, requests are taken and wait; draining, none is taken either."""

    __tablename__ = "gate"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        CheckConstraint("state IN ('open', 'paused', 'draining')", name="state"),
    )

    id: int = Field(default=1, primary_key=True)
    state: GateState = Field(default="open", sa_type=Text)
    why: str | None = Field(default=None, sa_type=Text)
    by: str | None = Field(default=None, sa_type=Text)
    since: int = Field(default=0, sa_type=BigInteger)


class Outbox(Table, table=True):
    """Something to tell a channel about a job. `receipt` says where it was posted, `dead_at` that we gave up."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("sent_at IS NULL OR dead_at IS NULL", name="ending"),
        Index("ix_outbox_waiting", "surface", "due_at", **_where("sent_at IS NULL AND dead_at IS NULL")),
        Index("ix_outbox_dead", "job_id", **_where("dead_at IS NOT NULL")),
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
