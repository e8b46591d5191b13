"""The tune of a recording as notes: the line that stands out, cut where its pitch moves or it is struck again."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.contour import Contour, contour
from engine.hearing.salience import HOP_S, salience
from engine.hearing.transcript import HeardNote

Values = NDArray[np.float32]

# Below this strength nothing of the tune sounds; what is between two of them for no longer than this goes on.
SOUNDS, GAP_S = 0.42, 0.08
SHORTEST_S = 0.09
# What a semitone off costs a moment, what a moment of rest costs, and what it costs to change note.
OFF, LEAST, CHANGE = 1.0, 1.2, 2.5
# A note is struck again where its strength falls to this share and comes back.
DIP, DIP_S = 0.45, 0.12
LOWEST, HIGHEST = 38, 92
# From so many notes on a voice is told from players, by how strong the line is on average (theirs rests less), and by
# how many cents the livelier quarter of its notes move inside.
FEW, PLAYS, RESTING, STEADY, MOST_SURE = 5, 0.62, 35.0, 4.0, 0.95


@dataclass(frozen=True)
class Tune:
    """`notes` follow each other without overlap. `voice`: how sure it is that somebody sings them."""

    notes: tuple[HeardNote, ...]
    voice: float


def tune(mono: Values, tuning: float) -> Tune:
    """The tune of `mono` (samples,) at 24 kHz, tuned `tuning` cents from 440 Hz: a mix, or better its voice alone."""
    line = contour(*salience(mono, tuning))
    pitches = _notes(line)
    made = []
    moving = []
    for start, end in _runs(line, pitches):
        pitch = int(pitches[start])
        inside = line.pitch[start:end]
        strong = float((np.minimum(line.strength[start:end], 1.0) * line.clear[start:end]).mean())
        steady = float((np.abs(inside - pitch) <= 0.5).mean())
        made.append(HeardNote(round(start * HOP_S, 3), round(end * HOP_S, 3), pitch, round(strong * steady, 3)))
        if end - start >= 8:
            moving.append(float(np.std(inside[2:-2]) * 100))
    return Tune(tuple(made), _voice(line, moving))


def _notes(line: Contour) -> NDArray[np.int64]:
    """The semitone of each moment, 0 where the tune rests (Viterbi over semitones and a rest)."""
    sounding = (line.strength > SOUNDS) & (line.clear > 0)
    states = np.arange(LOWEST, HIGHEST + 1)
    costs = OFF * np.minimum(np.abs(line.pitch[:, None] - states), 2.0)
    costs[~sounding] = LEAST
    rest = np.where(sounding, LEAST, 0.0)[:, None]
    costs = np.concatenate((rest, costs), axis=1)
    if not len(costs):
        return np.zeros(0, np.int64)
    best = costs[0].copy()
    came = np.zeros(costs.shape, np.int16)
    places = np.arange(costs.shape[1])
    for at in range(1, len(costs)):
        leader = int(best.argmin())
        changes = best > best[leader] + CHANGE
        came[at] = np.where(changes, leader, places)
        best = np.where(changes, best[leader] + CHANGE, best) + costs[at] - best[leader]
    path = np.zeros(len(costs), np.int64)
    path[-1] = int(best.argmin())
    for at in range(len(costs) - 1, 0, -1):
        path[at - 1] = came[at, path[at]]
    return np.where(path > 0, path - 1 + LOWEST, 0)


def _runs(line: Contour, pitches: NDArray[np.int64]) -> list[tuple[int, int]]:
    """(first, end) of each note, those that were struck again apart."""
    edges = np.flatnonzero(np.diff(np.concatenate(([-1], pitches, [-1]))))
    found = []
    for start, end in pairwise(edges):
        if pitches[start] == 0:
            continue
        for first, last in _struck(line.strength[start:end]):
            if (last - first) * HOP_S >= SHORTEST_S:
                found.append((int(start) + first, int(start) + last))
    return found


def _struck(strength: Values) -> list[tuple[int, int]]:
    """Parts of a stretch of one pitch, cut at dips from which it comes back."""
    least = max(1, round(DIP_S / HOP_S))
    cuts = [0]
    at = least
    while at < len(strength) - least:
        before = float(strength[max(cuts[-1], at - 2 * least) : at].max())
        after = float(strength[at : at + 2 * least].max())
        if strength[at] < DIP * min(before, after) and strength[at] == strength[at - least : at + least + 1].min():
            cuts.append(at)
            at += least
        at += 1
    return list(zip(cuts, [*cuts[1:], len(strength)], strict=True))


def _voice(line: Contour, moving: list[float]) -> float:
    """How sure it is that somebody sings: a voice stands out, rests, and moves inside its notes."""
    if len(moving) < FEW:
        return 0.0
    rests = 1 / (1 + np.exp(-RESTING * (PLAYS - float(np.minimum(line.strength, 1.0).mean()))))
    moves = 1 / (1 + np.exp(STEADY - float(np.quantile(moving, 0.75))))
    clear = float(line.clear[line.strength > SOUNDS].mean())
    return round(float(MOST_SURE * rests * moves * clear), 3)
