"""A channel strip: equaliser, place and room in one pass of FFT blocks, with meters that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from engine.audio.loudness import k_response
from engine.studio.sound.filters import response
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import Reel, blank
from engine.studio.sound.room import impulse, wetness
from engine.studio.sound.tone import Band

LOW_HZ = 150.0
# blocks of a third of a second, several to one call: a lone FFT costs the library up to ten times as much
BLOCK = 1 << 14
GROUP = 16
SIZE = 2 * BLOCK
# the meters' bands are this many bins wide
WIDE = 32


@dataclass(frozen=True)
class Meter:
    """What a strip heard before the room: K-weighted power of each block; all energy, and that below 150 Hz.

    `peaks` (blocks,) are heard after the room.
    """

    loudness: Tensor
    peaks: Tensor
    energy: float
    low: float

    @property
    def hits(self) -> float:
        """Peak of a hard hit: nine of ten blocks that are heard stay under it. 0 for silence."""
        heard = self.peaks[self.peaks > 1e-5]
        return float(heard.quantile(0.9)) if len(heard) else 0.0

    @property
    def active(self) -> float:
        """K-weighted power while it plays: blocks 14 dB under the mean of the loud ones don't count. 0 for silence."""
        heard = self.loudness[self.loudness > 1e-12]
        if len(heard) == 0:
            return 0.0
        return float(heard[heard > 0.04 * heard.mean()].mean())


@lru_cache(maxsize=1)
def _weights() -> Tensor:
    square = k_response(SIZE, RATE).abs().square()[:-1]
    return square.view(-1, WIDE).mean(1)


@lru_cache(maxsize=24)
def _kernels(bands: tuple[Band, ...], room: float, wet: float) -> tuple[Tensor, Tensor]:
    """Spectra of the equaliser (bins,) and of the equalised room in pieces of a block (pieces, 2, bins)."""
    answer = impulse(room) if wet > 0 else torch.zeros(2, 0)
    pieces = -(-(answer.shape[1] + BLOCK // 4) // BLOCK) if wet > 0 else 0
    long = 1 << max(SIZE, (pieces + 1) * BLOCK).bit_length()
    curve = response(bands, long)
    direct = torch.fft.rfft(torch.fft.irfft(curve, n=long)[:BLOCK], n=SIZE)
    late = (
        torch.fft.irfft(torch.fft.rfft(answer, n=long) * curve * wet, n=long)[:, : pieces * BLOCK] if pieces else answer
    )
    return direct, torch.fft.rfft(late.reshape(2, pieces, BLOCK).transpose(0, 1), n=SIZE) if pieces else torch.zeros(0)


def through(
    audio: Tensor,
    bands: tuple[Band, ...],
    place: tuple[float, float],
    room: float,
    send: float,
    delays: tuple[float, float] = (0.0, 0.0),
) -> tuple[Reel, Meter]:
    """Audio (1 or 2, samples) through an equaliser to a reel (2, samples) with its room, and what the meters say.

    `place`: gains of the left and right side; `delays` of each side in seconds; `room` the preset's reverb.
    """
    direct, late = _kernels(bands, room, wetness(room, send))
    total = audio.shape[1]
    bins = torch.arange(SIZE // 2 + 1, dtype=torch.float64)
    sides = []
    for gain, delay in zip(place, delays, strict=True):
        turn = torch.polar(torch.full_like(bins, gain), bins * (-2 * torch.pi * round(delay * RATE) / SIZE))
        sides.append(direct * turn.to(torch.complex64) if delay else direct * gain)
    edge = round(LOW_HZ * SIZE / RATE)
    pieces = len(late)
    reel = blank(2, total)
    out = reel.audio
    past = torch.zeros(pieces, BLOCK + 1, dtype=torch.complex64)
    rung = False
    loudness: list[Tensor] = []
    peaks: list[Tensor] = []
    energy, low = 0.0, 0.0
    for start in range(0, total, BLOCK * GROUP):
        end = min(total, start + BLOCK * GROUP)
        blocks = -(-(end - start) // BLOCK)
        piece = audio[:, max(0, start - BLOCK) : end]
        heard = bool(piece.any())
        if not heard and not rung:
            continue
        if start == 0 or end - start < blocks * BLOCK:
            piece = torch.nn.functional.pad(piece, (BLOCK if start == 0 else 0, start + blocks * BLOCK - end))
        spectrum = torch.fft.rfft(piece.unfold(1, SIZE, BLOCK))
        mixed = torch.stack([spectrum[side % len(spectrum)] * curve for side, curve in enumerate(sides)])
        # one bin is left out, and every sample is heard by two blocks
        reals = torch.view_as_real(mixed[..., :-1])
        levels = torch.linalg.vector_norm(reals.view(2, blocks, -1, 2 * WIDE), dim=-1).square_().sum(0)
        energy += float(levels.sum())
        low += float(torch.linalg.vector_norm(reals[:, :, :edge])) ** 2
        loudness.append(levels @ _weights())
        if pieces:
            middle = torch.cat((past.flip(0), spectrum.mean(0) if len(spectrum) > 1 else spectrum[0]))
            for age, answer in enumerate(late):
                for side in range(2):
                    mixed[side].addcmul_(middle[pieces - age : pieces - age + blocks], answer[side])
            past = middle[-pieces:].flip(0)
        rung = heard and pieces > 0
        sound = torch.fft.irfft(mixed, n=SIZE)[..., BLOCK:]
        peaks.append(torch.maximum(sound.amax((0, 2)), -sound.amin((0, 2))))
        sound = sound.reshape(2, -1)
        out[:, start:end] = sound[:, : end - start]
    scale = 2 / SIZE
    powers, tops = (torch.cat(blocks) if blocks else torch.zeros(0) for blocks in (loudness, peaks))
    return reel, Meter(powers.double() * (scale / SIZE), tops, energy * scale / 2, low * scale / 2)


def lows(audio: Tensor) -> tuple[float, float]:
    """The energy of audio (2, samples), and the part of it below 150 Hz."""
    energy = low = 0.0
    edge = round(LOW_HZ * SIZE / RATE)
    for start in range(0, audio.shape[1], SIZE * GROUP):
        piece = audio[:, start : start + SIZE * GROUP]
        piece = torch.nn.functional.pad(piece, (0, -piece.shape[1] % SIZE))
        reals = torch.view_as_real(torch.fft.rfft(piece.view(2, -1, SIZE)))
        energy += float(torch.linalg.vector_norm(reals)) ** 2
        low += float(torch.linalg.vector_norm(reals[:, :, :edge])) ** 2
    return energy * 2 / SIZE, low * 2 / SIZE
