"""Rapping: the syllables of a line on the grid of its flow, with the rhyme on the last beat, and a melody of speech."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.flow import LINES_OF_FLOW, PICKUP, QUICKEST, SLOWEST, Flow, after_rhyme
from engine.studio.compose.form import Slot
from engine.studio.compose.rhythm import Beat, evenly, inside_words
from engine.studio.compose.theory import scale_of
from engine.studio.score import LyricLine

BREATH_S = 0.15
LONGEST_NOTE_S, LAST_NOTE_S, SHORTEST_LAST_S = 0.34, 0.42, 0.08
# What each counts in finding the places: stressed syllables on accents, the metre, an even stride, whole words.
STRESS = (-0.3, 0.5, 1.0)
METRE, EVENNESS, INSIDE_WORD, BETWEEN_PHRASES = 0.5, 1.1, 1.5, 0.6
# The rhyme falls on the last beat, or leans into it.
LANDING = ((0.0, 9.0), (-0.5, 4.0), (0.5, 2.0), (-1.0, 1.5))


def rapped(
    line: LyricLine, slot: Slot, free: float | None, flow: Flow, clock: Clock, dice: Dice, key: tuple[object, ...]
) -> tuple[Beat, ...]:
    """All syllables where they sound, in beats of the song; a pick-up may begin before the slot, but not at `free`.

    The stressed syllable of the last word falls on the last beat of the slot's last bar where there is room for it.
    """
    count = len(line.syllables)
    earliest = max(-PICKUP, -slot.start)
    if free is not None:
        earliest = max(earliest, free + BREATH_S / clock.beat_s - slot.start)
    late = clock.late(flow.late_ms)
    for parts in _finer(flow.parts, clock):
        grid = 1.0 / parts
        if grid * clock.beat_s < 1 / (QUICKEST + 1.5) and parts != flow.parts:
            break
        first = math.ceil(earliest / grid - 1e-6)
        last = math.floor((slot.length - max(0.25, SHORTEST_LAST_S / clock.beat_s)) / grid + 1e-6)
        if (last - first + 1) >= count * 1.1:
            places = _best(line, slot, first, last, grid, flow, clock, dice, key)
            sounding = [slot.start + place * grid for place in places]
            return _lengths([beat + late for beat in _swung(sounding, parts, clock)], slot, clock)
    begin = max(slot.start, free or 0.0)
    return tuple(
        Beat(begin + each.start, each.length) for each in evenly(count, slot.start + slot.length - begin, clock)
    )


def _swung(beats: Sequence[float], parts: int, clock: Clock) -> list[float]:
    """`beats` in the song's swing; straight where thirds have no off-beat, or where it would hurry the tongue."""
    swung = [clock.swung(beat) for beat in beats]
    quickest = min((right - left for left, right in pairwise(swung)), default=math.inf) * clock.beat_s
    return list(beats) if parts % 3 == 0 or quickest < 1 / (QUICKEST + 1.5) else swung


def _finer(parts: int, clock: Clock) -> tuple[int, ...]:
    """The flow's own grid first, then finer ones for lines with many words."""
    if clock.compound:
        own = {4: 6, 8: 12}.get(parts, parts)
        return tuple(sorted({own, 6, 12} - {each for each in (6, 12) if each < own}))
    return tuple(sorted({parts, *(each for each in (4, 6, 8) if each > parts)}))


