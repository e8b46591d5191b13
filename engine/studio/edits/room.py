"""Room for the voice in a part of a song: which lines lie in it, and where new ones are sung."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.spec import Notice
from engine.studio.compose.clock import Clock
from engine.studio.compose.form import Form, Slot
from engine.studio.edits.parent import Parent
from engine.studio.edits.splice import Span
from engine.studio.score import LyricLine, Score, SungLine

# Between a line that stays and a new one.
APART_S = 0.03
# A line is heard so near to the place where it is written.
BESIDE_S = 0.5
SHORTEST_S = 0.5
# Seconds a syllable, and for the breath: what is easy to sing, and what can still be understood.
PACES = ((0.2, 0.4), (0.15, 0.2), (0.105, 0.08))
BARS_OF_LINE = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
BROAD_S = 7.6


@dataclass(frozen=True)
class Heard:
    """A line of the lead voice, and from when to when it sounds, in seconds."""

    line: SungLine
    start: float
    end: float


def heard(parent: Parent) -> tuple[Heard, ...]:
    """Every line of the song's lead voice that sounds, in the order of time; none where nobody could sing."""
    score, times = parent.score, list(parent.kept.lines)
    found = []
    for line in score.voice:
        begins = score.seconds(line.notes[0].start)
        near = [time for time in times if abs(time.start - begins) < BESIDE_S]
        if near:
            time = min(near, key=lambda time: abs(time.start - begins))
            times.remove(time)
            found.append(Heard(line, time.start, time.end))
    return tuple(found)


def inside(parent: Parent, span: Span) -> tuple[Heard, ...]:
    """The lines that are heard in `span` and nowhere else."""
    first = -math.inf if span.start <= 0 else span.start
    last = math.inf if span.end >= parent.length else span.end
    return tuple(each for each in heard(parent) if first <= each.start and each.end <= last)


def between(parent: Parent, span: Span) -> Span | None:
    """The part of `span` that lines across its borders leave to new ones; None where that is too little."""
    own = inside(parent, span)
    start = max([span.start, *(x.end + APART_S for x in heard(parent) if x.start < span.start < x.end)])
    end = min([span.end, *(x.start - APART_S for x in heard(parent) if x.start < span.end < x.end)])
    if own:
        start, end = min(start, own[0].start), max(end, own[-1].end)
    return Span(start, end) if end - start >= SHORTEST_S else None


def sung_across(parent: Parent, span: Span) -> list[Notice]:
    """What people should know of lines that are sung on though nobody shall sing in `span`: no word is cut in two."""
    lines = [line for line in heard(parent) if line.start < span.end and line.end > span.start]
    count = len(lines) - len(inside(parent, span))
    return [Notice(code="lines_across", params={"count": count})] if count else []


def beats_of(score: Score, span: Span) -> tuple[float, float]:
    """`span` in beats of the score."""
    return score.origin + span.start / score.beat_s, score.origin + span.end / score.beat_s


def own_slots(form: Form, lines: Sequence[SungLine]) -> tuple[Slot, ...]:
    """The slots that `lines` are sung in."""
    return tuple(slot for stretch in form.stretches for slot in stretch.slots if any(_sings(slot, x) for x in lines))


def with_slots(form: Form, without: Sequence[Slot], slots: Sequence[Slot], clock: Clock) -> Form:
    """`form` with `slots` in the place of those `without`; each belongs to the section it begins in."""
    stretches = []
    for at, stretch in enumerate(form.stretches):
        begin = float(stretch.start_bar * clock.beats) if at else -math.inf
        end = form.stretches[at + 1].start_bar * clock.beats if at + 1 < len(form.stretches) else math.inf
        own = [slot for slot in stretch.slots if slot not in without]
        own += [slot for slot in slots if begin <= slot.start < end]
        stretches.append(replace(stretch, slots=tuple(sorted(own, key=lambda slot: slot.start))))
    return Form(tuple(stretches))


def unsung(form: Form) -> Form:
    """`form` as an instrumental has it."""
    return Form(tuple(replace(stretch, slots=()) for stretch in form.stretches))


