"""How a recording sounds as a whole: spectral balance, dynamics, width and space, whatever plays."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from engine.audio.loudness import SILENCE_LUFS, gated_lufs, hop_powers, true_peak_db
from engine.hearing.space import reverberation
from engine.hearing.transcript import Texture

Audio = NDArray[np.float32]
Values = NDArray[np.float64]

RATE = 48_000
# Third-octave bands around 25 Hz to 16 kHz.
BANDS_HZ = tuple(1000.0 * 2 ** (step / 3) for step in range(-16, 13))
BLOCK = 16384
# So many blocks tell the spectrum, however long the song is.
MOST_BLOCKS = 1500
# What is softer than the whole by this much counts as nothing.
FLOOR_DB = -90.0
# EBU Tech 3342: what is 20 LU below the mean is a pause; the range lies between these shares of the rest.
PAUSE_LU, SOFT, LOUD = 20.0, 0.10, 0.95
SHORT_TERM_HOPS = 30


def texture(audio: Audio, voice: float = 0.0) -> Texture:
    """Measure `audio` (2, samples) at 48 kHz; `voice` is how sure it is that somebody sings, 0 to 1.

    Loudness after ITU-R BS.1770, its range after EBU Tech 3342; the crest is true peak over loudness.
    """
    both, side = bands(audio)
    total = float(both.sum())
    levels = 10 * np.log10(np.maximum(both / max(total, 1e-30), 10 ** (FLOOR_DB / 10)))
    width = np.where(levels > FLOOR_DB, side / np.maximum(both, 1e-30), 0.0)
    powers = hop_powers(torch.from_numpy(np.ascontiguousarray(audio, np.float32)), RATE)
    whole = audio.shape[1] // round(RATE / 10)
    loudness = gated_lufs(powers[:whole] if whole >= 4 else powers) if len(powers) else SILENCE_LUFS
    crest = true_peak_db(audio, RATE) - loudness if loudness > SILENCE_LUFS else 0.0
    return Texture(
        bands_db=tuple(round(float(level), 2) for level in levels),
        loudness=round(loudness, 2),
        range_lu=round(range_of(powers.numpy()), 2),
        crest_db=round(crest, 2),
        width=tuple(round(float(share), 4) for share in width),
        space_s=round(reverberation(audio, RATE), 3),
        voice=round(voice, 3),
    )


def range_of(powers: Values) -> float:
    """Loudness range in LU of powers of each 100 ms; 0 where it is too short to have one."""
    if len(powers) < SHORT_TERM_HOPS:
        return 0.0
    sums = np.concatenate(([0.0], np.cumsum(powers)))
    short = (sums[SHORT_TERM_HOPS:] - sums[:-SHORT_TERM_HOPS]) / SHORT_TERM_HOPS
    short = short[short > 10 ** ((SILENCE_LUFS + 0.691) / 10)]
    if not len(short):
        return 0.0
    heard = short[short > short.mean() * 10 ** (-PAUSE_LU / 10)]
    low, high = np.quantile(heard, (SOFT, LOUD))
    return float(10 * np.log10(high / low))


def bands(audio: Audio) -> tuple[Values, Values]:
    """Mean power in each band: of both signals, middle and side, together; and of the side alone."""
    if audio.shape[1] < BLOCK:
        audio = np.pad(audio, ((0, 0), (0, BLOCK - audio.shape[1])))
    starts = np.arange(0, audio.shape[1] - BLOCK + 1, BLOCK // 2)
    starts = starts[:: -(-len(starts) // MOST_BLOCKS)]
    middle, side = np.zeros(BLOCK // 2 + 1), np.zeros(BLOCK // 2 + 1)
    window = torch.hann_window(BLOCK)
    for first in range(0, len(starts), 64):
        blocks = np.stack([audio[:, start : start + BLOCK] for start in starts[first : first + 64]])
        both = torch.from_numpy(np.stack((blocks[:, 0] + blocks[:, 1], blocks[:, 0] - blocks[:, 1])) / 2)
        powers = torch.fft.rfft(both * window).abs().square().sum(dim=1).double().numpy()
        middle += powers[0]
        side += powers[1]
    edges = np.asarray([band * 2 ** (-1 / 6) for band in BANDS_HZ] + [BANDS_HZ[-1] * 2 ** (1 / 6)])
    places = np.minimum(np.round(edges * BLOCK / RATE).astype(int), BLOCK // 2)
    sums = np.stack([np.concatenate(([0.0], np.cumsum(each))) for each in (middle, side)])
    inside = np.maximum(sums[:, np.maximum(places[1:], places[:-1] + 1)] - sums[:, places[:-1]], 0.0)
    inside /= len(starts)
    return inside.sum(axis=0), inside[1]
