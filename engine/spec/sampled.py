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
# A tempo in figures: the length of a loop, and so its price, must read it as the engine does.
WRITTEN_BPM = re.compile(
    r"(?<!\d)(?P<number>\d{2,3})\s*(?P<unit>bpm\b|beats per min(?:ute)?\b)|\b(?:bpm|tempo)\s*[:=]?\s*(\d{2,3})(?!\d)"
)
SLOWEST, FASTEST = 30, 300
# Other metres than these are played in bars that fill whole bars of four, so that they needn't be known here.
_METRE = re.compile(
    r"(?<![\d/])(?P<written>[2346]/[48])(?![\d/])|"
    r"\b(?:waltz(?:es)?|minuets?|mazurkas?|triple met(?:re|er)|three-four)\b|"
    r"\b(?:walzer|dreivierteltakt|vals|valse|valsa|valzer)\b|"
    r"华尔兹|圆舞曲|ワルツ|왈츠"
)
WALTZ = "3/4"
# Loops that come round in this many bars fit on others.
BARS = (1, 2, 4, 8, 16)


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
    written = (int(match["number"] or match[3]) for match in WRITTEN_BPM.finditer(spec.caption.casefold()))
    return next((bpm for bpm in written if SLOWEST <= bpm <= FASTEST), None)


def metre_of(spec: Text2Samples) -> str:
    """The metre whose bars a loop is counted in: `timesignature`, else the caption's "3/4" or "waltz", else 4/4."""
    if spec.timesignature:
        return spec.timesignature
    matches = list(_METRE.finditer(spec.caption.casefold()))
    # a written one wins over a named one, as where captions are understood
    written = [match["written"] for match in matches if match["written"] in BEATS_PER_BAR]
    return next(iter(written), WALTZ if any(not match["written"] for match in matches) else METRE)


def bar_s(timesignature: str, bpm: float) -> float:
    """Seconds a bar."""
    return BEATS_PER_BAR[timesignature] * 60.0 / bpm


def sample_s(spec: Text2Samples) -> float:
    """How long the sample will be.

    A one-shot, and a loop without tempo, is as long as asked. A loop at a given tempo has whole bars: as many as come
    nearest to what was asked; else one, two, four, eight or sixteen, whichever last nearest to 8 seconds, the more of
    two that are as near.
    """
    tempo = tempo_of(spec)
    if is_one_shot(spec):
        return ONE_SHOT_S if spec.duration == -1 else float(spec.duration)
    if tempo is None:
        return LOOP_S if spec.duration == -1 else float(spec.duration)
    bar = bar_s(metre_of(spec), tempo)
    if spec.duration == -1:
        bars = min(BARS, key=lambda count: (round(abs(count * bar - LOOP_S), 6), -count))
    else:
        bars = min(max(round(spec.duration / bar), math.ceil(SHORTEST_S / bar)), int(LONGEST_S / bar))
    return round(bars * bar, 6)
