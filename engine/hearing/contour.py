"""The line that stands out of a recording: one pitch at a moment, followed through time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.hearing.salience import FINE, LOWEST, STEPS

Values = NDArray[np.float32]

# Where the middle of a tune may lie, and how far around it one reaches (semitones).
MIDDLES = tuple(range(50, 84, 2))
REACH, NEAR = 7.0, 5.0
# What is heard high above others is the tune, though low notes stand out as much: so much a semitone, up to here.
HIGHER, HIGH = 0.01, 74
# A salience that a fifth of the moments reach counts as 1 on a scale on which these are what it costs to move by a
# step, and to jump anywhere.
LOUD = 0.8
# Shares of the whole that the line has in noise and in drums, and where it is a pitch.
NOISE, PITCH = 0.015, 0.03
WORTH, STEP, JUMP = 2.0, 0.5, 4.0
WIDEST = 5


@dataclass(frozen=True)
class Contour:
    """`pitch` (times,) in semitones and `strength` (times,): 1 where it stands out as much as a clear tune does.

    `clear` (times,) is 0 where it is no more than noise has, 1 where it is a pitch. `middle` is where the line lies.
    """

    pitch: Values
    strength: Values
    clear: Values
    middle: float


def contour(salience: Values, whole: Values) -> Contour:
    """The likeliest line through `salience` (times, `STEPS`), by Viterbi decoding; it has a pitch at every moment.

    `whole` (times,) is how much sounds in all.
    """
    middle = _middle(salience)
    weighed = salience * _around(middle, REACH)
    strongest = weighed.max(axis=1)
    loud = float(np.quantile(strongest, LOUD)) if len(strongest) else 0.0
    weighed /= max(loud, 1e-9)
    steps = _followed(weighed * np.float32(WORTH))
    times = np.arange(len(steps))
    share = salience[times, steps] / np.maximum(whole, 1e-9)
    clear = np.clip((share - NOISE) / (PITCH - NOISE), 0, 1).astype(np.float32)
    strength = weighed[times, steps]
    below, above = weighed[times, np.maximum(steps - 1, 0)], weighed[times, np.minimum(steps + 1, STEPS - 1)]
    # Between the steps the top is found by a parabola.
    bend = np.minimum(below - 2 * strength + above, -1e-9)
    finer = np.clip(0.5 * (below - above) / bend, -0.5, 0.5)
    return Contour(((steps + finer) / FINE + LOWEST).astype(np.float32), strength, clear, middle)


def _middle(salience: Values) -> float:
    """The middle around which what is heard stands out most, at the half of the moments where it does so best."""
    if not len(salience):
        return float(MIDDLES[len(MIDDLES) // 2])
    times = np.arange(len(salience))
    scores = []
    for middle in MIDDLES:
        strongest = salience[times, (salience * _around(middle, NEAR)).argmax(axis=1)]
        clear = np.partition(strongest, len(strongest) // 2)[len(strongest) // 2 :]
        scores.append(float(clear.mean()) * np.exp(HIGHER * min(middle, HIGH)))
    return float(MIDDLES[int(np.argmax(scores))])


def _around(middle: float, reach: float) -> Values:
    pitches = np.arange(STEPS) / FINE + LOWEST
    return np.exp(-0.5 * ((pitches - middle) / reach) ** 2).astype(np.float32)


def _followed(odds: Values) -> NDArray[np.int64]:
    """The likeliest step of each moment: near steps cost little, all others the same."""
    if not len(odds):
        return np.zeros(0, np.int64)
    offsets = np.arange(-WIDEST, WIDEST + 1)
    costs = (STEP * np.abs(offsets)).astype(np.float32)[:, None]
    padded = np.full(STEPS + 2 * WIDEST, -np.inf, np.float32)
    inner = padded[WIDEST:-WIDEST]
    inner[:] = odds[0]
    near = np.lib.stride_tricks.sliding_window_view(padded, STEPS)
    came = np.zeros((len(odds), STEPS), np.int16)
    places = np.arange(STEPS)
    for at in range(1, len(odds)):
        moved = near - costs
        choice = moved.argmax(axis=0)
        best = moved[choice, places]
        source = places + choice - WIDEST
        highest = int(inner.argmax())
        jumped = inner[highest] - np.float32(JUMP)
        jumps = best < jumped
        source[jumps] = highest
        best[jumps] = jumped
        came[at] = source
        # What matters is who leads, not by how much the sum has grown.
        inner[:] = best + odds[at] - best.max()
    path = np.zeros(len(odds), np.int64)
    path[-1] = int(inner.argmax())
    for at in range(len(odds) - 1, 0, -1):
        path[at - 1] = came[at, path[at]]
    return path
