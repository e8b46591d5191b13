"""A song made longer at either end: what was there goes on, or is led up to, and keeps every sample it keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from engine.spec import EngineError, Order, Plan, TrackSink
from engine.spec.tasks import Extend
from engine.studio import notices
from engine.studio.compose import theory
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.fit import lay_out
from engine.studio.compose.form import (
    ENERGY,
    Form,
    Slot,
    instrumental,
    placed,
)
from engine.studio.compose.harmony import Chords, harmonise
from engine.studio.compose.progressions import BANKS
from engine.studio.compose.song import arranged, clock_of
from engine.studio.edits import sections
from engine.studio.edits.draft import (
    Draft,
    Song,
    draft,
    finished,
    handed_over,
    planned,
    read_words,
    seeds_of,
    understood,
)
from engine.studio.edits.parent import Audio, Parent, parent_of
from engine.studio.edits.room import APART_S, beats_of, beneath, easily, exchanged, heard, laid, sung_in, with_slots
from engine.studio.edits.splice import Cut, Span
from engine.studio.edits.weave import AHEAD_S, woven
from engine.studio.kept import Kept
from engine.studio.score import Chord, LyricLine, Score
from engine.studio.session import Session
from engine.studio.sound.mix import Mixed
from engine.studio.sound.noise import RATE

# The new part takes over just before the bar line, so that no stroke on it is heard twice.
BEFORE_S = 0.02
# What leads up to a song lets go of its last notes before the song begins.
LETTING_GO_S = 0.08
# The consonants that a line begins with sound before its first note.
ONSET_S = 0.12
Words = tuple[LyricLine, ...]
Growth = Callable[[Parent, Brief, Words, float, int], Draft]


@dataclass(frozen=True)
class Continued(Dice):
    """The parent's own chance for everything that it has too; `fresh` decides what only the new sections have."""

    fresh: int
    known: frozenset[str]
    new: frozenset[str]

    def at(self, *key: object) -> Random:
        names = {name for name in key if isinstance(name, str)}
        alien = names & self.new or (names & ENERGY.keys()) - self.known
        return Dice(self.fresh).at(*key) if alien else super().at(*key)


def plan(spec: Extend, order: Order, session: Session) -> Plan:
    """The parent's facts, the new length, and what is sung afterwards.

    Raises `EngineError`, permanent: `no_score`, `no_stems`, `nothing_to_extend`, `lyrics_unreadable`,
    `nothing_to_sing`.
    """
    parent = parent_of(order)
    seeds = seeds_of(order)
    part, idle = understood(spec.caption, parent.kept.brief, session, seeds[0])
    told = notices.of_edit(spec, part, idle)
    words = read_words(spec.lyrics, spec.vocal_language, parent, part, session, told)
    made: list[Draft] = []

    def written(each: Draft, current: Parent, _: int) -> Parent:
        made.append(each)
        return replace(current, kept=Kept(each.brief, each.form, each.score, each.language, current.kept.desk))

    _grown(spec, parent, words, seeds[0], session, written)
    whole = replace(made[-1], missing=sum(each.missing for each in made))
    return planned(spec, parent, whole, session, caption=parent.source.caption or spec.caption, seeds=seeds, told=told)


def render(spec: Extend, plan: Plan, order: Order, sink: TrackSink, session: Session) -> None:
    """Render every take. Raises as `plan` does, and `source_gone`."""
    parent = parent_of(order)
    part, _ = understood(spec.caption, parent.kept.brief, session, plan.seeds[0])
    words = read_words(spec.lyrics, spec.vocal_language, parent, part, session, [])
    count = len(_ends(spec))

    def make(seed: int, progress: Callable[[float], None]) -> Song:
        def played(each: Draft, current: Parent, number: int) -> Parent:
            kept, mixed, _ = finished(each, current, session, lambda share: progress((number + share) / count))
            stems = {name: partial(_held, stem) for name, stem in mixed.stems.items()}
            return Parent(current.source, kept, partial(_held, mixed.audio), stems)

        song = _grown(spec, parent, words, seed, session, played)
        stems = {name: stem() for name, stem in song.stems.items()}
        return song.kept, Mixed(song.song(), stems, song.kept.desk), song.kept.lines

    handed_over(plan, sink, make)


