"""A recording made longer at either end: it goes on where its music ends, or is led up to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.hearing.transcript import HeardSection
from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.protocol import LineTime
from engine.spec.tasks import Extend
from engine.studio import notices
from engine.studio.compose.brief import Brief
from engine.studio.compose.song import clock_of
from engine.studio.cover.version import Version
from engine.studio.edits import sections
from engine.studio.edits.draft import seeds_of, understood, words_in
from engine.studio.edits.splice import Span, later
from engine.studio.outside import seams
from engine.studio.outside.ground import Ground, ground_of, music_in
from engine.studio.outside.piece import Audio, laid_out, played, put
from engine.studio.outside.repaint import caption_of, language_of
from engine.studio.outside.sketch import Plot, composed
from engine.studio.outside.told import handed_over, planned
from engine.studio.score import LyricLine
from engine.studio.session import Session

USES = ("bpm", "timesignature", "keyscale", "chords")
# A new section is so long where there is room for it; less than half of one is no section of its own.
SECTION_BARS = 8
# A cycle of chords has at least so many bars.
FEWEST_BARS = 2
# Energies that sections usually have beside the loudest.
LEVELS = {"intro": 0.3, "verse": 0.5, "chorus": 0.9, "bridge": 0.55, "solo": 0.75}
# What leads up to a recording lets go of its last notes just before its first sound.
LETTING_GO_S, ONSET_S = 0.08, 0.005


@dataclass(frozen=True)
class Growth:
    """A new part: where it lies in the recording's seconds, its first bar, and whether the song ends with it."""

    span: Span
    plot: Plot
    ends: bool


def plan(spec: Extend, order: Order, session: Session) -> Plan:
    """What was made out, the new length, and what is sung in the new parts.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `nothing_to_extend`, `lyrics_unreadable`,
    `nothing_to_sing`.
    """
    if not spec.left_extend_length and not spec.right_extend_length:
        raise EngineError("nothing_to_extend", permanent=True)
    seeds = seeds_of(order)
    ground = ground_of(order, session, seeds[0])
    part, idle = understood(spec.caption, ground.brief, session, seeds[0])
    told = notices.of_edit(spec, part, idle)
    words = words_in(spec.lyrics, spec.vocal_language, "unknown", part, session, told)
    pieces = [made for _, made in _grown(spec, ground, ground.given.sound(), part, words, seeds[0])]
    duration = ground.length + spec.left_extend_length + spec.right_extend_length
    return planned(
        spec, order, ground, session, caption=caption_of(order, spec.caption), duration=duration, pieces=pieces,
        language=language_of(words), part=part, seeds=seeds, told=told, uses=USES,
    )  # fmt: skip


