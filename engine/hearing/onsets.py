"""Where something begins to sound, and how strongly: in the whole, and apart for deep, middle and high sound.

Spectral flux over bands of a semitone or more, each against the loudest of its neighbours a moment before, so that
vibrato does not count as beginnings (Böck, Widmer 2013, "Maximum filter vibrato suppression for onset detection").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import Frames, bands_hz

Curve = NDArray[np.float32]

# A band is heard from this far below the loudest ones.
RANGE = 10 ** (60 / 20)
# Spectra compared lie so many hops apart: the half of a window in which an onset grows. So the flux is greatest within
# 4 ms of where a stroke sounds, and needs no correction.
LAG = 2
DEEP_HZ, HIGH_HZ = 130.0, 4500.0
# Loudness and density are evened out over so many hops.
AROUND = 400


@dataclass(frozen=True)
class Onsets:
    """How much begins at each moment, every `HOP_S`; the mean over the song is 1, or all is 0 in silence.

    `strength` (times,) of everything, `deep` of what lies below 130 Hz, `middle`, and `high` above 4500 Hz.
    """

    strength: Curve
    deep: Curve
    middle: Curve
    high: Curve


def onsets(frames: Frames) -> Onsets:
    """The onsets of `frames`."""
    rise = flux(frames.bands)
    hz = bands_hz()
    return Onsets(
        strength=_even(rise.sum(axis=1)),
        deep=_even(rise[:, hz < DEEP_HZ].sum(axis=1)),
        middle=_even(rise[:, (hz >= DEEP_HZ) & (hz < HIGH_HZ)].sum(axis=1)),
        high=_even(rise[:, hz >= HIGH_HZ].sum(axis=1)),
    )


def flux(bands: Curve) -> Curve:
    """How far each band (times, bands) rises above what was there before, logarithmic."""
    loud = float(np.quantile(bands.max(axis=1), 0.95)) if len(bands) else 0.0
    if loud == 0.0:
        return np.zeros_like(bands)
    level: Curve = np.log1p(bands * np.float32(RANGE / loud))
    before = level.copy()
    before[:, 1:] = np.maximum(before[:, 1:], level[:, :-1])
    before[:, :-1] = np.maximum(before[:, :-1], level[:, 1:])
    rise: Curve = np.zeros_like(level)
    # what sounds from the very first sample begins there
    rise[0] = level[0]
    np.maximum(level[LAG:] - before[:-LAG], 0, out=rise[LAG:])
    return rise


def _even(curve: Curve) -> Curve:
    """`curve` against what is usual around it, so that soft sections count too."""
    mean = float(curve.mean()) if len(curve) else 0.0
    if mean == 0.0:
        return curve.astype(np.float32)
    reach = min(AROUND, len(curve))
    sums = np.cumsum(np.pad(curve.astype(np.float64), (1, 0)))
    first = np.clip(np.arange(len(curve)) - reach // 2, 0, len(curve) - reach)
    around = (sums[first + reach] - sums[first]) / reach
    return np.asarray(curve / (0.5 * (around + mean)), np.float32)
