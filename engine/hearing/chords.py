"""The chords of a recording: pitch classes and bass of every beat against templates, the likeliest way through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.hearing.chroma import Pitches, between
from engine.hearing.tonality import voices
from engine.hearing.transcript import HeardChord, Pulse, Tonality
from engine.studio.compose.theory import note_name, scale_of

Values = NDArray[np.float64]

# Steps above the root, by what is written behind the root's letter, and how much less likely each is than a triad.
KINDS: dict[str, tuple[tuple[int, ...], float]] = {
    "": ((0, 4, 7), 0.0),
    "m": ((0, 3, 7), 0.0),
    "7": ((0, 4, 7, 10), 0.5),
    "maj7": ((0, 4, 7, 11), 0.5),
    "m7": ((0, 3, 7, 10), 0.5),
    "dim": ((0, 3, 6), 1.0),
    "sus4": ((0, 5, 7), 1.0),
}
CHORDS = tuple((root, name) for root in range(12) for name in KINDS)
SEVENTH = 0.7
# What a whole likeness is worth in log odds, and the bass's share of it: its root, fifth and third.
WORTH, ROOT, FIFTH, THIRD = 8.0, 0.6, 0.25, 0.2
# A chord of the key is so much likelier, where the key is sure.
IN_KEY = 1.2
# What it costs to change chord inside a bar, in its middle, and on the bar line.
INSIDE, MIDDLE, ON_LINE = 6.0, 4.0, 1.5
# Likeness below which no chord is heard.
NONE = 0.55
# What makes shares of the odds into shares of right chords, as fitted to songs we know.
CALIBRATION = 5
# Pitch classes that sound in a note alone and in a fifth with what is around it.
ALONE, TOGETHER = 1.2, 2.2
# A bar shorter than this is one chord or less.
SHORTEST_S = 0.25


def chords(pitches: Pitches, pulse: Pulse, tonality: Tonality, duration: float) -> tuple[HeardChord, ...]:
    """Chords from 0 to `duration`, anew at every bar line, "N" where none is heard. Changes fall on beats.

    Viterbi decoding of templates over beats (Sheh and Ellis 2003, Mauch and Dixon 2010).
    """
    if duration <= 0:
        return ()
    edges = _edges(pulse, duration)
    likeness = _likeness(pitches, edges)
    odds = WORTH * likeness + _usual(tonality)
    odds = np.concatenate((odds, np.full((len(odds), 1), WORTH * NONE)), axis=1)
    sure = _sureness(odds)
    # A note alone is hardly a chord.
    many = (voices(between(pitches.chords(), list(edges))) - ALONE) / (TOGETHER - ALONE)
    sure[:, :-1] *= np.clip(many, 0, 1)[:, None]
    path = _path(odds, _costs(pulse, edges))
    made: list[HeardChord] = []
    bars = np.asarray(pulse.bars)
    for at, chord in enumerate(path):
        start, end = float(edges[at]), float(edges[at + 1])
        heard = _chord(start, end, chord, float(sure[at, chord]), tonality)
        line = bool(len(bars)) and float(np.abs(bars - start).min()) < 1e-3
        if made and not line and made[-1].name == heard.name:
            before = made[-1]
            share = (end - start) / (end - before.start)
            made[-1] = replace(before, end=end, confidence=(1 - share) * before.confidence + share * heard.confidence)
        else:
            made.append(heard)
    return tuple(replace(chord, confidence=round(chord.confidence, 3)) for chord in made)


def _chord(start: float, end: float, chord: int, confidence: float, tonality: Tonality) -> HeardChord:
    if chord == len(CHORDS):
        return HeardChord(start, end, None, (), "N", confidence)
    root, kind = CHORDS[chord]
    tones = tuple((root + step) % 12 for step in KINDS[kind][0])
    return HeardChord(start, end, root, tones, note_name(root, tonality.tonic, tonality.minor) + kind, confidence)


def _edges(pulse: Pulse, duration: float) -> Values:
    """Beats from 0 to the end; those too near the last are left out."""
    times = [0.0]
    for beat in sorted({*pulse.beats, *pulse.bars}):
        if beat - times[-1] >= min(SHORTEST_S, 30.0 / pulse.bpm) and duration - beat >= 0.05:
            times.append(beat)
    return np.asarray([*times, duration])


def _likeness(pitches: Pitches, edges: Values) -> Values:
    """(beats, chords): how well each chord's tones and bass explain each beat, at most about 1."""
    above, below = (
        between(classes, list(edges)).astype(np.float64) for classes in (pitches.chords(), pitches.basses())
    )
    above /= np.maximum(np.linalg.norm(above, axis=1, keepdims=True), 1e-9)
    below /= np.maximum(np.linalg.norm(below, axis=1, keepdims=True), 1e-9)
    templates = np.zeros((len(CHORDS), 12))
    basses = np.zeros((len(CHORDS), 12))
    for number, (root, kind) in enumerate(CHORDS):
        steps = KINDS[kind][0]
        for place, step in enumerate(steps):
            templates[number, (root + step) % 12] = 1.0 if place < 3 else SEVENTH
        for step, weight in zip(steps, (ROOT, THIRD, FIFTH), strict=False):
            basses[number, (root + step) % 12] = weight
    templates -= templates.mean(axis=1, keepdims=True)
    templates /= np.linalg.norm(templates, axis=1, keepdims=True)
    return np.asarray(above @ templates.T + (below - below.mean(axis=1, keepdims=True)) @ basses.T, np.float64)


def _usual(tonality: Tonality) -> Values:
    """(chords,): log odds of each chord before anything is heard."""
    # In minor the leading note belongs to the key too.
    steps = (*scale_of(tonality.minor), 11)
    scale = {(tonality.tonic + step) % 12 for step in steps}
    odds = np.zeros(len(CHORDS))
    for number, (root, kind) in enumerate(CHORDS):
        tones, rarer = KINDS[kind]
        inside = all((root + tone) % 12 in scale for tone in tones[:3])
        odds[number] = IN_KEY * tonality.confidence * inside - rarer
    return odds


def _costs(pulse: Pulse, edges: Values) -> Values:
    """What a change costs at each beat."""
    costs = np.full(len(edges) - 1, INSIDE)
    bars = np.asarray(pulse.bars)
    if not len(bars):
        return costs
    middles = (bars[1:] + bars[:-1]) / 2
    near = 0.1 * pulse.bar_s
    for at, time in enumerate(edges[:-1]):
        if np.abs(bars - time).min() < 1e-3:
            costs[at] = ON_LINE
        elif len(middles) and np.abs(middles - time).min() < near:
            costs[at] = MIDDLE
    return costs


def _path(odds: Values, costs: Values) -> Sequence[int]:
    """The likeliest chord of each beat, where every change costs."""
    best = odds[0]
    came: list[NDArray[np.int64]] = []
    for here, cost in zip(odds[1:], costs[1:], strict=True):
        changed = float(best.max()) - cost
        stays = best >= changed
        came.append(np.where(stays, np.arange(len(best)), int(best.argmax())))
        best = np.where(stays, best, changed) + here
    path = [int(best.argmax())]
    for before in reversed(came):
        path.append(int(before[path[-1]]))
    return path[::-1]


def _sureness(odds: Values) -> Values:
    """(beats, chords): how often a chord that was so much likelier than the others was right in songs we know."""
    likely = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(1 - (1 - likely / likely.sum(axis=1, keepdims=True)) ** CALIBRATION, np.float64)
