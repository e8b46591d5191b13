"""Words on the tune of a source: which lyric lines its sections sing, and on which of its notes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from engine.studio.compose.brief import Singer
from engine.studio.compose.clock import Clock
from engine.studio.compose.form import Form, Slot, Stretch
from engine.studio.compose.melody import tessitura
from engine.studio.compose.register import octaves, within
from engine.studio.edits.room import laid
from engine.studio.edits.words import fitted
from engine.studio.score import LyricLine, Note, SungLine, SungNote

# Where a tune pauses so long a line may end, and where it hardly does it costs this much.
PAUSE_S, UNPAUSED = 0.45, 1.6
# What it costs for a line to have more or fewer notes than syllables, per factor e.
UNEVEN = 1.0
# A line never gets more notes than this, or so many times its syllables; nor does it last longer.
MOST_NOTES, MOST_TIMES, LONGEST_S = 10, 2, 9.0
# Seconds that a syllable and a breath want, and what it costs to have less.
EASY_S, BREATH_S, CROWDED = 0.17, 0.3, 2.0
# A tune of fewer notes for each syllable can't carry the words of a section.
FEWEST = 0.5
# A section of another kind than the words are for, and one section more or less than there are words for.
OTHER_KIND, TOGETHER, PLAYED = 1.0, 1.5, 3.0
UNSUNG = frozenset({"intro", "outro", "solo", "break"})
# How far beyond its comfortable range a voice follows a tune.
REACH = 4


@dataclass(frozen=True)
class Verse:
    """Lines that belong together, by number, and what kind of section they were written for."""

    kind: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Placed:
    """Where a line is sung, and on which notes of the source, in beats of the straight grid; None where on new ones."""

    slot: Slot
    tune: SungLine | None


def on_tune(
    lines: Sequence[LyricLine], form: Form, notes: Mapping[int, Sequence[Note]], clock: Clock
) -> tuple[tuple[Placed, ...], int]:
    """Every line on phrases of the tune in a section that suits it, and how many lines found no room.

    A chorus without words of its own sings those of the one before; so does what is left of a long section.
    """
    verses = _verses(lines)
    places: list[Placed] = []
    missing = 0
    for stretch, words in _matched(form.stretches, verses, lines, clock):
        bars = range(stretch.start_bar, stretch.start_bar + stretch.bars)
        begin, end = float(bars.start * clock.beats), min(float(bars.stop * clock.beats), clock.last)
        own = [note for bar in bars for note in notes.get(bar, ()) if note.start < end - 1e-6]
        numbers = [number for verse in words for number in verse.lines]
        made = _on_phrases(numbers, lines, own, end, clock)
        if made is None:
            slots, left = laid([lines[number] for number in numbers], 0, (begin, end), clock)
            made = [Placed(replace(slot, line=numbers[slot.line]), None) for slot in slots]
            missing += left
        places += made
    return tuple(places), missing


def fit_to(lines: Sequence[SungLine], singer: Singer, tonic: int) -> tuple[SungLine, ...]:
    """`lines` in the octaves that suit a voice; the few notes that it can't reach there lie an octave off.

    What different singers sang is looked at apart.
    """
    low, high = tessitura(tonic, singer != "male")
    low, high = low - REACH, high + REACH
    made = list(lines)
    for who in sorted({line.singer for line in lines}):
        own = [at for at, line in enumerate(lines) if line.singer == who]
        moves = octaves([[(note.pitch, note.length) for note in lines[at].notes] for at in own], low, high)
        for at, by in zip(own, moves, strict=True):
            notes = (replace(note, pitch=within(note.pitch + by, low, high)) for note in lines[at].notes)
            made[at] = replace(lines[at], notes=tuple(notes))
    return tuple(made)


def _verses(lines: Sequence[LyricLine]) -> list[Verse]:
    found = []
    for section, members in groupby(enumerate(lines), key=lambda item: item[1].section):
        numbers = tuple(at for at, line in members if line.syllables and not line.echo)
        if numbers:
            found.append(Verse(section.rstrip("0123456789 ") or "verse", numbers))
    return found


def _matched(
    stretches: Sequence[Stretch], verses: Sequence[Verse], lines: Sequence[LyricLine], clock: Clock
) -> Iterator[tuple[Stretch, list[Verse]]]:
    """Which verses each section sings, in order. Choruses that are left over sing the chorus before them again."""
    able = [stretch for stretch in stretches if not stretch.final or len(stretches) == 1]
    if not able or not verses:
        return
    needs = [sum(len(lines[at].syllables) * EASY_S + BREATH_S for at in verse.lines) for verse in verses]
    # the cheapest way to give all verses to sections, in order
    best: dict[int, tuple[float, tuple[int, ...]]] = {-1: (0.0, ())}
    for verse in verses:
        row: dict[int, tuple[float, tuple[int, ...]]] = {}
        for at, stretch in enumerate(able):
            alien = OTHER_KIND * (stretch.kind != verse.kind)
            alien += PLAYED * ((stretch.kind in UNSUNG) != (verse.kind in UNSUNG))
            ways = []
            for before, (cost, path) in best.items():
                if before > at:
                    continue
                passed = sum(_passed(between) for between in able[before + 1 : at])
                need = sum(need for need, place in zip(needs, (*path, at), strict=False) if place == at)
                crowd = CROWDED * max(0.0, need / (stretch.bars * clock.bar_s) - 1)
                ways.append((cost + alien + passed + crowd + TOGETHER * (before == at), (*path, at)))
            if ways:
                row[at] = min(ways)
        best = row
    path = min((cost + sum(map(_passed, able[at + 1 :])), path) for at, (cost, path) in best.items())[1]
    chorus: Verse | None = None
    for at, stretch in enumerate(able):
        own = [verse for verse, place in zip(verses, path, strict=True) if place == at]
        if not own and stretch.kind == "chorus" and chorus is not None:
            own = [chorus]
        if own:
            chorus = next((verse for verse in reversed(own) if verse.kind == "chorus"), chorus)
            yield stretch, own


def _passed(stretch: Stretch) -> float:
    """What it costs that nobody sings in a section."""
    return 0.0 if stretch.kind in UNSUNG else 0.3 if stretch.kind == "chorus" else 0.6


def _on_phrases(
    numbers: Sequence[int], lines: Sequence[LyricLine], notes: Sequence[Note], end: float, clock: Clock
) -> list[Placed] | None:
    """The lines on consecutive notes, over and over while there are enough; None where the tune has too few."""
    needed = sum(len(lines[number].syllables) for number in numbers)
    if len(notes) < FEWEST * needed or len(notes) < len(numbers):
        return None
    made: list[tuple[int, Sequence[Note]]] = []
    rest = list(notes)
    while not made or len(rest) >= needed:
        parts = _parted([len(lines[number].syllables) for number in numbers], rest, clock)
        if parts is None:
            break
        made += zip(numbers, (rest[left:right] for left, right in parts), strict=True)
        rest = rest[parts[-1][1] :]
    if not made:
        return None
    begins = [float(math.floor(own[0].start + 1e-6)) for _, own in made]
    placed = []
    for (number, own), begin, until in zip(made, begins, [*begins[1:], end], strict=True):
        last = own[-1].start + own[-1].length
        slot = Slot(number, begin, max(1.0, min(until, last + clock.beats / 2) - begin))
        tune = SungLine(number, tuple(SungNote(n.start, n.length, n.pitch, at) for at, n in enumerate(own)))
        placed.append(Placed(slot, fitted(tune, lines[number], number, clock)))
    return placed


def _parted(counts: Sequence[int], notes: Sequence[Note], clock: Clock) -> list[tuple[int, int]] | None:
    """Which notes each of the lines, of so many syllables, is sung on: phrases of the tune, as even as they allow."""
    pauses = [_pause(notes, at, clock) for at in range(len(notes) + 1)]
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, (0,))}
    for count in counts:
        row: dict[int, tuple[float, tuple[int, ...]]] = {}
        most = max(MOST_NOTES, MOST_TIMES * count)
        for begin, (cost, path) in best.items():
            for end in range(begin + 1, min(begin + most, len(notes)) + 1):
                total = cost + UNEVEN * abs(math.log((end - begin) / count)) + pauses[end]
                last = notes[end - 1].start + notes[end - 1].length
                span = ((notes[end].start if end < len(notes) else last) - notes[begin].start) * clock.beat_s
                total += max(0.0, span - LONGEST_S) + CROWDED * max(0.0, count * EASY_S / span - 1)
                if end not in row or total < row[end][0]:
                    row[end] = (total, (*path, end))
        best = row
    if not best:
        return None
    path = min(best.values())[1]
    return [*pairwise(path)]


def _pause(notes: Sequence[Note], at: int, clock: Clock) -> float:
    """What it costs to end a line before note number `at`."""
    if at in (0, len(notes)):
        return 0.0
    gap = (notes[at].start - notes[at - 1].start - notes[at - 1].length) * clock.beat_s
    # held notes are where people breathe when nothing else lets them
    held = min(notes[at - 1].length * clock.beat_s, 1.0) / 4
    strong = 0.2 * (clock.weight(notes[at].start) >= 1)
    return max(0.0, UNPAUSED * (1 - max(0.0, gap) / PAUSE_S) - held - strong)
