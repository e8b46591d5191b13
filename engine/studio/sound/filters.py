"""Equalisers as complex frequency responses, so that any number of them costs one multiplication."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.sound.noise import RATE
from engine.studio.sound.tone import Band


def _biquad(band: Band, rate: int) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Numerator and denominator, after R. Bristow-Johnson's cookbook."""
    w = 2 * np.pi * min(band.freq, rate * 0.45) / rate
    cos, alpha = np.cos(w), np.sin(w) / (2 * band.q)
    a = 10 ** (band.gain_db / 40)
    root = 2 * np.sqrt(a) * alpha
    if band.kind == "high_pass":
        return ((1 + cos) / 2, -(1 + cos), (1 + cos) / 2), (1 + alpha, -2 * cos, 1 - alpha)
    if band.kind == "low_pass":
        return ((1 - cos) / 2, 1 - cos, (1 - cos) / 2), (1 + alpha, -2 * cos, 1 - alpha)
    if band.kind == "peak":
        return (1 + alpha * a, -2 * cos, 1 - alpha * a), (1 + alpha / a, -2 * cos, 1 - alpha / a)
    sign = 1.0 if band.kind == "low_shelf" else -1.0
    return (
        (a * ((a + 1) - sign * (a - 1) * cos + root), sign * 2 * a * ((a - 1) - sign * (a + 1) * cos),
         a * ((a + 1) - sign * (a - 1) * cos - root)),
        ((a + 1) + sign * (a - 1) * cos + root, -sign * 2 * ((a - 1) + sign * (a + 1) * cos),
         (a + 1) + sign * (a - 1) * cos - root),
    )  # fmt: skip


@lru_cache(maxsize=64)
def response(bands: tuple[Band, ...], size: int, rate: int = RATE) -> Tensor:
    """The complex response (size // 2 + 1,) of `bands` in series, for an FFT of `size` samples."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    total: NDArray[np.complex128] = np.ones(len(z), np.complex128)
    for band in bands:
        (b0, b1, b2), (a0, a1, a2) = _biquad(band, rate)
        total *= (b0 + z * (b1 + z * b2)) / (a0 + z * (a1 + z * a2))
    return torch.from_numpy(total.astype(np.complex64))


def spectrum_of(audio: Tensor, size: int) -> Tensor:
    """FFT of audio (channels, samples) padded to `size`; a single channel is done twice, which costs half as much."""
    both: Tensor = torch.fft.rfft(audio if len(audio) > 1 else audio.expand(2, -1), n=size)
    return both[: len(audio)]


def sound_of(spectrum: Tensor, size: int) -> Tensor:
    """The inverse of `spectrum_of`."""
    both: Tensor = torch.fft.irfft(spectrum if len(spectrum) > 1 else spectrum.expand(2, -1), n=size)
    return both[: len(spectrum)]
