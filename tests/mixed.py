"""Parts of a mix made of sines and noise, and a tiny Demucs model: what separation is tested with."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Sound = NDArray[np.float32]
RATE = 48_000

SOURCES = ("drums", "bass", "other", "vocals", "guitar", "piano")


def ratio(truth: Sound, found: Sound) -> float:
    """Signal to distortion, dB."""
    return float(10 * np.log10((truth**2).sum() / ((truth - found) ** 2).sum()))


def voice(seconds: float) -> Sound:
    """A tone of many partials whose pitch goes up and down and trembles, in the middle, with rests."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 220 * 2 ** ((np.round(3 * np.sin(2 * np.pi * t / 3.1)) * 2 + 0.4 * np.sin(2 * np.pi * 5.5 * t)) / 12)
    turn = 2 * np.pi * np.cumsum(pitch) / RATE
    formants = [1.0, 0.8, 0.9, 0.6, 0.3, 0.2, 0.25, 0.2, 0.1, 0.1]
    mono = np.sum([level * np.sin(number * turn) for number, level in enumerate(formants, start=1)], axis=0)
    return middle(mono * (np.sin(2 * np.pi * t / 2.3) > -0.6) * 0.12)


def drums(seconds: float) -> Sound:
    """A burst of noise every half second."""
    draw = np.random.default_rng(1)
    mono = np.zeros(round(seconds * RATE))
    burst = draw.normal(0, 0.35, RATE // 5) * np.exp(-np.arange(RATE // 5) / (0.03 * RATE))
    for at in range(0, len(mono) - len(burst), RATE // 2):
        mono[at : at + len(burst)] += burst
    return middle(mono)


def bass(seconds: float) -> Sound:
    """Low notes of one second, three partials each."""
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = np.array([55.0, 65.4, 49.0, 73.4])[(t.astype(int)) % 4]
    mono = sum(np.sin(2 * np.pi * number * pitch * t) / number for number in (1, 2, 3))
    return middle(mono * 0.2 * np.minimum(1, np.minimum(t % 1, 1 - t % 1) / 0.02))


def band(seconds: float) -> Sound:
    """Held chords, to the left."""
    t = np.arange(round(seconds * RATE)) / RATE
    roots = np.array([220.0, 261.6, 196.0, 293.7])[(t.astype(int)) % 4]
    mono = sum(np.sin(2 * np.pi * roots * step * t) for step in (1.0, 1.25, 1.5, 2.0, 3.0)) * 0.05
    return np.stack((mono, 0.2 * mono)).astype(np.float32)


def middle(mono: NDArray[np.float64]) -> Sound:
    return np.stack((mono, mono)).astype(np.float32)


def total(parts: dict[str, Sound]) -> Sound:
    whole: Sound = np.sum(list(parts.values()), axis=0)
    return whole


def tiny(file: Path, sources: tuple[str, ...] = SOURCES, seed: int = 4, metadata: dict[str, str] | None = None) -> Path:
    """A Demucs model of random weights in a file as the library's own checkpoints are."""
    from demucs.htdemucs import HTDemucs
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    settings: dict[str, Any] = {
        "sources": list(sources), "channels": 8, "growth": 2, "depth": 4, "t_layers": 1, "t_heads": 2, "nfft": 2048,
        "dconv_depth": 1, "bottom_channels": 32, "t_hidden_scale": 1.0,
    }  # fmt: skip
    model = HTDemucs(**settings, segment=Fraction(2))
    told = {
        "klass": "demucs.htdemucs.HTDemucs",
        "args": "[]",
        "kwargs": json.dumps({**settings, "segment": {"_type": "fraction", "numerator": 2, "denominator": 1}}),
        **(metadata or {}),
    }
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, file, told)
    return file