def _grown(
    spec: Extend, parent: Parent, words: Words, seed: int, session: Session,
    sounded: Callable[[Draft, Parent, int], Parent],
) -> Parent:  # fmt: skip
    """`parent` made longer at one end after the other; `sounded` makes a song of each draft. Words go to the later."""
    part, _ = understood(spec.caption, parent.kept.brief, session, seed)
    ends = _ends(spec)
    for number, (end, seconds) in enumerate(ends):
        own = words if number == len(ends) - 1 else ()
        again = () if own or session.silent_because() is not None else _again(parent)
        made = end(parent, part, own or again, seconds, seed)
        # nobody asked for words that come back, so nobody misses them
        parent = sounded(replace(made, missing=0) if again else made, parent, number)
    return parent


def _ends(spec: Extend) -> list[tuple[Growth, float]]:
    lengths: tuple[tuple[Growth, float], ...] = (
        (led_up_to, spec.left_extend_length),
        (continued, spec.right_extend_length),
    )
    ends = [(end, seconds) for end, seconds in lengths if seconds > 0]
    if not ends:
        raise EngineError("nothing_to_extend", permanent=True)
    return ends


def _again(parent: Parent) -> Words:
    """What a voice alone goes on with where there are no more words: its chorus, or all it has sung."""
    if not parent.kept.brief.alone:
        return ()
    sung = [parent.score.lines[number] for number in dict.fromkeys(line.line for line in parent.score.voice)]
    return tuple(line for line in sung if line.section.startswith("chorus")) or tuple(sung)


def _held(audio: Audio) -> Audio:
    return audio


def continued(parent: Parent, part: Brief, words: Words, seconds: float, seed: int) -> Draft:
    """`parent`, which goes on where its ending was, `seconds` longer, and ends anew."""
    old, clock = parent.score, parent.clock
    bar = _ending(parent.kept.form, clock, old)
    cut = float(bar * clock.beats) if bar else clock.last
    longer = clock_of(part, clock.duration + seconds)
    rest = replace(longer, duration=longer.duration - bar * clock.bar_s)
    before = tuple(
        replace(stretch, bars=min(stretch.bars, bar - stretch.start_bar), final=False)
        for stretch in parent.kept.form.stretches
        if stretch.start_bar < bar
    )
    if words:
        inner = lay_out(part.preset.form, part.energy, part.rap, words, rest, alone=part.alone)
    else:
        kinds = sections.kinds(before[-1].kind if before else "verse", part, rest, seed)
        inner = Form(placed(instrumental(part.preset.form, rest, kinds), rest, part.energy))
    new = sections.renumbered(sections.without_intro(inner.stretches, clock), before, bar, clock, len(old.lines))
    duration = old.duration + seconds
    gone = tuple(line for line in old.voice if line.notes[0].start >= cut - AHEAD_S / old.beat_s)
    music = Span(max(0.0, old.seconds(cut) - BEFORE_S), duration, fade_in=BEFORE_S)
    ringing = [x.end + APART_S for x in heard(parent) if x.line not in gone and x.start < music.start < x.end]
    voices = replace(music, start=max([music.start, *ringing]))
    slots, missing = tuple(slot for stretch in new for slot in stretch.slots), len(inner.left_out)
    form = Form((*before, *new))
    if ringing and slots:
        room = beats_of(old, replace(voices, start=voices.start + ONSET_S))
        clear = _late(slots, (*old.lines, *words), room[0], clock)
        laid_anew = (clear, missing) if clear else laid(words, len(old.lines), room, longer)
        form = with_slots(form, slots, laid_anew[0], clock)
        slots, missing = laid_anew
    dice = Continued(old.seed, seed, *sections.names(before, new))
    preset = part.preset
    chords = harmonise(preset.harmony, part.tonic, part.minor, form, longer, dice)
    other = arranged(part, form, (*old.lines, *words), chords, longer, dice, old.title)
    ground = ((cut, math.inf),)
    score = woven(old, replace(other, duration=duration), lambda _: ground, longer, chords=ground)
    lead = sung_in(form, other.voice, slots)
    score = replace(
        score,
        voice=exchanged(old.voice, gone, lead),
        backing=exchanged(
            old.backing, beneath(gone, old.voice, old.backing), beneath(lead, other.voice, other.backing)
        ),
    )
    return draft(parent, score, form, part=part, missing=missing, cut=Cut(music, voices))


