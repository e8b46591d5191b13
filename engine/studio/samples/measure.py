"""How many bars of which metre a loop has, and at which tempo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.spec.fields import BEATS_PER_BAR
from engine.spec.sampled import METRE, bar_s

SLOWEST, FASTEST = 60.0, 200.0
# What a count of bars costs in octaves of tempo: phrases of four and two bars are what people build with.
ODD, UNEVEN = 0.3, 0.12


@dataclass(frozen=True)
class Measure:
    """How a loop counts its time: `bars` of a metre at `bpm`."""

    bars: int
    timesignature: str
    bpm: float


def measure_at(tempo: float, duration: float, metres: Sequence[str]) -> Measure:
    """Whole bars at a given tempo: of the first of `metres` whose bars fill `duration`, else of 4/4."""
    for metre in (*metres, METRE):
        bars = duration / bar_s(metre, tempo)
        if abs(bars - round(bars)) * bar_s(metre, tempo) < 1e-4:
            break
    return Measure(max(1, round(bars)), metre, tempo)


def measure_in(duration: float, wish: float, metres: Sequence[str]) -> Measure:
    """Whole bars that fill exactly `duration` seconds at a tempo near `wish`.

    Of `metres` the first one that fits at 60 to 200 BPM; at any tempo where none does.
    """
    for metre in metres:
        one = BEATS_PER_BAR[metre] * 60.0 / duration
        counts = range(max(1, math.ceil(SLOWEST / one - 1e-9)), int(FASTEST / one + 1e-9) + 1)
        if counts:
            bars = min(counts, key=lambda count: abs(math.log2(count * one / wish)) + _oddness(count))
            return Measure(bars, metre, bars * one)
    metre = metres[0]
    one = BEATS_PER_BAR[metre] * 60.0 / duration
    return Measure(1, metre, one)


def _oddness(bars: int) -> float:
    if bars in (1, 2) or bars % 4 == 0:
        return 0.0
    return UNEVEN if bars % 2 == 0 else ODD
