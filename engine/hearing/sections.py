"""The form of a recording: where it changes, what comes back, and what each section is likely to be.

Boundaries are where bars before and after differ most (Foote 2000), at lengths that music likes; sections whose bars
are alike one by one have the same letter. Kinds are guesses from loudness, repetition and place.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.chroma import Pitches
from engine.hearing.frames import HOP_S, LONG_HOP_S, Frames
from engine.hearing.transcript import HeardSection, Pulse

Floats = NDArray[np.float64]

# Bars are compared with so many to either side.
REACH = 3
# What a boundary must stand out, in standard deviations of the novelty, and what is enough of it; what lengths cost.
WORTH = 0.2
CLEAR = 2.0
LONGEST = 16
COSTS = {1: 3.0, 2: 1.0, 3: 1.5, 4: 0.0, 5: 1.2, 6: 0.6, 7: 1.2, 8: -0.3, 12: 0.2, 16: 0.2}
OTHERWISE = 1.2
# Weights of harmony and of sound; and from when on sections are alike, between unlike bars (0) and the same (1).
HARMONY, SOUND = 0.3, 0.7
ALIKE = 0.55
QUIETEST_DB = 24.0
# Bars an intro or outro has at most, and how much softer a break is than what is around it.
EDGE_BARS, SOFTER = 8, 0.25


def sections(frames: Frames, pitches: Pitches, pulse: Pulse) -> tuple[HeardSection, ...]:
    """Sections in whole bars that cover all of `pulse.bars`."""
    bars = np.append(pulse.bars, pulse.bars[-1] + pulse.bar_s)
    harmony = _means(pitches.chords(), _halves(bars) / LONG_HOP_S).reshape(len(bars) - 1, -1)
    power = frames.bands.astype(np.float64) ** 2
    level = _means(power, bars / HOP_S)
    loud = max(float(level.sum(axis=1).max()), 1e-12)
    sound = np.log1p(level / loud * 1e4)
    alike = HARMONY * _cosines(harmony) + SOUND * _nearness(sound)
    edges = _edges(_novelty(alike))
    parts = list(pairwise(edges))
    letters = _letters(alike, parts)
    decibels = 10 * np.log10(level.sum(axis=1) / loud + 1e-6)
    energies = [_energy(decibels[first:last]) for first, last in parts]
    kinds = _kinds(parts, letters, energies)
    return tuple(
        HeardSection(first, last - first, kind, letter, round(energy, 2))
        for (first, last), kind, letter, energy in zip(parts, kinds, letters, energies, strict=True)
    )


def _halves(bars: Floats) -> Floats:
    """Bounds of half bars."""
    return np.append(np.stack([bars[:-1], (bars[:-1] + bars[1:]) / 2], axis=1).reshape(-1), bars[-1])


def _means(values: NDArray[np.floating], bounds: Floats) -> Floats:
    """Means of rows of `values` (times, any) between neighbouring `bounds`, in rows."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    at = np.clip(np.round(bounds).astype(int), 0, len(values))
    return np.asarray((sums[at[1:]] - sums[at[:-1]]) / np.maximum(at[1:] - at[:-1], 1)[:, None], np.float64)


def _cosines(rows: Floats) -> Floats:
    size = np.linalg.norm(rows, axis=1)
    unit = rows / np.maximum(size, 1e-9)[:, None]
    alike = unit @ unit.T
    alike[(size < 1e-9)[:, None] & (size < 1e-9)] = 1
    return np.asarray(alike, np.float64)


def _nearness(rows: Floats) -> Floats:
    """1 for the same row, 1/e for rows as far apart as rows usually are."""
    size = (rows**2).sum(axis=1)
    apart = np.maximum(size[:, None] + size - 2 * rows @ rows.T, 0)
    return np.asarray(np.exp(-apart / max(float(np.mean(apart)), 1e-9)), np.float64)