def _best(
    line: LyricLine, slot: Slot, first: int, last: int, grid: float, flow: Flow, clock: Clock, dice: Dice,
    key: tuple[object, ...],
) -> list[int]:  # fmt: skip
    """Grid places from `first` to `last` with the highest sum of merits."""
    count = len(line.syllables)
    draw = dice.at("rap", *key, line.text)
    taste = {place: draw.uniform(-0.4, 0.4) for place in range(first, last + 1)}
    rhyme = rhyme_of(line)
    landing = slot.length - after_rhyme(slot.length)
    ideal = max(1.0, min(1.0 / flow.pace, 1 / SLOWEST / clock.beat_s) / grid)
    # long lines are denser, not cut
    ideal = max(1.0, min(ideal, (landing / grid - first) / max(rhyme, 1)))
    widest = max(2, math.ceil(ideal * 2.5))
    stressless = not any(syllable.stress for syllable in line.syllables)
    stresses = [0.3 if stressless else STRESS[min(syllable.stress, 2)] for syllable in line.syllables]
    inside = inside_words(line.syllables)
    phrases = _phrases(line)
    weights = {place: _weight(place * grid + slot.start, flow, clock) for place in range(first, last + 1)}

    def merit(number: int, place: int) -> float:
        value = stresses[number] * weights[place] + taste[place]
        if number == rhyme:
            value += max((much for off, much in LANDING if abs(place * grid - landing - off) < 1e-6), default=0.0)
            value -= 0.8 * max(0.0, abs(place * grid - landing) - 1.0)
        return value

    def cost(gap: int, number: int) -> float:
        value = EVENNESS * math.log2(gap / ideal) ** 2
        if inside[number]:
            value += INSIDE_WORD * max(0.0, gap - ideal)
        elif number in phrases and gap > ideal:
            value -= BETWEEN_PHRASES
        return value

    best = {place: merit(0, place) - 0.25 * max(0.0, -place * grid) for place in range(first, last + 2 - count)}
    origins: list[dict[int, int]] = []
    for number in range(1, count):
        row: dict[int, float] = {}
        origin: dict[int, int] = {}
        for place in range(first + number, last + 2 - (count - number)):
            ways = [
                (best[place - gap] - cost(gap, number), place - gap)
                for gap in range(1, widest + 1)
                if place - gap in best
            ]
            if ways:
                value, source = max(ways)
                row[place], origin[place] = value + merit(number, place), source
        best = row
        origins.append(origin)
    place = max(best, key=lambda each: best[each])
    path = [place]
    for origin in reversed(origins):
        place = origin[place]
        path.append(place)
    return path[::-1]


def _weight(beat: float, flow: Flow, clock: Clock) -> float:
    """How welcome a stressed syllable is at `beat`: the flow's accents, and a little of the metre."""
    parts = flow.parts
    cycle = len(flow.accents)
    place = beat * parts
    near = round(place)
    accent = flow.accents[near % cycle] if abs(place - near) < 1e-3 else 0.4
    return accent + METRE * clock.weight(beat)


def rhyme_of(line: LyricLine) -> int:
    """The syllable that rhymes: the last stressed one of the last word, or simply the last."""
    syllables = line.syllables
    word = syllables[-1].word
    own = [at for at, syllable in enumerate(syllables) if syllable.word == word]
    return next((at for at in reversed(own) if syllables[at].stress), len(syllables) - 1)


def _phrases(line: LyricLine) -> frozenset[int]:
    """Syllables that begin after a comma or the like."""
    return frozenset(
        at
        for at, syllable in enumerate(line.syllables)
        if at and syllable.word != line.syllables[at - 1].word and line.words[syllable.word - 1][-1:] in ",;:.!?-–—…"
    )


def _lengths(starts: Sequence[float], slot: Slot, clock: Clock) -> tuple[Beat, ...]:
    longest, final = LONGEST_NOTE_S / clock.beat_s, LAST_NOTE_S / clock.beat_s
    ends = [min(right - left, longest) for left, right in pairwise(starts)]
    room = slot.start + slot.length - BREATH_S / clock.beat_s - starts[-1]
    ends.append(max(min(final, room), SHORTEST_LAST_S / clock.beat_s))
    return tuple(Beat(start, length) for start, length in zip(starts, ends, strict=True))


def speech(
    line: LyricLine, flow: Flow, number: int, low: int, brief: Brief, dice: Dice, key: tuple[object, ...]
) -> tuple[int, ...]:
    """A few low pitches of the song's scale: the flow's contour with stresses lifted; lines ask and answer in turn."""
    draw = dice.at("speech", *key, number // LINES_OF_FLOW)
    base = low + 3 + draw.choice((0, 0, 1, 2))
    turn = draw.randrange(len(flow.contour))
    scale = frozenset((brief.tonic + step) % 12 for step in scale_of(brief.minor))
    rhyme = rhyme_of(line)
    found = []
    for at, syllable in enumerate(line.syllables):
        pitch = base + flow.contour[(at + turn) % len(flow.contour)] + (2 if syllable.stress > 1 else 0)
        if at >= rhyme:
            pitch = base + (3 if number % 2 == 0 else -3)
        found.append(_into(pitch, scale))
    return tuple(found)


def _into(pitch: int, scale: frozenset[int]) -> int:
    """The pitch of `scale` that is nearest to `pitch`."""
    return min(range(pitch - 2, pitch + 3), key=lambda near: (near % 12 not in scale, abs(near - pitch), near))
