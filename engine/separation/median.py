"""Running medians of spectrograms: what lasts in time, what is broad in frequency (Fitzgerald 2010)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

NINE = 9
# A network of exchanges that leaves the median of nine in the middle (Paeth 1990): whole spectrograms at once.
_EXCHANGES = (
    (1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3), (5, 8), (4, 7), (3, 6), (1, 4),
    (2, 5), (4, 7), (4, 2), (6, 4), (4, 2),
)  # fmt: skip


def median_of_nine(values: Sequence[Tensor]) -> Tensor:
    """The median of nine tensors of one shape, place by place."""
    held = list(values)
    for low, high in _EXCHANGES:
        smaller = torch.minimum(held[low], held[high])
        held[high] = torch.maximum(held[low], held[high])
        held[low] = smaller
    return held[4]


def along_time(spectrogram: Tensor, step: int) -> Tensor:
    """Median of nine frames around each, `step` frames apart, of (bins, frames)."""
    frames = spectrogram.shape[1]
    wide = _mirrored(spectrogram, 4 * step)
    return median_of_nine([wide[:, shift * step : shift * step + frames] for shift in range(NINE)])


def along_frequency(spectrogram: Tensor, step: int) -> Tensor:
    """Median of nine bins around each, `step` bins apart, of (bins, frames)."""
    bins = spectrogram.shape[0]
    margin = 4 * step
    wide = torch.cat((spectrogram[1 : margin + 1].flip(0), spectrogram, spectrogram[-margin - 1 : -1].flip(0)))
    return median_of_nine([wide[shift * step : shift * step + bins] for shift in range(NINE)])


def _mirrored(spectrogram: Tensor, margin: int) -> Tensor:
    """Mirrored at both ends; what is shorter than the margin goes on as it ends."""
    mode = "reflect" if spectrogram.shape[1] > margin else "replicate"
    return pad(spectrogram[None], (margin, margin), mode=mode)[0]
