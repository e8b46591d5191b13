"""The outline of a piece of audio, for players and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _bins(values: NDArray[np.float32], count: int, join: np.ufunc) -> NDArray[np.float64]:
    """`join` over each of `count` equal parts of `values`; parts shorter than a sample repeat it."""
    if values.size == 0:
        return np.zeros(count)
    starts = np.arange(count) * values.size // count
    return np.asarray(join.reduceat(values, starts), dtype=np.float64)


def peaks(audio: NDArray[np.float32], bins: int = 200) -> tuple[int, ...]:
    """The largest swing of each of `bins` parts of `audio` (channels, samples); the loudest part is 100, silence 0."""
    heights = _bins(np.abs(audio).max(axis=0, initial=0), bins, np.maximum)
    top = heights.max()
    return tuple(int(h) for h in np.rint(heights * (100 / top))) if top > 0 else (0,) * bins


def energy(audio: NDArray[np.float32], bins: int = 180) -> tuple[float, ...]:
    """How loud each of `bins` parts of `audio` (channels, samples) is (RMS), 0 to 1 of the loudest part."""
    samples = audio.shape[1]
    if samples == 0:
        return (0.0,) * bins
    widths = np.maximum(np.diff(np.arange(bins + 1) * samples // bins), 1)
    level = np.sqrt(_bins(np.square(audio).mean(axis=0), bins, np.add) / widths)
    top = level.max()
    return tuple(float(v) for v in level / top) if top > 0 else (0.0,) * bins
