"""How much one person may ask for, counted in SQL so that it holds across processes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from storage import jobs
from workflows.refusal import Refusal

MINUTE_MS = 60_000


class Limits(BaseModel):
    """`limits.toml`. Only accepted requests count."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    per_minute: dict[str, Annotated[int, Field(ge=1, le=10_000)]] = Field(default_factory=dict)
    live_jobs: Annotated[int, Field(ge=1, le=100_000)]
    attempts: Annotated[int, Field(ge=1, le=20)]
    rescues: Annotated[int, Field(ge=1, le=100)]
    back_off_s: Annotated[tuple[Annotated[float, Field(ge=0, le=3600)], ...], Field(min_length=1)]


def check(session: Session, limits: Limits, *, user_id: int, task: str, now: int) -> None:
    """Raise a `Refusal` that says when to come back, if this request is one too many."""
    live = jobs.live_count(session, user_id)
    if live >= limits.live_jobs:
        raise Refusal("too_many_jobs", live=live, most=limits.live_jobs)
    most = limits.per_minute.get(task)
    if most is None:
        return
    count, oldest = jobs.accepted_since(session, user_id, task, now - MINUTE_MS)
    if count >= most:
        wait_ms = MINUTE_MS if oldest is None else max(oldest + MINUTE_MS - now, 0)
        raise Refusal("rate_limited", retry_after=-(-wait_ms // 1000), task=task, most=most)
