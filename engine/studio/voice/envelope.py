"""Spectral envelopes of speech, and the filters a singer makes of them.

The analysis is CheapTrick's (M. Morise, 2015): a window of three periods, the power spectrum smoothed over two thirds
of the pitch, then a lifter that takes the harmonics out. eSpeak's pitch is constant and known: all frames go at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.studio.voice.timbre import Timbre

BINS = 1024
# A long line is analysed piece by piece, so that only its envelopes take room.
FRAMES_AT_ONCE = 512
FLOOR = 1e-5
VALLEY_DB, VALLEY_SLOPE_DB = 30.0, 9.0
WHISTLE_DB, WHISTLE_ABOVE_HZ = 2.0, 5500.0
SMOOTHING = (1.18, -0.09)
DECIBEL = math.log(10.0) / 20.0


def hop(rate: int, pitch: int) -> int:
    """Samples between frames: half a period."""
    return rate // pitch // 2


def analyse(pcm: NDArray[np.float32], rate: int, pitch: int) -> Tensor:
    """Speech on one pitch -> float32 [frames, BINS / 2 + 1]: natural log of the amplitude envelope, 0 to `rate` / 2 Hz.

    Frame i is centred on sample i * hop(rate, pitch).
    """
    step, size = hop(rate, pitch), round(3 * rate / pitch)
    samples = torch.nn.functional.pad(torch.from_numpy(pcm.copy()), (size // 2, size))
    window = torch.hann_window(size, periodic=False)
    window = window / window.square().sum().sqrt()
    # A box two thirds of the pitch wide, with fractional ends, over the mirrored spectrum.
    half = pitch / 3 / (rate / BINS)
    reach = math.ceil(half)
    offsets = np.arange(-reach - 1, reach + 2)
    weights = torch.from_numpy(np.clip(half + 0.5 - np.abs(offsets), 0.0, 1.0)).float()
    box = (weights / weights.sum())[None, None]
    times = np.minimum(np.arange(BINS), BINS - np.arange(BINS)) / rate
    lifter = np.sinc(pitch * times) * (SMOOTHING[0] + 2 * SMOOTHING[1] * np.cos(2 * np.pi * pitch * times))
    lifter_half = torch.from_numpy(lifter / 2).float()

    def envelopes(frames: Tensor) -> Tensor:
        power = torch.fft.rfft((frames - frames.mean(1, keepdim=True)) * window, BINS).abs().square()
        mirrored = torch.nn.functional.pad(power[:, None], (reach + 1, reach + 1), mode="reflect")
        smooth = torch.nn.functional.conv1d(mirrored, box)[:, 0]
        envelope: Tensor = torch.fft.rfft(torch.fft.irfft(torch.log(smooth + FLOOR**2), BINS) * lifter_half).real
        return envelope

    frames = samples.unfold(0, size, step)[: len(pcm) // step + 1]
    pieces = range(0, len(frames), FRAMES_AT_ONCE)
    return torch.cat([envelopes(frames[first : first + FRAMES_AT_ONCE]) for first in pieces])


def curve(points: Sequence[tuple[float, float]], frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """(Hz, dB) points -> dB at `frequencies`, straight over log frequency, level beyond the ends."""
    hertz, decibels = zip(*points, strict=True)
    return np.asarray(np.interp(np.log(np.maximum(frequencies, 1.0)), np.log(hertz), decibels))


def shape(envelope: Tensor, source_rate: int, rate: int, bins: int, timbre: Timbre) -> Tensor:
    """Envelopes of eSpeak -> of this singer: float32 [frames, bins / 2 + 1], natural log, 0 to `rate` / 2 Hz.

    Formants move by the timbre's factor. Above 4 kHz eSpeak's voice has gaps, and nothing above 8 kHz: a voice's
    slope of 12 dB an octave is laid under it there.
    """
    hertz = np.arange(bins // 2 + 1) * rate / bins
    position = np.minimum(hertz / timbre.formants, 0.45 * source_rate) * BINS / source_rate
    below = torch.from_numpy(np.minimum(position.astype(np.int64), BINS // 2 - 1))
    rest = torch.from_numpy(position).float() - below
    warped = torch.lerp(envelope[:, below], envelope[:, below + 1], rest)
    octaves = np.log2(np.maximum(hertz, 1.0) / 3200.0)
    lifted = np.clip(octaves * 4.0, 0.0, 1.0)
    # Nor do the valleys between a singer's formants go as deep as eSpeak's.
    valley = -VALLEY_DB - VALLEY_SLOPE_DB * np.log2(np.maximum(hertz / 500.0, 1.0))
    warped = torch.logaddexp(warped, warped.amax(1, keepdim=True) + torch.from_numpy(valley * DECIBEL).float())
    first, last = (round(f * bins / rate) for f in (2000.0, 4500.0))
    presence = warped[:, first:last].exp().square().mean(1, keepdim=True).log() / 2
    slope = torch.from_numpy((timbre.air_db - 12.0 * octaves) * DECIBEL).float()
    # Nor does it whistle there: eSpeak's highest formants stand out of what is laid under.
    lid = torch.from_numpy(
        (WHISTLE_DB + 60.0 * np.clip(WHISTLE_ABOVE_HZ / np.maximum(hertz, 1.0) - 1.0, 0.0, 1.0)) * DECIBEL
    )
    filled = torch.logaddexp(torch.minimum(warped, presence + slope + lid.float()), presence + slope)
    mixed = torch.lerp(warped, filled, torch.from_numpy(lifted).float())
    # Beyond the source's band the warp only repeats its last bin.
    beyond = torch.from_numpy(hertz > 0.44 * source_rate * timbre.formants)
    mixed = torch.where(beyond, presence + slope, mixed)
    return mixed + torch.from_numpy(curve(timbre.colour, hertz) * DECIBEL).float()


def muffle(frequencies: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Natural-log gain of a voice below a noise: 24 dB an octave above `cutoff` Hz."""
    return -24.0 * DECIBEL * np.log2(np.maximum(frequencies / cutoff, 1.0))


def minimum_phase(envelope: Tensor) -> tuple[Tensor, Tensor]:
    """Log amplitudes [frames, bins / 2 + 1] -> the same and the phases of minimum-phase filters, unwrapped, radians."""
    bins = 2 * (envelope.shape[1] - 1)
    cepstrum = torch.fft.irfft(envelope, bins)
    cepstrum[:, 1 : bins // 2] *= 2
    cepstrum[:, bins // 2 + 1 :] = 0
    filters: Tensor = torch.fft.rfft(cepstrum)
    return filters.real.contiguous(), filters.imag.contiguous()
