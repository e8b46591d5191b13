"""Tunes from motifs: shapes that come back, answer each other and end where the ear waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.harmony import Chords
from engine.studio.compose.rhythm import Beat
from engine.studio.compose.theory import melody_scale

SPAN = 16
# Contours in scale degrees around the middle of the register, from the first note to the last.
SHAPES = (
    (0, 2, 3, 0), (2, 1, 0, -2), (-2, 0, 2, 1), (0, 3, 1, -1), (1, -1, 2, 0), (-1, 2, 0, 1), (3, 2, 0, -1), (0, 0, 2,
    -2),
    (-2, 1, 3, 2), (2, 0, 1, -1),
)  # fmt: skip
CELLS = ((0,), (0, 1), (0, -1), (0, 1, -1), (0, 0, 1), (1, 0, -1, 0), (0, 2, 1), (0, -1, -2), (0, 0, 2, 1))
# Which motif each phrase of a section uses; the letters after the first answer it.
PLANS = {
    "verse": ("ABAC", "AABC", "ABCB", "AABA"), "chorus": ("ABAB", "AABA", "ABAC", "AAAB"), "prechorus": ("AABB",
    "ABAB"),
    "bridge": ("ABCD", "AABC"), "solo": ("ABCD", "ABAC", "AABC"),
}  # fmt: skip
STEP_COST = {0: 0.55, 1: 0.0, 2: 0.0, 3: 0.35, 4: 0.45, 5: 0.9, 7: 1.3, 12: 2.4}
WIDE_COST = 2.2


@dataclass(frozen=True)
class Register:
    """Pitches a tune keeps to: `low` to `high`, moving around `middle`."""

    low: int
    high: int
    middle: float


@dataclass(frozen=True)
class Motif:
    """`shape` and `cell` in scale degrees. `key` names it for its rhythm too."""

    key: tuple[str, ...]
    shape: tuple[int, ...]
    cell: tuple[int, ...]


@dataclass(frozen=True)
class Key:
    """What a tune must know of the song."""

    tonic: int
    minor: bool
    blue: bool


def tessitura(tonic: int, female: bool) -> tuple[int, int]:
    """Sixteen half steps for a voice, so placed that the tonic lies well: near C4 to D5, an octave lower for men."""
    low = 58 + min(((tonic - 58) % 12, (tonic + 5 - 58) % 12, 2))
    low = min(low, 60)
    return (low, low + SPAN) if female else (low - 12, low - 12 + SPAN)


def vocal_register(kind: str, low: int, high: int) -> Register:
    """Choruses sit above verses."""
    lift = {"verse": 5.5, "intro": 5.0, "prechorus": 7.5, "chorus": 10.5, "bridge": 8.5, "outro": 7.0, "solo": 9.0}
    middle = low + lift.get(kind, 6.0)
    floor, ceiling = (low + 3, high) if kind == "chorus" else (low, high - (3 if kind == "verse" else 0))
    return Register(floor, ceiling, middle)


def plan(kind: str, dice: Dice) -> str:
    """The phrase plan of all sections of a kind, such as "ABAC"."""
    return dice.at("plan", kind).choice(PLANS.get(kind, PLANS["verse"]))


def motif(kind: str, letter: str, variation: str, dice: Dice) -> Motif:
    """A motif of a section. `variation` names what is new about it in a later section; "" is how it was first heard."""
    draw = dice.at("motif", kind, letter, variation)
    shape: tuple[int, ...] = draw.choice(SHAPES)
    cell = draw.choice(CELLS)
    if letter != "A" and draw.random() < 0.4:
        # the answer turns the question upside down
        first = dice.at("motif", kind, "A", variation)
        shape = tuple(-degree for degree in first.choice(SHAPES))
    return Motif((kind, letter, variation), shape, cell)


def _target(each: Motif, at: int, count: int, middle: float) -> float:
    """Where the contour wants note number `at`, as a pitch."""
    place = at / max(count - 1, 1) * (len(each.shape) - 1)
    left = min(int(place), len(each.shape) - 2)
    part = place - left
    degree = each.shape[left] * (1 - part) + each.shape[left + 1] * part + each.cell[at % len(each.cell)]
    return middle + degree * 1.75


def pitches(
    each: Motif, beats: Sequence[Beat], start: float, stresses: Sequence[int], register: Register, key: Key,
    chords: Chords,
    clock: Clock, ending: str, before: int | None = None,
) -> tuple[int, ...]:  # fmt: skip
    """A pitch for each beat: near the contour, chord tones where it is strong, small steps between, leaps recovered.

    `ending`: "open" leaves the phrase hanging on a chord tone, "closed" brings it home.
    """
    count = len(beats)
    rows: list[list[tuple[int, float]]] = []
    for at, beat in enumerate(beats):
        chord = chords.at(start + beat.start)
        scale = melody_scale(key.tonic, key.minor, chord, key.blue)
        strength = clock.weight(start + beat.start)
        strong = strength >= 1.3 or stresses[at] > 1 or beat.length * clock.beat_s > 0.55 or at == count - 1
        target = _target(each, at, count, register.middle)
        row = []
        for pitch in range(register.low, register.high + 1):
            if pitch % 12 not in scale or abs(pitch - target) > 7:
                continue
            cost = 0.34 * abs(pitch - target)
            if pitch % 12 not in chord.tones:
                cost += 2.3 if strong else 0.35
                if _rubs(pitch, chord.tones) and strong:
                    cost += 0.8
            if at == count - 1:
                cost += _ending_cost(pitch % 12, ending, key.tonic, chord.tones)
            row.append((pitch, cost))
        rows.append(row or [(min(max(round(target), register.low), register.high), 0.0)])
    return _smoothest(rows, before)


def _rubs(pitch: int, tones: tuple[int, ...]) -> bool:
    return any((pitch - tone) % 12 in (1, 11) for tone in tones)


def _ending_cost(pitch_class: int, ending: str, tonic: int, tones: tuple[int, ...]) -> float:
    if ending == "closed":
        return 0.0 if pitch_class == tonic else (1.0 if pitch_class == tones[0] else 2.2)
    return 0.5 if pitch_class == tonic else 0.0


def _smoothest(rows: Sequence[Sequence[tuple[int, float]]], before: int | None) -> tuple[int, ...]:
    """The cheapest way through `rows` of (pitch, cost): steps are free, leaps cost and must turn back."""
    # the state of a path is its last pitch; the interval that led there is kept beside it
    best: dict[int, tuple[float, int, tuple[int, ...]]] = {
        pitch: (cost + (0.0 if before is None else 0.12 * abs(pitch - before)), 0, (pitch,)) for pitch, cost in rows[0]
    }
    for row in rows[1:]:
        following: dict[int, tuple[float, int, tuple[int, ...]]] = {}
        for pitch, cost in row:
            top: tuple[float, int, tuple[int, ...]] | None = None
            for last, (sofar, came, path) in best.items():
                move = pitch - last
                size = abs(move)
                total = sofar + cost + STEP_COST.get(size, WIDE_COST if size < 12 else 5.0)
                if abs(came) >= 5 and (move * came > 0 or size > 4):
                    total += 1.6
                if move == 0 and came == 0:
                    total += 0.35
                if top is None or total < top[0]:
                    top = (total, move, (*path, pitch))
            if top is not None:
                following[pitch] = top
        best = following
    return min(best.values())[2]


def third_below(pitch: int, chord_tones: tuple[int, ...], scale: frozenset[int], long: bool, low: int) -> int:
    """A second voice under `pitch`: three to five half steps lower, on the chord where the note is long."""
    for distance in (3, 4, 5, 7, 8, 9):
        candidate = pitch - distance
        tones = chord_tones if long else scale
        if candidate % 12 in tones and candidate >= low:
            return candidate
    return pitch - 12 if pitch - 12 >= low else pitch
