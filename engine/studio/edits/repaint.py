"""A part of a song made anew, and all the rest as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Repaint
from engine.studio import notices
from engine.studio.compose.brief import Brief
from engine.studio.compose.form import MOVED_USUALLY, Form, Slot, Stretch
from engine.studio.compose.song import clock_of, realise
from engine.studio.edits.draft import (
    Draft,
    draft,
    finished,
    handed_over,
    planned,
    read_words,
    seeds_of,
    understood,
)
from engine.studio.edits.parent import Parent, parent_of
from engine.studio.edits.room import (
    beats_of,
    beneath,
    between,
    exchanged,
    inside,
    laid,
    own_slots,
    sung_across,
    sung_in,
    unsung,
    with_slots,
)
from engine.studio.edits.splice import Cut, Span
from engine.studio.edits.weave import woven
from engine.studio.score import LyricLine
from engine.studio.session import Session

SHORTEST_S = 1.0


def plan(spec: Repaint, order: Order, session: Session) -> Plan:
    """The parent's facts, and what is sung afterwards.

    Raises `EngineError`, permanent: `no_score`, `no_stems`, `region_outside` (start, end, length), `lyrics_unreadable`,
    `nothing_to_sing`.
    """
    parent = parent_of(order)
    seeds = seeds_of(order)
    part, idle = understood(spec.caption, parent.kept.brief, session, seeds[0])
    told = notices.of_edit(spec, part, idle)
    words = read_words(spec.lyrics, spec.vocal_language, parent, part, session, told)
    if part.instrumental:
        told += sung_across(parent, region(spec.repainting_start, spec.repainting_end, parent.length))
    made = repainted(spec, parent, words, seeds[0], session)
    return planned(spec, parent, made, session, caption=parent.source.caption or spec.caption, seeds=seeds, told=told)


def render(spec: Repaint, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does, and `source_gone`."""
    parent = parent_of(order)
    part, _ = understood(spec.caption, parent.kept.brief, session, plan.seeds[0])
    words = read_words(spec.lyrics, spec.vocal_language, parent, part, session, [])
    handed_over(
        plan,
        sink,
        lambda seed, progress: finished(repainted(spec, parent, words, seed, session), parent, session, progress),
    )


def region(start: float, end: float, length: float) -> Span:
    """From `start` to `end` seconds of a song of `length`; an `end` of -1, or beyond the song, is the song's.

    Raises `EngineError` (`region_outside`), permanent, where less than a second of that lies in the song.
    """
    last = length if end == -1 else min(end, length)
    if not (start >= 0 and last - start >= SHORTEST_S):
        raise EngineError("region_outside", permanent=True, start=start, end=end, length=length)
    return Span(start, last)


def repainted(spec: Repaint, parent: Parent, words: tuple[LyricLine, ...], seed: int, session: Session) -> Draft:
    """`parent` with a region that plays what the caption says, and sings `words`, or its own on new tunes.

    Where the caption wants nobody to sing, its lines fall silent.
    """
    span = region(spec.repainting_start, spec.repainting_end, parent.length)
    part, _ = understood(spec.caption, parent.kept.brief, session, seed)
    return anew(parent, span, part, words, seed, session)


def anew(parent: Parent, span: Span, part: Brief, words: tuple[LyricLine, ...], seed: int, session: Session) -> Draft:
    """`parent`, in which everything in `span` is composed by `seed` for `part`. Lines across its borders stay."""
    old, form = parent.score, parent.kept.form
    clock = clock_of(part, parent.clock.duration)
    beats = beats_of(old, span)
    # without a singer the old voices stay: they are in their stems
    sings = bool(words) or (bool(old.voice) and session.silent_because() is None)
    voices = between(parent, span) if sings or part.instrumental else None
    own = tuple(each.line for each in inside(parent, span)) if voices is not None else ()
    slots: tuple[Slot, ...] = ()
    missing = len(words)
    if voices is not None:
        room = beats_of(old, voices)
        gone = own_slots(form, own)
        if words:
            slots, missing = laid(words, len(old.lines), room, clock)
        elif not part.instrumental:
            slots = tuple(_clipped(gone, room))
        form = with_slots(form, gone, slots, clock)
    moved = Form(tuple(louder(stretch, part.energy - parent.kept.brief.energy) for stretch in form.stretches))
    # who leads plays where nobody sings
    moved = unsung(moved) if part.instrumental else moved
    new = replace(realise(part, moved, (*old.lines, *words), clock, seed, old.title), duration=old.duration)
    lead = sung_in(form, new.voice, slots) if slots else ()
    score = woven(old, new, lambda _: (beats,), clock, chords=(beats,))
    score = replace(
        score,
        voice=exchanged(old.voice, own, lead),
        backing=exchanged(old.backing, beneath(own, old.voice, old.backing), beneath(lead, new.voice, new.backing)),
    )
    return draft(
        parent, score, form, part=part, cut=Cut(span, voices), missing=missing
    )  # fmt: skip


def _clipped(slots: Sequence[Slot], room: tuple[float, float]) -> Iterator[Slot]:
    for slot in slots:
        start, end = max(slot.start, room[0]), min(slot.start + slot.length, room[1])
        yield replace(slot, start=start, length=end - start)


def louder(stretch: Stretch, by: float) -> Stretch:
    """`stretch` in a song that has so much more energy."""
    return replace(stretch, energy=round(min(1.0, max(0.08, stretch.energy + by * MOVED_USUALLY)), 3))
