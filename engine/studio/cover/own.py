"""The words of a song made here, where its cover sings them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from engine.studio.compose.clock import Clock
from engine.studio.compose.form import Slot
from engine.studio.cover.bars import Bars, Plot
from engine.studio.cover.move import Move
from engine.studio.cover.words import Placed
from engine.studio.edits.parent import clock_over
from engine.studio.kept import Kept
from engine.studio.score import SungLine

# People sing a little ahead of the bar that a line belongs to.
EARLY_S = 0.03
SHORTEST_S = 0.6
Words = tuple[Placed, ...]


def own_words(kept: Kept, bars: Bars, plot: Plot, move: Move, clock: Clock) -> Words:
    """The lines of `kept` in the bars that go by theirs, each until the next one begins."""
    was = clock_over(kept, kept.score.duration)
    first = max(0, math.ceil(kept.score.origin / was.beats - 1e-6)) - bars.lead
    found = sorted(_found(kept, was, first, plot, move, clock), key=lambda each: each.slot.start)
    made = []
    for at, each in enumerate(found):
        following = found[at + 1].slot.start if at + 1 < len(found) else clock.end
        until = min(following, each.slot.start + each.slot.length)
        if (until - each.slot.start) * clock.beat_s >= SHORTEST_S:
            made.append(Placed(replace(each.slot, length=until - each.slot.start), _until(each.tune, until)))
    return tuple(made)


def _found(kept: Kept, was: Clock, first: int, plot: Plot, move: Move, clock: Clock) -> Iterator[Placed]:
    slots = [slot for stretch in kept.form.stretches for slot in stretch.slots]
    wider = clock.beats / was.beats
    for line in kept.score.voice:
        if not line.notes:
            continue
        begins = was.straight(line.notes[0].start)
        slot = next((x for x in slots if x.line == line.line and x.start - 1 <= begins <= x.start + x.length), None)
        start = slot.start if slot else begins
        length = slot.length if slot else was.straight(line.notes[-1].start + line.notes[-1].length) - begins
        home = int((begins + EARLY_S / was.beat_s) // was.beats)
        for bar, source in enumerate(plot.order):
            if source + first != home:
                continue
            by = bar * clock.beats - home * was.beats * wider
            tune = replace(
                line,
                notes=tuple(
                    replace(
                        note,
                        start=was.straight(note.start) * wider + by,
                        length=(was.straight(note.start + note.length) - was.straight(note.start)) * wider,
                        pitch=move.pitch(note.pitch),
                    )
                    for note in line.notes
                ),
            )
            yield Placed(Slot(line.line, max(0.0, start * wider + by), length * wider), tune)


def _until(line: SungLine | None, end: float) -> SungLine | None:
    """`line`, if all of its words are begun before beat `end`; its last note ends there."""
    if line is None or line.notes[-1].start >= end - 1e-6:
        return None
    last = line.notes[-1]
    return replace(line, notes=(*line.notes[:-1], replace(last, length=min(last.length, end - last.start))))
