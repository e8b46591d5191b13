"""The transcript of a song made here: all but its texture comes from its score, exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.hearing.texture import texture
from engine.hearing.transcript import (
    Groove,
    HeardChord,
    HeardNote,
    HeardSection,
    Pulse,
    Strokes,
    Tonality,
    Transcript,
)
from engine.spec.fields import BEATS_PER_BAR
from engine.studio.compose.clock import Clock
from engine.studio.compose.groove import ROLES
from engine.studio.kept import Kept
from engine.studio.score import Note, Score
from engine.studio.sound.noise import RATE

Audio = NDArray[np.float32]

# Steps of a bar on the transcript's grid.
STEPS = {"4/4": 16, "3/4": 12, "6/8": 12, "2/4": 8}
# Shorter than this nobody hears a note.
SHORTEST_S = 0.02


def known(kept: Kept, audio: Audio) -> Transcript:
    """Everything there is to know of the song that `kept` is; `audio` (2, samples) at 48 kHz is how it sounds.

    The recording is as long as `audio`: what the score has beyond it is left out.
    """
    score = kept.score
    duration = audio.shape[1] / RATE
    beats_a_bar = BEATS_PER_BAR[score.timesignature]
    beats = _lines(score, 1, duration)
    bars = _lines(score, beats_a_bar, duration)
    return Transcript(
        duration=duration,
        pulse=Pulse(score.bpm, score.timesignature, beats, bars, 1.0, 1.0),
        tonality=Tonality(score.tonic, score.minor, 0.0, 1.0),
        chords=_chords(score, bars, duration),
        sections=_sections(score, len(bars)),
        melody=_melody(score, duration),
        groove=_groove(score, kept.brief.preset.swing_unit == "eighth", len(bars)),
        texture=texture(audio, 1.0 if score.voice else 0.0),
        exact=True,
    )


def _first(score: Score, every: int) -> int:
    """The number of the first of the lines `every` so many beats that lies inside the recording."""
    return max(0, int(np.ceil(score.origin / every - 1e-6)))


def _lines(score: Score, every: int, duration: float) -> tuple[float, ...]:
    """Seconds of every so many beats inside the recording."""
    times = []
    number = _first(score, every)
    while (at := score.seconds(number * every)) < duration - 1e-6:
        times.append(max(0.0, at))
        number += 1
    return tuple(times)


def _chords(score: Score, bars: Sequence[float], duration: float) -> tuple[HeardChord, ...]:
    """Chord after chord without a hole, each anew at every bar line."""
    spans = sorted((score.seconds(each.start), score.seconds(each.start + each.length), each) for each in score.chords)
    cuts = sorted({0.0, duration, *bars, *(t for start, end, _ in spans for t in (start, end) if 0 < t < duration)})
    made: list[HeardChord] = []
    lines = set(bars)
    for start, end in pairwise(cuts):
        if end - start < SHORTEST_S:
            continue
        middle = (start + end) / 2
        chord = next((chord for first, last, chord in reversed(spans) if first <= middle < last), None)
        if chord is None:
            heard = HeardChord(start, end, None, (), "N", 1.0)
        else:
            heard = HeardChord(start, end, chord.root, chord.tones, chord.name, 1.0)
        last = made[-1] if made else None
        if last and start not in lines and (last.root, last.name) == (heard.root, heard.name):
            made[-1] = HeardChord(last.start, end, last.root, last.tones, last.name, 1.0)
        else:
            made.append(HeardChord(last.end if last else 0.0, *_rest(heard)))
    if made:
        made[-1] = HeardChord(made[-1].start, duration, *_rest(made[-1])[1:])
    return tuple(made)


def _rest(chord: HeardChord) -> tuple[float, int | None, tuple[int, ...], str, float]:
    return chord.end, chord.root, chord.tones, chord.name, chord.confidence


def _sections(score: Score, bars: int) -> tuple[HeardSection, ...]:
    """The score's sections in bars of the recording; those of a kind have a letter."""
    before = _first(score, BEATS_PER_BAR[score.timesignature])
    letters: dict[str, str] = {}
    made = []
    for section in score.sections:
        start = max(0, section.start_bar - before)
        end = min(bars, section.start_bar + section.bars - before)
        if end > start:
            letter = letters.setdefault(section.kind, chr(ord("A") + len(letters) % 26))
            made.append(HeardSection(start, end - start, section.kind, letter, section.energy))
    return tuple(made)


def _melody(score: Score, duration: float) -> tuple[HeardNote, ...]:
    """What is sung; in bars where nobody sings, what carries the tune there."""
    sung = [
        Note(note.start, note.length, note.pitch, 1.0) for line in score.voice if not line.spoken for note in line.notes
    ]
    beats = BEATS_PER_BAR[score.timesignature]
    voiced = {
        bar
        for line in score.voice
        for note in line.notes
        for bar in range(int(note.start // beats), int((note.start + note.length - 1e-6) // beats) + 1)
    }
    played = [note for part in score.parts if part.tune for note in part.notes if note.start // beats not in voiced]
    return tuple(_one_by_one([*sung, *played], score, duration))


def _one_by_one(notes: Sequence[Note], score: Score, duration: float) -> Iterator[HeardNote]:
    """The highest of what begins together, each until the next begins."""
    together: dict[int, Note] = {}
    for note in notes:
        place = round(note.start * 12)
        if place not in together or note.pitch > together[place].pitch:
            together[place] = note
    ordered = [together[place] for place in sorted(together)]
    for note, following in zip(ordered, [*ordered[1:], None][: len(ordered)], strict=True):
        start = max(0.0, score.seconds(note.start))
        end = min(duration, score.seconds(note.start + note.length))
        if following is not None:
            end = min(end, score.seconds(following.start))
        if end - start >= SHORTEST_S:
            yield HeardNote(start, end, note.pitch, 1.0)


def _groove(score: Score, eighths: bool, bars: int) -> Groove:
    """The kit's strokes on the grid, each at the step that it means."""
    per_bar = STEPS[score.timesignature]
    beats = BEATS_PER_BAR[score.timesignature]
    clock = Clock(score.bpm, score.timesignature, score.duration, score.swing, 1.0 if eighths else 0.5)
    before = _first(score, beats)
    roles: dict[str, list[list[float]]] = defaultdict(lambda: [[0.0] * per_bar for _ in range(bars)])
    struck = False
    for part in score.parts:
        if part.stem != "drums":
            continue
        for note in part.notes:
            struck = True
            role = ROLES.get(note.pitch)
            bar, step = divmod(round(clock.straight(note.start) * per_bar / beats), per_bar)
            if role is not None and 0 <= bar - before < bars:
                row = roles[role][bar - before]
                row[step] = max(row[step], note.velocity)
    kick, snare, hats = (Strokes(tuple(tuple(row) for row in roles[role])) for role in ("kick", "snare", "hats"))
    swing = score.swing if eighths else 0.5
    return Groove(per_bar, kick, snare, hats, swing, 1.0 if struck else 0.0, 1.0)
