"""A recording as everything that listens reads it: one channel at half the rate, short and long spectra.

The long spectra tell pitches apart and the short ones moments. Of the short ones only bands are kept, so that ten
minutes take 130 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

Audio = NDArray[np.float32]

RATE = 24_000
# short spectra: their hop and window in samples at RATE, and the bands that are kept of them
HOP, WINDOW = 240, 1024
HOP_S = HOP / RATE
BANDS_AN_OCTAVE, LOWEST_HZ, HIGHEST_HZ = 9, 30.0, 11_500.0
# long spectra, up to the partials that still tell a chord
LONG_HOP, LONG_WINDOW = 1920, 8192
LONG_HOP_S = LONG_HOP / RATE
LONG_BINS = round(5000.0 / RATE * LONG_WINDOW)
LONG_BIN_HZ = RATE / LONG_WINDOW
# taps to either side of the filter before every second sample is left out
REACH = 24
AT_ONCE = 2048


@dataclass(frozen=True)
class Frames:
    """`mono` (samples,) at `RATE`. Spectrum number i is centred on sample i * hop.

    `bands` (times, bands) float32: magnitude in the bands of `bands_hz()`, each `HOP_S`. `long` (times, `LONG_BINS`)
    float32: magnitude at multiples of `LONG_BIN_HZ`, each `LONG_HOP_S`. A full-scale sine has magnitude 1 at its peak.
    """

    mono: Audio
    bands: Audio
    long: Audio

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.mono) / RATE


def frames(audio: Audio) -> Frames:
    """Spectra of `audio` (2, samples) float32 at 48 kHz. Silence, and no samples at all, give spectra of zeros."""
    mono = _halved(audio)
    weights = torch.from_numpy(_weights())
    return Frames(
        mono=mono,
        bands=_spectra(mono, WINDOW, HOP, lambda magnitude: magnitude @ weights),
        long=_spectra(mono, LONG_WINDOW, LONG_HOP, lambda magnitude: magnitude[:, :LONG_BINS]),
    )


@lru_cache(maxsize=1)
def bands_hz() -> NDArray[np.float64]:
    """Centre of each band of the short spectra; the lowest ones are as far apart as the bins."""
    bin_hz = RATE / WINDOW
    edges = [LOWEST_HZ]
    while edges[-1] < HIGHEST_HZ:
        edges.append(max(edges[-1] * 2 ** (1 / BANDS_AN_OCTAVE), edges[-1] + bin_hz))
    return np.asarray(edges[:-1])


@lru_cache(maxsize=1)
def _weights() -> Audio:
    """Triangles (bins, bands) from the centre of the band below to that of the band above."""
    centres = bands_hz()
    edges = np.concatenate([[2 * centres[0] - centres[1]], centres, [2 * centres[-1] - centres[-2]]])
    hz = (np.arange(WINDOW // 2 + 1) * RATE / WINDOW)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


def _halved(audio: Audio) -> Audio:
    """The mean of both channels at half the rate."""
    taps = np.arange(-REACH, REACH + 1)
    kernel: NDArray[np.float64] = np.sinc(taps / 2.1) * np.hanning(2 * REACH + 3)[1:-1]
    # a column for the even and one for the odd samples, so that no product is made that is thrown away
    columns = np.pad(kernel / kernel.sum(), (0, 1)).reshape(-1, 2).T
    filters = torch.from_numpy(np.ascontiguousarray(columns, np.float32))[None]
    result = np.zeros(audio.shape[1] // 2, np.float32)
    piece = AT_ONCE * HOP
    for first in range(0, len(result), piece):
        count = min(piece, len(result) - first)
        start, end = 2 * first - REACH, 2 * (first + count) + REACH
        cut = audio[:, max(0, start) : end].mean(axis=0)
        cut = np.pad(cut, (max(0, -start), max(0, end - start - max(0, -start) - len(cut))))
        pairs = torch.from_numpy(np.ascontiguousarray(cut.reshape(-1, 2).T, np.float32))[None]
        result[first : first + count] = torch.nn.functional.conv1d(pairs, filters)[0, 0, :count].numpy()
    return result


def _spectra(mono: Audio, window: int, hop: int, kept: Callable[[torch.Tensor], torch.Tensor]) -> Audio:
    """What is `kept` of the magnitudes (times, window // 2 + 1), silence before the start and after the end."""
    shape = torch.hann_window(window)
    count = len(mono) // hop + 1
    pieces: list[Audio] = []
    step = max(1, AT_ONCE * WINDOW // window)
    for first in range(0, count, step):
        here = min(step, count - first)
        start, end = first * hop - window // 2, (first + here - 1) * hop + window // 2
        cut = mono[max(0, start) : max(0, end)]
        cut = np.pad(cut, (max(0, -start), max(0, end - start - max(0, -start) - len(cut))))
        framed = torch.from_numpy(cut).unfold(0, window, hop) * shape
        pieces.append(kept(torch.fft.rfft(framed).abs() * (4 / window)).numpy().copy())
    return np.concatenate(pieces)
