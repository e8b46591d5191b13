"""How much a cover has of its source, score against score: chords, tune and beat, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.patterns import CLAP, HAT, KICK, PEDAL, RIDE, RIM, SHAKER, SNARE
from engine.studio.compose.song import clock_of
from engine.studio.score import Note, Score

# Steps a beat; a chord is looked at in the middle of each, a note where it begins.
STEPS = 4
DRUMS = ((KICK,), (SNARE, RIM, CLAP), (HAT, PEDAL, RIDE, SHAKER))
EARLY = 0.06
# A cover that keeps nothing of a beat has as many strokes in the same places as any two songs.
Steps = NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """Each 0 to 1: `chords` with root and mode of the source, the steps of its `melody` that have its pitch class, the
    moves up and down that follow its `contour`, and how alike the strokes of the kits are."""

    chords: float
    melody: float
    contour: float
    groove: float


@dataclass(frozen=True)
class Song:
    """A score, and the clock that it swings by."""

    score: Score
    clock: Clock

    @classmethod
    def of(cls, score: Score, brief: Brief) -> Song:
        """The song of `brief`."""
        return cls(score, clock_of(brief, score.duration))


def likeness(one: Song, two: Song, later: float = 0.0) -> Likeness:
    """The cover `two` against its source `one`, whose first bar line lies so many seconds `later` than its start."""
    source, cover = one.score, two.score
    chord_pairs: list[bool] = []
    tune, other = tune_of(one), tune_of(two)
    begin = later / source.beat_s + source.origin
    ratio = cover.beat_s / source.beat_s
    count = int(min(source.duration - later, cover.duration) / cover.beat_s * STEPS)
    own, theirs = [], []
    for step in range(count):
        beat = step / STEPS
        there = begin + beat * ratio
        chord_pairs.append(_chord(source, there + 0.5 / STEPS) == _chord(cover, beat + 0.5 / STEPS))
        own.append(_sounding(tune, there + 0.5 / STEPS))
        theirs.append(_sounding(other, beat + 0.5 / STEPS))
    heard = [(a, b) for a, b in zip(own, theirs, strict=True) if a is not None]
    same = [b is not None and (a - b) % 12 == 0 for a, b in heard]
    pairs = [(_strokes(one, drums, begin, ratio, count), _strokes(two, drums, 0.0, 1.0, count)) for drums in DRUMS]
    beats = [_cosine(a, b) for a, b in pairs if a.any()]
    return Likeness(
        chords=float(np.mean(chord_pairs)) if chord_pairs else 0.0,
        melody=float(np.mean(same)) if same else 0.0,
        contour=_contour(own, theirs),
        groove=float(np.mean(beats)) if beats else 0.0,
    )


def tune_of(song: Song) -> list[tuple[float, float, int]]:
    """(start, end, pitch) in straight beats: what is sung, and where nobody sings what carries the tune."""
    score, clock, beats = song.score, song.clock, song.clock.beats
    sung = [n for line in score.voice if not line.spoken for n in line.notes]
    voiced = {int((n.start + EARLY) // beats) for line in score.voice for n in line.notes}
    carried = [n for part in score.parts if part.tune for n in part.notes]
    played = [n for n in carried if int((n.start + EARLY) // beats) not in voiced]
    spans = [(n.start, n.start + n.length, n.pitch) for n in sung] + [
        (n.start, n.start + n.length, n.pitch) for n in played
    ]
    return sorted((clock.straight(start), clock.straight(end), pitch) for start, end, pitch in spans)


def _contour(own: list[int | None], theirs: list[int | None]) -> float:
    """The share of the steps up and down of one tune that the other takes too, in whatever octave either is."""
    moves = []
    last: tuple[int, int | None] | None = None
    for a, b in zip(own, theirs, strict=True):
        if a is None or (last is not None and a == last[0]):
            continue
        if last is not None:
            moves.append(b is not None and last[1] is not None and (b > last[1]) == (a > last[0]) and b != last[1])
        last = (a, b)
    return float(np.mean(moves)) if moves else 0.0


def _chord(score: Score, beat: float) -> tuple[int, bool] | None:
    for chord in score.chords:
        if chord.start <= beat < chord.start + chord.length:
            return chord.root, (chord.root + 3) % 12 in chord.tones
    return None


def _sounding(tune: list[tuple[float, float, int]], beat: float) -> int | None:
    found = [pitch for start, end, pitch in tune if start - EARLY <= beat < end]
    return found[-1] if found else None


def _strokes(song: Song, drums: tuple[int, ...], begin: float, ratio: float, count: int) -> Steps:
    """(count,): 1 where one of `drums` is struck."""
    struck = np.zeros(count)
    notes: list[Note] = [n for part in song.score.parts if part.stem == "drums" for n in part.notes if n.pitch in drums]
    for note in notes:
        step = round((song.clock.straight(note.start) - begin) / ratio * STEPS)
        if 0 <= step < count:
            struck[step] = 1.0
    return struck


def _cosine(a: Steps, b: Steps) -> float:
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm else 0.0
