"""The same song in another style, or with other words, in all of it or in a part.

The part is given by `edit_n_min` and `edit_n_max`. The reference means steps of its sampler by them; there are none
here, so we read them as shares of the song's length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Edit
from engine.studio import notices
from engine.studio.compose import vocals
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Slot
from engine.studio.compose.harmony import Chords
from engine.studio.compose.song import clock_of
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
from engine.studio.edits.repaint import region
from engine.studio.edits.room import (
    beats_of,
    beneath,
    beside,
    between,
    exchanged,
    inside,
    laid,
    own_slots,
    sung_across,
    sung_in,
    with_slots,
)
from engine.studio.edits.splice import Cut, Span
from engine.studio.edits.style import restyled
from engine.studio.edits.weave import woven
from engine.studio.edits.words import fitted
from engine.studio.score import LyricLine, Score, SungLine
from engine.studio.session import Session

# Words that have less than this many seconds a syllable are not understood.
QUICKEST_S = 0.09

Words = tuple[LyricLine, ...]


@dataclass(frozen=True)
class Text:
    """What is sung after other words have come in: of `voices` seconds anew, on a form with their slots."""

    form: Form
    score: Score
    voices: Span | None
    missing: int


def plan(spec: Edit, order: Order, session: Session) -> Plan:
    """The parent's facts, or those of the new style, and the words that are now sung in the whole song.

    New words take the place of old ones line by line. A line that came back, such as one of a chorus, brings back what
    took its place where there are no more words of its own; other old lines that get no words fall silent.

    Raises `EngineError`, permanent: `no_score`, `no_stems`, `nothing_to_edit`, `region_outside` (start, end, length),
    `lyrics_unreadable`, `nothing_to_sing`.
    """
    parent = parent_of(order)
    seeds = seeds_of(order)
    prompt = _prompt(spec)
    part, idle = understood(prompt, parent.kept.brief, session, seeds[0]) if prompt else (None, ())
    told = notices.of_edit(spec, part, idle)
    words = read_words(spec.edit_target_lyrics, spec.vocal_language, parent, part, session, told)
    if part is not None and part.instrumental:
        told += sung_across(parent, _window(spec, parent))
    made = edited(spec, parent, words, seeds[0], session)
    caption = prompt if made.cut is None else parent.source.caption
    return planned(spec, parent, made, session, caption=caption or prompt, seeds=seeds, told=told)


def render(spec: Edit, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does, and `source_gone`."""
    parent = parent_of(order)
    prompt = _prompt(spec)
    part = understood(prompt, parent.kept.brief, session, plan.seeds[0])[0] if prompt else None
    words = read_words(spec.edit_target_lyrics, spec.vocal_language, parent, part, session, [])
    handed_over(
        plan,
        sink,
        lambda seed, progress: finished(edited(spec, parent, words, seed, session), parent, session, progress),
    )


def edited(spec: Edit, parent: Parent, words: Words, seed: int, session: Session) -> Draft:
    """`parent` with other words, in another style, or both."""
    if not _prompt(spec) and not spec.edit_target_lyrics:
        raise EngineError("nothing_to_edit", permanent=True)
    span = _window(spec, parent)
    whole = span.start == 0 and span.end == parent.length
    text = _text(parent, span, words, seed) if words else Text(parent.kept.form, parent.score, None, 0)
    if not _prompt(spec):
        return _reworded(parent, text, span, whole, session)
    part, _ = understood(_prompt(spec), parent.kept.brief, session, seed)
    score = restyled(parent, text.score, text.form, part, seed)
    if whole:
        if session.silent_because() is not None:
            score = replace(score, voice=(), backing=())
        return draft(parent, score, text.form, part=part, brief=part, cut=None, missing=text.missing)
    form, beats = text.form, beats_of(parent.score, span)
    gone: tuple[SungLine, ...] = ()
    if part.instrumental:
        gone = tuple(each.line for each in inside(parent, span))
        form = with_slots(form, own_slots(form, gone), (), parent.clock)
    score = replace(
        woven(text.score, score, lambda _: (beats,), clock_of(part, parent.clock.duration)),
        voice=exchanged(text.score.voice, gone, ()),
        backing=exchanged(text.score.backing, beneath(gone, text.score.voice, text.score.backing), ()),
    )
    # the old words are sung again, for they are mixed with other music now
    sings = session.silent_because() is None
    cut = Cut(span, between(parent, span) if sings or part.instrumental else None)
    return draft(parent, score, form, part=part, cut=cut, missing=text.missing)


