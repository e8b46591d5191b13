"""What happens by itself, and when: schedules and the times they were due."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, CheckConstraint, Text, UniqueConstraint
from sqlmodel import Field

from storage.tables.base import JSON_OR_NULL, SERIAL, Table

ScheduleKind = Literal["recipe", "challenge"]


class Schedule(Table, table=True):
    """A recipe that is run, or a challenge that is held, again and again. `cron` has five fields, read in `zone`.

    `values` (JSON) are the options that each is made with, `requester` (JSON: `Requester`) who it is made for.
    Nothing that was due at or before `since` counts. `ended_at`: it goes on no longer. `seen_at`: when its owner was
    last here, with the roles that stand in `requester`.
    """

    __tablename__ = "schedule"
    __table_args__ = (
        CheckConstraint("kind IN ('recipe', 'challenge')", name="kind"),
        {"sqlite_autoincrement": True},
    )

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    user_id: int = Field(foreign_key="user.id", index=True, sa_type=BigInteger)
    kind: ScheduleKind = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    cron: str = Field(sa_type=Text)
    zone: str = Field(sa_type=Text)
    values: dict[str, Any] = Field(sa_type=JSON)
    requester: dict[str, Any] = Field(sa_type=JSON)
    surface: str = Field(sa_type=Text)
    channel: str = Field(sa_type=Text)
    server: str | None = Field(default=None, index=True, sa_type=Text)
    since: int = Field(sa_type=BigInteger)
    seen_at: int = Field(sa_type=BigInteger)
    created_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)


class Firing(Table, table=True):
    """A schedule was due at `due_at`, and what it asks for was begun at `fired_at`, once: the pair is unique.

    `outcome`: "run" or "challenge" for what was begun, "missed" for what came too late, else the code of a refusal,
    with what it says (JSON) in `params`.
    """

    __tablename__ = "firing"
    __table_args__ = (UniqueConstraint("schedule_id", "due_at"), {"sqlite_autoincrement": True})

    id: int = Field(default=None, primary_key=True, sa_type=SERIAL)
    schedule_id: int = Field(foreign_key="schedule.id", sa_type=BigInteger)
    due_at: int = Field(sa_type=BigInteger)
    fired_at: int = Field(sa_type=BigInteger)
    outcome: str = Field(sa_type=Text)
    params: dict[str, Any] | None = Field(default=None, sa_type=JSON_OR_NULL)
