"""A tune of plucked notes for tests of files: tonal, stereo, with a beginning and an end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000


def tune(seconds: float = 3.0, *, rate: int = RATE, pitch: float = 220.0) -> NDArray[np.float32]:
    """Stereo samples (2, seconds * rate), peak near 0.5, never silent for long."""
    t = np.arange(round(seconds * rate)) / rate
    step = np.floor(t * 4).astype(int)
    notes = pitch * 2 ** (np.array([0, 4, 7, 12, 7, 4, 9, 5])[step % 8] / 12)
    phase = 2 * np.pi * np.cumsum(notes) / rate
    decay = np.exp(-3 * ((t * 4) % 1))
    left = sum(np.sin(k * phase) / k**1.2 for k in range(1, 9)) * decay
    right = sum(np.sin(k * phase + 0.3 * k) / k**1.2 for k in range(1, 9)) * decay
    bass = 0.8 * np.sin(phase / 4) * (0.6 + 0.4 * decay)
    both = np.stack([left + bass, right + bass])
    return np.asarray(0.5 * both / np.abs(both).max(), dtype=np.float32)
