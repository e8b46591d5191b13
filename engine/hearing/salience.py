"""How much every pitch stands out at every moment: its partials, less what lies between them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from engine.hearing.frames import RATE

Values = NDArray[np.float32]

# Each 16 ms, over 128 ms: long enough for the partials of a low voice.
HOP, WINDOW = 384, 3072
HOP_S = HOP / RATE
BIN_HZ = RATE / WINDOW
# Pitches in steps of 20 cents, of which partials reach higher.
LOWEST, HIGHEST, TOP = 38, 92, 128
FINE = 5
STEPS = FINE * (HIGHEST - LOWEST) + 1
GRID = FINE * (TOP - LOWEST) + 1
A4_HZ, A4 = 440.0, 69
# Partials that are summed, and how much what lies halfway between two of them speaks against a pitch: without that,
# pitches an octave off stand out as much.
PARTIALS, BETWEEN = 14, 0.7
# Loudness counts a little less than in proportion; peaks this far below the loudest of their moment don't count.
POWER, FAINT, SILENCE = 0.85, 0.003, 1e-6
# How far from its partial a peak may lie, in steps of the grid, and what it counts there.
SPREAD = (0.25, 0.75, 1.0, 0.75, 0.25)
AT_ONCE = 1024


def salience(mono: Values, tuning: float = 0.0) -> tuple[Values, Values]:
    """(times, `STEPS`) float32, each `HOP_S`, for `mono` (samples,) at 24 kHz; `tuning` in cents from 440 Hz.

    The second value (times,) is how much sounds in all, in the same measure: a pitch in noise is a small share of it.

    Sums partials as Salamon and Gomez (2012) do, with negative weights between them as in Camacho's SWIPE (2008).
    """
    window = torch.hann_window(WINDOW)
    count = len(mono) // HOP + 1
    made, sums = [], []
    for first in range(0, count, AT_ONCE):
        here = min(AT_ONCE, count - first)
        start, end = first * HOP - WINDOW // 2, (first + here - 1) * HOP + WINDOW // 2
        cut = mono[max(0, start) : max(0, end)]
        cut = np.pad(cut, (max(0, -start), max(0, end - start - max(0, -start) - len(cut))))
        spectra = torch.fft.rfft(torch.from_numpy(cut).unfold(0, WINDOW, HOP) * window).abs().numpy() * (4 / WINDOW)
        made.append(_summed(_on_grid(spectra, tuning)))
        sums.append((spectra**POWER).sum(axis=1))
    return np.concatenate(made), np.concatenate(sums)


def _on_grid(spectra: Values, tuning: float) -> Values:
    """Peaks of each spectrum on the logarithmic grid (times, `GRID`), their tops between the bins by a parabola."""
    middle = spectra[:, 1:-1]
    peak = (middle > spectra[:, :-2]) & (middle >= spectra[:, 2:])
    peak &= middle > np.maximum(FAINT * spectra.max(axis=1, keepdims=True), SILENCE)
    times, bins = np.nonzero(peak)
    bins += 1
    left, top, right = (np.log(np.maximum(spectra[times, bins + step], 1e-12)) for step in (-1, 0, 1))
    shift = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-6)
    pitch = A4 + 12 * np.log2((bins + shift) * (BIN_HZ / A4_HZ)) - tuning / 100
    place = np.round((pitch - LOWEST) * FINE).astype(np.int64)
    inside = (place >= 0) & (place < GRID)
    flat = times[inside] * GRID + place[inside]
    grid = np.bincount(flat, spectra[times, bins][inside] ** POWER, len(spectra) * GRID).astype(np.float32)
    grid = np.pad(grid.reshape(-1, GRID), ((0, 0), (2, 2)))
    result = np.zeros((len(spectra), GRID), np.float32)
    for at, weight in enumerate(SPREAD):
        result += np.float32(weight) * grid[:, at : at + GRID]
    return result


@lru_cache(maxsize=1)
def _weights() -> tuple[tuple[int, float], ...]:
    """(steps above the pitch, weight) of every partial and of what lies below it, halfway to the one before."""
    made = []
    for number in range(1, PARTIALS + 1):
        weight = number**-0.5
        for ratio, share in ((float(number), weight), (number - 0.5, -BETWEEN * weight)):
            made.append((round(FINE * 12 * float(np.log2(ratio))), share))
    return tuple(made)


def _summed(grid: Values) -> Values:
    total = np.zeros((len(grid), STEPS), np.float32)
    for shift, weight in _weights():
        first, end = max(0, -shift), min(STEPS, GRID - shift)
        total[:, first:end] += np.float32(weight) * grid[:, first + shift : end + shift]
    return np.maximum(total, 0, out=total)
