"""Mastering as one gain curve for everything: glue, loudness, and a limiter that looks ahead and between samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor

from engine.audio.loudness import SILENCE_LUFS, block_peaks, gated_lufs, hop_powers
from engine.studio.sound import curve
from engine.studio.sound.noise import RATE
from engine.studio.sound.reel import Reel

TARGET_LUFS: Final = -14.0
# what the limiter aims at, so that a listener's own meter, which may look closer between samples, stays under -1 dBTP
AIM_DB: Final = -1.35
# what a stem alone may reach: a file holds no sample over full scale
STEM_AIM_DB: Final = -0.05
LOOKAHEAD: Final = 7
# decibels a second at which the limiter lets go
RELEASE: Final = 90.0
MAX_MAKEUP_DB: Final = 60.0
# steps under this level after the gain need no look between their samples
WATCH: Final = 0.5
HOP: Final = RATE // 10
# after so many looks a lower ceiling gives way to the loudness
SEARCHED: Final = 2


def glue(audio: Tensor) -> Tensor:
    """Bus compression in dB (points,): what stands over the song's own loudness comes down by a third."""
    power = curve.powers(audio)
    level = curve.decibels(curve.smooth(power, 0.12))
    loud = power[power > 1e-10]
    if len(loud) == 0:
        return torch.zeros(len(power) + 1)
    over = level - (curve.decibels(loud.mean()) - 1.0)
    # a soft knee of 6 dB
    reduction = torch.where(over > 3, over, (over + 3).clamp(min=0).square() / 12) * -0.35
    return curve.at_points(curve.smooth(reduction, 0.06))


def limiter(peaks: Tensor, gain_db: Tensor, aim_db: float = AIM_DB) -> Tensor:
    """Decibels (points,) to add to `gain_db` so that no step's peak passes `aim_db`; 0 where nothing is over."""
    level = 20 * torch.log10(peaks.clamp(min=1e-9)) + torch.maximum(gain_db[:-1], gain_db[1:])
    over = (level - aim_db).clamp(min=0)
    if not bool(over.any()):
        return torch.zeros_like(gain_db)
    # both points of a step, and those the lookahead's smoothing reaches, stay under its need
    need = torch.nn.functional.pad(over, (1, 1))
    need = torch.maximum(need[1:], need[:-1])
    fall = RELEASE * curve.STEP / RATE
    line = torch.arange(len(need), dtype=torch.float64) * fall
    held = (torch.cummax(need.double() + line, 0).values - line).clamp_(min=0).float()
    wide = torch.nn.functional.max_pool1d(held[None], 2 * LOOKAHEAD + 1, 1, LOOKAHEAD)
    window = torch.hann_window(2 * LOOKAHEAD + 3, periodic=False)[1:-1]
    padded = torch.nn.functional.pad(wide[None], (LOOKAHEAD, LOOKAHEAD), mode="replicate")
    return -torch.nn.functional.conv1d(padded, (window / window.sum())[None, None])[0, 0]


def lufs_under(powers: Tensor, gain_db: Tensor) -> float:
    """Loudness after a gain, from the K-weighted power of each step before it."""
    square = curve.gains(2 * gain_db).double()
    steps = (square[1:] + square[:-1]) / 2
    heard = powers.clone()
    heard[: len(steps)] *= steps
    hops = heard.view(-1, HOP // curve.STEP).mean(1)
    return gated_lufs(hops[: max(1, len(steps) * curve.STEP // HOP)])


def master(audio: Tensor, parent: Tensor | None = None, moves: Tensor | None = None, ceiling: float = AIM_DB) -> Tensor:
    """The gain curve (points,) that takes audio (2, samples) to -14 LUFS and under -1 dBTP, or under `ceiling`.

    `moves` are decibels (points,) to begin with. With a `parent`, its curve is kept, held on where the song has become
    longer, and only what is now too high comes down: where the audio is the parent's, the gain is too.
    """
    count = curve.points(audio.shape[1])
    if parent is not None:
        held = parent[:count]
        if len(held) < count:
            held = torch.cat((held, held.median().expand(count - len(held))))
        db = 20 * torch.log10(held.clamp(min=1e-6))
        peaks = block_peaks(audio, curve.STEP, WATCH / float(held.max()))
        return held * curve.gains(limiter(peaks, db - 0.02))
    powers = hop_powers(audio, RATE, HOP // curve.STEP)
    shape = glue(audio) if moves is None else glue(audio) + moves
    before = lufs_under(powers, shape)
    if before <= SILENCE_LUFS:
        return torch.ones(count)
    makeup = min(MAX_MAKEUP_DB, TARGET_LUFS - before)
    total = shape + makeup
    # 3 dB more than now seems needed is what the search below may still add
    peaks = block_peaks(audio, curve.STEP, WATCH / float(curve.gains(total.max() + 3)))
    for turn in range(8):
        total = shape + makeup
        total = total + limiter(peaks, total, ceiling)
        error = TARGET_LUFS - lufs_under(powers, total)
        if abs(error) < 0.02 or makeup >= MAX_MAKEUP_DB:
            break
        if turn >= SEARCHED and error > 0 and ceiling < AIM_DB:
            # what can't be so dense comes up to its loudness in its peaks
            ceiling = min(AIM_DB, ceiling + error)
        makeup = min(MAX_MAKEUP_DB, makeup + error * 1.1)
    return curve.gains(total)


def stems_inside(stems: Sequence[Reel]) -> Tensor | None:
    """A gain curve (points,) under which none of `stems` (2, samples) passes full scale; None where none does.

    Parts that cancel each other in the mix may each be louder than it.
    """
    most = 10 ** (STEM_AIM_DB / 20)
    peaks: Tensor | None = None
    for reel in stems:
        if max(float(reel.audio.amax()), -float(reel.audio.amin())) > most:
            own = block_peaks(reel.audio, curve.STEP, above=float("inf"))
            peaks = own if peaks is None else torch.maximum(peaks, own)
        reel.rest()
    if peaks is None:
        return None
    return curve.gains(limiter(peaks, torch.zeros(len(peaks) + 1), STEM_AIM_DB))
