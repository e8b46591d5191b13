"""When the voice sounds: open through vowels and voiced consonants, shut where only noise is heard."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.phones import Phone
from engine.studio.voice.timing import Placed

STEP_HZ = 4000
ATTACK_S = 0.012
RELEASE_S = 0.06
JOIN_S = 0.01
BEFORE_S, AFTER_S = 0.002, 0.004
# A response sounds for a while: periods that begin this long before the voice opens belong to it.
NEAR_S = 0.01


def gate(phones: Sequence[Phone], placed: Sequence[Placed], origin: float, length: float) -> NDArray[np.float64]:
    """0 (shut) to 1 (open) at STEP_HZ, from `origin` seconds on, over `length` seconds."""
    runs: list[list[float]] = []
    for piece in placed:
        kind = phones[piece.index].kind
        if not (kind.pitched or kind.buzzes):
            continue
        if runs and piece.start - runs[-1][1] < BEFORE_S + AFTER_S:
            runs[-1][1] = piece.end
        else:
            runs.append([piece.start, piece.end])
    starts = {round(piece.start, 6) for piece in placed}
    time, level = [-1.0], [0.0]
    for start, end in runs:
        fall = JOIN_S if round(end, 6) in starts else RELEASE_S
        middle = (start + end) / 2
        time += [start - BEFORE_S, min(start + ATTACK_S, middle), max(end - fall, middle), end + AFTER_S]
        level += [0.0, 1.0, 1.0, 0.0]
    seconds = origin + np.arange(int(length * STEP_HZ) + 2) / STEP_HZ
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.interp(seconds, time, level)))


def near(gates: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of `seconds` (from the gates' origin) lie where a gate is open or about to be."""
    reach = round(NEAR_S * STEP_HZ)
    opened = np.cumsum(np.pad((gates > 0.0).astype(np.int64), (reach + 1, reach)))
    around = opened[2 * reach + 1 :] - opened[: -2 * reach - 1] > 0
    return np.asarray(around[np.minimum((seconds * STEP_HZ).astype(int), len(around) - 1)])


def at_rate(curve: NDArray[np.float64], curve_hz: int, samples: int, rate: int) -> Tensor:
    """A slow curve at `curve_hz` -> float32 [samples] at `rate`, straight between its points."""
    # Every so many points the two begin at the same moment anew: 1 at 48 kHz.
    common = math.gcd(rate, curve_hz)
    points, length = curve_hz // common, rate // common
    blocks = -(-samples // length)
    needed = blocks * points + 1
    padded = np.pad(curve[:needed], (0, max(needed - len(curve), 0)), mode="edge")
    position = torch.arange(length) * (points / length)
    weights = (1.0 - (position - torch.arange(points + 1)[:, None]).abs()).clamp(min=0.0)
    return (torch.from_numpy(padded).float().unfold(0, points + 1, points) @ weights).flatten()[:samples]
