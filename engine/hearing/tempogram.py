"""Which tempos a recording may have, and where the beats of each would be.

Tempos come from autocorrelations of the onsets, beats by dynamic programming (Ellis 2007, "Beat tracking by dynamic
programming"). Where the tempo drifts, time is first bent so that it does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import HOP_S

Curve = NDArray[np.float32]
Floats = NDArray[np.float64]

SLOWEST_BPM, QUICKEST_BPM = 30.0, 300.0
# Tempos compared lie so close together.
RATIO = 1.01
# The music is compared with itself over so many seconds at a time, at these distances.
STRETCH_S, APART_S = 6.0, 2.0
# A pulse comes back after one, two, three and four of its periods.
TEETH = (1.0, 0.8, 0.6, 0.5)
# People tap at tempos around this one, an octave to either side, where a recording allows several.
NATURAL_BPM, WIDTH = 110.0, 1.1
CANDIDATES = 8
# Relatives of a strong periodicity: what may be its beat.
RELATIVES = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3)
ALIKE = 0.06
# Hops by which a beat may come earlier or later than the last ones tell, and how little that is liked (Ellis 2007).
LEEWAY = 40
TIGHTNESS = 400.0
# How far a tempo may drift to either side, and how little changes of it by a hundredth are liked.
DRIFT, RELUCTANCE = 0.12, 0.04


def steady(strength: Curve) -> Floats:
    """Where each hop (times,) would be if the tempo never drifted, in hops."""
    alike = _alikeness(strength)
    period = _peaks(alike.mean(axis=0))[0]
    reach = round(DRIFT / np.log(RATIO))
    factors = RATIO ** np.arange(-reach, reach + 1)
    salience = np.stack([_comb(each, period * factors) for each in alike])
    cost = RELUCTANCE * np.abs(np.subtract.outer(np.arange(len(factors)), np.arange(len(factors))))
    total, came = salience[0], []
    for each in salience[1:]:
        ways = total - cost
        came.append(ways.argmax(axis=1))
        total = ways.max(axis=1) + each
    path = [int(total.argmax())]
    for best in reversed(came):
        path.append(int(best[path[-1]]))
    middles = (np.arange(len(alike)) * APART_S + STRETCH_S / 2) / HOP_S
    slowness = np.interp(np.arange(len(strength)), middles, factors[path[::-1]])
    return np.asarray(np.cumsum(1 / slowness) - 1 / slowness[0], np.float64)


def candidates(strength: Curve) -> Floats:
    """Periods in hops that may be the beat, at most `CANDIDATES`: what comes back most clearly, and its relatives."""
    alike = _alikeness(strength).mean(axis=0)
    periods = _periods()
    salience = _comb(alike, periods)
    found: list[float] = []
    for relative in RELATIVES:
        for period in _peaks(alike)[:3] * relative:
            # a relative is where the comb has a peak of its own nearby
            near = np.flatnonzero(np.abs(np.log(periods / period)) < ALIKE)
            if len(near):
                own = float(periods[near[np.argmax(salience[near])]])
                if all(abs(np.log(own / other)) > ALIKE for other in found):
                    found.append(own)
    weights = np.interp(found, periods, salience * _liking(periods))
    return np.asarray(found)[np.argsort(-weights, kind="stable")][:CANDIDATES]


def _periods() -> Floats:
    low, high = np.log(60 / QUICKEST_BPM / HOP_S), np.log(60 / SLOWEST_BPM / HOP_S)
    return np.asarray(np.exp(np.arange(low, high, np.log(RATIO))), np.float64)


def _liking(periods: Floats) -> Floats:
    octaves = np.log2(60 / (periods * HOP_S) / NATURAL_BPM)
    return np.asarray(np.exp(-0.5 * (octaves / WIDTH) ** 2), np.float64)


def _peaks(alike: Floats) -> Floats:
    """The periods that the comb meets best, the likeliest first; at least one."""
    periods = _periods()
    salience = np.maximum(_comb(alike, periods), 0) * _liking(periods)
    inner = np.flatnonzero((salience[1:-1] >= salience[:-2]) & (salience[1:-1] > salience[2:])) + 1
    if len(inner) == 0:
        inner = np.asarray([salience.argmax()])
    return periods[inner[np.argsort(-salience[inner], kind="stable")]]


def _alikeness(strength: Curve) -> Floats:
    """How alike onsets are to those of each number of hops later, (stretches, lags), 1 for the same."""
    size, apart = round(STRETCH_S / HOP_S), round(APART_S / HOP_S)
    lags = round(len(TEETH) * 60 / SLOWEST_BPM / HOP_S) + 2
    signal = np.pad(strength.astype(np.float64), (0, max(0, size - len(strength))))
    fewer = size / np.maximum(size - np.arange(lags), size / 4)
    rows = []
    for first in range(0, len(signal) - size + 1, apart):
        piece = signal[first : first + size] - signal[first : first + size].mean()
        alike = np.fft.irfft(np.abs(np.fft.rfft(piece, 2 * size)) ** 2)[:lags]
        rows.append(alike / max(alike[0], 1e-9) * fewer)
    return np.stack(rows)


def _comb(alike: Floats, periods: Floats) -> Floats:
    """How well `alike` (lags,) says that something comes back after each of `periods`, and after more of them."""
    at = np.arange(len(alike))
    teeth = [weight * np.interp(periods * number, at, alike) for number, weight in enumerate(TEETH, 1)]
    return np.asarray(np.sum(teeth, axis=0) / sum(TEETH), np.float64)


def follow(strength: Curve, periods: Floats) -> list[Floats]:
    """For each of `periods`, the hops of the beats that best meet onsets while their distance stays near it."""
    smooth = np.convolve(strength, np.hanning(7) / np.hanning(7).sum(), "same").astype(np.float64)
    smooth /= max(smooth.std(), 1e-9)
    count, rows = len(smooth), np.arange(len(periods))
    steps = np.clip(np.round(periods)[:, None].astype(int) + np.arange(-LEEWAY, LEEWAY + 1), 1, None)
    cost = -TIGHTNESS * np.log(steps / periods[:, None]) ** 2
    margin = int(steps.max())
    total = np.zeros((len(periods), margin + count))
    came = np.zeros((len(periods), count), np.int32)
    flat = total.reshape(-1)
    places = rows[:, None] * total.shape[1] + margin - steps
    for at in range(count):
        ways = flat[places + at] + cost
        best = ways.argmax(axis=1)
        total[:, margin + at] = ways[rows, best] + smooth[at]
        came[:, at] = steps[rows, best]
    return [_path(total[row, margin:], came[row], periods[row]) for row in rows]


def _path(total: Floats, came: NDArray[np.int32], period: float) -> Floats:
    last = max(0, len(total) - round(period))
    at = last + int(np.argmax(total[last:])) if len(total) else -1
    beats = []
    while at >= 0:
        beats.append(at)
        at -= int(came[at])
    return np.asarray(beats[::-1], np.float64)
