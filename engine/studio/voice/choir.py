"""Many singers from a few: each sung voice but the first is heard twice, late and on ways that wander."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, arange, lerp

from engine.studio.voice.gate import at_rate
from engine.studio.voice.pitch import CONTROL_HZ

# The others against the first, who keeps the tune: of equals, one harmonic or another is always gone.
SHARE = 0.6
# Seconds by which the singers after the first are late, in turn, and how far and how fast each wanders around that.
LATE_S = (0.005, 0.01, 0.014, 0.018)
WANDERS_S = 0.002
WANDERS_HZ = (0.5, 0.9)


def together(voices: Sequence[Tensor], seed: int, rate: int) -> Tensor:
    """Voices [samples] of singers who stand apart -> their sum; one voice alone stays as it is.

    The first is in time. The others are up to 20 ms late, and each sings for two, of whom the one is a few cents sharp
    and the other flat at any moment.
    """
    if len(voices) == 1:
        return voices[0]
    random = np.random.default_rng(seed)
    total = voices[0].clone()
    seconds = np.arange(len(total) * CONTROL_HZ // rate + 2) / CONTROL_HZ
    for number, late in enumerate(LATE_S[: 2 * len(voices) - 2]):
        way = np.sin(2 * np.pi * (random.uniform() + random.uniform(*WANDERS_HZ) * seconds))
        total += SHARE * _late(voices[1 + number // 2], late + WANDERS_S * way, rate)
    return total / math.sqrt(1 + SHARE**2 * (2 * len(voices) - 2))


def _late(voice: Tensor, seconds: NDArray[np.float64], rate: int) -> Tensor:
    """`voice`, later by `seconds` at CONTROL_HZ."""
    way = at_rate(seconds * rate, CONTROL_HZ, len(voice), rate)
    whole = way.floor()
    at = (arange(len(voice)) - whole.long()).clamp(min=1)
    return lerp(voice[at], voice[at - 1], way - whole)
