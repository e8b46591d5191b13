"""How long a request will be and how many takes it makes: pure, before any engine is asked.

The price is fixed from this, so the engine MUST render exactly `duration` seconds (decision "duration = -1").
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from engine.spec.base import Generation, Request
from engine.spec.sampled import sample_s
from engine.spec.tasks import (
    Cover,
    Edit,
    Extend,
    ExtractStem,
    Lyric2Vocals,
    Repaint,
    Retake,
    Simple,
    Stems,
    Text2Rap,
    Text2Samples,
)

INSTRUMENTAL_S = 90.0
SIMPLE_S = 120.0
# A sung line takes about two bars at a middling tempo; the rest is intro, breaks and outro.
LINE_S = 4.5
AROUND_S = 24.0
# A rapped line takes about one, and rappers don't wait long.
RAPPED_LINE_S, AROUND_RAP_S = 3.2, 16.0
# A voice alone has a count-in and lets its last note ring.
AROUND_ALONE_S = 6.0
SHORTEST_SONG_S, SHORTEST_ALONE_S, LONGEST_SONG_S = 30.0, 8.0, 300.0
# What a song lasts at least that is as long as another.
SHORTEST_S = 5.0

_TAG = re.compile(r"^\s*\[[^\]]*\]\s*$")


@dataclass(frozen=True)
class Estimate:
    """`duration` in seconds a take; `takes` is the batch size."""

    duration: float
    takes: int


def estimate(spec: Request, source_s: float | None = None) -> Estimate:
    """Length and number of takes of `spec`, which may start from a song of `source_s` seconds.

    A given duration is kept, but a loop at a given tempo has whole bars; -1 follows the lyrics. What becomes of a song
    that is there is as long as that song and what is added to it, whatever duration is given.
    """
    if not isinstance(spec, Generation):
        return Estimate(0.0, 0)
    if isinstance(spec, Text2Samples):
        return Estimate(sample_s(spec), spec.batch_size)
    if source_s is not None:
        match spec:
            case Stems() | ExtractStem():
                return Estimate(source_s, 1)
            case Retake():
                return Estimate(source_s, len(spec.retake_seeds) or spec.batch_size)
            case Repaint() | Edit():
                return Estimate(source_s, spec.batch_size)
            case Cover(duration=-1):
                return Estimate(max(source_s, SHORTEST_S), spec.batch_size)
            case Extend():
                # Microseconds: sums such as 29.8 + 0.2 must not cost what a longer song costs.
                longer = source_s + spec.left_extend_length + spec.right_extend_length
                return Estimate(round(longer, 6), spec.batch_size)
    if spec.duration != -1:
        return Estimate(float(spec.duration), spec.batch_size)
    return Estimate(_automatic(spec), spec.batch_size)


def bucket(spec: Request, settled: Estimate) -> str:
    """The same for requests that an engine can make together: one task, about one length, sampled in the same way."""
    ways = (
        "model_version", "inference_steps", "guidance_scale", "shift", "infer_method", "use_adg",
        "cfg_interval_start", "cfg_interval_end", "lora_name_or_path", "lora_weight",
    )  # fmt: skip
    parts = [spec.task, math.ceil(settled.duration / 10), *(getattr(spec, way, None) for way in ways)]
    return ":".join("" if part is None else str(part) for part in parts)


def _automatic(spec: Generation) -> float:
    if isinstance(spec, Simple):
        return SIMPLE_S
    lyrics = "" if getattr(spec, "instrumental", False) else getattr(spec, "lyrics", "")
    lines = sung_lines(lyrics)
    if not lines:
        return INSTRUMENTAL_S
    if isinstance(spec, Lyric2Vocals):
        return min(max(round(AROUND_ALONE_S + LINE_S * lines), SHORTEST_ALONE_S), LONGEST_SONG_S)
    around, line = (AROUND_RAP_S, RAPPED_LINE_S) if isinstance(spec, Text2Rap) else (AROUND_S, LINE_S)
    return min(max(round(around + line * lines), SHORTEST_SONG_S), LONGEST_SONG_S)


def sung_lines(lyrics: str) -> int:
    """How many lines of `lyrics` are words rather than tags such as [chorus] or blank."""
    return sum(1 for line in lyrics.splitlines() if line.strip() and not _TAG.match(line))
