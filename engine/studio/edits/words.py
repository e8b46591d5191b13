"""Other words on a tune that is there: one syllable on several notes, or a long note shared by several syllables."""

from __future__ import annotations

from dataclasses import replace

from engine.studio.compose.clock import Clock
from engine.studio.score import LyricLine, SungLine, SungNote

# A note shorter than this can't be sung.
SHORTEST_S = 0.1
# What a stressed syllable gains on a long or strong note, and what every further note on one syllable costs.
STRESS = (0.2, 0.7, 1.2)
MELISMA = 0.25


def fitted(tune: SungLine, words: LyricLine, number: int, clock: Clock) -> SungLine | None:
    """`words`, line `number` of the score, on the notes of `tune`; None where these can't hold them all."""
    notes, count = list(tune.notes), len(words.syllables)
    if count == len({note.syllable for note in notes}):
        return replace(tune, line=number)
    while len(notes) < count:
        at = max(range(len(notes)), key=lambda place: (notes[place].length, -place))
        halves = _halved(notes[at], clock)
        if halves is None:
            return None
        notes[at : at + 1] = halves
    starts = _begun(notes, [syllable.stress for syllable in words.syllables], clock)
    numbered = [replace(note, syllable=sum(start <= at for start in starts) - 1) for at, note in enumerate(notes)]
    return replace(tune, line=number, notes=tuple(numbered))


def _halved(note: SungNote, clock: Clock) -> tuple[SungNote, SungNote] | None:
    """Two notes in the place of one, parted on the grid where it has a place near the middle."""
    if note.length * clock.beat_s < 2 * SHORTEST_S:
        return None
    middle = note.start + note.length / 2
    for grid in (clock.step * 2, clock.step):
        near = round(middle / grid) * grid
        if min(near - note.start, note.start + note.length - near) * clock.beat_s >= SHORTEST_S:
            middle = near
            break
    return (
        replace(note, length=middle - note.start),
        replace(note, start=middle, length=note.start + note.length - middle),
    )


def _begun(notes: list[SungNote], stresses: list[int], clock: Clock) -> list[int]:
    """On which notes syllables begin: stressed ones on long and strong notes, no syllable on very many."""
    strength = [note.length * clock.beat_s + clock.weight(note.start) / 3 for note in notes]
    best: list[tuple[float, list[int]] | None] = [None] * len(notes)
    best[0] = (STRESS[min(stresses[0], 2)] * strength[0], [0])
    for stress in stresses[1:]:
        row: list[tuple[float, list[int]] | None] = [None] * len(notes)
        for at in range(1, len(notes)):
            ways = [
                (merit - MELISMA * (at - before - 1) ** 2, path)
                for before, way in enumerate(best[:at])
                if way is not None
                for merit, path in (way,)
            ]
            if ways:
                merit, path = max(ways, key=lambda way: way[0])
                row[at] = (merit + STRESS[min(stress, 2)] * strength[at], [*path, at])
        best = row
    ends = [(way[0] - MELISMA * (len(notes) - 1 - at) ** 2, way[1]) for at, way in enumerate(best) if way is not None]
    return max(ends, key=lambda way: way[0])[1]
