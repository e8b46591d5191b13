"""A part of a recording made anew on its own bars; all the rest stays, sample for sample."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import groupby

from engine.hearing.transcript import HeardSection
from engine.spec import Order, Plan, TrackSink
from engine.spec.protocol import LineTime
from engine.spec.tasks import Repaint
from engine.studio import notices
from engine.studio.compose.brief import Brief
from engine.studio.cover.version import Version
from engine.studio.edits.draft import seeds_of, understood, words_in
from engine.studio.edits.repaint import region
from engine.studio.edits.splice import Span
from engine.studio.outside import seams
from engine.studio.outside.ground import Ground, ground_of
from engine.studio.outside.piece import Audio, laid_out, played, put
from engine.studio.outside.sketch import Plot, composed
from engine.studio.outside.told import handed_over, planned
from engine.studio.score import LyricLine
from engine.studio.session import Session

# What may be missing at the beginning of a bar that counts as whole.
PARTIAL = 0.05
USES = ("bpm", "timesignature", "keyscale", "chords")


def plan(spec: Repaint, order: Order, session: Session) -> Plan:
    """What was made out, and what is sung in the new part.

    Raises `EngineError`, permanent: `no_source`, `source_gone`, `region_outside` (start, end, length),
    `lyrics_unreadable`, `nothing_to_sing`.
    """
    seeds = seeds_of(order)
    ground = ground_of(order, session, seeds[0])
    seam = seams.inside(ground, region(spec.repainting_start, spec.repainting_end, ground.length))
    part, idle = understood(spec.caption, ground.brief, session, seeds[0])
    told = notices.of_edit(spec, part, idle)
    words = words_in(spec.lyrics, spec.vocal_language, "unknown", part, session, told)
    made = anew(ground, seam, part, words, seeds[0])
    return planned(
        spec, order, ground, session, caption=caption_of(order, spec.caption), duration=ground.length, pieces=(made,),
        language=language_of(words), part=part, seeds=seeds, told=told, uses=USES,
    )  # fmt: skip


def render(spec: Repaint, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does."""
    ground = ground_of(order, session, plan.seeds[0])
    song = ground.given.sound()
    seam = seams.inside(ground, region(spec.repainting_start, spec.repainting_end, ground.length))
    part, _ = understood(spec.caption, ground.brief, session, plan.seeds[0])
    words = words_in(spec.lyrics, spec.vocal_language, "unknown", part, session, [])

    def make(seed: int, progress: Callable[[float], None]) -> tuple[Audio, tuple[LineTime, ...]]:
        made = anew(ground, seam, understood(spec.caption, ground.brief, session, seed)[0], words, seed)
        return placed(ground, song, seam, made, plan.vocal_language, session, progress)

    handed_over(plan, order, sink, make)


def anew(
    ground: Ground, seam: Span, part: Brief, words: Sequence[LyricLine], seed: int, *, tune: bool = False,
    beat: bool = False, strength: float = 1.0,
) -> Version:  # fmt: skip
    """New music on the bars of `ground` that lie in `seam`, under its chords; `tune` and `beat` as `Plot` has them."""
    first, last = bars_of(ground, seam)
    parts = parts_of(ground, first, last)
    if ground.bars.place(seam.start + seams.BEFORE_S) - first > PARTIAL and parts[0][1] + len(parts) > 2:
        # no line begins in a bar whose beginning isn't heard
        (kind, bars, energy), *others = parts
        rest = [(kind, bars - 1, energy)] if bars > 1 else []
        parts = (("solo", 1, energy), *rest, *others)
    ends = seam.end - ground.seconds(first) if seam.end >= ground.length else None
    return composed(
        ground, Plot(first, tuple(range(first, last)), parts, tune, beat), part, words, strength, seed, ends
    )


def placed(
    ground: Ground, song: Audio, seam: Span, made: Version, language: str, session: Session,
    progress: Callable[[float], None],
) -> tuple[Audio, tuple[LineTime, ...]]:  # fmt: skip
    """`song` (2, samples) with `made` in the place of what was in `seam`, and when its words are sung."""
    begins = ground.seconds(bars_of(ground, seam)[0])
    piece = played(made, language, begins, seam, song, session, progress, ends=seam.end >= ground.length)
    reel = laid_out(song, 0.0, 0.0)
    put(reel, piece, seam)
    return reel.array, piece.lines


def bars_of(ground: Ground, seam: Span) -> tuple[int, int]:
    """The bars that are heard in `seam`: the first, and the one after the last."""
    first = math.floor(ground.bars.place(seam.start + seams.BEFORE_S) + 1e-3)
    return first, max(first + 1, math.ceil(ground.bars.place(seam.end) - 1e-3))


def parts_of(ground: Ground, first: int, last: int) -> tuple[tuple[str, int, float], ...]:
    """The recording's sections from bar `first` to bar `last`, as kind, bars and energy."""
    found = sorted(ground.made_out.sections, key=lambda section: section.bar) or [HeardSection(0, 1, "verse", "", 0.5)]
    starts = [section.bar + ground.bars.lead for section in found]
    of = [max(0, bisect_right(starts, bar) - 1) for bar in range(first, last)]
    return tuple((found[at].kind or "verse", len(list(bars)), found[at].energy) for at, bars in groupby(of))


def language_of(words: Sequence[LyricLine]) -> str:
    """The language that lines are sung in."""
    return words[0].language if words else "unknown"


def caption_of(order: Order, caption: str) -> str:
    """The caption of a song made here stays; of other sound there is only that of its new part."""
    return (order.source.caption if order.source is not None else "") or caption
