"""Room for every lyric line: how many bars each gets in a song of a fixed length and tempo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from engine.studio.compose.alone import COUNT_IN_BARS, without_band
from engine.studio.compose.clock import FADE_S, Clock
from engine.studio.compose.flow import bars_of, is_spoken
from engine.studio.compose.form import (
    Block,
    Form,
    Slot,
    Stretch,
    around,
    bars_of_unit,
    instrumental,
    placed,
    section_bars,
)
from engine.studio.score import LyricLine

# Seconds a syllable: what a singer likes, what a quick singer manages, and the limit of being understood.
EASY_S, QUICK_S, LIMIT_S = 0.2, 0.15, 0.105
BREATH_S, GASP_S = 0.4, 0.08
BARS_OF_LINE = (0.5, 1.0, 2.0, 4.0, 8.0)
# A sung line is broad enough at this many seconds.
BROAD_S = 7.6
SUNG_SHARE = 0.86
# A voice alone leaves only its count-in, and the two beats that it has at least where bars are long.
FEWEST_COUNTED = 2
KINDS_TO_BROADEN = ("chorus", "bridge", "verse", "prechorus", "outro", "intro", "solo", "break")


@dataclass(frozen=True)
class Verse:
    """Lines that belong together under one tag; none where the tag asks for instruments alone."""

    kind: str
    lines: tuple[int, ...]


def lay_out(
    form: str, energy: float, rap: bool, lines: Sequence[LyricLine], clock: Clock, *, alone: bool = False
) -> Form:
    """The form that fills `clock` exactly and sings every line, or says which found no room at all.

    Where the voice is `alone`, it is silent for one bar, or two beats at least, and then doesn't pause for long.
    """
    verses = _verses(lines)
    if not any(verse.lines for verse in verses):
        return Form(placed(instrumental(form, clock, [verse.kind for verse in verses]), clock, energy))
    room = clock.body - (COUNT_IN_BARS if alone else 0)
    blocks = _in_bars(form, rap, verses, lines, clock, room, alone)
    if blocks is None:
        return _packed(verses, lines, clock, energy, FEWEST_COUNTED if alone else 0)
    spare = room - sum(block.bars for block in blocks)
    made = without_band(blocks, spare) if alone else around(blocks, spare, clock, section_bars(clock, form))
    return Form(placed(made, clock, energy))


def _verses(lines: Sequence[LyricLine]) -> list[Verse]:
    verses = []
    for section, members in groupby(enumerate(lines), key=lambda item: item[1].section):
        kind = section.rstrip("0123456789 ") or "verse"
        verses.append(Verse(kind, tuple(at for at, line in members if line.syllables and not line.echo)))
    return verses


def syllables_of(lines: Sequence[LyricLine], at: int) -> int:
    """Syllables of a line and of the answer that shares its time."""
    answer = lines[at + 1] if at + 1 < len(lines) and lines[at + 1].echo and "(" in lines[at + 1].text else None
    return len(lines[at].syllables) + (len(answer.syllables) if answer else 0)


def _in_bars(
    form: str, rap: bool, verses: Sequence[Verse], lines: Sequence[LyricLine], clock: Clock, room: int, alone: bool
) -> list[Block] | None:
    """Sections of whole bars that hold all lines, as broad as the room allows; None where `room` bars can't hold them.

    A voice `alone` needs no room for a band, and no bars that only make a section even.
    """
    unit, size = bars_of_unit(clock), section_bars(clock, form)
    played = {at: 2 * unit for at, verse in enumerate(verses) if not verse.lines}
    for pace in (EASY_S, QUICK_S):
        narrow = [_narrow(verse, lines, clock, pace, rap) for verse in verses]
        blocks = [
            _block(verse, bars, 1, played.get(at, 0))
            for at, (verse, bars) in enumerate(zip(verses, narrow, strict=True))
        ]
        if sum(block.bars for block in blocks) > room:
            continue
        allowed = max(sum(block.bars for block in blocks), room if alone else int(SUNG_SHARE * room))
        for _ in BARS_OF_LINE:
            for kind in KINDS_TO_BROADEN:
                wider = [
                    [_wider(bars, clock) for bars in slots]
                    if verse.kind == kind and not _said(verse, lines, rap)
                    else slots
                    for verse, slots in zip(verses, narrow, strict=True)
                ]
                tried = [
                    _block(v, bars, 1, played.get(at, 0))
                    for at, (v, bars) in enumerate(zip(verses, wider, strict=True))
                ]
                if sum(block.bars for block in tried) <= allowed:
                    narrow = wider
        blocks = [
            _block(v, bars, 1, played.get(at, 0)) for at, (v, bars) in enumerate(zip(verses, narrow, strict=True))
        ]
        if alone:
            return blocks
        if form == "blues":
            blocks = _in_twelves(blocks, clock, size)
        return _rounded(blocks, allowed, unit, size)
    return None


def _said(verse: Verse, lines: Sequence[LyricLine], rap: bool) -> bool:
    """Whether a section is rapped: more room would only leave holes in it."""
    return any(is_spoken(lines[at], verse.kind, rap) for at in verse.lines)


def _narrow(verse: Verse, lines: Sequence[LyricLine], clock: Clock, pace: float, rap: bool) -> list[float]:
    """The fewest bars for each line, one number for the whole section unless a line is much longer."""
    breath = BREATH_S if pace == EASY_S else BREATH_S / 2
    needs = [syllables_of(lines, at) * pace + breath for at in verse.lines]
    fits = [next((bars for bars in BARS_OF_LINE if bars * clock.bar_s >= need), 16.0) for need in needs]
    if pace == EASY_S and _said(verse, lines, rap):
        said = (is_spoken(lines[at], verse.kind, rap) for at in verse.lines)
        return [
            bars_of(lines[at], clock, BARS_OF_LINE) if spoken else bars
            for at, spoken, bars in zip(verse.lines, said, fits, strict=True)
        ]
    usual = sorted(fits)[len(fits) // 2] if fits else 0.0
    return [max(bars, usual) for bars in fits]


def _wider(bars: float, clock: Clock) -> float:
    return bars * 2 if bars * 2 * clock.bar_s <= BROAD_S else bars


def _block(verse: Verse, slots: Sequence[float], multiple: int, played: int) -> Block:
    total = -(-sum(slots) // multiple) * multiple if verse.lines else played
    return Block(verse.kind, int(total), tuple(zip(verse.lines, slots, strict=True)))


def _in_twelves(blocks: list[Block], clock: Clock, size: int) -> list[Block]:
    """Blues sections of twelve chords where they fit, verses first: each line has an even share and its answer."""
    for kind in ("verse", "chorus", "bridge", "prechorus", "intro", "outro"):
        tried = [_twelve(block, size) if block.kind == kind else block for block in blocks]
        if sum(block.bars for block in tried) <= clock.body:
            blocks = tried
    return blocks


def _twelve(block: Block, size: int) -> Block:
    """`block` on `size` bars, if its lines fit there; the lines keep to whole bars."""
    count = len(block.slots)
    if not count or block.bars > size:
        return block
    share = float(size // count)
    if share < 1 or any(bars > share for _, bars in block.slots):
        return replace(block, bars=size)
    return Block(block.kind, size, tuple((line, share) for line, _ in block.slots))


def _rounded(blocks: list[Block], allowed: int, unit: int, size: int) -> list[Block]:
    """Sections made even: up to whole halves of a usual section where there is room, else to whole chords."""
    for multiple in (size // 2, 2 * unit, unit):
        if multiple < 2:
            continue
        tried = [replace(block, bars=-(-block.bars // multiple) * multiple) for block in blocks]
        if sum(block.bars for block in tried) <= allowed:
            return tried
    return blocks


def _packed(verses: Sequence[Verse], lines: Sequence[LyricLine], clock: Clock, energy: float, first: int) -> Form:
    """Lines without a pause between them from beat `first` on, as quick as it takes.

    Lines heard before, then the last ones, fall out.
    """
    room = clock.duration - FADE_S - first * clock.beat_s
    order = [(at, verse.kind) for verse in verses for at in verse.lines]
    need = {at: syllables_of(lines, at) * LIMIT_S + GASP_S for at, _ in order}
    texts = [lines[at].text.casefold() for at, _ in order]
    droppable = [at for place, (at, _) in reversed(list(enumerate(order))) if texts[place] in texts[:place]]
    droppable += [at for at, _ in reversed(order) if at not in droppable]
    kept = {at for at, _ in order}
    for at in droppable:
        if sum(need[line] for line in kept) <= room:
            break
        kept.discard(at)
    share = room / clock.beat_s / sum(need[at] for at in kept) if kept else 0.0
    start, slots = float(first), []
    for at, kind in order:
        if at in kept:
            slots.append((kind, Slot(at, start, need[at] * share)))
            start += need[at] * share
    return Form(_sections(slots, clock, energy), tuple(sorted(at for at, _ in order if at not in kept)))


def _sections(slots: Sequence[tuple[str, Slot]], clock: Clock, energy: float) -> tuple[Stretch, ...]:
    """Sections of whole bars around lines that don't keep to bars; each line belongs to the section it begins in."""
    starts: list[tuple[str, int, list[Slot]]] = []
    for kind, slot in slots:
        bar = min(int(slot.start // clock.beats), clock.body)
        if not starts or (kind != starts[-1][0] and bar > starts[-1][1]):
            starts.append((kind, bar if starts else 0, []))
        starts[-1][2].append(slot)
    if not starts:
        return placed([], clock, energy)
    ends = [bar for _, bar, _ in starts[1:]] + [clock.body]
    blocks = [Block(kind, end - bar) for (kind, bar, _), end in zip(starts, ends, strict=True)]
    if blocks[-1].bars < 1:
        blocks[-1] = Block("outro", 0)
    stretches = placed(blocks, clock, energy)
    return tuple(
        replace(stretch, slots=tuple(starts[at][2]) if at < len(starts) else ()) for at, stretch in enumerate(stretches)
    )
