"""How loud a new part of a song is beside the old ones: another playing doesn't make another volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.loudness import SILENCE_LUFS, block_peaks, gated_lufs, hop_powers
from engine.audio.mapped import rest
from engine.studio.sound import curve
from engine.studio.sound.master import AIM_DB, limiter
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import blank

Audio = NDArray[np.float32]

# LU that a new part's loudest moments may lie above or below the song's.
LOUDER, QUIETER = 0.5, 2.0
# A moment of that, in tenths of a second.
MOMENT, STRIDE = 30, 5
# What is hardly played at all stays soft.
RAISED_DB = 6.0
# What rings into the part from before it is brought to its level in this time.
GLIDE_S = 0.4
# True peak, linear, that old music and a new voice may reach together.
LOUDEST = 10 ** (-1.05 / 20)
# Music that reaches more than this without its old voice leaves no room for another.
CEILING = 0.99 * LOUDEST
# How often both are held down together at most.
LOOKS = 4


def fitting(song: Audio, stems: Sequence[Audio], start: float) -> float:
    """Decibels that bring a part, the sum of its `stems` (2, samples), to the level of `song` (2, samples).

    It has the song's loudest moments to go by, and may be as quiet as what lies at `start` seconds of the song.
    """
    sum_of = blank(2, stems[0].shape[1])
    for stem in stems:
        sum_of.audio.add_(torch.from_numpy(stem))
        rest(stem)
    new, old = hop_powers(sum_of.audio, RATE), hop_powers(torch.from_numpy(song), RATE)
    sum_of.rest()
    # as long a stretch of the song as the part is, where the part is or next to it
    first = max(0, min(round(start * 10), len(old) - len(new)))
    place = old[first : first + len(new)]
    reached, usual, low = _loudest(new), _loudest(old), _loudest(place)
    if reached <= SILENCE_LUFS:
        return 0.0
    return min(RAISED_DB, max(reached, min(usual, low) - QUIETER) - reached) + min(0.0, usual + LOUDER - reached)


def ramp(db: float, count: int, begin: int | None) -> Tensor:
    """A gain curve (count,) that reaches `db` soon after point `begin`; everywhere where that is None."""
    if begin is None:
        return curve.gains(torch.full((count,), db))
    steps = (torch.arange(count, dtype=torch.float32) - begin) * (curve.STEP / RATE / GLIDE_S)
    return curve.gains(steps.clamp(0, 1) * db)


def limit(stems: Mapping[str, Audio], start: float, end: float, names: tuple[str, ...]) -> None:
    """Takes the stems of these `names` down, in place, where all together are louder than a song may be.

    Between `start` and `end`, in seconds. Where the others alone are too loud, all come down.
    """
    length = max(stem.shape[1] for stem in stems.values())
    place = slice(max(0, round(start * RATE)), min(length, round(end * RATE)))
    both, new, old = _peaks(stems, place, names)
    # a gain that moves makes a few new peaks
    for _ in range(LOOKS):
        # the music was held down together with a voice that is gone; a new one may hide a peak, but not for long
        loud = torch.maximum(both, old)
        full = (loud > LOUDEST) & (old > CEILING)
        if not bool(full.any()):
            break
        _press(stems, place, tuple(stems), loud / LOUDEST * full)
        both, new, old = _peaks(stems, place, names)
    if bool((both > LOUDEST).any()):
        room = (LOUDEST - old).clamp(min=LOUDEST - CEILING)
        _press(stems, place, names, new / room * (both > LOUDEST))


def _peaks(stems: Mapping[str, Audio], place: slice, names: tuple[str, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """True peaks of the steps of `place`: of all stems together, of those of `names`, and of the rest."""
    new, old = (torch.zeros(2, place.stop - place.start) for _ in range(2))
    for name, stem in stems.items():
        (new if name in names else old).add_(torch.from_numpy(stem[:, place]))
    both = block_peaks(new + old, curve.STEP)
    return both, block_peaks(new, curve.STEP), block_peaks(old, curve.STEP)


def _press(stems: Mapping[str, Audio], place: slice, names: tuple[str, ...], over: Tensor) -> None:
    """Takes the stems of `names` down, in place, where they are `over` 1."""
    reduction = limiter(over * 10 ** (AIM_DB / 20), torch.zeros(len(over) + 1))
    gain = curve.gains(reduction * _edges(len(reduction)))
    for name in names:
        curve.apply(torch.from_numpy(stems[name])[:, place], gain)


def _edges(count: int) -> Tensor:
    """0 at both ends of a curve, 1 from a hundredth of a second on."""
    steps = torch.arange(count, dtype=torch.float32) * (curve.STEP / RATE / 0.01)
    return torch.minimum(steps, steps.flip(0)).clamp(max=1)


def _loudest(powers: Tensor) -> float:
    """LUFS of the loudest moment of what `hop_powers` gave."""
    if len(powers) < MOMENT:
        return gated_lufs(powers)
    mean = float(powers.unfold(0, MOMENT, STRIDE).mean(1).max())
    return max(SILENCE_LUFS, -0.691 + 10 * float(np.log10(max(mean, 1e-9))))
