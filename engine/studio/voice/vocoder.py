"""Pulses through filters: the voice's harmonics and its breath, one response a period, laid over each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.envelope import DECIBEL, curve
from engine.studio.voice.pitch import CONTROL_HZ
from engine.studio.voice.timbre import Timbre

# Of a response, 45 dB below it and less is left after this many samples, and folds back.
RESPONSE = 1536
PULSES_AT_ONCE = 128
JITTER = 0.002
SHIMMER_DB = 0.35
# No voice below this; keeps rumble and DC out.
LOWEST_HZ = 70.0
# A louder voice is brighter: dB an octave above this, for each dB of effort.
LEAN = 0.3
LEAN_FROM_HZ, LEAN_OCTAVES = 700.0, (-1.0, 3.5)
EFFORT_AGAINST_BREATH = 0.5


# Frames [first, last) of the speech -> log amplitudes and phases, each float32 [last - first, RESPONSE / 2 + 1].
Filters = Callable[[int, int], tuple[Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class Pulses:
    """Periods of a voice: when they begin, how long they are, fractional frames of the speech, and effort in dB.

    Each [pulses]; times in seconds.
    """

    times: NDArray[np.float64]
    periods: NDArray[np.float64]
    frames: NDArray[np.float64]
    effort: NDArray[np.float64]


def pulse_times(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ -> the seconds at which each period begins, and the last one ends."""
    cycles = np.concatenate(([0.0], np.cumsum((pitch[1:] + pitch[:-1]) / 2) / CONTROL_HZ))
    return np.interp(np.arange(int(cycles[-1]) + 1), cycles, np.arange(len(pitch)) / CONTROL_HZ)


def render(
    filters: Filters, pulses: Pulses, samples: int, rate: int, timbre: Timbre, generator: torch.Generator
) -> Tensor:
    """Sound `pulses` -> float32 [samples].

    Each pulse carries its period's noise too, by the timbre's breath, so that the breath pulses with the voice.
    """
    times, periods, count = pulses.times, pulses.periods, len(pulses.times)
    out = np.zeros(samples + RESPONSE + rate // 20, dtype=np.float32)
    jitter = torch.randn(count, generator=generator).double().numpy()
    shimmer = torch.randn(count, generator=generator) * (SHIMMER_DB * DECIBEL)
    position = np.maximum((times + JITTER * periods * jitter) * rate, 0.0)
    whole = np.floor(position).astype(np.int64)
    starts, at = whole.tolist(), torch.from_numpy(whole)
    fraction = torch.from_numpy(position - whole).float()
    lengths = torch.from_numpy(periods * rate).float()

    hertz = np.arange(RESPONSE // 2 + 1) * rate / RESPONSE
    breath = 10.0 ** (curve(timbre.breath, hertz) / 20.0)
    tone = np.sqrt(1.0 - breath**2) * np.clip(hertz / LOWEST_HZ - 0.5, 1e-6, 1.0)
    octaves = np.clip(np.log2(np.maximum(hertz, 1.0) / LEAN_FROM_HZ), *LEAN_OCTAVES)
    # What every filter gets, and what its pulse adds of it: loudness, and brightness with effort.
    colours = torch.from_numpy(np.stack((np.log(tone), np.ones(len(hertz)), LEAN * DECIBEL * octaves))).float()
    strength = lengths.log() / 2 + shimmer
    amounts = torch.stack((torch.ones(count), strength, torch.from_numpy(pulses.effort).float()), 1)
    angles = torch.from_numpy(-2 * np.pi * hertz / rate).float()
    hiss = torch.from_numpy(breath / np.sqrt(1.0 - breath**2)).float()
    # The breath hardly grows with the voice.
    airiness = torch.exp(-shimmer - EFFORT_AGAINST_BREATH * DECIBEL * amounts[:, 2]) / lengths.sqrt()
    longest = min(int(lengths.max()) + 1, RESPONSE)
    noise = torch.randn(samples + 2 * RESPONSE + rate // 20, generator=generator).unfold(0, longest, 1)
    ticks = torch.arange(longest)

    below = pulses.frames.astype(np.int64)
    rest = torch.from_numpy(pulses.frames - below).float()
    for first in range(0, count, PULSES_AT_ONCE):
        part = slice(first, first + PULSES_AT_ONCE)
        lowest = int(below[part].min())
        levels, phases = filters(lowest, int(below[part].max()) + 2)
        left, between = torch.from_numpy(below[part] - lowest), rest[part, None]
        right = (left + 1).clamp(max=len(levels) - 1)
        level = torch.lerp(levels[left], levels[right], between).addmm_(amounts[part], colours).exp_()
        phase = torch.lerp(phases[left], phases[right], between).addr_(fraction[part], angles)
        length = lengths[part, None]
        # Louder right after the closure of the folds, as breath is.
        puff = noise[at[part]] * (1.5 - ticks / length.clamp(min=1.0)) * (ticks < length)
        puff *= airiness[part, None]
        source = torch.fft.rfft(puff, RESPONSE) * hiss
        source.real += 1.0
        source *= torch.complex(level * torch.cos(phase), level * torch.sin(phase))
        responses = torch.fft.irfft(source, RESPONSE).numpy()
        for start, response in zip(starts[part], responses, strict=True):
            out[start : start + RESPONSE] += response
    return torch.from_numpy(out[:samples])
