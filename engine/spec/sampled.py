"""Samples before any engine is asked: loop or single hit, at which tempo, and how long it will be."""

from __future__ import annotations

import math
import re

from engine.spec.fields import BEATS_PER_BAR
from engine.spec.tasks import Text2Samples

LOOP_S, ONE_SHOT_S = 8.0, 2.0
SHORTEST_S, LONGEST_S = 1.0, 120.0
METRE = "4/4"

_ONE = re.compile(r"\bone[\s-]?shots?\b")
_LOOPED = re.compile(
    r"\b(?:loop(?:s|ed|ing)?|(?:drum|break)?beats?|breaks?|grooves?|patterns?|riffs?|bass\s?lines?|"
    r"arpeggios?|arps?|progressions?|melod(?:y|ies)|rolls?|bpm|bars?)\b"
)
# They are single by nature,
_SINGLE = re.compile(r"\b(?:single|hits?|stabs?|chord|note|strum|swell|riser|sweep|downlifter|impact|boom)\b")
# and these as long as nobody gives a tempo.
_STRUCK = re.compile(
    r"\b(?:kick|bass drum|snare|rim(?:shot)?|clap|snap|hat|hi-?hat|crash|ride|cymbal|tom|cowbell|tambourine|"
    r"clave|triangle|gong|timpani|808)\b"
)
_BPM = re.compile(r"\b(\d{2,3})\s*bpm\b|\bbpm\s*[:=]?\s*(\d{2,3})\b")


def is_one_shot(spec: Text2Samples) -> bool:
    """Whether a single hit is asked for: as `sample_type` says, else as the caption does; a loop where in doubt."""
    if spec.sample_type is not None:
        return spec.sample_type == "one-shot"
    caption = spec.caption.casefold()
    if _ONE.search(caption):
        return True
    if _LOOPED.search(caption):
        return False
    return bool(_SINGLE.search(caption)) or (tempo_of(spec) is None and bool(_STRUCK.search(caption)))


def tempo_of(spec: Text2Samples) -> int | None:
    """The tempo that was asked for: `tempo`, else `bpm`, else the caption's "90 BPM"."""
    if spec.tempo or spec.bpm:
        return spec.tempo or spec.bpm
    match = _BPM.search(spec.caption.casefold())
    written = int(match[1] or match[2]) if match else 0
    return written if 30 <= written <= 300 else None


def bar_s(timesignature: str, bpm: float) -> float:
    """Seconds a bar."""
    return BEATS_PER_BAR[timesignature] * 60.0 / bpm


def sample_s(spec: Text2Samples) -> float:
    """How long the sample will be.

    A one-shot, and a loop without tempo, is as long as asked. A loop at a given tempo has whole bars: as many as come
    nearest to what was asked; else one, two, four, eight or sixteen, whichever lasts nearest to 8 seconds.
    """
    tempo = tempo_of(spec)
    if is_one_shot(spec):
        return ONE_SHOT_S if spec.duration == -1 else float(spec.duration)
    if tempo is None:
        return LOOP_S if spec.duration == -1 else float(spec.duration)
    bar = bar_s(spec.timesignature or METRE, tempo)
    if spec.duration == -1:
        bars = 1 << max(0, round(math.log2(LOOP_S / bar)))
    else:
        bars = min(max(round(spec.duration / bar), math.ceil(SHORTEST_S / bar)), int(LONGEST_S / bar))
    return round(bars * bar, 6)
