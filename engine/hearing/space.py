"""How long a room rings on, told from music alone: how quickly sounds may end."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Values = NDArray[np.float64]

# Octave bands whose decay people hear as the room; lower ones ring by themselves.
BANDS_HZ = ((500.0, 1000.0), (1000.0, 2000.0), (2000.0, 4000.0), (4000.0, 8000.0))
BLOCK_S, HOP_S = 0.032, 0.010
# So many seconds tell it, taken from the whole length.
MOST_S = 120.0
# Nothing falls faster than the room lets it: the steepest of so many falls of this length tell the room, where the
# sound before is at most this far below the loudest.
FALL_S, STEEPEST, LOUD_DB, FLOOR_DB = 0.25, 0.98, -35.0, -100.0
DRY_S, LONGEST_S = 0.05, 8.0


def reverberation(audio: Audio, rate: int) -> float:
    """Seconds to fall by 60 dB, as the room lets sounds end (the idea of Ratnam 2003: the steepest falls bound it).

    `audio` (channels, samples) at `rate` Hz. It is the upper bound that music shows: where every sound rings by itself,
    nobody hears the room. 0.05 for silence.
    """
    steps = round(FALL_S / HOP_S)
    times: list[float] = []
    for levels in _levels(audio, rate):
        falls = (levels[:-steps] - levels[steps:])[levels[:-steps] > LOUD_DB]
        if len(falls) >= steps:
            steepest = float(np.quantile(falls, STEEPEST))
            times.append(60.0 * FALL_S / max(steepest, 60.0 * FALL_S / LONGEST_S))
    return float(np.clip(np.median(times), DRY_S, LONGEST_S)) if times else DRY_S


def _levels(audio: Audio, rate: int) -> Values:
    """Level in dB (bands, hops)."""
    block, hop = round(BLOCK_S * rate), round(HOP_S * rate)
    samples = audio.shape[1]
    if samples < 4 * block:
        return np.full((len(BANDS_HZ), 1), FLOOR_DB)
    # Stretches of ten seconds from all over a long recording.
    stretch, most = round(10.0 * rate), round(MOST_S * rate)
    count = min(-(-samples // stretch), most // stretch)
    starts = (
        np.linspace(0, max(0, samples - stretch), count).astype(int) if samples > most else range(0, samples, stretch)
    )
    window = torch.hann_window(block)
    edges = [(round(low * block / rate), round(high * block / rate)) for low, high in BANDS_HZ]
    parts = []
    for start in starts:
        piece = audio[:, start : start + stretch]
        if piece.shape[1] < block:
            continue
        spectrum = torch.fft.rfft(torch.from_numpy(np.ascontiguousarray(piece)).unfold(1, block, hop) * window)
        power = spectrum.abs().square().sum(dim=0)
        parts.append(torch.stack([power[:, low:high].sum(dim=1) for low, high in edges]).double().numpy())
    powers = np.concatenate(parts, axis=1)
    loudest = powers.max(axis=1, keepdims=True)
    return np.asarray(10 * np.log10(np.maximum(powers / np.maximum(loudest, 1e-30), 10 ** (FLOOR_DB / 10))), np.float64)
