"""How clearly a recording is in a key: its pitch classes against those of the 24 keys."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]
    Matrix = NDArray[np.float64]

# Temperley's profiles: how often each step of a major and of a minor key is heard
MAJOR = (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0)
MINOR = (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0)
LOWEST_HZ, HIGHEST_HZ = 130.81, 2093.0
C4_HZ = 261.6256
BLOCK_S = 0.34
# so many blocks tell a key, however long the song is
MOST_BLOCKS = 900
# blocks over which noise evens out, and stretches of those over which a key shows
SHORT, LONG = 6, 15
# bins to either side that a partial must rise above, and how far
NEAR, RISE = 24, 2.0
TUNINGS_CENTS = (-40, -20, 0, 20, 40)
# unevenness of the pitch classes below which they are a cloud, in which some key is found by chance
CLOUD = 0.2
UNCLEAR, CLEAR = 0.25, 0.65
# Share of the sound that partials have: drums have less, and are not judged; music with a tune has more.
DRUMS, TUNES = 0.08, 0.2


def key_clarity(audio: Audio, rate: int) -> float:
    """From 0 (notes that belong to no key) to 1, for `audio` (channels, samples).

    Sound without notes can't be off key: the less of it are partials, the nearer it is to 1 whatever they are.
    """
    tonal, pitches = _partials(audio, rate)
    parts = np.array_split(np.arange(len(tonal)), max(1, round(len(tonal) / LONG)))
    classes = np.stack([pitches[part].sum(axis=0) for part in parts])
    loud = classes.sum(axis=1)
    if not loud.any():
        return 1.0
    heard = min(1.0, max(0.0, (float(tonal.mean()) - DRUMS) / (TUNES - DRUMS)))
    likeness = float(np.average([_likeness(each) for each in classes], weights=loud))
    clarity = min(1.0, max(0.0, (likeness - UNCLEAR) / (CLEAR - UNCLEAR)))
    return 1 - heard * (1 - clarity)


def _likeness(classes: Matrix) -> float:
    """Correlation of pitch classes (12,) with the best of the 24 keys; less where they hardly differ."""
    apart = classes - classes.mean()
    size = float(np.linalg.norm(apart))
    if size == 0:
        return 0.0
    return float((_keys() @ apart).max()) / size * min(1.0, size / float(classes.sum()) / CLOUD)


def _keys() -> Matrix:
    profiles = np.stack([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True), np.float64)


def _partials(audio: Audio, rate: int) -> tuple[Matrix, Matrix]:
    """(share of partials in the sound (times,), pitch classes of the partials (times, 12)), in the tuning that fits."""
    block = 2 ** round(math.log2(BLOCK_S * rate))
    low, high = math.floor(LOWEST_HZ * block / rate), math.ceil(HIGHEST_HZ * block / rate) + 1
    level = _levels(audio, block)[:, low:high]
    around = np.lib.stride_tricks.sliding_window_view(np.pad(level, ((0, 0), (NEAR, NEAR)), "reflect"), 2 * NEAR + 1, 1)
    partials = np.maximum(level - RISE * np.median(around, axis=2), 0)
    cents = 1200 * np.log2(np.arange(low, low + level.shape[1]) * rate / block / C4_HZ)
    tunings = [partials @ _classes(cents - tuning) for tuning in TUNINGS_CENTS]
    return partials.sum(axis=1) / np.maximum(level.sum(axis=1), 1e-9), max(tunings, key=np.sum)


def _classes(cents: Matrix) -> Matrix:
    """How much of each bin belongs to which pitch class (bins, 12): all of it in tune, none a quarter-tone off."""
    steps = np.round(cents / 100)
    result = np.zeros((len(cents), 12))
    result[np.arange(len(cents)), steps.astype(int) % 12] = np.maximum(0, 1 - 2 * np.abs(cents / 100 - steps))
    return result


def _levels(audio: Audio, block: int) -> NDArray[np.float32]:
    """Mean spectra (times, block // 2 + 1) of the mono sum; of a long song every second block, or third, and so on."""
    if audio.shape[1] < block:
        audio = np.pad(audio, ((0, 0), (0, block - audio.shape[1])))
    blocks = audio[:, : audio.shape[1] // block * block].reshape(len(audio), -1, block)
    some = blocks[:, :: math.ceil(blocks.shape[1] / MOST_BLOCKS)].mean(axis=0, dtype=np.float32)
    spectra: NDArray[np.float32] = torch.fft.rfft(torch.from_numpy(some) * torch.hann_window(block)).abs().numpy()
    return np.stack([spectra[at : at + SHORT].mean(axis=0) for at in range(0, len(spectra), SHORT)])
