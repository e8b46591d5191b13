"""The room everybody plays in: one synthetic stereo impulse response a genre."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from engine.studio.sound.noise import RATE, band, coloured, draw, key_of

# low Hz, high Hz, reverberation time against the room's, strength
BANDS = (
    (230.0, 700.0, 1.0, 0.8),
    (700.0, 2300.0, 0.95, 1.0),
    (2300.0, 5500.0, 0.7, 0.9),
    (5500.0, 11_000.0, 0.45, 0.7),
)


def reverberation(amount: float) -> float:
    """Seconds to -60 dB for a preset's `reverb` of 0 to 1."""
    return 0.7 + 1.7 * amount


@lru_cache(maxsize=4)
def impulse(amount: float) -> Tensor:
    """The room's answer (2, samples), without the direct sound."""
    seconds = reverberation(amount)
    size = round(seconds * 0.92 * RATE)
    t = torch.arange(size, dtype=torch.float32) / RATE
    out = torch.zeros(2, size)
    for number, (low, high, share, strength) in enumerate(BANDS):
        noise = coloured(key_of("room", number), size, band(low, high, 4.0), 2)
        noise /= noise.square().mean().sqrt()
        out += noise * torch.exp(t * (-6.908 / (seconds * share))) * strength
    before = 0.010 + 0.018 * amount
    out *= ((t - before) / 0.035).clamp_(0, 1) ** 1.5
    out[:, size - 2400 :] *= torch.linspace(1, 0, 2400) ** 2
    dice = draw(key_of("walls"))
    loudest = float(out.abs().max())
    for side in range(2):
        for number in range(9):
            at = round((before + 0.06 * ((number + dice.uniform(0, 0.8)) / 9) ** 1.3) * RATE)
            # a wall is dull: each reflection is spread over a few samples
            soft = torch.tensor([0.25, 0.5, 0.25]) * (
                loudest * 1.6 * 0.84**number * (1 if dice.uniform() < 0.5 else -1)
            )
            out[side, at : at + 3] += soft
    # as loud as the direct sound, at a send of 1, where music has most of its energy
    power = torch.fft.rfft(out, n=1 << size.bit_length()).abs().square()
    hertz = torch.fft.rfftfreq(1 << size.bit_length(), 1 / RATE)
    scale: Tensor = power[:, (hertz > 300) & (hertz < 3000)].mean(1, keepdim=True).sqrt()
    return out / scale


def wetness(amount: float, send: float) -> float:
    """Gain of the room for an instrument's `send`, against its direct sound."""
    return float(send * 1.15 * amount**0.75)
