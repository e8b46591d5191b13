"""Which notes sound when: spectral peaks explained by notes with partials, in the tuning of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.hearing.frames import LONG_BIN_HZ, LONG_HOP_S, Frames

Values = NDArray[np.float32]

LOWEST, HIGHEST = 24, 107
NOTES = HIGHEST - LOWEST + 1
C4_HZ, C4 = 261.6256, 60
# Bins a semitone; peaks above the highest note still count as partials.
FINE = 3
BINS = FINE * (NOTES + 4)
PARTIALS, FALL = 10, 0.75
# A peak stands this far above the mean of so many bins around it, and not so far below full scale.
NEAR, RISE, FAINT = 16, 1.4, 3e-5
# Weak notes count nearly as much as strong ones: over so many bins, levels are made alike.
AROUND = FINE * 12
EVENNESS = 0.7
ROUNDS = 40
AT_ONCE = 1500
# Where the notes of chords and of basses lie.
CHORDS = (50, 88)
BASSES = (26, 52)


@dataclass(frozen=True)
class Pitches:
    """`notes` (times, `NOTES`): how much of each note from `LOWEST` on sounds at each hop, `LONG_HOP_S` apart.

    `tuning` in cents from A at 440 Hz.
    """

    notes: Values
    tuning: float

    def chords(self) -> Values:
        """Pitch classes (times, 12) of what plays above the bass."""
        return classes_between(self.notes, *CHORDS)

    def basses(self) -> Values:
        """Pitch classes (times, 12) of the bass."""
        return classes_between(self.notes, *BASSES)


def pitches(frames: Frames) -> Pitches:
    """Explain the long spectra by notes (non-negative least squares, as Mauch and Dixon 2010 do for chords)."""
    times, hz, levels = _peaks(frames.long)
    semitones = 12 * np.log2(hz / C4_HZ)
    tuning = _tuning(semitones, levels)
    places = np.clip((semitones - tuning / 100 + C4 - LOWEST) * FINE + 1, 0, BINS - 1.001)
    low = places.astype(np.int64)
    part = (places - low).astype(np.float32)
    flat = times * BINS + low
    size = len(frames.long) * BINS
    lower = np.bincount(flat, levels * (1 - part), size)
    upper = np.bincount(flat + 1, levels * part, size + 1)[:size]
    spectrum = _evened((lower + upper).reshape(-1, BINS).astype(np.float32))
    return Pitches(_explained(spectrum), tuning)


def between(values: Values, times: Sequence[float]) -> Values:
    """Mean of `values` (hops, ...) in each stretch from one of `times` (seconds) to the next."""
    sums = np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)))
    # The hop whose centre is nearest; what is shorter than a hop still has one.
    edges = np.clip(np.round(np.asarray(times) / LONG_HOP_S), 0, len(values) - 1).astype(int)
    first, last = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
    shape = (-1, *(1 for _ in values.shape[1:]))
    return np.asarray((sums[last] - sums[first]) / (last - first).reshape(shape), np.float32)


def _peaks(long: Values) -> tuple[NDArray[np.int64], NDArray[np.float64], Values]:
    """(time, frequency in Hz, magnitude) of every spectral peak, its top between the bins found by a parabola."""
    found = []
    first_bin = int(np.floor(C4_HZ * 2 ** ((LOWEST - C4 - 0.4) / 12) / LONG_BIN_HZ))
    for first in range(0, len(long), AT_ONCE):
        piece = long[first : first + AT_ONCE]
        sums = np.cumsum(np.pad(piece, ((0, 0), (NEAR + 1, NEAR)), "edge"), axis=1, dtype=np.float64)
        around = ((sums[:, 2 * NEAR + 1 :] - sums[:, : -2 * NEAR - 1]) / (2 * NEAR + 1)).astype(np.float32)
        middle = piece[:, 1:-1]
        peak = (middle > piece[:, :-2]) & (middle >= piece[:, 2:]) & (middle > RISE * around[:, 1:-1])
        peak &= middle > FAINT
        peak[:, : first_bin - 1] = False
        times, bins = np.nonzero(peak)
        bins += 1
        left, top, right = (np.log(np.maximum(piece[times, bins + step], 1e-12)) for step in (-1, 0, 1))
        shift = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-6)
        found.append((times + first, (bins + shift) * LONG_BIN_HZ, piece[times, bins]))
    if not found:
        empty = np.zeros(0, np.int64)
        return empty, np.zeros(0), np.zeros(0, np.float32)
    times, hz, levels = (np.concatenate(each) for each in zip(*found, strict=True))
    return times.astype(np.int64), hz.astype(np.float64), levels.astype(np.float32)


def _tuning(semitones: NDArray[np.float64], levels: Values) -> float:
    """How far the peaks lie from the notes, as most of them agree (cents, -50 to 50)."""
    # Low peaks are too wide to tell and high ones stretched.
    heard = (semitones > -12) & (semitones < 24)
    turns = np.exp(2j * np.pi * semitones[heard]) * np.sqrt(levels[heard])
    return float(np.angle(turns.sum()) / (2 * np.pi) * 100) if len(turns) else 0.0


def _evened(spectrum: Values) -> Values:
    """`spectrum` with its long slopes made flatter, so that high and soft partials tell as much as loud ones."""
    sums = np.cumsum(np.pad(spectrum**2, ((0, 0), (AROUND + 1, AROUND))), axis=1, dtype=np.float64)
    power = (sums[:, 2 * AROUND + 1 :] - sums[:, : -2 * AROUND - 1]) / (2 * AROUND + 1)
    return np.asarray(spectrum / np.maximum(np.sqrt(power), 1e-7) ** EVENNESS, np.float32)


@lru_cache(maxsize=1)
def _partials() -> Values:
    """Each note's partials on the fine grid (notes, bins), of length 1."""
    grid = np.arange(BINS)
    atoms = np.zeros((NOTES, BINS))
    for note in range(NOTES):
        for number in range(1, PARTIALS + 1):
            place = (note + 12 * np.log2(number)) * FINE + 1
            atoms[note] += FALL ** (number - 1) * np.exp(-0.5 * ((grid - place) / 0.7) ** 2) * (place < BINS)
    return np.asarray(atoms / np.linalg.norm(atoms, axis=1, keepdims=True), np.float32)


def _explained(spectrum: Values) -> Values:
    """How much of each note explains each spectrum best, none below zero (multiplicative updates, Lee and Seung)."""
    atoms = _partials()
    alike = atoms @ atoms.T
    wanted = spectrum @ atoms.T
    notes = wanted.copy()
    for _ in range(ROUNDS):
        notes *= wanted / (notes @ alike + 1e-9)
    return notes


def classes_between(notes: Values, low: int, high: int) -> Values:
    """Pitch classes of the notes from `low` to `high`, those at both ends counting less."""
    keys = np.arange(LOWEST, HIGHEST + 1)
    weight = np.clip(np.minimum(keys - low, high - keys) / 6 + 0.5, 0, 1).astype(np.float32)
    classes = np.zeros((len(notes), 12), np.float32)
    for key in np.flatnonzero(weight):
        classes[:, (key + LOWEST) % 12] += weight[key] * notes[:, key]
    return classes
