"""A song in another style: another band plays its chords and tunes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.studio.compose.band import Band
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.comping import LEAD_RANGES
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form
from engine.studio.compose.harmony import Chords
from engine.studio.compose.song import clock_of
from engine.studio.edits.parent import Parent
from engine.studio.edits.repaint import louder
from engine.studio.edits.room import unsung
from engine.studio.score import Note, Part, Score, SungLine

OCTAVE = 12
# How loud an instrument plays what was sung.
SUNG_LEVEL = 0.75


def restyled(parent: Parent, old: Score, form: Form, part: Brief, seed: int) -> Score:
    """`old`, a song on the bars of `parent`: the same chords, tunes and words, played by the band of `part`.

    Where nobody shall sing, who leads plays what was sung.
    """
    brief = parent.kept.brief
    was, clock = parent.clock, clock_of(part, parent.clock.duration)
    octave = OCTAVE * ((brief.voice == "male") - (part.voice == "male"))
    voice, backing = (
        # who was named keeps their own octave
        tuple(_resung(line, was, clock, 0 if line.singer else octave) for line in lines)
        for lines in (old.voice, old.backing)
    )
    moved = Form(tuple(louder(stretch, part.energy - brief.energy) for stretch in form.stretches))
    tune = tuple(note for each in old.parts if each.tune for note in each.notes)
    if part.instrumental:
        tune += tuple(_played(old.voice))
        moved, voice, backing = unsung(moved), (), ()
    parts = Band(part, moved, Chords(old.chords), clock, Dice(seed), voice).parts()
    return replace(
        old,
        style=part.style,
        swing=0.5 if clock.compound else part.preset.swing,
        voice=voice,
        backing=backing,
        parts=tuple(_replayed(each, tune, was, clock) if each.tune and tune else each for each in parts),
    )


def _resung(line: SungLine, was: Clock, clock: Clock, octave: int) -> SungLine:
    notes = []
    for note in line.notes:
        start, end = (_reswung(beat, was, clock) for beat in (note.start, note.start + note.length))
        notes.append(replace(note, start=start, length=max(0.02, end - start), pitch=note.pitch + octave))
    return replace(line, notes=tuple(notes))


def _played(voice: Sequence[SungLine]) -> Iterator[Note]:
    """What is sung, as notes; words that are spoken have no tune."""
    for line in voice:
        if not line.spoken:
            yield from (Note(note.start, note.length, note.pitch, SUNG_LEVEL) for note in line.notes)


def _replayed(part: Part, tune: Sequence[Note], was: Clock, clock: Clock) -> Part:
    """`part` playing the notes of `tune`, in the octave that suits its instrument."""
    low, high = LEAD_RANGES[part.instrument]
    middle = sum(note.pitch for note in tune) / max(1, len(tune))
    octaves = round(((low + high) / 2 - middle) / OCTAVE) * OCTAVE
    notes = []
    for note in sorted(tune, key=lambda note: note.start):
        start, end = (_reswung(beat, was, clock) for beat in (note.start, note.start + note.length))
        pitch = note.pitch + octaves
        pitch += OCTAVE * (pitch < low) - OCTAVE * (pitch > high)
        notes.append(Note(start, max(0.02, end - start), pitch, note.velocity))
    return replace(part, notes=tuple(notes))


def _reswung(beat: float, was: Clock, clock: Clock) -> float:
    """Where a note sounds in the swing of `clock` that sounded at `beat` in that of `was`."""
    return clock.swung(was.straight(beat))
