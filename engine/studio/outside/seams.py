"""Where new music takes over from a recording and gives back: on its beats, where it has any."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.studio.edits.splice import Span
from engine.studio.outside.ground import Ground

# The new part takes over just before a beat, so that no stroke on it is heard twice.
BEFORE_S = 0.02
# Where there is no beat to go by, one sound goes over into the other in this time.
FADE_S = 0.12
SURE = 0.3
# How far inside the part a seam may lie, in bars and as a share of it.
DEEPEST_BARS, DEEPEST = 0.55, 0.2
# From this share of a bar on a cut is made on a beat of it.
LONG = 0.5


def inside(ground: Ground, span: Span) -> Span:
    """`span` with both seams on bar lines or beats that lie a little inside it; the song's own ends stay."""
    reach = min(DEEPEST_BARS * ground.made_out.pulse.bar_s, DEEPEST * (span.end - span.start))
    start, end = span.start, span.end
    fade_in = fade_out = min(FADE_S, (end - start) / 4)
    if start > 0 and (beat := _first(ground, start + BEFORE_S, start + reach)) is not None:
        start, fade_in = beat - BEFORE_S, BEFORE_S
    if end < ground.length and (beat := _last(ground, end - reach, end)) is not None:
        end, fade_out = beat, BEFORE_S
    return Span(start, end, fade_in, fade_out)


def last_before(ground: Ground, seconds: float) -> float:
    """The bar line at or before `seconds`, a beat where the bar has gone on for long; `seconds` without a beat."""
    if ground.made_out.pulse.confidence < SURE:
        return seconds
    place = ground.bars.place(seconds + BEFORE_S)
    bar = math.floor(place)
    return ground.seconds(bar if place - bar < LONG else math.floor(place * ground.beats) / ground.beats)


def _first(ground: Ground, start: float, end: float) -> float | None:
    return _chosen(ground, start, end, last=False)


def _last(ground: Ground, start: float, end: float) -> float | None:
    return _chosen(ground, start, end, last=True)


def _chosen(ground: Ground, start: float, end: float, *, last: bool) -> float | None:
    """A bar line between both, or else a beat: the one that lies nearest to the outside."""
    pulse = ground.made_out.pulse
    if pulse.confidence < SURE:
        return None
    kinds: list[Sequence[float]] = [pulse.bars] if pulse.bar_confidence >= SURE else []
    for times in (*kinds, pulse.beats):
        found = [time for time in times if start <= time <= end]
        if found:
            return found[-1] if last else found[0]
    return None
