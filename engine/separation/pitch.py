"""The strongest pitch of every frame, and the partials that go with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, pad

# A pitch moves this many steps a frame at most, or jumps anywhere at the price of one.
REACH = 8
STEP_PRICE = 0.04
JUMP_PRICE = 0.6
# Partials are weighed against what surrounds them (bins), so that a bright mix is no pitch; none counts for more.
AROUND = 121
LOUDEST = 8.0
HIGHEST_HZ = 20_000.0


@dataclass(frozen=True)
class Range:
    """Where a part's pitch lies: from `low` to `high` Hz in `steps` an octave, told by so many `partials`.

    Each partial counts `decay` times the one before. The comb is `width_hz` wide, and `slack` of the frequency more,
    up to `top_hz`.
    """

    low: float
    high: float
    steps: int
    partials: int
    decay: float
    width_hz: float
    slack: float
    top_hz: float


def line(spectrogram: Tensor, around: Range, bin_hz: float) -> tuple[Tensor, Tensor]:
    """Pitch (Hz) and salience of every frame of (bins, frames): harmonic sums (Klapuri 2006), smoothest path.

    The salience is that of the path above the frame's mean; it is some number also where nothing is pitched.
    """
    salience = _salience(spectrogram, around, bin_hz)
    path = _smoothest(salience)
    pitch = around.low * 2 ** (path.float() / around.steps)
    return pitch, salience.gather(0, path[None])[0] - salience.mean(0)


def comb(pitch: Tensor, around: Range, bins: int, bin_hz: float) -> Tensor:
    """How near each bin lies to a partial of `pitch` (frames,): (bins, frames), 1 where it is one."""
    hertz = (torch.arange(bins) * bin_hz)[:, None]
    partial = (hertz / pitch).round().clamp(min=1)
    off = (hertz - partial * pitch) / (around.width_hz + around.slack * hertz)
    return torch.exp(-off.square()) * (hertz < around.top_hz)


def _salience(spectrogram: Tensor, around: Range, bin_hz: float) -> Tensor:
    level = avg_pool1d(spectrogram.T[None], AROUND, 1, AROUND // 2, count_include_pad=False)[0].T
    top = min(around.high * around.partials * 1.01, HIGHEST_HZ)
    places = math.ceil(math.log2(top / around.low) * around.steps)
    at = around.low * 2 ** (torch.arange(places) / around.steps) / bin_hz
    below = at.floor().long().clamp(max=spectrogram.shape[0] - 2)
    share = (at - below)[:, None]
    flat = (spectrogram / (level + 1e-6)).clamp(max=LOUDEST)
    spread = flat[below] * (1 - share) + flat[below + 1] * share
    pitches = int(math.log2(around.high / around.low) * around.steps)
    total = torch.zeros(pitches, spectrogram.shape[1])
    for number in range(1, around.partials + 1):
        shift = round(math.log2(number) * around.steps)
        if shift + pitches <= places:
            total += spread[shift : shift + pitches] * around.decay ** (number - 1)
    return total / sum(around.decay**number for number in range(around.partials))


def _smoothest(salience: Tensor) -> Tensor:
    """The path (frames,) of rows that gathers the most salience with the fewest moves (Viterbi)."""
    pitches, frames = salience.shape
    price = STEP_PRICE * torch.arange(-REACH, REACH + 1).abs().float()
    own = torch.arange(pitches)
    score = salience[:, 0].clone()
    before = torch.zeros(frames, pitches, dtype=torch.int64)
    for frame in range(1, frames):
        near, step = (pad(score, (REACH, REACH), value=-1e9).unfold(0, 2 * REACH + 1, 1) - price).max(1)
        best, anywhere = score.max(0)
        jumps = best - JUMP_PRICE > near
        before[frame] = torch.where(jumps, anywhere, own + step - REACH)
        score = torch.where(jumps, best - JUMP_PRICE, near) + salience[:, frame]
    path = [int(score.argmax())]
    for frame in range(frames - 1, 0, -1):
        path.append(int(before[frame, path[-1]]))
    return torch.tensor(path[::-1])
