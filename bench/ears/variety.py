"""How far two songs, or two verses of one, lie apart in their notes: 0 the same, 1 nothing in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise

import numpy as np

from bench.ears.notes import Note, Notes, Section

# From these distances on, people would call two things different.
MELODY, PROGRESSION, GROOVE, VERSE = 0.5, 0.25, 0.1, 0.1
# Places in a quarter note: fine enough for swing and triplets, coarse enough for humanised timing.
GRID = 6


def melodies(one: Notes, other: Notes) -> float:
    """By runs of three intervals with their rhythm, so that key and place don't count."""
    return _apart(_turns(_melody(one)), _turns(_melody(other)))


def progressions(one: Notes, other: Notes) -> float:
    """By runs of four bars' chords, as degrees of the key."""
    return _apart(_runs(_chords(one), 4), _runs(_chords(other), 4))


def grooves(one: Notes, other: Notes) -> float:
    """By what the drums play where in a bar, or, without drums, where the other parts strike."""
    return _apart(_groove(one), _groove(other))


def verses(song: Notes) -> float | None:
    """How far the second verse lies from the first, every note of every part counted; None where there is only one."""
    found = [section for section in song.sections if section.kind == "verse"]
    if len(found) < 2:
        return None
    first, second = ({*_places(song, section)} for section in found[:2])
    length = min(section.end - section.start for section in found[:2])
    return _apart(
        Counter(place for place in first if place[1] < length * GRID),
        Counter(place for place in second if place[1] < length * GRID),
    )


def _apart(one: Counter[Hashable], other: Counter[Hashable]) -> float:
    """One minus the weighted overlap of what was counted, each side as shares of its whole."""
    if not one or not other:
        return 0.0 if not one and not other else 1.0
    whole, beside = sum(one.values()), sum(other.values())
    return max(0.0, 1.0 - sum(min(one[key] / whole, other[key] / beside) for key in one))


def _melody(song: Notes) -> list[Note]:
    """The voice, or where nobody sings the highest line of single notes."""
    if sung := song.of("Vocals"):
        return list(sung)
    lines = []
    for track in {note.track for note in song.notes if not note.drum}:
        line = song.of(track)
        single = np.mean([after.start - note.start > 1e-3 for note, after in pairwise(line)]) if len(line) > 8 else 0
        lines.append((single > 0.9, float(np.mean([note.pitch for note in line])), track))
    return list(song.of(max(lines)[2])) if lines else []


def _turns(line: Sequence[Note]) -> Counter[Hashable]:
    steps = [(after.pitch - note.pitch, round((after.start - note.start) * 2)) for note, after in pairwise(line)]
    return _runs(steps, 3)


def _runs(items: Sequence[Hashable], length: int) -> Counter[Hashable]:
    return Counter(tuple(items[at : at + length]) for at in range(len(items) - length + 1))


def _chords(song: Notes) -> list[Hashable]:
    """The triad that fits each bar best: (degree in semitones above the tonic, minor)."""
    played = [note for note in song.notes if not note.drum and "ocals" not in note.track]
    if not played:
        return []
    bars = np.zeros((int(max(note.start for note in played) // song.bar) + 1, 12))
    for note in played:
        # what leads into the next bar belongs to it
        bar = min(int((note.start + 0.1) // song.bar), len(bars) - 1)
        bars[bar, note.pitch % 12] += min(note.length, song.bar)
    triads = {
        (degree, minor): [(song.tonic + degree + step) % 12 for step in ((0, 3, 7) if minor else (0, 4, 7))]
        for degree in range(12)
        for minor in (False, True)
    }
    return [max(triads, key=lambda name: classes[triads[name]].sum()) for classes in bars if classes.any()]


def _groove(song: Notes) -> Counter[Hashable]:
    drums = [note for note in song.notes if note.drum]
    if drums:
        return Counter((_place(note.start % song.bar), note.pitch) for note in drums)
    parts = [note for note in song.notes if "ocals" not in note.track]
    return Counter((_place(note.start % song.bar), note.track) for note in parts)


def _places(song: Notes, section: Section) -> Iterable[tuple[str, int, int]]:
    for note in song.notes:
        if section.start - 0.1 <= note.start < section.end - 0.1:
            yield note.track, _place(note.start - section.start), note.pitch


def _place(quarters: float) -> int:
    return round(quarters * GRID)
