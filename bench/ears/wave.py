"""How every ear gets its sound: mono at one rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

RATE = 24_000

Floats = NDArray[np.floating[Any]]


def at_rate(audio: Floats, rate: int) -> Floats:
    """`audio` (2, samples) or (samples,) at `rate` Hz as float32 (samples,) at `RATE`."""
    one = audio.mean(axis=0) if audio.ndim == 2 else audio
    return np.asarray(resample_poly(one, RATE, rate), np.float32)
