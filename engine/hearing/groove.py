"""The groove of a recording: which drums are struck on which step of each bar, and how far it swings.

What rises in each octave, and what of it still sounds a moment later, tells a drum from a note: a snare lasts where a
hi-hat and a consonant are gone. Patterns come back from bar to bar, so a stroke is surer where the bars around have it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import HOP_S, Frames, bands_hz
from engine.hearing.onsets import Onsets
from engine.hearing.transcript import Groove, Pulse, Strokes
from engine.spec.fields import BEATS_PER_BAR

Floats = NDArray[np.float64]

PER_BAR = {"4/4": 16, "3/4": 12, "2/4": 8, "6/8": 12}
OCTAVES_HZ = (30, 65, 130, 260, 520, 1000, 2000, 4000, 7000, 12_000)
# A rise is told over so many hops; what lasts still sounds between these many after it.
LAG, LASTS = 2, (3, 8)
MOST = 1.5
# An octave this far below the loudest band is not heard.
FAINT = 1e-3
NEAR = 2
# Logistic weights of each octave, of what rises and of what lasts, and the constant; fitted to our own drums.
DRUMS = {
    "kick": (
        (-2.3, -3.7, 9.7, 6.7, 1.0, -0.9, -0.4, -1.3, 0.3),
        (0.6, 7.1, -3.0, -4.9, -1.4, 0.9, 1.1, -0.6, 0.1),
        -7.9,
    ),
    "snare": (
        (-0.3, 1.2, 1.9, -1.3, -1.6, 3.4, 6.8, 0.7, 1.8),
        (0.0, -2.0, 2.0, -0.8, -0.6, -1.4, -3.4, 0.3, 0.1),
        -5.8,
    ),
    "hats": (
        (-0.1, -1.6, -0.4, 0.2, 0.8, 1.1, -1.5, -2.2, 12.0),
        (0.5, 2.6, -1.0, -1.7, -0.6, 0.2, 1.0, -2.2, -2.0),
        -3.7,
    ),
}
# How much a step counts by itself, and how much the same step of so many bars to either side.
ITSELF, AROUND, CHANCE, BARS = 0.75, 4.2, -1.8, 4
SOFTEST = 0.2
# Strokes a beat, hats half: up to the first they are chance, from the second on somebody drums.
SPARSE, DENSE = 0.3, 0.8
# The second eighth of a beat lies between these; it is told from onsets this strong against those on the beat.
STRAIGHT, TRIPLET = 0.5, 0.67
SEARCHED = (0.42, 0.74)
AUDIBLE = 0.12


def groove(frames: Frames, onsets: Onsets, pulse: Pulse) -> Groove:
    """Strokes of each of `pulse.bars`, the swing, and how sure that there are drums at all."""
    per_bar = PER_BAR[pulse.timesignature]
    swing, told = swing_of(onsets, pulse)
    rises = heard(frames)
    hops = _steps(pulse, per_bar, swing) / HOP_S
    near = np.round(hops).astype(int)[..., None] + np.arange(-NEAR, NEAR + 1)
    values = rises[np.clip(near, 0, len(rises) - 1)].max(axis=-2)
    values[(hops < 0) | (hops >= len(rises))] = 0
    strokes, chances = {}, []
    for name, (rising, lasting, bias) in DRUMS.items():
        weights = np.asarray(rising + lasting)
        chance = _repeated(values @ weights + bias)
        hard = values @ np.maximum(weights, 0)
        hard = np.clip(hard / max(float(np.quantile(hard, 0.95)), 1e-9), SOFTEST, 1)
        steps = np.round(np.where(chance > 0.5, hard, 0), 2)
        strokes[name] = Strokes(tuple(tuple(row) for row in steps.tolist()))
        chances.append(chance)
    # a kit plays in most bars, and more than a stroke here and there
    played = [chance > 0.5 for chance in chances]
    kit = float((played[0] | played[1]).any(axis=1).mean())
    dense = float(np.sum([part.mean() * weight for part, weight in zip(played, (1.0, 1.0, 0.5), strict=True)]))
    dense *= per_bar / BEATS_PER_BAR[pulse.timesignature]
    drums = round(kit * min(1.0, max(0.0, (dense - SPARSE) / (DENSE - SPARSE))), 3)
    sure = float(np.mean([np.abs(2 * chance - 1).mean() for chance in chances]))
    return Groove(
        per_bar=per_bar,
        kick=strokes["kick"],
        snare=strokes["snare"],
        hats=strokes["hats"],
        swing=swing,
        drums=drums,
        confidence=round(max(drums, told) * sure * pulse.confidence, 3),
    )


def heard(frames: Frames) -> Floats:
    """What rises in each octave at each hop, then what of it lasts (times, 18); 1 is as much as its loud moments."""
    hz = bands_hz()
    count = len(frames.bands)
    faint = FAINT * max(float(np.quantile(frames.bands.max(axis=1), 0.98)), 1e-6)
    columns = np.zeros((count, 2 * (len(OCTAVES_HZ) - 1)))
    for number, (low, high) in enumerate(pairwise(OCTAVES_HZ)):
        level = frames.bands[:, (hz >= low) & (hz < high)].mean(axis=1, dtype=np.float64)
        level /= max(float(np.quantile(level, 0.98)), faint)
        before = np.pad(level, (LAG, 0))[:count]
        sums = np.cumsum(np.pad(level, (1, LASTS[1])))
        later = (sums[LASTS[1] :] - sums[LASTS[0] : LASTS[0] - LASTS[1]])[:count] / (LASTS[1] - LASTS[0])
        columns[:, number] = level - before
        columns[:, number + len(OCTAVES_HZ) - 1] = later - before
    return np.sqrt(np.clip(columns, 0, MOST))


def _repeated(scores: Floats) -> Floats:
    """The chance of a stroke on each step (bars, steps), from its own score and that of the bars around."""
    alone = 1 / (1 + np.exp(-scores))
    sums = np.cumsum(np.pad(alone, ((1, 0), (0, 0))), axis=0)
    bars = np.arange(len(alone))
    first, last = np.maximum(bars - BARS, 0), np.minimum(bars + BARS + 1, len(alone))
    around = (sums[last] - sums[first]) / (last - first)[:, None]
    return np.asarray(1 / (1 + np.exp(-(ITSELF * scores + AROUND * around + CHANCE))), np.float64)


def _steps(pulse: Pulse, per_bar: int, swing: float) -> Floats:
    """Seconds of each step of each bar (bars, steps), the off-beats where they swing to."""
    beats = BEATS_PER_BAR[pulse.timesignature]
    bars = np.asarray(pulse.bars)
    lengths = np.diff(bars, append=bars[-1] + pulse.bar_s)
    whole, part = np.divmod(np.arange(per_bar) * beats / per_bar, 1.0)
    if pulse.timesignature != "6/8":
        part = np.where(part < 0.5, 2 * part * swing, swing + (2 * part - 1) * (1 - swing))
    return np.asarray(bars[:, None] + lengths[:, None] * (whole + part) / beats, np.float64)


def swing_of(onsets: Onsets, pulse: Pulse) -> tuple[float, float]:
    """Where the second eighth of a beat falls, 0.5 to 0.67, and how clearly it is told, 0 to 1."""
    if pulse.timesignature == "6/8" or len(pulse.beats) < 2:
        return STRAIGHT, 0.0
    beats = np.asarray(pulse.beats)
    steps = np.diff(beats)
    parts = np.arange(SEARCHED[0], SEARCHED[1], 0.005)
    hops = (beats[:-1, None] + steps[:, None] * parts) / HOP_S
    each = np.arange(len(onsets.strength))
    mean = np.interp(hops, each, onsets.strength).mean(axis=0)
    on = float(np.interp(beats / HOP_S, each, onsets.strength).mean())
    peak = int(mean.argmax())
    clear = float(mean[peak] - np.median(mean)) / max(on, 1e-9)
    if clear < AUDIBLE:
        return STRAIGHT, 0.0
    near = slice(max(0, peak - 4), peak + 5)
    weights = np.maximum(mean[near] - mean[near].min(), 1e-9)
    found = float((parts[near] * weights).sum() / weights.sum())
    return round(min(TRIPLET, max(STRAIGHT, found)), 3), min(1.0, clear / 0.5)
