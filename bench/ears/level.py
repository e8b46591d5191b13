"""Length, loudness, peaks, silence and where the energy lies."""

from __future__ import annotations

import numpy as np
import pyloudnorm
from scipy.signal import firwin, oaconvolve, welch

from bench.ears.wave import Floats

LOW_HZ = 150.0
# below this a frame is silent
QUIET_DB = -60.0
FRAME_S = 0.05


def loudness(audio: Floats, rate: int) -> float:
    """Integrated loudness of (2, samples) in LUFS."""
    return float(pyloudnorm.Meter(rate).integrated_loudness(np.asarray(audio.T, np.float64)))


def true_peak(audio: Floats) -> float:
    """The highest peak of (2, samples) in dBTP, four times oversampled by a long sinc."""
    low_pass = 4 * firwin(4 * 96 + 1, 0.25, window=("kaiser", 10.0))
    # Each of the four samples for one by its own quarter of the sinc.
    sides = np.asarray(audio, np.float64)
    quarters = (oaconvolve(sides, low_pass[None, at::4], mode="same", axes=1) for at in range(4))
    peak = max(float(np.abs(quarter).max()) for quarter in quarters)
    return 20 * float(np.log10(max(peak, 1e-9)))


def silence(audio: Floats, rate: int) -> tuple[float, float]:
    """(longest gap inside the song in seconds, share of the song below -60 dBFS), by RMS over 50 ms.

    Inside: between the first and the last frame that is heard.
    """
    size = round(FRAME_S * rate)
    count = audio.shape[1] // size
    power = (audio[:, : count * size].astype(np.float64) ** 2).mean(axis=0).reshape(count, size).mean(axis=1)
    quiet = 10 * np.log10(power + 1e-12) < QUIET_DB
    heard = np.flatnonzero(~quiet)
    if not len(heard):
        return count * FRAME_S, 1.0
    gaps = np.diff(heard) - 1
    return float(gaps.max(initial=0)) * FRAME_S, float(quiet.mean())


def low_share(audio: Floats, rate: int) -> float:
    """The share of the song's energy below 150 Hz, both sides together."""
    hertz, power = welch(audio, rate, nperseg=16_384)
    both = power.sum(axis=0)
    return float(both[hertz < LOW_HZ].sum() / both.sum())


def stems_off(audio: Floats, stems: dict[str, Floats]) -> float:
    """The greatest difference of any sample between the song and the sum of its stems, in dBFS."""
    total = np.zeros(audio.shape, np.float64)
    for stem in stems.values():
        total += stem
    return 20 * float(np.log10(max(np.abs(total - audio).max(), 1e-12)))
