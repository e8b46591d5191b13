"""Runs: many songs asked for at once (a batch) or by a plan (a recipe), and the steps they consist of."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import JSON_OR_NULL, SERIAL, Table

RunKind = Literal["batch", "recipe"]
RunStatus = Literal["PROPOSED", "RUNNING", "COMPLETED", "CANCELLED"]
StepState = Literal["WAITING", "QUEUED", "DONE", "FAILED", "SKIPPED", "CANCELLED"]


class Run(Table, table=True):
    """A batch or a run of a recipe. PROPOSED: priced and shown, not yet begun; nothing is held and nothing runs.

    `name` is the file's or the recipe's. `requester` (JSON: `Requester`) is who asked as they were then: steps are
    asked for later in their name. `problems` (JSON) are rows that can't be made, which nobody is charged for.
    `reserved` counts the holds of what is not asked for yet: the open one is `run:<id>:<reserved>`. `due_at` is when
    its next step may be asked for, `held_up` the code of why not sooner. `cancelling`: what is not done yet
    is to be called off.
    """

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint("kind IN ('batch', 'recipe')", name="kind"),
        CheckConstraint("status IN ('PROPOSED', 'RUNNING', 'COMPLETED', 'CANCELLED')", name="status"),
        CheckConstraint("(status IN ('PROPOSED', 'RUNNING')) = (finished_at IS NULL)", name="finished"),
        CheckConstraint("price >= 0 AND reserved >= 0", name="counts"),
        Index(
            "ix_run_running",
            "due_at",
            sqlite_where=text("status = 'RUNNING'"),
            postgresql_where=text("status = 'RUNNING'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    kind: RunKind = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    surface: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    server: str | None = Field(default=None, index=True, sa_type=Text)
    message: str | None = Field(default=None, sa_type=Text)
    requester: dict[str, Any] = Field(sa_type=JSON)
    inputs: dict[str, Any] = Field(sa_type=JSON)
    problems: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON_OR_NULL)
    status: RunStatus = Field(default="PROPOSED", sa_type=Text)
    price: int = Field(sa_type=BigInteger)
    reserved: int = 0
    cancelling: bool = False
    firing_id: int | None = Field(default=None, foreign_key="firing.id", unique=True, sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    confirmed_at: int | None = Field(default=None, sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    held_up: str | None = Field(default=None, sa_type=Text)
    finished_at: int | None = Field(default=None, sa_type=BigInteger)


class Step(Table, table=True):
    """One song of a run. Its job is the one with this `step_id`; there is never another, so it is never made twice.

    `number` counts from 1 within the run, `name` is the recipe's, `label` what tells it from others of that name,
    `line` where it stands in a file. `needs` (JSON) are numbers of steps that have to be DONE before; `spec` (JSON) has
    the options, and what they take from those steps. `price` in credits and `duration` in seconds are what was told
    beforehand. WAITING: not asked for yet; QUEUED: its job waits or runs; SKIPPED: what it needs is not there.
    """

    __tablename__ = "step"
    __table_args__ = (
        UniqueConstraint("run_id", "number"),
        CheckConstraint("state IN ('WAITING', 'QUEUED', 'DONE', 'FAILED', 'SKIPPED', 'CANCELLED')", name="state"),
        CheckConstraint("price >= 0 AND takes >= 0 AND number >= 1", name="counts"),
        Index(None, "run_id", "state", "number"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    run_id: int = Field(foreign_key="run.id", sa_type=BigInteger)
    number: int
    name: str = Field(sa_type=Text)
    label: str = Field(sa_type=Text)
    line: int | None = None
    needs: list[int] = Field(sa_type=JSON)
    task: str = Field(sa_type=Text)
    spec: dict[str, Any] = Field(sa_type=JSON)
    price: int = Field(sa_type=BigInteger)
    duration: float
    takes: int
    state: StepState = Field(default="WAITING", sa_type=Text)
    error_code: str | None = Field(default=None, sa_type=Text)
    error_params: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
