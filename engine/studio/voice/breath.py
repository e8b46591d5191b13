"""The breath that is taken before a phrase."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.studio.voice.envelope import curve
from engine.studio.voice.loudness import VOWEL_RMS, emphasised, rms
from engine.studio.voice.timbre import Timbre

# A rest shorter than this leaves no time to breathe.
NEEDS_S = 0.5
LASTS_S = (0.22, 0.38)
# It ends before the first consonant, so that the line's start stays clear.
BEFORE_S = 0.09
AFTER_S = 0.1
LEVEL_DB = (-31.0, -27.0)
# Air drawn through a half open mouth: the resonances of a throat without a voice.
COLOUR = (
    (200, -40),
    (500, -16),
    (900, -8),
    (1500, -2),
    (2100, 0),
    (3200, -7),
    (5000, -8),
    (8000, -12),
    (13000, -20),
    (18000, -40),
)
# Where in a breath its loudest moment lies.
TOP = 0.68


def inhale(rest: tuple[float, float], timbre: Timbre, seed: int, rate: int) -> tuple[float, Tensor] | None:
    """A breath within a rest (start and end seconds) -> (seconds of its first sample, float32 [samples]).

    None where there is no time for one.
    """
    if rest[1] - rest[0] < NEEDS_S:
        return None
    random = np.random.default_rng(seed)
    seconds = min(random.uniform(*LASTS_S), rest[1] - rest[0] - BEFORE_S - AFTER_S)
    samples = round(seconds * rate)
    spectrum = np.fft.rfft(random.normal(size=samples))
    hertz = np.arange(len(spectrum)) * rate / samples
    noise = np.fft.irfft(spectrum * 10.0 ** (curve(COLOUR, hertz / timbre.formants) / 20.0), samples)
    through = np.arange(samples) / samples
    rise = np.clip(through / TOP, 0.0, 1.0) ** 2
    fall = np.clip((1.0 - through) / (1.0 - TOP), 0.0, 1.0)
    sound = torch.from_numpy(noise * rise * (0.5 - 0.5 * np.cos(np.pi * fall))).float()
    level = VOWEL_RMS * 10.0 ** (random.uniform(*LEVEL_DB) / 20.0)
    return rest[1] - BEFORE_S - seconds, sound * (level / max(rms(emphasised(sound)), 1e-12))
