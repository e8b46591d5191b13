"""New music for a place in a recording: composed on some of its bars, and moved to where its own beats lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.hearing.transcript import (
    Groove,
    HeardChord,
    HeardNote,
    HeardSection,
    Pulse,
    Strokes,
    Transcript,
)
from engine.studio.compose.brief import Brief
from engine.studio.cover.version import Original, Version, version
from engine.studio.outside.ground import Ground
from engine.studio.score import LyricLine, Note, Score, SungLine

# Bars beyond what is heard, in which the music that was composed may end.
AFTER_BARS, AFTER_S = 2, 9.0
SLOWEST, FASTEST = 30.0, 300.0
SHORTEST = 0.02


@dataclass(frozen=True)
class Plot:
    """`order`: the bars of the recording that the new ones go by, one after the other; `sections` of them as (kind,
    bars, energy). The first new bar lies where bar number `first` of the recording does or would.

    The new music keeps the `tune` and the `beat` that was heard in them, or has its own.
    """

    first: int
    order: tuple[int, ...]
    sections: tuple[tuple[str, int, float], ...]
    tune: bool = False
    beat: bool = False


def bars_to_end(ground: Ground) -> int:
    """How many more bars a piece needs that doesn't end where it is cut."""
    return max(AFTER_BARS, -int(-AFTER_S // ground.made_out.pulse.bar_s))


def composed(
    ground: Ground, plot: Plot, part: Brief, words: Sequence[LyricLine], strength: float, seed: int,
    seconds: float | None = None,
) -> Version:  # fmt: skip
    """New music on the bars of `plot`, its notes in the recording's own time from the first bar on.

    It ends after `seconds`; where that is None, beyond its last bar.
    """
    sketch = _sketch(ground, plot)
    if seconds is None:
        more = bars_to_end(ground)
        plot = replace(
            plot,
            order=(*plot.order, *(plot.order[at % len(plot.order)] for at in range(more))),
            # nobody shall sing where nobody hears it
            sections=(*plot.sections, ("outro", more, plot.sections[-1][2])),
        )
        sketch = _sketch(ground, plot)
    duration = sketch.duration if seconds is None else seconds
    brief = replace(part, bpm=sketch.pulse.bpm, timesignature=sketch.pulse.timesignature)
    made = version(Original(sketch), brief, words, strength, duration, seed, "")
    return replace(made, score=_in_time(made.score, ground, plot.first))


def _sketch(ground: Ground, plot: Plot) -> Transcript:
    """A transcript at a steady tempo, as if a recording had the bars of `plot`."""
    heard = ground.made_out
    count = len(plot.order)
    begin, end = ground.seconds(plot.first), ground.seconds(plot.first + count)
    bpm = min(FASTEST, max(SLOWEST, ground.beats * count * 60.0 / max(end - begin, 1e-3)))
    bar_s = ground.beats * 60.0 / bpm
    lines = tuple(number * bar_s for number in range(count))
    beats = tuple(number * 60.0 / bpm for number in range(count * ground.beats))
    sections: list[HeardSection] = []
    reached = 0
    for kind, bars, energy in plot.sections:
        sections.append(HeardSection(reached, bars, kind, chr(ord("A") + len(sections) % 26), energy))
        reached += bars
    chords: list[HeardChord] = []
    melody: list[HeardNote] = []
    for number, bar in enumerate(plot.order):
        left, right = ground.seconds(bar), ground.seconds(bar + 1)
        scale = bar_s / max(right - left, 1e-3)
        shift = number * bar_s - left * scale
        for chord in heard.chords:
            start, stop = max(chord.start, left), min(chord.end, right)
            if stop - start > SHORTEST:
                chords.append(replace(chord, start=start * scale + shift, end=stop * scale + shift))
        melody += (
            replace(note, start=note.start * scale + shift, end=note.end * scale + shift)
            for note in heard.melody
            if plot.tune and left <= note.start < right
        )
    return replace(
        heard,
        duration=count * bar_s,
        pulse=Pulse(bpm, heard.pulse.timesignature, beats, lines, heard.pulse.confidence, heard.pulse.bar_confidence),
        chords=tuple(chords),
        sections=tuple(sections),
        melody=tuple(melody),
        groove=_beat(ground, plot),
        exact=False,
    )


def _beat(ground: Ground, plot: Plot) -> Groove:
    """The strokes of the plot's bars; none, but their swing, where the beat is to be new."""
    heard = ground.made_out.groove
    places = [bar - ground.bars.lead for bar in plot.order] if plot.beat else []
    none = (0.0,) * heard.per_bar

    def rows(strokes: Strokes) -> Strokes:
        return Strokes(tuple(strokes.steps[at] if 0 <= at < len(strokes.steps) else none for at in places))

    return replace(heard, kick=rows(heard.kick), snare=rows(heard.snare), hats=rows(heard.hats))


def _in_time(score: Score, ground: Ground, first: int) -> Score:
    """`score`, whose bars are even, with its notes where the recording's beats lie."""
    origin = ground.seconds(first)

    def beat(place: float) -> float:
        return (ground.seconds(first + place / ground.beats) - origin) / score.beat_s

    def moved(note: Note) -> Note:
        start = beat(note.start)
        return replace(note, start=max(0.0, start), length=max(SHORTEST, beat(note.start + note.length) - start))

    def sung(line: SungLine) -> SungLine:
        notes = []
        for note in line.notes:
            start = beat(note.start)
            length = max(SHORTEST, beat(note.start + note.length) - start)
            notes.append(replace(note, start=max(0.0, start), length=length))
        return replace(line, notes=tuple(notes))

    return replace(
        score,
        parts=tuple(replace(part, notes=tuple(map(moved, part.notes))) for part in score.parts),
        voice=tuple(map(sung, score.voice)),
        backing=tuple(map(sung, score.backing)),
    )
