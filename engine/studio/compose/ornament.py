"""Melisma: one syllable over several notes, where a genre sings so."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from engine.studio.compose.clock import Clock
from engine.studio.compose.harmony import Chords
from engine.studio.compose.melody import Key, Register
from engine.studio.compose.theory import melody_scale
from engine.studio.score import SungNote

# A note is long enough for a turn, and for a run, from so many seconds on.
TURN_FROM_S, RUN_FROM_S = 0.8, 1.0
# Genres of at least this much melisma also turn inside a line and run down at its end.
RICH = 0.2
INSIDE_CHANCE = 0.6
RUN_NOTE_S = 0.14
LONGEST_RUN = 4


def ornamented(
    notes: Sequence[SungNote], register: Register, key: Key, chords: Chords, chance: float, clock: Clock,
    draw: random.Random,
) -> list[SungNote]:  # fmt: skip
    """`notes`, long ones now and then reached through a neighbour on the same syllable, or left by a run.

    `chance` is the genre's melisma. Where it is rich, notes inside the line have turns too.
    """
    made: list[SungNote] = []
    for at, note in enumerate(notes):
        seconds = note.length * clock.beat_s
        last = at == len(notes) - 1
        wanted = chance if last else chance * INSIDE_CHANCE if chance >= RICH else 0.0
        if seconds < TURN_FROM_S or not wanted or draw.random() >= wanted:
            made.append(note)
            continue
        scale = melody_scale(key.tonic, key.minor, chords.at(note.start), key.blue)
        if last and chance >= RICH and seconds >= RUN_FROM_S and draw.random() < chance:
            made += _run(note, scale, register, clock, draw)
        else:
            made += _turn(note, scale, register, clock)
    return made


def _turn(note: SungNote, scale: frozenset[int], register: Register, clock: Clock) -> list[SungNote]:
    near = [note.pitch + step for step in (2, 1, -1, -2) if (note.pitch + step) % 12 in scale]
    near = [pitch for pitch in near if register.low <= pitch <= register.high]
    if not near:
        return [note]
    turn = min(0.3 * note.length, 0.3 / clock.beat_s)
    return [
        replace(note, length=turn, pitch=near[0]),
        replace(note, start=note.start + turn, length=note.length - turn),
    ]


def _run(
    note: SungNote, scale: frozenset[int], register: Register, clock: Clock, draw: random.Random
) -> list[SungNote]:
    """A quick way down, or up, to the note, on the steps of the scale."""
    step = 1 if draw.random() < 0.7 else -1
    pitches = [note.pitch]
    while len(pitches) < draw.randint(3, LONGEST_RUN):
        following = next(p for d in (1, 2, 3, 4) if (p := pitches[-1] + step * d) % 12 in scale)
        if not register.low <= following <= register.high:
            break
        pitches.append(following)
    length = min(RUN_NOTE_S / clock.beat_s, 0.4 * note.length / max(len(pitches) - 1, 1))
    start, made = note.start, []
    for pitch in reversed(pitches[1:]):
        made.append(replace(note, start=start, length=length, pitch=pitch))
        start += length
    return [*made, replace(note, start=start, length=note.start + note.length - start)]
