"""When syllables are sung: stressed ones on strong beats, in a rhythm that its motif keeps, with room to breathe."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.score import Syllable

# Notes of a grid shorter than this are not sung, spoken or played.
SHORTEST_S = 0.1
EASY_NOTE_S = 0.17
BREATH_S = 0.35
USUAL_S = 0.34
LONGEST_LAST_S = 1.9
# How much each counts in finding the best rhythm.
STRESS = (-0.35, 0.8, 1.6)
TASTE, EVENNESS, ENDING = 0.75, 0.9, 0.8
INSIDE_WORD = 1.4
# What is left of taste and stress where all steps are alike.
UNEVEN = 0.4


@dataclass(frozen=True)
class Beat:
    """A syllable's place: `start` and `length` in beats from the start of its slot."""

    start: float
    length: float


@dataclass(frozen=True)
class Wish:
    """How a phrase wants to move. `key` names the motif, so that phrases of one motif share their rhythm.

    `even`: in steps of one length, as languages of morae are sung.
    """

    key: tuple[str, ...]
    syncopation: float
    even: bool = False


def grids(clock: Clock) -> tuple[float, ...]:
    """Note values in beats, coarse to fine, that can be sung at this tempo."""
    values = (1.0, 2 / 3, 1 / 3, 1 / 6, 1 / 12) if clock.compound else (4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625)
    fitting = tuple(value for value in values if value * clock.beat_s >= SHORTEST_S and value <= 2.0)
    return fitting or (values[0],)


def syllable_beats(
    syllables: tuple[Syllable, ...], start: float, length: float, clock: Clock, wish: Wish, dice: Dice
) -> tuple[Beat, ...]:
    """Places for all `syllables` in a slot that begins at beat `start` of the song. One for each, in order."""
    count = len(syllables)
    breath = min(BREATH_S / clock.beat_s, 0.25 * length)
    room = length - breath
    for grid in grids(clock):
        places = math.floor(room / grid + 1e-6)
        enough = places >= count * 1.15 or (grid * clock.beat_s < 1.6 * SHORTEST_S and places >= count)
        if enough and (grid * clock.beat_s <= USUAL_S * 1.3 or count <= 2):
            starts = _best(syllables, start, places, grid, room, clock, wish, dice)
            return _lengths(starts, length, breath, clock)
    return evenly(count, length, clock)


def evenly(count: int, length: float, clock: Clock) -> tuple[Beat, ...]:
    """Places off the grid, for lines that no grid holds."""
    breath = min(BREATH_S / clock.beat_s, 0.25 * length)
    step = (length - breath) / max(count, 1)
    return _lengths(tuple(step * at for at in range(count)), length, breath, clock)


def inside_words(syllables: tuple[Syllable, ...]) -> tuple[bool, ...]:
    """For each syllable whether it goes on with the word of the one before."""
    return tuple(at > 0 and syllables[at].word == syllables[at - 1].word for at in range(len(syllables)))


def _best(
    syllables: tuple[Syllable, ...],
    start: float,
    places: int,
    grid: float,
    room: float,
    clock: Clock,
    wish: Wish,
    dice: Dice,
) -> tuple[float, ...]:
    """The grid places with the highest sum of merits: metre and stress, taste of the motif, evenness."""
    count = len(syllables)
    draw = dice.at("rhythm", *wish.key, grid)
    liking = TASTE * (UNEVEN if wish.even else 1.0)
    taste = [draw.uniform(-liking, liking) for _ in range(places + 1)]
    lead_in = draw.choice((0.0, 0.0, 0.5, 1.0)) if room * clock.beat_s > count * USUAL_S + 1 else 0.0
    weights = [clock.weight(start + at * grid) for at in range(places)]
    for at in range(places):
        # an off-beat just before a strong beat is where syncopated singing leans
        if weights[at] <= 0.5 and clock.weight(start + (at + 1) * grid) >= 2:
            weights[at] += wish.syncopation * 1.8
    ideal = max(1.0, min(USUAL_S / clock.beat_s / grid, (places - 1) / max(count - 1, 1) * 0.9))
    widest = max(2, math.ceil(ideal * 2.5))
    first = round(lead_in / grid)
    stresses = tuple(STRESS[min(syllable.stress, 2)] * (UNEVEN if wish.even else 1.0) for syllable in syllables)
    if len({syllable.stress for syllable in syllables}) == 1:
        # no stresses, or nothing but stresses: the language has none
        stresses = (0.5,) * count
    inside = inside_words(syllables)
    best = [-1e9] * places
    for at in range(min(places - count + 1, max(1, first + round(1.5 / grid)))):
        best[at] = stresses[0] * weights[at] + taste[at] - 0.5 * abs(at - first) * grid
    origins: list[list[int]] = []
    evenness = EVENNESS / UNEVEN if wish.even else EVENNESS
    costs = [0.0] + [evenness * math.log2(gap / ideal) ** 2 for gap in range(1, widest + 1)]
    long_inside = [INSIDE_WORD * max(0.0, gap * grid * clock.beat_s - 0.6) for gap in range(widest + 1)]
    for number in range(1, count):
        row, origin = [-1e9] * places, [0] * places
        latest = places - (count - 1 - number)
        final = ENDING if number == count - 1 else 0.0
        for at in range(number, latest):
            merit = (stresses[number] + final) * weights[at] + taste[at]
            top, source = -1e9, 0
            for gap in range(1, min(widest, at) + 1):
                value = best[at - gap] - costs[gap] - (long_inside[gap] if inside[number] else 0.0)
                if value > top:
                    top, source = value, at - gap
            row[at], origin[at] = top + merit, source
        best = row
        origins.append(origin)
    at = max(range(places), key=lambda place: best[place])
    path = [at]
    for origin in reversed(origins):
        at = origin[at]
        path.append(at)
    return tuple(place * grid for place in reversed(path))


def _lengths(starts: tuple[float, ...], length: float, breath: float, clock: Clock) -> tuple[Beat, ...]:
    """Notes that reach to the next one; a rest where the next is far; a last note that is held and let go."""
    result = []
    longest = max(1.2, 0.9 / clock.beat_s)
    for at, start in enumerate(starts):
        if at + 1 < len(starts):
            span = starts[at + 1] - start
            result.append(Beat(start, min(span, longest)))
        else:
            held = min(length - breath * 0.6 - start, LONGEST_LAST_S / clock.beat_s)
            result.append(Beat(start, max(held, 0.05 / clock.beat_s)))
    return tuple(result)


@lru_cache(maxsize=256)
def invented(count: int, seed: int) -> tuple[Syllable, ...]:
    """Syllables for an instrument to play: stresses in twos and threes."""
    draw = Dice(seed).at("invented", count)
    stresses: list[int] = []
    while len(stresses) < count:
        stresses += draw.choice(((2, 0), (1, 0), (2, 0, 0), (2, 1), (0, 2)))
    return tuple(Syllable(word, stress) for word, stress in enumerate(stresses[:count]))
