"""What makes one mix sound as another does: a filter for the middle, one for the sides, and one gain curve.

All of it is the same for every stem, so that the stems still sum to the mix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.loudness import block_peaks, hop_powers
from engine.hearing.texture import BANDS_HZ, bands, range_of
from engine.hearing.transcript import Texture
from engine.studio.sound import curve
from engine.studio.sound.master import AIM_DB, HOP, TARGET_LUFS, glue, lufs_under
from engine.studio.sound.noise import RATE

Values = NDArray[np.float64]

# How far a band may be moved, and its sides against its middle.
MOST_DB = 9.0
WIDER_DB, NARROWER_DB = 10.0, -24.0
# Sides louder than this share of a band fall apart where somebody listens in mono.
WIDEST = 0.45
# What lies lower stays in the middle, for one loudspeaker and for the cutter of a record.
MONO_HZ = 120.0
# A band's neighbours hear some of its gain.
NEIGHBOURS = (0.2, 0.6, 0.2)
# Bands this far under the whole are nobody's.
UNHEARD_DB = -75.0
TAPS: Final = 4096
BLOCK, GROUP = 1 << 14, 16
SIZE = 2 * BLOCK
# Slow changes of level are those over so many seconds; a hit stands out of the second span within the first.
SLOW_S, HIT_S, AROUND_S = 3.0, 0.01, 0.4
# Brighter music has more between its samples than mastering expects: its ceiling is a little lower.
SWELLS, PUNCHES, CEILINGS = (0.4, 2.5), (0.6, 1.5), (-6.5, AIM_DB - 0.2)
REACH_DB = 10.0
MOVED_DB = 8.0
HALVINGS = 7


@dataclass(frozen=True)
class Character:
    """`middle` and `sides`: gains in dB at `BANDS_HZ`. `swell` times the song's own slow changes of level, `punch`
    times its hits, `tails` times the depth between them; `ceiling` in dBTP is what the hits may reach. `room` replaces
    the preset's reverb.
    """

    middle: tuple[float, ...]
    sides: tuple[float, ...]
    swell: float = 1.0
    punch: float = 1.0
    tails: float = 1.0
    ceiling: float = AIM_DB
    room: float | None = None

    def matched(self, whole: Tensor) -> Character:
        """Filters `whole` (2, samples) in place."""
        self.onto(whole)
        return self

    def onto(self, audio: Tensor) -> None:
        """Filters audio (2, samples) in place."""
        filtered(audio, self.middle, self.sides)

    def moves(self, whole: Tensor) -> Tensor:
        """Decibels (points,) that make quiet and loud parts of `whole`, a filtered mix, and its hits what they are."""
        return _moves(*_levels(whole), self)


@dataclass(frozen=True)
class Aim:
    """What a new mix is to sound like; `room` and `tails` as its `Character` has them.

    The filter goes a `share` of the way. Unless it `moves`, level and hits stay as they are.
    """

    texture: Texture
    room: float | None = None
    tails: float = 1.0
    share: float = 1.0
    moves: bool = True

    def matched(self, whole: Tensor) -> Character:
        """Brings `whole` (2, samples), a mix before its fade, nearer in place; says what was done to it."""
        gains = tones(*bands(whole.numpy()), self.texture)
        middle, sides = (tuple(round(gain * self.share, 2) for gain in each) for each in gains)
        filtered(whole, middle, sides)
        begun = Character(middle, sides, tails=self.tails, room=self.room)
        return dynamics(whole, self.texture, begun) if self.moves else begun


def tones(both: Values, side: Values, aim: Texture) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Gains in dB at `BANDS_HZ` of middle and sides that bring a mix of these powers to the balance and width of `aim`.

    `both` and `side` as `engine.hearing.texture.bands` gives them.
    """
    own = np.clip(side / np.maximum(both, 1e-30), 1e-5, 1 - 1e-5)
    wanted = np.clip(np.asarray(aim.width), 1e-5, WIDEST)
    wider = np.clip(10 * np.log10(wanted / (1 - wanted) * (1 - own) / own), NARROWER_DB, WIDER_DB)
    # a band in which nothing sounds over there has no width to go by
    wider = np.where(np.asarray(aim.bands_db) > UNHEARD_DB, wider, 0.0)
    wider = np.where(np.asarray(BANDS_HZ) < MONO_HZ, np.minimum(wider, 0.0), wider)
    wider = _smoothed(wider)
    power = np.maximum(both - side, 0) + side * 10 ** (wider / 10)
    have = 10 * np.log10(np.maximum(power / max(float(power.sum()), 1e-30), 1e-9))
    want = np.maximum(np.asarray(aim.bands_db), UNHEARD_DB)
    missing = _smoothed(want - have)
    # the level as a whole is mastering's: the shift is chosen that leaves the least undone
    shifts = np.arange(-MOST_DB, MOST_DB + 0.1, 0.5)
    gains = [np.clip(missing + shift, -MOST_DB, MOST_DB) for shift in shifts]
    best = min(gains, key=lambda gain: _left(power, gain, want))
    return tuple(round(float(x), 2) for x in best), tuple(round(float(x), 2) for x in best + wider)


def _left(power: Values, gain: Values, want: Values) -> float:
    made = power * 10 ** (gain / 10)
    made_db = 10 * np.log10(np.maximum(made / max(float(made.sum()), 1e-30), 1e-9))
    return float(np.abs(made_db - want).mean())


