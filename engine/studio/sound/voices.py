"""How voices come into the mix: one level, a compressor, an equaliser and a place for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.sound import curve
from engine.studio.sound.reel import silence
from engine.studio.sound.tone import Band

Audio = NDArray[np.float32]

# the level a voice is brought to before its compressor, as RMS while it sings
VOICE_RMS = 0.1


@dataclass(frozen=True)
class Place:
    """How a voice is treated: its equaliser, its share of the room, gains and delays (seconds) of both sides."""

    bands: tuple[Band, ...]
    send: float
    sides: tuple[float, float] = (1.0, 1.0)
    delays: tuple[float, float] = (0.0, 0.0)


VOICES = {
    "vocals": Place(
        (Band("high_pass", 95.0), Band("peak", 280.0, -2.0, 0.9), Band("peak", 3400.0, 2.5, 0.8),
         Band("high_shelf", 9000.0, 2.0)),
        send=0.42,
    ),
    # a backing voice stands to both sides of the lead
    "backing_vocals": Place(
        (Band("high_pass", 160.0), Band("peak", 350.0, -2.5, 0.8), Band("high_shelf", 8000.0, 2.0)),
        send=0.75, sides=(0.8, 0.8), delays=(0.011, 0.019),
    ),
}  # fmt: skip


def heard(voice: Audio, samples: int) -> Tensor | None:
    """The voice (1, samples), cut or padded to the song's length; None for silence."""
    sound = silence(1, samples)
    length = min(samples, len(voice))
    sound[0, :length] = torch.from_numpy(np.ascontiguousarray(voice[:length], np.float32))
    return sound if bool((sound.abs() > 1e-4).any()) else None


def to_level(sound: Tensor) -> float:
    """The gain that brings a voice to the common level while it sings."""
    power = curve.powers(sound)
    loud = power[power > 0.05 * power[power > 1e-9].mean()]
    return VOICE_RMS / float(loud.mean().sqrt())


def compressor(sound: Tensor) -> Tensor:
    """A vocal compressor's curve (points,): 2.5 to 1 from 4 dB below the common level on, over 45 ms."""
    level = curve.decibels(curve.smooth(curve.powers(sound), 0.045))
    over = (level - (20 * np.log10(VOICE_RMS) - 4.0)).clamp(min=0)
    return curve.gains(curve.at_points(curve.smooth(over * -0.6, 0.02)))


def singing_in(sound: Tensor) -> Tensor:
    """0 to 1 (points,): whether somebody sings, with soft edges."""
    level = curve.decibels(curve.smooth(curve.powers(sound), 0.1))
    return curve.at_points(curve.smooth(((level + 42.0) / 14.0).clamp(0, 1), 0.3))
