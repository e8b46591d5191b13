"""Gain curves at control rate: one point every 64 samples, straight lines between them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.noise import RATE

STEP = 64
PIECE = 1024


def points(samples: int) -> int:
    """How many points a curve over `samples` has; the last one lies at or after the end."""
    return -(-samples // STEP) + 1


def apply(audio: Tensor, curve: Tensor) -> None:
    """Multiplies audio (channels, samples) by `curve`, in place."""
    ramp = torch.arange(STEP, dtype=torch.float32) / STEP
    samples = audio.shape[1]
    for first in range(0, points(samples) - 1, PIECE):
        ends = curve[first : first + PIECE + 1]
        gain = torch.lerp(ends[:-1, None], ends[1:, None], ramp).reshape(-1)
        piece = audio[:, first * STEP : (first + PIECE) * STEP]
        piece *= gain[: piece.shape[1]]


def powers(audio: Tensor) -> Tensor:
    """Mean power of each step of audio (channels, samples), averaged over channels: (points - 1,)."""
    channels, samples = audio.shape
    whole = samples // STEP
    body = audio[:, : whole * STEP].reshape(channels, whole, STEP)
    out: Tensor = torch.linalg.vector_norm(body, dim=2).square_().sum(0) / (STEP * channels)
    if whole * STEP < samples:
        out = torch.cat((out, audio[:, whole * STEP :].square().mean()[None]))
    return out


def smooth(values: Tensor, seconds: float) -> Tensor:
    """Running mean over `seconds` around each point, of the same length."""
    width = max(1, round(seconds * RATE / STEP / 2)) * 2 + 1
    padded = (
        torch.nn.functional.pad(values[None, None], (width // 2, width // 2), mode="replicate")
        if len(values) > width // 2
        else None
    )
    if padded is None:
        return values.mean().expand(len(values)).clone()
    return torch.nn.functional.avg_pool1d(padded, width, 1)[0, 0]


def decibels(power: Tensor) -> Tensor:
    """Power to decibels, not below -120."""
    return 10 * torch.log10(power.clamp(min=1e-12))


def gains(db: Tensor) -> Tensor:
    """Decibels to a linear gain."""
    return torch.pow(10.0, db / 20)


def at_points(blocks: Tensor) -> Tensor:
    """Values of steps moved to the points between them: (steps,) to (steps + 1,)."""
    return torch.cat((blocks[:1], (blocks[1:] + blocks[:-1]) / 2, blocks[-1:]))


def pumping(samples: int, kicks: list[int], depth: float, recovery: float) -> Tensor:
    """A sidechain (points,): 1, but down by `depth` (0 to 1) at each kick (in samples), back in `recovery` seconds."""
    curve = torch.ones(points(samples))
    count = max(4, round(recovery * RATE / STEP))
    back = torch.linspace(0, 1, count)
    shape = torch.cat((torch.linspace(1, 0, 4)[:-1] ** 0.5, back**1.4 * (3 - 2 * back)))
    dip = 1 - depth * (1 - shape.clamp(0, 1))
    for kick in kicks:
        first = round(kick / STEP) - 3
        start, end = max(0, first), min(len(curve), first + len(dip))
        if start < end:
            torch.minimum(curve[start:end], dip[start - first : end - first], out=curve[start:end])
    return curve


def of_array(values: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Tensor:
    """A stored curve as a tensor."""
    return torch.from_numpy(np.array(values, np.float32))
