"""Which of several pulses is the beat, how many beats a bar has, and where bars begin.

Every way to count is weighed by the same few signs: how strongly things begin on its beats and downbeats and how
little between them, where harmony and sound change, where the back beat falls, and what people find natural. The
weights are those of a conditional logit fitted to our own songs, clean and spoilt, and rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.hearing.chroma import Pitches
from engine.hearing.frames import HOP_S, LONG_HOP_S, Frames
from engine.hearing.onsets import Onsets
from engine.spec.fields import BEATS_PER_BAR

Floats = NDArray[np.float64]

# What sounds within so many hops of a place is on it.
NEAR = 3
# Harmony is compared over so many seconds to either side, sound over more: there it tells sections apart.
HARMONY_S, SOUND_S = 0.8, 3.0
BASS = 1.5
THINNED = 8
NATURAL_BPM, NATURAL_BAR_S = 110.0, 2.0
# Added to what is divided, so that nearly nothing is not infinitely less than something.
LITTLE = 0.2
FEWEST_BEATS = 6
LAGS = 8

WEIGHTS = {
    # what begins on the beats: in the mean, evenly, and on the weakest beat of the bar; and half-way between them
    "on": 3.0, "even": 4.2, "weakest": 0.6, "apart": 0.5, "divided": 2.9, "ternary": 1.9, "hemiola": 0.6,
    # changes on beats rather than between them
    "harmony on beats": 1.3, "strokes on beats": 0.4,
    # downbeats against other beats
    "harmony": 2.6, "strength": 2.6, "sound": 1.8, "back beat": 0.5, "strokes after": 1.4, "comes back": 1.7,
    # what is usual
    "tempo": 1.6, "far tempo": -1.4, "compound tempo": 2.3, "far compound tempo": -0.9, "bar": -0.3,
    "3/4": -0.8, "2/4": -1.1, "6/8": -0.7,
}  # fmt: skip


@dataclass(frozen=True)
class Signs:
    """What tells beats and bars, each hop, with a mean of 1 (0 in silence).

    How much begins, how much of it is strokes, and how much `harmony` and `sound` change.
    """

    strength: Floats
    strokes: Floats
    harmony: Floats
    sound: Floats


@dataclass(frozen=True)
class Reading:
    """One way to count: every beat in hops, the metre, which of the first beats is a downbeat, and how likely."""

    beats: Floats
    timesignature: str
    first: int
    score: float


def signs(frames: Frames, onsets: Onsets, pitches: Pitches) -> Signs:
    """The signs of a recording."""
    both = np.concatenate([pitches.chords(), BASS * pitches.basses()], axis=1).astype(np.float64)
    count = len(onsets.strength)
    harmony = np.interp(np.arange(count) * HOP_S / LONG_HOP_S, np.arange(len(both)), _turns(both))
    novelty = _novelty(frames)
    sound = np.interp(np.arange(count) / THINNED, np.arange(len(novelty)), novelty)
    strokes = np.sqrt(onsets.middle.astype(np.float64) * onsets.high)
    return Signs(*(_even(each) for each in (onsets.strength.astype(np.float64), strokes, harmony, sound)))


def _even(curve: Floats) -> Floats:
    return curve / max(float(curve.mean()), 1e-9)


def _around(values: Floats, reach: int, mode: str) -> tuple[Floats, Floats]:
    """Sums of `values` (times, any) over `reach` rows before each row, and over as many from it on."""
    pad = ((reach, reach), (0, 0))
    padded = np.pad(values, pad, mode="edge") if mode == "edge" else np.pad(values, pad)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(padded, axis=0)])
    middle = sums[reach : reach + len(values)]
    return middle - sums[: len(values)], sums[2 * reach : 2 * reach + len(values)] - middle


def _turns(pitches: Floats) -> Floats:
    """How little the pitch classes after each moment are those before it: 0 the same, 1 none of them."""
    before, after = _around(pitches, round(HARMONY_S / LONG_HOP_S), "zero")
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.asarray(np.where(size > 1e-12, 1 - (before * after).sum(axis=1) / np.maximum(size, 1e-12), 0), np.float64)


def _novelty(frames: Frames) -> Floats:
    """How differently it sounds after each eighth hop from before it."""
    loud = max(float(np.quantile(frames.bands, 0.99)), 1e-9)
    level = np.log1p(frames.bands * np.float32(100 / loud))
    level = np.add.reduceat(level, np.arange(0, len(level), THINNED), axis=0).astype(np.float64) / THINNED
    before, after = _around(level, round(SOUND_S / HOP_S / THINNED), "edge")
    return np.asarray(((after - before) ** 2).sum(axis=1), np.float64)


def at(curve: Floats, hops: Floats) -> Floats:
    """The most of `curve` (times,) near each of `hops`."""
    near = np.round(hops).astype(int)[:, None] + np.arange(-NEAR, NEAR + 1)
    return np.asarray(curve[np.clip(near, 0, len(curve) - 1)].max(axis=1), np.float64)


def readings(beats: Floats, signs: Signs) -> Iterator[Reading]:
    """Every way to count `beats` (in hops): each metre, from each of its beats."""
    if len(beats) < FEWEST_BEATS:
        return
    told = _told(beats, signs)
    for timesignature in BEATS_PER_BAR:
        for first in range(BEATS_PER_BAR[timesignature]):
            found = told.of(timesignature, first)
            yield Reading(beats, timesignature, first, sum(WEIGHTS[name] * value for name, value in found.items()))


@dataclass(frozen=True)
class _Told:
    """What the signs say at the beats: their values there, half-way and at thirds, and in standard deviations."""

    period_s: float
    on: Signs
    half: Signs
    thirds: tuple[Floats, Floats]
    deviation: Signs
    comes_back: float

    def of(self, timesignature: str, first: int) -> dict[str, float]:
        """The value of each sign for one way to count."""
        beats = BEATS_PER_BAR[timesignature]
        place = (np.arange(len(self.on.strength)) - first) % beats
        down, compound = place == 0, timesignature == "6/8"
        strength = float(self.on.strength.mean())
        third = float(np.minimum(*self.thirds).mean())
        half, swung = float(self.half.strength.mean()), float(self.thirds[1].mean())
        tempo = float(np.log2(60 / self.period_s / NATURAL_BPM))
        weakest = min(float(self.on.strength[place == each].mean()) for each in range(beats))
        after = self.deviation.strokes[~down].mean() - self.deviation.strokes[down].mean()
        back = self.deviation.strokes[place % 2 == 1].mean() - self.deviation.strokes[place % 2 == 0].mean()
        found = {
            "on": _over(strength, 1.0),
            "even": float(np.log(self.on.strength + 0.3).mean() - np.log(strength + 0.3)),
            "weakest": max(_over(weakest, strength), -3.0),
            "apart": min(max(_over(strength, half), -1.0), 1.0),
            # a half as strong as the beats is division enough
            "divided": min(max(_over(max(half, swung), strength), -1.6), -0.7),
            "ternary": float(np.tanh(_over(third, half))) * (1 if compound else -1),
            "hemiola": self._hemiola(place, timesignature),
            "harmony": self._settled(down, beats),
            "harmony on beats": _over(self.on.harmony.mean(), self.half.harmony.mean()),
            "strokes on beats": _over(self.on.strokes.mean(), self.half.strokes.mean()),
            "back beat" if beats == 4 else "strokes after": float(back if beats == 4 else after),
            "comes back": self.comes_back * (1 if beats == 3 else -1),
            "compound tempo" if compound else "tempo": tempo,
            "far compound tempo" if compound else "far tempo": tempo**2,
            "bar": float(np.log2(beats * self.period_s / NATURAL_BAR_S)) ** 2,
        }
        for name in ("strength", "sound"):
            deviation: Floats = getattr(self.deviation, name)
            found[name] = float(deviation[down].mean() - deviation[~down].mean())
        return found | ({timesignature: 1.0} if timesignature in WEIGHTS else {})

    def _settled(self, down: NDArray[np.bool_], beats: int) -> float:
        """The share of all change of harmony that falls on downbeats: 0 as by chance, 1 all of it.

        Chords often last several bars. What a downbeat has of it in the mean would be most for bars that long.
        """
        share = float(self.on.harmony[down].sum()) / max(float(self.on.harmony.sum()), 1e-9)
        return (share - 1 / beats) / (1 - 1 / beats)

    def _hemiola(self, place: NDArray[np.int64], timesignature: str) -> float:
        """Beats after the first against what would be beats if six eighths were grouped the other way."""
        if timesignature == "3/4":
            return _over(self.on.strength[place != 0].mean(), self.half.strength[place == 1].mean())
        if timesignature == "6/8":
            others = (self.thirds[1][place == 0].mean() + self.thirds[0][place == 1].mean()) / 2
            return _over(self.on.strength[place == 1].mean(), others)
        return 0.0


def _over(one: float, other: float) -> float:
    return float(np.log((one + LITTLE) / (other + LITTLE)))


def _told(beats: Floats, signs: Signs) -> _Told:
    period = float(np.median(np.diff(beats)))
    steps = np.diff(beats, append=beats[-1] + period)

    def inside(part: float) -> Signs:
        hops = beats + part * steps
        each = np.arange(len(signs.harmony))
        harmony, sound = (np.interp(hops, each, curve) for curve in (signs.harmony, signs.sound))
        return Signs(at(signs.strength, hops), at(signs.strokes, hops), harmony, sound)

    on = inside(0.0)
    names: Sequence[str] = ("strength", "strokes", "harmony", "sound")
    deviation = Signs(*(_deviation(getattr(on, name)) for name in names))
    rows = np.stack([deviation.strength, deviation.strokes, deviation.harmony], axis=1)
    alike = [float((rows[lag:] * rows[:-lag]).mean()) if len(rows) > lag + 4 else 0.0 for lag in range(1, LAGS + 1)]
    threes, others = alike[2] + alike[5], max(alike[1], alike[3]) + max(alike[3], alike[7])
    return _Told(
        period_s=period * HOP_S,
        on=on,
        half=inside(0.5),
        thirds=(inside(1 / 3).strength, inside(2 / 3).strength),
        deviation=deviation,
        comes_back=float(np.tanh(2 * (threes - others))),
    )


def _deviation(values: Floats) -> Floats:
    mean = float(values.mean())
    return np.asarray((values - mean) / max(float(values.std()), 1e-3 + 0.1 * mean), np.float64)
