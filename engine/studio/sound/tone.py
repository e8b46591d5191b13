"""What an instrument is to the rest of the house, and the envelopes its notes are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import Floats
from engine.studio.sound.noise import RATE

LEVEL = 0.1


@dataclass(frozen=True)
class Strike:
    """One note to render. `seconds` is its sounding length before the release; `variant` picks a round robin;
    `slide` is the pitch it glides from (0: none); `chord` the pitches that sound with it through one amplifier."""

    pitch: int
    seconds: float
    velocity: float
    variant: int = 0
    tonic: int = 0
    slide: int = 0
    chord: tuple[int, ...] = ()


@dataclass(frozen=True)
class Band:
    """One band of an equaliser; frequencies in Hz."""

    kind: Literal["high_pass", "low_pass", "peak", "low_shelf", "high_shelf"]
    freq: float
    gain_db: float = 0.0
    q: float = 0.7


@dataclass(frozen=True)
class Instrument:
    """`play` renders a strike to (1 or 2, samples), as loud as `LEVEL` whatever the velocity, which only colours it.

    `release` in seconds follows a note's end. `low_cut` in Hz is the high-pass it gets where a bass plays too. `send` 0
    to 1 is its share of the room. `solo` instruments end a note where the next one starts.
    """

    play: Callable[[Strike], Tensor]
    release: float
    stereo: bool = False
    layers: tuple[float, ...] = (0.35, 0.6, 0.85)
    variants: int = 1
    low_cut: float = 0.0
    bands: tuple[Band, ...] = ()
    send: float = 0.5
    solo: bool = False
    slides: bool = False
    chords: bool = False
    drums: bool = False
    fitted: bool = False


def samples_of(seconds: float) -> int:
    """Whole samples in `seconds`."""
    return max(1, round(seconds * RATE))


def swell(t: Floats, attack: float, curve: float = 1.0) -> Floats:
    """Rises from 0 to 1 within `attack` seconds, smoothly."""
    rise = np.clip(t / max(attack, 1e-4), 0.0, 1.0)
    return np.asarray(np.sin(rise * np.pi / 2) ** (2 * curve))


def decay(samples: int, seconds: float) -> Tensor:
    """An exponential that falls by 60 dB in `seconds`; never so small as to be denormal."""
    return torch.exp(torch.arange(samples, dtype=torch.float32) * (-6.908 / (seconds * RATE))).clamp_(min=1e-12)


def edges(audio: Tensor, fade_in: float = 0.0008, fade_out: float = 0.01) -> Tensor:
    """Fades both ends, in place, so that a tone never starts or ends with a click. Times in seconds."""
    size = audio.shape[-1]
    head, tail = min(samples_of(fade_in), size // 2), min(samples_of(fade_out), size // 2)
    if head:
        audio[..., :head] *= 0.5 - 0.5 * torch.cos(torch.arange(head) * (torch.pi / head))
    if tail:
        audio[..., size - tail :] *= 0.5 + 0.5 * torch.cos((torch.arange(tail) + 1) * (torch.pi / tail))
    return audio


def levelled(audio: Tensor, level: float = LEVEL) -> Tensor:
    """`audio` scaled so that its loudest 40 ms have the RMS `level`."""
    window = samples_of(0.04)
    size = audio.shape[-1]
    power = audio.square().mean(0)
    if size > window:
        power = torch.nn.functional.pad(power, (0, -size % window)).view(-1, window).mean(1)
        # two neighbours, so that an attack across a window's edge counts in full
        power = torch.maximum(power, torch.nn.functional.avg_pool1d(power[None], 2, 1, 1)[0, : len(power)])
        loudest = float(power.max())
    else:
        loudest = float(power.sum()) / window
    return audio.mul(level / float(np.sqrt(max(loudest, 1e-12))))


def ramped(values: Floats, hop: int, samples: int) -> Tensor:
    """Values (F,) every `hop` samples, joined by straight lines: (samples,)."""
    ends = torch.from_numpy(values.astype(np.float32))
    lines = torch.lerp(ends[:-1, None], ends[1:, None], torch.arange(hop, dtype=torch.float32) / hop)
    flat: Tensor = lines.reshape(-1)
    return flat[:samples]


def stereo_place(place: float) -> tuple[float, float]:
    """Left and right gains of a position from -1 to 1, of constant power, each 1 in the middle."""
    angle = (min(1.0, max(-1.0, place)) + 1) * np.pi / 4
    return float(np.cos(angle) * np.sqrt(2)), float(np.sin(angle) * np.sqrt(2))
