"""How loud a new part of a song is beside the old ones: another playing doesn't make another volume."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.loudness import SILENCE_LUFS, gated_lufs, hop_powers
from engine.studio.sound import curve
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


def fitting(song: Audio, stems: Sequence[Audio], start: float) -> float:
    """Decibels that bring a part, the sum of its `stems` (2, samples), to the level of `song` (2, samples).

    It has the song's loudest moments to go by, and may be as quiet as what lies at `start` seconds of the song.
    """
    sum_of = blank(2, stems[0].shape[1])
    for stem in stems:
        sum_of.audio.add_(torch.from_numpy(stem))
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


def _loudest(powers: Tensor) -> float:
    """LUFS of the loudest moment of what `hop_powers` gave."""
    if len(powers) < MOMENT:
        return gated_lufs(powers)
    mean = float(powers.unfold(0, MOMENT, STRIDE).mean(1).max())
    return max(SILENCE_LUFS, -0.691 + 10 * float(np.log10(max(mean, 1e-9))))