def _reworded(parent: Parent, text: Text, span: Span, whole: bool, session: Session) -> Draft:
    """Other words on the same music, which stays as it was mixed; music without a voice first has to make room for one.

    Raises `EngineError`, permanent: `lyrics_unreadable` where nobody can sing, `region_outside` where no line lies.
    """
    if (silent := session.silent_because()) is not None:
        raise EngineError("lyrics_unreadable", permanent=True, cause=silent, reason=silent)
    if text.voices is None:
        raise EngineError("region_outside", permanent=True, start=span.start, end=span.end, length=parent.length)
    brief = parent.kept.brief
    cut = None if whole else Cut(span, text.voices)
    if parent.score.voice:
        cut = Cut(None, text.voices)
    return draft(parent, text.score, text.form, part=brief, cut=cut, missing=text.missing)


def _window(spec: Edit, parent: Parent) -> Span:
    """The part that is edited. Raises `EngineError` (`region_outside`), permanent."""
    length = parent.length
    return region(spec.edit_n_min * length, spec.edit_n_max * length, length)


def _prompt(spec: Edit) -> str:
    """The new style, where one is asked for."""
    return spec.edit_target_prompt if spec.edit_type == "remix" else ""


def _text(parent: Parent, span: Span, words: Words, seed: int) -> Text:
    """`words` on the tunes of the lines in `span`; where nobody sings there, on new ones."""
    old, form, clock = parent.score, parent.kept.form, parent.clock
    voices = between(parent, span)
    if voices is None:
        return Text(form, old, None, len(words))
    own = tuple(each.line for each in inside(parent, span))
    lines = [*old.lines, *words]
    anew: list[Slot] = []
    gone = own_slots(form, own)
    lead: list[SungLine] = []
    second: list[SungLine] = []
    missing = 0
    if own:
        missing = max(0, len(words) - len(own))
        for tune, number in _shared(own, len(words), old):
            line = words[number]
            made = fitted(tune, line, len(old.lines) + number, clock)
            slot = next(iter(own_slots(form, (tune,))), Slot(tune.line, *_extent(tune)))
            slot = replace(slot, line=len(old.lines) + number)
            if made is None and slot.length * clock.beat_s < QUICKEST_S * len(line.syllables):
                missing += 1
                continue
            anew.append(slot)
            if made is not None:
                lead.append(made)
                along = (fitted(each, line, slot.line, clock) for each in beside((tune,), old.backing))
                second += [each for each in along if each is not None]
    else:
        slots, missing = laid(words, len(old.lines), beats_of(old, _sung_part(parent, voices)), clock)
        anew += slots
    form = with_slots(form, gone, anew, clock)
    placed = {(line.line, line.notes[0].start) for line in lead}
    rest = [slot for slot in anew if not any(at == slot.line and _holds(slot, start) for at, start in placed)]
    if rest:
        voice, backing = vocals.sing(form, lines, parent.kept.brief, Chords(old.chords), clock, Dice(seed))
        new = sung_in(form, voice, rest)
        lead += new
        second += beneath(new, voice, backing)
    score = replace(
        old,
        lines=tuple(lines),
        voice=exchanged(old.voice, own, lead),
        backing=exchanged(old.backing, beneath(own, old.voice, old.backing), second),
    )
    return Text(form, score, voices, missing)


def _shared(own: Sequence[SungLine], count: int, score: Score) -> list[tuple[SungLine, int]]:
    """Which of `count` new lines each old one gets; one that came back brings its words back where they run out."""
    taken: dict[str, int] = {}
    pairs = []
    for number, tune in enumerate(own):
        text = score.lines[tune.line].text.casefold()
        if number < count:
            taken.setdefault(text, number)
            pairs.append((tune, number))
        elif text in taken:
            pairs.append((tune, taken[text]))
    return pairs


def _sung_part(parent: Parent, voices: Span) -> Span:
    """`voices` without the song's introduction and its ending, where that leaves half of it or more."""
    score, clock = parent.score, parent.clock
    kinds = [stretch for stretch in parent.kept.form.stretches if stretch.kind not in ("intro", "outro")]
    if not kinds:
        return voices
    start = max(voices.start, score.seconds(kinds[0].start_bar * clock.beats))
    end = min(voices.end, score.seconds((kinds[-1].start_bar + kinds[-1].bars) * clock.beats))
    return Span(start, end) if end - start > 0.5 * (voices.end - voices.start) else voices


def _extent(line: SungLine) -> tuple[float, float]:
    start = line.notes[0].start
    return start, line.notes[-1].start + line.notes[-1].length - start


def _holds(slot: Slot, beat: float) -> bool:
    return slot.start - 1e-6 <= beat < slot.start + slot.length
