"""What things cost, in credits (rows D and decisions G of the reference)."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.spec import Estimate, Request

STEM_TASKS = ("stems", "extract-stem")

Credits = Annotated[int, Field(ge=0, le=1_000_000)]


class Tier(BaseModel):
    """Songs of up to `up_to_s` seconds (that length included) cost `credits` a take."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    up_to_s: Annotated[float, Field(gt=0, le=3600)]
    credits: Credits


class Pricing(BaseModel):
    """`pricing.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    welcome: Credits
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    free_tasks: tuple[str, ...] = ()
    foreign_stem: Credits = 5
    cents_per_credit: Annotated[float, Field(gt=0, le=10_000)] = 2.0

    @model_validator(mode="after")
    def _rising(self) -> Self:
        lengths = [tier.up_to_s for tier in self.tiers]
        if lengths != sorted(set(lengths)):
            raise ValueError("each tier's up_to_s must be above the one before")
        return self

    def cents(self, credits: int) -> int:
        """What credits are worth in money, as programs of the reference APIs read it; parts of a cent count as one."""
        return math.ceil(round(credits * self.cents_per_credit, 6))


def price(pricing: Pricing, spec: Request, estimate: Estimate, *, foreign: bool = False) -> int:
    """Credits for one job: the tier of its length times its takes. Above the last tier, the last one's price.

    Stems of what was made here cost nothing; those of `foreign` sound have a price of their own.
    """
    return price_of(pricing, spec.task, estimate, foreign=foreign)


def price_of(pricing: Pricing, task: str, estimate: Estimate, *, foreign: bool = False) -> int:
    """`price` of what need not be asked for yet."""
    if task in STEM_TASKS and foreign:
        return pricing.foreign_stem
    if task in pricing.free_tasks or estimate.takes == 0:
        return 0
    tier = next((tier for tier in pricing.tiers if estimate.duration <= tier.up_to_s), pricing.tiers[-1])
    return tier.credits * estimate.takes
