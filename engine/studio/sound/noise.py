"""Randomness by key: the same key gives the same numbers, whatever was drawn before."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

RATE = 48_000
LOOP = 1 << 16


def key_of(*what: object) -> int:
    """A 63-bit key for anything with a stable repr (strings, integers, rounded floats)."""
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=8).digest(), "little") >> 1


def draw(key: int) -> np.random.Generator:
    """A generator of a few numbers for `key`."""
    return np.random.Generator(np.random.PCG64(key))


def white(key: int, samples: int, channels: int = 1) -> Tensor:
    """White noise (channels, samples) with power 1, evenly distributed."""
    generator = torch.Generator().manual_seed(key)
    return torch.rand((channels, samples), generator=generator).sub_(0.5).mul_(12**0.5)


@dataclass(frozen=True)
class Hiss:
    """A spectrum: a band between two frequencies in Hz, whose flanks have the order `slope`."""

    low: float
    high: float
    slope: float = 2.0

    def curve(self, f: Tensor) -> Tensor:
        """Gain at each frequency of `f` in Hz."""
        rise: Tensor = (f / self.low) ** self.slope
        fall: Tensor = (f / self.high) ** self.slope
        return rise.div(1 + rise).div(1 + fall)


def band(low: float, high: float, slope: float = 2.0) -> Hiss:
    """A band of noise between two frequencies in Hz."""
    return Hiss(float(low), float(high), slope)


@lru_cache(maxsize=96)
def _loop(key: int, size: int, hiss: Hiss, channels: int) -> Tensor:
    # one FFT alone costs the library five times what each of two costs
    spectrum = torch.fft.rfft(white(key, size, max(2, channels)))
    spectrum *= hiss.curve(torch.fft.rfftfreq(size, 1 / RATE))
    noise: Tensor = torch.fft.irfft(spectrum, n=size)
    return noise[:channels].contiguous()


def coloured(key: int, samples: int, hiss: Hiss, channels: int = 1) -> Tensor:
    """Noise (channels, samples) with the spectrum of `hiss`; it repeats after 1.4 s. The caller owns the result."""
    size = min(LOOP, 1 << max(6, (samples - 1).bit_length()))
    noise = _loop(key, size, hiss, channels)
    return noise.repeat(1, -(-samples // size))[:, :samples] if samples > size else noise[:, :samples].clone()
