"""What tells the parts of a mix apart, place by place in its spectrogram."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, avg_pool2d, max_pool1d, pad

from engine.separation.median import NINE, along_frequency, along_time, median_of_nine
from engine.separation.pitch import Range, comb, line

RATE = 48_000
SIZE, HOP = 4096, 1024
# Long enough that a note which is held is a line, and a voice, which never holds one, is none.
LONG_SIZE, LONG_HOP = 16_384, 4096
BINS = SIZE // 2 + 1
BIN_HZ = RATE / SIZE
# What repeats lies at least so many frames away (half a second).
APART = 24
VOICE = Range(low=90.0, high=1000.0, steps=60, partials=10, decay=0.8, width_hz=12.0, slack=0.02, top_hz=20_000.0)
BASS = Range(low=36.0, high=220.0, steps=36, partials=4, decay=0.75, width_hz=8.0, slack=0.02, top_hz=1500.0)
SILENT = 1e-7
# Against this, of a mix whose mean power is 1, sounds begin and end.
FLOOR = 1e-3

NAMES = (
    "level", "lasting", "broad", "repeating", "held", "centred", "balance", "voiced", "sung", "salience", "deep",
    "bass", "rising", "falling", "struck", "thump",
)  # fmt: skip


def cues(audio: Tensor, spectra: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Each of `NAMES` with its tensor, (bins, frames) or what broadcasts to it.

    `audio` (2, samples) at 48 kHz with a mean power near 1, `spectra` (2, bins, frames) its transform. One at a time,
    since all of them together take much room. Ratios are logarithms.
    """
    power = spectra.abs().square()
    whole = power.mean(0).sqrt_() + SILENT
    log = whole.log()

    def against(part: Tensor) -> Tensor:
        return (part.clamp(min=SILENT).log() - log).clamp(-6, 3)

    yield "level", torch.ones(1, 1)
    yield "lasting", against(along_time(whole, 2))
    yield "broad", against(along_frequency(whole, 2))
    repeated = _repeating(whole)
    yield "repeating", against(repeated)
    yield "held", against(_held(audio))
    middle, centred, balance = _place(spectra, power)
    del power
    yield "centred", centred
    yield "balance", balance
    # What the middle has beyond what comes again is where a voice is looked for.
    pitch, salience = line((middle * centred - 0.7 * repeated).clamp_(min=0) + 1e-6, VOICE, BIN_HZ)
    del middle, centred, balance, repeated
    salience = salience.clamp(0, 4)[None]
    near = comb(pitch, VOICE, BINS, BIN_HZ)
    yield "voiced", near
    yield "sung", near * salience
    yield "salience", salience
    pitch, salience = line(whole, BASS, BIN_HZ)
    near = comb(pitch, BASS, BINS, BIN_HZ)
    yield "deep", near
    yield "bass", near * salience.clamp(0, 4)[None]
    del near
    log = (whole + FLOOR).log_()
    frames = log.shape[1]
    rising = log - pad(log, (3, 0), mode="replicate")[:, :frames]
    yield "rising", rising.clamp(-3, 3)
    yield "falling", (log - pad(log, (0, 5), mode="replicate")[:, 5:]).clamp_(-3, 3)
    yield "struck", _peaks(rising.clamp(0, 3)[20:1600].mean(0), 5)
    yield "thump", _peaks(rising.clamp(0, 4)[3:12].mean(0), 9)


def _repeating(whole: Tensor) -> Tensor:
    """What the most similar other frames have in common with each (REPET-SIM, Rafii and Pardo 2012)."""
    shape = avg_pool1d(whole.sqrt().T[None], 8)[0].T
    shape = shape - shape.mean(1, keepdim=True)
    shape = shape / (shape.norm(dim=0) + 1e-9)
    alike = shape.T @ shape
    places = torch.arange(whole.shape[1])
    alike[(places[:, None] - places[None]).abs() < APART] = -2.0
    others = alike.topk(min(NINE, len(places)), dim=1).indices
    turned = whole.T.contiguous()
    # Of a few frames the last one stands in for those that are missing.
    common = median_of_nine([turned[others[:, min(rank, others.shape[1] - 1)]] for rank in range(NINE)])
    return torch.minimum(common.T, whole)


def _held(audio: Tensor) -> Tensor:
    """The magnitude (bins, frames) of notes that are held without a waver (Fitzgerald and Gainza 2010)."""
    window = torch.hann_window(LONG_SIZE)
    spectra = torch.stft(audio, LONG_SIZE, LONG_HOP, window=window, return_complex=True)
    whole = spectra.abs().square_().mean(0).sqrt_() + SILENT
    lasting, broad = along_time(whole, 1).square_(), along_frequency(whole, 2).square_()
    sound = torch.istft(
        spectra * (lasting / (lasting + broad)), LONG_SIZE, LONG_HOP, window=window, length=audio.shape[1]
    )
    return transformed(sound).abs().square_().mean(0).sqrt_()


def transformed(audio: Tensor) -> Tensor:
    """(2, samples) to (2, bins, frames)."""
    return torch.stft(audio, SIZE, HOP, window=torch.hann_window(SIZE), return_complex=True)


def sounding(spectra: Tensor, samples: int) -> Tensor:
    """(2, bins, frames) to (2, samples)."""
    return torch.istft(spectra, SIZE, HOP, window=torch.hann_window(SIZE), length=samples)


def _place(spectra: Tensor, power: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The middle's magnitude, the share of the middle in the power, and how far the louder side is ahead."""
    middle = ((spectra[0] + spectra[1]) / 2).abs()
    of_middle = _smooth(middle.square())
    of_both = _smooth(power.mean(0))
    ahead = _smooth(power[0] - power[1]).abs_() / (2 * of_both + 1e-12)
    return middle, of_middle / (of_both + 1e-12), ahead


def _smooth(values: Tensor) -> Tensor:
    return avg_pool2d(values[None, None], (3, 3), 1, 1, count_include_pad=False)[0, 0]


def _peaks(values: Tensor, width: int) -> Tensor:
    return max_pool1d(values[None], width, 1, width // 2)
