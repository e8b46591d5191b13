"""A tune that is given, in the range of whoever sings or plays it."""

from __future__ import annotations

from collections.abc import Sequence

OCTAVE = 12
# What each costs: a note outside the range, an octave away from its middle, and another octave than the phrase before.
OUTSIDE, AWAY, CHANGED = 3.0, 1.0, 0.75
FARTHEST = 5

# (pitch, length) of the notes of a phrase
Phrase = Sequence[tuple[int, float]]


def octaves(phrases: Sequence[Phrase], low: int, high: int) -> tuple[int, ...]:
    """By how many half steps each phrase moves, whole octaves, to lie between two pitches and follow the one before."""
    middle = (low + high) / 2
    best: dict[int, tuple[float, tuple[int, ...]]] = {}
    for number, phrase in enumerate(phrases):
        whole = sum(length for _, length in phrase) or 1.0
        mean = sum(pitch * length for pitch, length in phrase) / whole
        row: dict[int, tuple[float, tuple[int, ...]]] = {}
        for octave in range(-FARTHEST, FARTHEST + 1):
            by = OCTAVE * octave
            outside = sum(length for pitch, length in phrase if not low <= pitch + by <= high) / whole
            cost = OUTSIDE * outside + (AWAY * abs(mean + by - middle) / OCTAVE if phrase else 0.0)
            if number == 0:
                row[octave] = (cost, (octave,))
                continue
            before, path = min((total + CHANGED * (octave != last), path) for last, (total, path) in best.items())
            row[octave] = (before + cost, (*path, octave))
        best = row
    return tuple(OCTAVE * octave for octave in min(best.values())[1]) if best else ()


def within(pitch: int, low: int, high: int) -> int:
    """`pitch`, or the octave of it that lies nearest inside a range of an octave or more."""
    while pitch < low:
        pitch += OCTAVE
    while pitch > high:
        pitch -= OCTAVE
    return pitch