def render(spec: Extend, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    ground = ground_of(order, session, plan.seeds[0])
    song = ground.given.sound()
    part, _ = understood(spec.caption, ground.brief, session, plan.seeds[0])
    words = words_in(spec.lyrics, spec.vocal_language, "unknown", part, session, [])
    before = spec.left_extend_length

    def make(seed: int, progress: Callable[[float], None]) -> tuple[Audio, tuple[LineTime, ...]]:
        own, _ = understood(spec.caption, ground.brief, session, seed)
        reel = laid_out(song, before, spec.right_extend_length)
        lines: list[LineTime] = []
        grown = _grown(spec, ground, song, own, words, seed)
        for number, (growth, made) in enumerate(grown):

            def so_far(share: float, done: int = number) -> None:
                progress((done + share) / len(grown))

            begins = ground.seconds(growth.plot.first)
            piece = played(made, plan.vocal_language, begins, growth.span, song, session, so_far, ends=growth.ends)
            put(reel, piece, growth.span, before)
            lines += [later(line, before) for line in piece.lines]
        return reel.array, tuple(lines)

    handed_over(plan, order, sink, make)


def _grown(
    spec: Extend, ground: Ground, song: Audio, part: Brief, words: Sequence[LyricLine], seed: int
) -> list[tuple[Growth, Version]]:
    """The new parts in the order of time. Words go to the last of them."""
    begin, end = music_in(song)
    growths = []
    if spec.left_extend_length > 0:
        growths.append(_before(ground, begin, spec.left_extend_length))
    if spec.right_extend_length > 0:
        growths.append(_after(ground, end, spec.right_extend_length, part, seed))
    made = []
    for growth in growths:
        own = words if growth is growths[-1] else ()
        seconds = growth.span.end - ground.seconds(growth.plot.first) if growth.ends else None
        made.append((growth, composed(ground, growth.plot, part, own, 1.0, seed, seconds)))
    return made


def _after(ground: Ground, end: float, seconds: float, part: Brief, seed: int) -> Growth:
    """What follows from the last bar line on before the music is over, until `seconds` after the recording's end."""
    cut = seams.last_before(ground, min(end, ground.length))
    # a recording that is hardly more than one sound goes on after it
    cut = cut if cut > seams.BEFORE_S else ground.length
    stop = ground.length + seconds
    first = math.floor(ground.bars.place(cut) + 1e-6)
    count = max(1, math.ceil(ground.bars.place(stop) - 1e-6) - first)
    cycle, before = _section(ground, first, last=True)
    order = tuple(cycle[at % len(cycle)] for at in range(count))
    clock = clock_of(part, max(stop - cut, 1.0))
    kinds = sections.kinds(before.kind if before.kind in sections.FOLLOWS else "verse", part, clock, seed)
    fade = min(seams.BEFORE_S, cut)
    return Growth(Span(cut - fade, stop, fade_in=fade), Plot(first, order, _parts(kinds, count), beat=True), ends=True)


def _before(ground: Ground, begin: float, seconds: float) -> Growth:
    """What leads up to the first sound, `begin` seconds into the recording."""
    first = math.floor(ground.bars.place(-seconds) + 1e-6)
    count = max(1, math.ceil(ground.bars.place(begin) - 1e-6) - first)
    cycle, _ = _section(ground, 0, last=False)
    # the cycle comes round where the recording begins
    order = tuple(cycle[(first + at) % len(cycle)] for at in range(count))
    size = count // SECTION_BARS
    kinds = ["intro", *("verse" for _ in range(size - (count % SECTION_BARS == 0)))]
    span = Span(-seconds, max(0.0, begin - ONSET_S), fade_in=0.0, fade_out=LETTING_GO_S)
    return Growth(span, Plot(first, order, _parts(kinds, count), beat=True), ends=False)


def _section(ground: Ground, bar: int, *, last: bool) -> tuple[list[int], HeardSection]:
    """The bars of the last section before `bar`, or of the first one after it, that is long enough for a cycle."""
    lead, count = ground.bars.lead, ground.bars.count
    found = sorted(ground.made_out.sections, key=lambda section: section.bar)
    for section in reversed(found) if last else found:
        start, end = section.bar + lead, min(section.bar + section.bars + lead, count)
        end = min(end, bar) if last else end
        if end - start >= FEWEST_BARS and not (last and section.kind == "outro" and section is not found[0]):
            return list(range(start, end)), section
    whole = range(bar) if last else range(count)
    return list(whole) or [0], HeardSection(0, count, "verse", "A", 0.5)


def _parts(kinds: Sequence[str], count: int) -> tuple[tuple[str, int, float], ...]:
    """`kinds` of sections over `count` bars, the first ones of the usual length; as many as there is room for."""
    made = []
    left = count
    for at, kind in enumerate(kinds):
        last = at == len(kinds) - 1 or left < SECTION_BARS + SECTION_BARS // 2
        bars = left if last else SECTION_BARS
        made.append((kind, bars, LEVELS.get(kind, 0.5)))
        left -= bars
        if last:
            break
    return tuple(made)