def sung_in(form: Form, voice: Sequence[SungLine], slots: Sequence[Slot]) -> tuple[SungLine, ...]:
    """The lines of `slots`, of a voice that was composed for all of `form`."""
    every = (slot for stretch in form.stretches for slot in stretch.slots)
    return tuple(line for slot, line in zip(every, voice, strict=True) if slot in slots and line.notes)


def beside(lead: Sequence[SungLine], backing: Sequence[SungLine]) -> tuple[SungLine, ...]:
    """What the second voice sings together with lines of the first."""
    places = {(line.line, line.notes[0].start) for line in lead}
    return tuple(line for line in backing if line.notes and (line.line, line.notes[0].start) in places)


def beneath(lead: Sequence[SungLine], voice: Sequence[SungLine], backing: Sequence[SungLine]) -> tuple[SungLine, ...]:
    """Everything the second voice sings to `lead`, lines of the first `voice`: along with them, and in answer."""
    starts = sorted(line.notes[0].start for line in voice if line.notes)
    own = {line.notes[0].start for line in lead if line.notes}
    return tuple(
        line
        for line in backing
        if line.notes and max((start for start in starts if start <= line.notes[0].start + 1e-6), default=None) in own
    )


def exchanged(old: Sequence[SungLine], out: Sequence[SungLine], new: Sequence[SungLine]) -> tuple[SungLine, ...]:
    """`old` lines without those that go `out`, and with `new` ones, in the order of time."""
    stay = [line for line in old if line not in out]
    return tuple(sorted((*stay, *new), key=lambda line: line.notes[0].start))


def laid(
    lines: Sequence[LyricLine], number: int, room: tuple[float, float], clock: Clock
) -> tuple[tuple[Slot, ...], int]:
    """Slots for `lines`, counted from `number`, between two beats, and how many of the lines found none.

    They are as broad as there is room for, and begin on bar lines where that is possible.
    """
    first, last = room[0], min(room[1], max(clock.last, clock.end - 1 / clock.beat_s))
    downbeat = math.ceil(first / clock.beats - 1e-9) * clock.beats
    whole = last - downbeat
    for pace, breath in PACES:
        needs = [(len(line.syllables) * pace + breath) / clock.bar_s for line in lines]
        bars = [next((bars for bars in BARS_OF_LINE if bars >= need), needs[0]) for need in needs]
        if sum(bars) * clock.beats <= whole + 1e-6:
            return tuple(_in_order(_broadened(bars, whole / clock.beats, clock), number, downbeat, clock)), 0
    # no room for whole bars: as quick as it takes, and the last lines fall out
    pace, breath = PACES[-1]
    needs = [(len(line.syllables) * pace + breath) / clock.beat_s for line in lines]
    count = len(needs)
    while count and sum(needs[:count]) > last - first:
        count -= 1
    if not count:
        return (), len(lines)
    stretched = (last - first) / sum(needs[:count])
    slots, start = [], first
    for at, need in enumerate(needs[:count]):
        slots.append(Slot(number + at, start, need * stretched))
        start += need * stretched
    return tuple(slots), len(lines) - count


def easily(line: LyricLine) -> float:
    """Seconds in which `line` is sung at the quickest of the usual paces."""
    pace, breath = PACES[1]
    return len(line.syllables) * pace + breath


def _broadened(bars: list[float], room: float, clock: Clock) -> list[float]:
    """Every line twice as broad, as often as there is room."""
    usual = max(bars)
    even = [max(each, usual) if each * 2 >= usual else each for each in bars]
    bars = even if sum(even) <= room + 1e-6 else bars
    while sum(bars) * 2 <= room + 1e-6 and max(bars) * 2 * clock.bar_s <= BROAD_S:
        bars = [each * 2 for each in bars]
    return bars


def _in_order(bars: Sequence[float], number: int, start: float, clock: Clock) -> Iterator[Slot]:
    for at, each in enumerate(bars):
        yield Slot(number + at, start, each * clock.beats)
        start += each * clock.beats


def _sings(slot: Slot, line: SungLine) -> bool:
    return slot.line == line.line and slot.start - 1e-6 <= line.notes[0].start < slot.start + slot.length