def _novelty(alike: Floats) -> Floats:
    """How much more alike bars are on each side of every bar line than across it (bars + 1,), 0 at both ends."""
    count = len(alike)
    result = np.zeros(count + 1)
    for line in range(1, count):
        reach = min(REACH, line, count - line)
        before, after = slice(line - reach, line), slice(line, line + reach)
        inside = (alike[before, before].mean() + alike[after, after].mean()) / 2
        result[line] = (inside - alike[before, after].mean()) * np.sqrt(reach / REACH)
    return result


def _edges(novelty: Floats) -> list[int]:
    """Bar lines where sections begin, and the end: those worth most, at lengths that cost least."""
    count = len(novelty) - 1
    worth = np.minimum((novelty - novelty.mean()) / max(float(novelty.std()), 1e-3), CLEAR) - WORTH
    worth[-1] = 0
    best, came = np.full(count + 1, -np.inf), np.zeros(count + 1, int)
    best[0] = 0
    for end in range(1, count + 1):
        for length in range(1, min(LONGEST, end) + 1):
            # the last section ends with the song, however long it is
            cost = 0.0 if end == count else COSTS.get(length, OTHERWISE)
            total = best[end - length] + worth[end] - cost
            if total > best[end]:
                best[end], came[end] = total, end - length
    edges = [count]
    while edges[-1] > 0:
        edges.append(int(came[edges[-1]]))
    return edges[::-1]


def _letters(alike: Floats, parts: list[tuple[int, int]]) -> list[str]:
    """The letter of the section before that each is most like, bar by bar; a new one where none is alike."""
    usual = float(alike.mean())
    letters: list[str] = []
    for number, (first, last) in enumerate(parts):
        likeness = [-1.0]
        for start, end in parts[:number]:
            bars = np.arange(min(last - first, end - start))
            likeness.append((float(alike[first + bars, start + bars].mean()) - usual) / max(1 - usual, 1e-6))
        best = int(np.argmax(likeness))
        alone = chr(ord("A") + min(25, len(set(letters))))
        letters.append(letters[best - 1] if likeness[best] >= ALIKE else alone)
    return letters


def _energy(decibels: Floats) -> float:
    return min(1.0, max(0.0, 1 + float(np.mean(decibels)) / QUIETEST_DB))


def _kinds(parts: list[tuple[int, int]], letters: list[str], energies: list[float]) -> list[str]:
    """What sections are likely to be: the loudest that comes back is the chorus, what leads to it the verse."""
    count = len(parts)
    if count == 1:
        return ["verse"]
    inner = [at for at in range(count) if not _edge(at, parts, letters)]
    mean = {
        letter: float(np.mean([energies[at] for at in inner if letters[at] == letter]))
        for letter in {letters[at] for at in inner}
    }
    often = [letter for letter in sorted(mean) if letters.count(letter) > 1]
    among = often if len(often) > 1 or len(mean) < 3 else sorted(mean)
    chorus = max(among or sorted(mean), key=lambda letter: mean[letter], default="")
    kinds = []
    for at in range(count):
        around = [energies[near] for near in (at - 1, at + 1) if 0 <= near < count]
        if at not in inner:
            kinds.append("intro" if at == 0 else "outro")
        elif letters[at] == chorus and len(mean) > 1:
            kinds.append("chorus")
        elif min(around) - energies[at] > SOFTER:
            kinds.append("break")
        elif letters.count(letters[at]) == 1 and at > count / 2 and "chorus" in kinds:
            kinds.append("bridge")
        else:
            kinds.append("verse")
    return kinds


def _edge(at: int, parts: list[tuple[int, int]], letters: list[str]) -> bool:
    """Whether it opens or closes the song: short, at one end, and not what comes back elsewhere."""
    first, last = parts[at]
    return at in (0, len(parts) - 1) and last - first <= EDGE_BARS and letters.count(letters[at]) == 1
