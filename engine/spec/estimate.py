"""How long a request will be and how many takes it makes: pure, before any engine is asked.

The price is fixed from this, so the engine MUST render exactly `duration` seconds (decision "duration = -1").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.spec.base import Generation, Request
from engine.spec.tasks import Simple, Text2Samples

INSTRUMENTAL_S = 90.0
SIMPLE_S = 120.0
SAMPLE_S = 8.0
# A sung line takes about two bars at a middling tempo; the rest is intro, breaks and outro.
LINE_S = 4.5
AROUND_S = 24.0
SHORTEST_SONG_S, LONGEST_SONG_S = 30.0, 300.0

_TAG = re.compile(r"^\s*\[[^\]]*\]\s*$")


@dataclass(frozen=True)
class Estimate:
    """`duration` in seconds a take; `takes` is the batch size."""

    duration: float
    takes: int


def estimate(spec: Request) -> Estimate:
    """Length and number of takes of `spec`. A given duration is kept; -1 follows the lyrics."""
    if not isinstance(spec, Generation):
        return Estimate(0.0, 0)
    if spec.duration != -1:
        return Estimate(float(spec.duration), spec.batch_size)
    return Estimate(_automatic(spec), spec.batch_size)


def _automatic(spec: Generation) -> float:
    if isinstance(spec, Text2Samples):
        return SAMPLE_S
    if isinstance(spec, Simple):
        return SIMPLE_S
    lyrics = "" if getattr(spec, "instrumental", False) else getattr(spec, "lyrics", "")
    lines = sung_lines(lyrics)
    if not lines:
        return INSTRUMENTAL_S
    return min(max(round(AROUND_S + LINE_S * lines), SHORTEST_SONG_S), LONGEST_SONG_S)


def sung_lines(lyrics: str) -> int:
    """How many lines of `lyrics` are words rather than tags such as [chorus] or blank."""
    return sum(1 for line in lyrics.splitlines() if line.strip() and not _TAG.match(line))
