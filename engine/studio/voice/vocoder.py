"""Pulses through filters: the voice's harmonics and its breath, one response a period, laid over each other."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.envelope import DECIBEL, curve
from engine.studio.voice.pitch import CONTROL_HZ
from engine.studio.voice.timbre import Timbre

RESPONSE = 2048
PULSES_AT_ONCE = 256
JITTER = 0.002
SHIMMER_DB = 0.35
# No voice below this; keeps rumble and DC out.
LOWEST_HZ = 70.0


def pulse_times(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ -> the seconds at which a period begins."""
    cycles = np.concatenate(([0.0], np.cumsum((pitch[1:] + pitch[:-1]) / 2) / CONTROL_HZ))
    return np.interp(np.arange(int(cycles[-1])), cycles, np.arange(len(pitch)) / CONTROL_HZ)


def render(
    filters: Tensor,
    frames: NDArray[np.float64],
    times: NDArray[np.float64],
    samples: int,
    rate: int,
    timbre: Timbre,
    generator: torch.Generator,
) -> Tensor:
    """Sound the pulses at `times` (seconds, [pulses]) -> float32 [samples].

    filters: complex64 [source frames, RESPONSE / 2 + 1], log spectra; frames: each pulse's source frame, fractional.
    Each pulse carries its period's noise too, by the timbre's breath, so that the breath pulses with the voice.
    """
    out = torch.zeros(samples + RESPONSE + rate // 20)
    periods = np.diff(times, append=2 * times[-1] - times[-2] if len(times) > 1 else times[-1] + 0.01)
    jitter = torch.randn(len(times), generator=generator).double().numpy()
    shimmer = torch.randn(len(times), generator=generator) * (SHIMMER_DB * DECIBEL)
    position = np.maximum((times + JITTER * periods * jitter) * rate, 0.0)
    whole = np.floor(position).astype(np.int64)
    hertz = np.arange(RESPONSE // 2 + 1) * rate / RESPONSE
    breath = 10.0 ** (curve(timbre.breath, hertz) / 20.0)
    tone = torch.from_numpy(np.sqrt(1.0 - breath**2) * np.clip(hertz / LOWEST_HZ - 0.5, 0.0, 1.0)).float()
    hiss = torch.from_numpy(breath * np.clip(hertz / LOWEST_HZ - 0.5, 0.0, 1.0)).float()
    angles = torch.from_numpy(-2 * np.pi * hertz / rate).float()
    noise = torch.randn(samples + 2 * RESPONSE + rate // 20, generator=generator)
    ticks = torch.arange(RESPONSE)

    below = np.clip(frames.astype(np.int64), 0, len(filters) - 2)
    rest = torch.from_numpy(np.clip(frames - below, 0.0, 1.0)).to(torch.complex64)
    for first in range(0, len(times), PULSES_AT_ONCE):
        part = slice(first, first + PULSES_AT_ONCE)
        index = torch.from_numpy(below[part])
        spectrum = torch.exp(torch.lerp(filters[index], filters[index + 1], rest[part, None]))
        start = torch.from_numpy(whole[part])
        fraction = torch.from_numpy(position[part] - whole[part]).float()
        length = torch.from_numpy(periods[part] * rate).float()
        puff = noise[start[:, None] + ticks] * (ticks < length[:, None])
        # Louder right after the closure of the folds, as breath is.
        puff *= 1.5 - ticks / length[:, None].clamp(min=1.0)
        strength = length.sqrt() * torch.exp(shimmer[part])
        pulse = torch.polar(tone * strength[:, None], angles * fraction[:, None])
        response = torch.fft.irfft(spectrum * (pulse + hiss * torch.fft.rfft(puff)), RESPONSE)
        out.index_add_(0, (start[:, None] + ticks).flatten(), response.flatten())
    return out[:samples]