def _smoothed(values: Values) -> Values:
    return np.convolve(np.pad(values, 1, mode="edge"), NEIGHBOURS, mode="valid")


def filtered(audio: Tensor, middle: tuple[float, ...], sides: tuple[float, ...]) -> None:
    """Filters audio (2, samples) in place by gains in dB at `BANDS_HZ`; its delay is the least there is."""
    one, other = _response(middle), _response(sides)
    own, across = (one + other) / 2, (one - other) / 2
    before = torch.zeros(2, BLOCK)
    samples = audio.shape[1]
    for start in range(0, samples, BLOCK * GROUP):
        end = min(samples, start + BLOCK * GROUP)
        blocks = -(-(end - start) // BLOCK)
        piece = torch.nn.functional.pad(audio[:, start:end], (0, blocks * BLOCK - (end - start)))
        piece = torch.cat((before, piece), 1)
        before = piece[:, -BLOCK:].clone()
        spectrum = torch.fft.rfft(piece.unfold(1, SIZE, BLOCK))
        made = spectrum * own + spectrum.flip(0) * across
        audio[:, start:end] = torch.fft.irfft(made, n=SIZE)[..., BLOCK:].reshape(2, -1)[:, : end - start]


@lru_cache(maxsize=16)
def _response(gains: tuple[float, ...]) -> Tensor:
    """The complex response (SIZE / 2 + 1,) of a filter with minimum phase."""
    hertz = np.maximum(np.fft.rfftfreq(SIZE, 1 / RATE), 1.0)
    decibels = np.interp(np.log2(hertz), np.log2(BANDS_HZ), gains)
    # the logarithm of the magnitude, folded in the cepstrum, has the phase that belongs to it
    cepstrum = np.fft.irfft(decibels * (np.log(10) / 20), n=SIZE)
    cepstrum[1 : SIZE // 2] *= 2
    cepstrum[SIZE // 2 + 1 :] = 0
    taps = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), n=SIZE)[:TAPS]
    taps *= np.minimum(1.0, np.linspace(4.0, 0.0, TAPS))
    return torch.from_numpy(np.fft.rfft(taps, n=SIZE).astype(np.complex64))


def dynamics(whole: Tensor, aim: Texture, begun: Character) -> Character:
    """`begun`, with which `whole` (2, samples) was filtered, and how level and hits are to move so that they do as in
    `aim`.
    """
    powers = hop_powers(whole, RATE, HOP // curve.STEP)
    peaks = 20 * torch.log10(block_peaks(whole, curve.STEP).clamp(min=1e-9))
    glued = glue(whole)
    slow, hits = _levels(whole)

    def heard(swell: float, punch: float) -> tuple[float, float]:
        """Range in LU and crest in dB before the limiter."""
        total = glued + _moves(slow, hits, replace(begun, swell=swell, punch=punch))
        steps = powers.clone()
        steps[: len(total) - 1] *= curve.gains(total[1:] + total[:-1]).double()
        hops = steps.view(-1, HOP // curve.STEP).mean(1)[: whole.shape[1] // HOP]
        crest = float((peaks + torch.maximum(total[1:], total[:-1])).max()) - lufs_under(powers, total)
        return range_of(hops.numpy()), crest

    own, _ = heard(1.0, 1.0)
    swell = _found(lambda x: heard(x, 1.0)[0], aim.range_lu, SWELLS) if own > 0 and aim.range_lu > 0 else 1.0
    _, crest = heard(swell, 1.0)
    highest = CEILINGS[1] - TARGET_LUFS
    wanted = min(aim.crest_db, highest) if aim.crest_db > 0 else highest
    punch = 1.0
    if min(crest, highest) < wanted or crest > highest > wanted:
        punch = _found(lambda x: heard(swell, x)[1], wanted, PUNCHES)
    ceiling = min(CEILINGS[1], max(CEILINGS[0], TARGET_LUFS + wanted))
    return replace(begun, swell=round(swell, 3), punch=round(punch, 3), ceiling=round(ceiling, 2))


def _found(measure: Callable[[float], float], wanted: float, ends: tuple[float, float]) -> float:
    """Where a `measure` that rises is as `wanted`, or the end that comes nearest."""
    low, high = ends
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if measure(middle) < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _levels(whole: Tensor) -> tuple[Tensor, Tensor]:
    """Decibels (steps,): the level around each moment against the song's, and the moment against what is around it."""
    power = curve.powers(whole)
    loud = power[power > 1e-10]
    mean = curve.decibels(loud.mean()) if len(loud) else torch.tensor(0.0)
    slow = (curve.decibels(curve.smooth(power, SLOW_S)) - mean).clamp(-REACH_DB, REACH_DB)
    hits = curve.decibels(curve.smooth(power, HIT_S)) - curve.decibels(curve.smooth(power, AROUND_S))
    return slow, hits.clamp(-REACH_DB, REACH_DB)


def _moves(slow: Tensor, hits: Tensor, how: Character) -> Tensor:
    moved = slow * (how.swell - 1) + hits.clamp(min=0) * (how.punch - 1) + hits.clamp(max=0) * (how.tails - 1)
    return curve.at_points(curve.smooth(moved.clamp(-MOVED_DB, MOVED_DB), HIT_S))
