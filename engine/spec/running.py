"""Where engines run, as those who use them see it: a pool takes orders, tells what happens, and returns takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from engine.spec.analysis import Analysis
from engine.spec.plan import Capabilities, Order, Plan, Stage, TrackResult


@dataclass(frozen=True)
class Staged:
    """The attempt entered a stage."""

    stage: Stage


@dataclass(frozen=True)
class Planned:
    """The engine decided what it will make."""

    plan: Plan


@dataclass(frozen=True)
class Progressed:
    """Rendering has come this far, 0 to 1 over all takes."""

    fraction: float


@dataclass(frozen=True)
class Analysed:
    """The engine said what it heard: what an order without takes is for."""

    analysis: Analysis


Event = Staged | Planned | Progressed | Analysed


class EnginePool(Protocol):
    """Engines in processes of their own. `size` orders run at once."""

    capabilities: Capabilities
    size: int

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        """Work `order` to its end. Events come in order. Raises `EngineError`, or `Cancelled` once `cancelled` is set.

        A crash, a hang or too much memory in the engine is an `EngineError`; the pool itself goes on.
        """

    async def stop(self, drain_s: float) -> None:
        """End every process within `drain_s` seconds, and leave none behind."""
