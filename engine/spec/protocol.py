"""The two protocols between whoever runs an engine and the engine itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.spec.analysis import Analysis
from engine.spec.base import Request
from engine.spec.plan import Capabilities, Order, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]


@dataclass(frozen=True)
class WordTime:
    """A sung word; times in seconds from the start of the song."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class LineTime:
    """A sung line with its words; `start` is the onset of its first sound in the rendered voice."""

    text: str
    start: float
    end: float
    words: tuple[WordTime, ...] = ()


@dataclass(frozen=True)
class Take:
    """One rendered variation. `audio` and each stem: float32 (2, samples), range -1 to 1; stems sum to `audio`.

    `ready` holds stems that lie in files of another song (by name): they alone are handed on, `audio` only says how
    they sound together. `picture` is a cover (PNG) to keep instead of drawing one. `score` is what the engine itself
    needs to make another version of it; nobody else reads it.
    """

    index: int
    seed: int
    audio: Audio
    sample_rate: int
    bpm: float
    keyscale: str
    timesignature: str
    stems: dict[str, Audio] = field(default_factory=dict)
    lines: tuple[LineTime, ...] = ()
    midi: bytes | None = None
    score: bytes | None = None
    ready: dict[str, Path] = field(default_factory=dict)
    picture: bytes | None = None


class TrackSink(Protocol):
    """Where an engine puts what it makes. Calls MUST come from one thread."""

    def progress(self, fraction: float) -> None:
        """Rendering has come this far, 0 to 1 over all takes. Raises `Cancelled` when nobody wants it any more."""

    def take(self, take: Take) -> None:
        """A take is finished; the sink encodes it before it returns."""


class Engine(Protocol):
    """Makes music. `plan` may think; `render` is the dear part and MUST give the same takes for the same plan."""

    capabilities: Capabilities

    def plan(self, spec: Request, order: Order, on_progress: Callable[[float], None]) -> Plan:
        """Decide everything the takes share. Raises `EngineError` where the request can't be done.

        Where that takes longer than a moment, `on_progress` hears 0 to 1; it raises `Cancelled` as the sink's does.
        """

    def render(self, spec: Request, plan: Plan, order: Order, sink: TrackSink) -> None:
        """Render every take of `plan` into `sink`. Raises `EngineError`, or lets the sink's `Cancelled` through."""

    def analyze(self, spec: Request, order: Order, sink: TrackSink) -> Analysis:
        """Say what `order` starts from sounds like, instead of both; `sink` hears how far it is. Raises the same."""