def _late(slots: Sequence[Slot], lines: Words, first: float, clock: Clock) -> tuple[Slot, ...]:
    """`slots` from beat `first` on, where what is left of each of them holds its line; else none."""
    first = math.ceil(first / clock.step - 1e-6) * clock.step
    late = []
    for slot in slots:
        start = max(slot.start, first)
        late.append(replace(slot, start=start, length=slot.start + slot.length - start))
        if start > slot.start and late[-1].length * clock.beat_s < easily(lines[slot.line]):
            return ()
    return tuple(late)


def led_up_to(parent: Parent, part: Brief, words: Words, seconds: float, seed: int) -> Draft:
    """New music of `seconds` that leads into `parent`, whose bars go on from its own."""
    old, clock = parent.score, parent.clock
    seconds = round(seconds * RATE) / RATE
    beats = seconds / old.beat_s
    bars = max(0, math.ceil((beats - old.origin) / clock.beats - 1e-9))
    shift = float(bars * clock.beats)
    origin, join = shift + old.origin - beats, shift + old.origin
    after = tuple(
        replace(
            stretch,
            start_bar=stretch.start_bar + bars,
            slots=tuple(replace(slot, start=slot.start + shift) for slot in stretch.slots),
        )
        for stretch in parent.kept.form.stretches
    )
    longer = clock_of(part, clock.duration + bars * clock.bar_s)
    inner = sections.opening(part, replace(longer, duration=bars * clock.bar_s)) if bars else ()
    new = sections.renumbered(inner, after, 0, clock, 0)
    form = Form((*new, *after))
    slots: tuple[Slot, ...] = ()
    missing = len(words)
    if words and new:
        begin = float(new[1].start_bar * clock.beats) if len(new) > 1 else math.ceil(origin / clock.beats) * clock.beats
        slots, missing = laid(words, len(old.lines), (max(begin, origin), join), longer)
        form = with_slots(form, (), slots, clock)
    dice = Continued(old.seed, seed, *sections.names(after, new))
    chords = harmonise(part.preset.harmony, part.tonic, part.minor, form, longer, dice)
    if old.origin == 0 and bars:
        chords = _leading(chords, part, join, clock)
    other = arranged(part, form, (*old.lines, *words), chords, longer, dice, old.title)
    duration = old.duration + seconds
    base, ground = old.moved(shift), ((-math.inf, join),)
    score = woven(base, replace(other, duration=duration), lambda _: ground, longer, chords=ground)
    lead = sung_in(form, other.voice, slots)
    score = replace(
        score,
        origin=origin,
        voice=exchanged(base.voice, (), lead),
        backing=exchanged(base.backing, (), beneath(lead, other.voice, other.backing)),
    )
    span = Span(0.0, seconds, fade_out=LETTING_GO_S)
    return draft(parent, score, form, part=part, missing=missing, cut=Cut(span, span, shift=seconds))


def _ending(form: Form, clock: Clock, score: Score) -> int:
    """The bar where the song's ending begins: its outro, or its final chord where people sing until then."""
    last = form.stretches[-1]
    bar = int(clock.last // clock.beats)
    outro = last.start_bar if last.kind == "outro" and not last.slots else bar
    return outro if score.seconds(outro * clock.beats) > 1.0 else bar


def _leading(chords: Chords, part: Brief, join: float, clock: Clock) -> Chords:
    """`chords`, with the dominant as the last one before `join`, which is a tonic."""
    symbol = BANKS[part.preset.harmony][part.minor].turn.split(",")[-1]
    start = max(0.0, join - clock.unit)
    dominant = theory.chord(symbol, part.tonic, part.minor, start, join - start)
    before: list[Chord] = [
        replace(chord, length=min(chord.length, start - chord.start)) for chord in chords.all if chord.start < start
    ]
    return Chords([*before, dominant, *(chord for chord in chords.all if chord.start >= join)])
