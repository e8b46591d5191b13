"""The pulse of a recording: tempo, beats, metre and bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.hearing import tempogram
from engine.hearing.chroma import Pitches
from engine.hearing.frames import HOP_S, Frames
from engine.hearing.metre import Reading, Signs, readings, signs
from engine.hearing.onsets import Onsets
from engine.hearing.transcript import Pulse
from engine.spec.fields import BEATS_PER_BAR

Floats = NDArray[np.float64]

# Beats of deep sound lead through syncopation above it.
DEEP = 0.5
# Beats are counted where something begins at least this strongly, against what is usual.
BEGINS = 1.5
# Where no pulse is heard, time is counted like this, so that it has bars all the same.
PLAIN_BPM, PLAIN_METRE = 120.0, "4/4"
# Onsets on the beats, in logarithms over the mean, from where a pulse is a guess and where it is plain.
VAGUE, PLAIN = 0.9, 1.6
# One onset counts for so much at most, or a single bang would be a pulse.
MOST = 8.0
# Readings this much worse are e times less likely: from how often the best one is right on our own songs.
TEMPER = 0.5
TRIM = 0.85


def pulse(frames: Frames, onsets: Onsets, pitches: Pitches) -> Pulse:
    """Tempo, beats and bars of any recording; with confidence 0, and bars of two seconds, where nothing begins."""
    duration = frames.duration
    if not onsets.strength.any():
        return _plain(duration)
    told = signs(frames, onsets, pitches)
    found = [
        reading
        for beats in _beats(onsets)
        for shifted in (beats, (beats[:-1] + beats[1:]) / 2)
        for reading in readings(_sounding(shifted, onsets), told)
    ]
    if not found:
        return _plain(duration)
    scores = np.asarray([reading.score for reading in found]) / TEMPER
    likely = np.exp(scores - scores.max())
    likely /= likely.sum()
    best = found[int(scores.argmax())]
    beats_s = best.beats * HOP_S
    period = spacing(beats_s)
    same_beat = sum(part for part, other in zip(likely, found, strict=True) if _same_beats(other, best))
    clear = min(1.0, max(0.0, (_stand_out(best, told) - VAGUE) / (PLAIN - VAGUE)))
    bars = beats_s[best.first :: BEATS_PER_BAR[best.timesignature]]
    same_bar = sum(part for part, other in zip(likely, found, strict=True) if _same_bars(other, best))
    return Pulse(
        bpm=round(min(300.0, max(30.0, 60 / period)), 1),
        timesignature=best.timesignature,
        beats=tuple(np.round(beats_s, 3).tolist()),
        bars=tuple(np.round(bars, 3).tolist()),
        confidence=round(float(same_beat * clear), 3),
        bar_confidence=round(float(same_bar * clear), 3),
    )


def _plain(duration: float) -> Pulse:
    beat = 60 / PLAIN_BPM
    beats = tuple(float(each) for each in np.arange(max(1, int(duration / beat))) * beat)
    return Pulse(PLAIN_BPM, PLAIN_METRE, beats, beats[:: BEATS_PER_BAR[PLAIN_METRE]], 0.0, 0.0)


def _beats(onsets: Onsets) -> list[Floats]:
    """The beats, in hops, at every tempo the recording may have."""
    where = tempogram.steady(onsets.strength)
    even = np.arange(int(where[-1]) + 1)
    strength = np.interp(even, where, onsets.strength).astype(np.float32)
    led = strength + DEEP * np.interp(even, where, onsets.deep).astype(np.float32)
    hops = np.arange(len(where))
    return [np.interp(beats, where, hops) for beats in tempogram.follow(led, tempogram.candidates(strength))]


def _sounding(beats: Floats, onsets: Onsets) -> Floats:
    """Those of `beats` from the first onset on and until the last one."""
    if len(beats) < 2:
        return beats
    begins = np.flatnonzero(onsets.strength >= BEGINS)
    leeway = float(np.median(np.diff(beats))) / 4
    return beats[(beats >= begins[0] - leeway) & (beats <= begins[-1] + leeway)] if len(begins) else beats[:0]


def spacing(beats: Floats) -> float:
    """Seconds a beat: the slope of a line through `beats`, those left out that lie farthest from it."""
    count = np.arange(len(beats), dtype=np.float64)
    slope = 0.0
    for _ in range(3):
        slope, first = np.polyfit(count, beats, 1)
        off = np.abs(beats - slope * count - first)
        near = off <= max(float(np.quantile(off, TRIM)), HOP_S)
        count, beats = count[near], beats[near]
    return float(slope)


def _stand_out(reading: Reading, told: Signs) -> float:
    """How far the onsets on the beats stand out, a logarithm."""
    near = told.strength[np.clip(np.round(reading.beats).astype(int), 0, len(told.strength) - 1)]
    return float(np.log(np.minimum(near, MOST).mean() + 1e-3))


def _same_beats(one: Reading, other: Reading) -> bool:
    return len(one.beats) == len(other.beats) and bool(np.abs(one.beats - other.beats).max() <= 3)


def _same_bars(one: Reading, other: Reading) -> bool:
    return one.timesignature == other.timesignature and one.first == other.first and _same_beats(one, other)
