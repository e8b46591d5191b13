"""Sums of sinusoids by matrix products, some ten times cheaper than a sine per sample and partial.

A partial is a power of one complex number, and a power of n = block * size + offset splits into a factor that
depends on the block and one that depends on the offset: a sound of K partials is a product of two small matrices.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from engine.studio.sound.noise import RATE

Floats = NDArray[np.float64]
TURN = 2 * np.pi
BLOCK = 256


def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch."""
    return float(440.0 * 2.0 ** ((pitch - 69.0) / 12.0))


def _trig(cycles: Floats) -> tuple[Tensor, Tensor]:
    angle = torch.from_numpy(((cycles - np.floor(cycles)) * TURN).astype(np.float32))
    return torch.sin(angle), torch.cos(angle)


def modes(freqs: ArrayLike, amps: ArrayLike, decays: ArrayLike, samples: int, phases: ArrayLike = 0.0) -> Tensor:
    """Decaying sinusoids: sum of amp * exp(-decay t) * sin(2 pi f t + phase).

    `freqs` in Hz and `decays` in 1/s have shape (K,); `amps` (K,) or (channels, K). Returns (channels, samples).
    """
    f = np.asarray(freqs, np.float64)
    d = np.broadcast_to(np.asarray(decays, np.float64), f.shape)
    a = np.atleast_2d(np.asarray(amps, np.float64))
    keep = f < RATE * 0.46
    start = np.broadcast_to(np.asarray(phases, np.float64), f.shape)[keep] / TURN
    f, d, a = f[keep], d[keep], a[:, keep]
    blocks = -(-samples // BLOCK)
    head = np.arange(blocks) * (BLOCK / RATE)
    step = np.arange(BLOCK) / RATE
    sin_head, cos_head = _trig(f * head[:, None] + start)
    sin_step, cos_step = _trig(f[:, None] * step)
    # past -120 dB a mode counts as silent, which also keeps denormal numbers out
    fall = torch.from_numpy(np.where(d * head[:, None] < 14.0, np.exp(-d * head[:, None]), 0.0).astype(np.float32))
    fade = torch.from_numpy(np.exp(-np.minimum(d[:, None] * step, 60.0)).astype(np.float32))
    offset = torch.cat((cos_step * fade, sin_step * fade))
    gains = torch.from_numpy(a.astype(np.float32))
    rows = [torch.cat((sin_head * fall * g, cos_head * fall * g), 1) @ offset for g in gains]
    return torch.stack([row.reshape(-1)[:samples] for row in rows])


def frames(seconds: float, hop: int) -> Floats:
    """The times in seconds at which `partials` wants its envelopes, for a sound of at least `seconds`."""
    return np.arange(int(np.ceil(seconds * RATE / hop)) + 1, dtype=np.float64) * np.float64(hop / RATE)


def partials(
    freqs: ArrayLike, amps: ArrayLike, hop: int, bend: ArrayLike = 1.0, phases: ArrayLike = 0.0, pans: ArrayLike = 1.0
) -> Tensor:
    """Sinusoids whose loudness and pitch move.

    `freqs` (K,) Hz; `amps` (K, F) at the times of `frames`; `bend` a ratio to the frequency, (F,) or (K, F); `pans`
    (channels, K) or a number. Returns (channels, (F - 1) * hop).
    """
    f = np.asarray(freqs, np.float64)
    keep = f < RATE * 0.44
    f = f[keep]
    a = torch.from_numpy(np.asarray(amps)[keep].astype(np.float32))
    count = a.shape[1]
    ratio = np.broadcast_to(np.atleast_2d(np.asarray(bend, np.float64)), (np.atleast_2d(bend).shape[0], count))
    warp = np.concatenate((np.zeros((len(ratio), 1)), np.cumsum((ratio[:, 1:] + ratio[:, :-1]) / 2, 1)), 1) * (
        hop / RATE
    )
    warp = warp[keep] if len(warp) == len(keep) and len(warp) > 1 else warp
    start = np.broadcast_to(np.asarray(phases, np.float64), keep.shape)[keep] / TURN
    sine, cosine = _trig(f[:, None] * warp + start[:, None])
    sine *= a
    cosine *= a
    step = np.arange(hop)
    sin_now, cos_now = _trig(f[:, None] * step / RATE)
    sin_next, cos_next = _trig(f[:, None] * (step - hop) / RATE)
    blend = torch.from_numpy((step / hop).astype(np.float32))
    offset = torch.cat((cos_now * (1 - blend), sin_now * (1 - blend), cos_next * blend, sin_next * blend))
    head = torch.cat((sine[:, :-1], cosine[:, :-1], sine[:, 1:], cosine[:, 1:]))
    places = np.atleast_2d(np.asarray(pans, np.float64))
    if places.shape[1] == len(keep):
        places = places[:, keep]
    out = []
    for place in places:
        gain = torch.from_numpy(np.tile(np.broadcast_to(place, f.shape), 4).astype(np.float32))
        out.append((head.T @ (offset * gain[:, None])).reshape(-1))
    return torch.stack(out)


def clouds(freq: float, amps: Floats, spread: float, dice: Tensor) -> Tensor:
    """Stereo textures (layers, 2, size) that loop without a seam: each harmonic of `freq` is a narrow band of noise.

    `amps` (layers, K) are the harmonics' strengths, `spread` the bands' half-width in cents, `dice` (2, size + 2) white
    noise, which all layers share. After Nasca's PADsynth.
    """
    size = dice.shape[1] - 2
    f = torch.arange(size // 2 + 1, dtype=torch.float32) * (RATE / size)
    number = torch.round(f / freq).clamp_(0, amps.shape[1])
    strength = torch.from_numpy(np.pad(amps, ((0, 0), (1, 0))).astype(np.float32))[:, number.to(torch.int64)]
    width = (number * (freq * (2 ** (spread / 1200) - 1))).clamp_(min=0.4)
    distance = (f - number * freq) / width
    shape = strength * (torch.exp(-0.5 * distance.square().clamp_(max=40.0)) / torch.sqrt(width))
    spectrum = torch.view_as_complex(dice.view(2, size // 2 + 1, 2)) * shape[:, None]
    texture: Tensor = torch.fft.irfft(spectrum, n=size)
    return texture.mul_(float(np.sqrt(size)))
