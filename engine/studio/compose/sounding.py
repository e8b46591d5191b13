"""No hole in the music: where nothing would sound for a while, what sounded last rings on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.studio.compose.clock import Clock
from engine.studio.compose.harmony import Chords
from engine.studio.score import Note, Part

LONGEST_HOLE_S = 0.55
UNPITCHED = frozenset({"drums", "percussion", "fx"})
SOFT = 0.45


def holes(parts: Sequence[Part], end: float, longest: float) -> list[tuple[float, float]]:
    """Spans of more than `longest` beats up to `end` in which no pitched note sounds."""
    spans = sorted(
        (note.start, note.start + note.length) for part in parts if part.stem not in UNPITCHED for note in part.notes
    )
    found = []
    reached = 0.0
    for start, stop in [*spans, (end, end)]:
        if start - reached > longest:
            found.append((reached, min(start, end)))
        reached = max(reached, stop)
    return found


def without_holes(parts: Sequence[Part], chords: Chords, clock: Clock) -> tuple[Part, ...]:
    """`parts` in which the notes that end at a hole last until its end; a hole at the start gets the first chord."""
    longest = LONGEST_HOLE_S / clock.beat_s
    result = list(parts)
    pitched = [at for at, part in enumerate(result) if part.stem not in UNPITCHED]
    if not pitched:
        return tuple(result)
    for start, end in holes(result, clock.last, longest):
        if start == 0.0:
            # the part that is nearest to playing begins with a chord that holds until then
            at = min(pitched, key=lambda place: (result[place].notes[0].start, place))
            first = result[at].notes[0]
            held = Note(0.0, end, _near(chords.at(0.0).root, first.pitch), SOFT)
            result[at] = replace(result[at], notes=(held, *result[at].notes))
            continue
        for at in pitched:
            notes = result[at].notes
            if any(abs(note.start + note.length - start) < 1e-6 for note in notes):
                result[at] = replace(result[at], notes=tuple(_longer(note, start, end) for note in notes))
    return tuple(result)


def _near(pitch_class: int, pitch: int) -> int:
    return pitch - (pitch - pitch_class) % 12


def _longer(note: Note, start: float, end: float) -> Note:
    if abs(note.start + note.length - start) < 1e-6:
        return replace(note, length=end - note.start)
    return note
