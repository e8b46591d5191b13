"""The tune of a source on the grid of its cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.hearing.transcript import Transcript
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.harmony import Chords
from engine.studio.compose.rhythm import grids
from engine.studio.compose.theory import melody_scale
from engine.studio.cover.bars import Bars, Plot
from engine.studio.cover.move import Move
from engine.studio.score import Note

# Notes of less confidence or shorter than this were hardly sung or played.
UNSURE, SHORTEST_S = 0.15, 0.06
# A note outside the key is believed from this confidence on.
SURE = 0.5
# Less than so many notes a bar are no tune.
FEWEST = 0.25
VELOCITY, ACCENT = 0.72, 0.05


@dataclass(frozen=True)
class Tone:
    """A note from a bar's beginning, in beats of the straight grid."""

    start: float
    length: float
    pitch: int
    confidence: float


def heard_tune(transcript: Transcript, bars: Bars, clock: Clock, move: Move) -> dict[int, tuple[Tone, ...]]:
    """The tune by bars of the source, in the key and on the grid of the cover; nothing where there is hardly one."""
    pulse = transcript.pulse
    was = Clock(pulse.bpm, pulse.timesignature, transcript.duration, transcript.groove.swing)
    grid = grids(clock)[-1]
    whole = round(clock.beats / grid)
    places: dict[int, tuple[int, int, float]] = {}
    for note in transcript.melody:
        if note.confidence < UNSURE or note.end - note.start < SHORTEST_S:
            continue
        begin, end = (was.straight(bars.place(at) * was.beats) / was.beats * whole for at in (note.start, note.end))
        place, length = round(begin), max(1, round(end - begin))
        if not 0 <= place < bars.count * whole:
            continue
        before = places.get(place)
        if before is None or before[0] < length:
            places[place] = (length, move.pitch(note.pitch), note.confidence)
    if len(places) < FEWEST * bars.count:
        return {}
    starts = sorted(places)
    tune: dict[int, list[Tone]] = {}
    for place, following in pairwise([*starts, bars.count * whole]):
        length, pitch, confidence = places[place]
        bar, step = divmod(place, whole)
        tone = Tone(step * grid, min(length, following - place) * grid, pitch, confidence)
        tune.setdefault(bar, []).append(tone)
    return {bar: tuple(tones) for bar, tones in tune.items()}


def laid(tune: Mapping[int, Sequence[Tone]], plot: Plot, clock: Clock) -> dict[int, tuple[Note, ...]]:
    """`tune` in every bar of the cover, none of its notes reaching over the next one."""
    notes = [
        (bar, replace(tone, start=bar * clock.beats + tone.start))
        for bar, source in enumerate(plot.order)
        for tone in tune.get(source, ())
    ]
    made: dict[int, list[Note]] = {bar: [] for bar in range(len(plot.order))}
    for at, (bar, tone) in enumerate(notes):
        until = notes[at + 1][1].start if at + 1 < len(notes) else clock.last
        length = min(tone.length, until - tone.start)
        if tone.start < clock.last - 1e-6 and length > 1e-6:
            level = VELOCITY + ACCENT * clock.weight(tone.start)
            made[bar].append(Note(tone.start, length, tone.pitch, level))
    return {bar: tuple(each) for bar, each in made.items()}


def in_key(
    notes: Mapping[int, Sequence[Note]], tune: Mapping[int, Sequence[Tone]], plot: Plot, brief: Brief, chords: Chords
) -> dict[int, tuple[Note, ...]]:
    """`notes`, where those that were hardly heard and lie outside key and chord move to the next half step inside."""
    return {bar: tuple(_inside(each, tune.get(plot.order[bar], ()), brief, chords)) for bar, each in notes.items()}


def _inside(notes: Iterable[Note], tones: Sequence[Tone], brief: Brief, chords: Chords) -> Iterator[Note]:
    for note, tone in zip(notes, tones, strict=False):
        scale = melody_scale(brief.tonic, brief.minor, chords.at(note.start), brief.preset.harmony == "blues")
        if tone.confidence < SURE and note.pitch % 12 not in scale:
            near = [note.pitch + step for step in (-1, 1) if (note.pitch + step) % 12 in scale]
            note = replace(note, pitch=near[0]) if near else note
        yield note
