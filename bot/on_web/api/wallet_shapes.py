"""What the wallet answers, for the description at /docs."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Balance(BaseModel):
    """What there is, in cents and in dollars."""

    balance_cents: int
    balance_usd: str = Field(description='Such as "$25.00"')
    total_spent_cents: int
    total_spent_usd: str
    total_topup_cents: int = Field(description="What came, in all: welcome, grants, gifts, …")
    low_balance_warning: bool = Field(description="Whether the longest song could not be paid any more")
    credits: int


class Tier(BaseModel):
    """Songs of up to so many seconds, that length included, cost so much a take; longer ones the next tier's."""

    up_to_seconds: float
    credits: int
    cents: int


class Service(BaseModel):
    """What one service costs."""

    by_length: bool = Field(description="Whether it costs what the tier of its length says; otherwise always the same")
    credits: int = Field(description="For one minute")
    cost_cents: int
    rate_per_minute: float = Field(description="In dollars, for one minute")


class Terms(BaseModel):
    """What a wallet is here."""

    currency: str
    cents_per_credit: float
    payments: bool = Field(description="Whether money is taken: never")
    min_topup_cents: int
    max_topup_cents: int


class Prices(BaseModel):
    """All prices."""

    tiers: list[Tier]
    services: dict[str, Service]
    wallet: Terms


class Estimate(BaseModel):
    """What a job of that length costs: exactly that is held when it is asked for."""

    service_type: str
    duration_seconds: float
    duration_minutes: float
    rate_per_minute: float = Field(description="In dollars, at this length")
    cost_usd: str
    cost_cents: int
    credits: int


class Check(BaseModel):
    """It can be paid."""

    can_proceed: bool
    cost_cents: int
    current_balance_cents: int


class Log(BaseModel):
    """What was paid for one job."""

    id: int
    job_id: int | None
    service_type: str
    task: str | None
    title: str | None
    credits: int
    cost_cents: int
    cost_usd: str
    created_at: str


class Logs(BaseModel):
    """A page of what was paid, newest first."""

    page: int
    limit: int
    logs: list[Log]


class TopUp(BaseModel):
    """Credits that came."""

    id: int
    kind: str = Field(description="welcome, grant, daily, allowance, prize, gift, …")
    credits: int
    amount_cents: int
    amount_usd: str
    note: str | None
    status: str
    created_at: str


class TopUps(BaseModel):
    """A page of what came, newest first."""

    page: int
    limit: int
    topups: list[TopUp]
