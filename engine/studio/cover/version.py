"""The score of a cover: form and tempo of the source, and as much of the rest, bar by bar, as shall be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.hearing.transcript import Transcript
from engine.studio.compose.brief import Brief, Singer
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Slot
from engine.studio.compose.material import Material
from engine.studio.compose.song import arranged, clock_of
from engine.studio.cover import groove, harmony, tune
from engine.studio.cover.bars import Bars, Plot, bars_of, plot
from engine.studio.cover.kept import kept as keeps
from engine.studio.cover.move import Move
from engine.studio.cover.own import own_words
from engine.studio.cover.words import Placed, fit_to, on_tune
from engine.studio.edits.room import with_slots
from engine.studio.edits.weave import tidy
from engine.studio.edits.words import fitted
from engine.studio.kept import Kept
from engine.studio.score import LyricLine, Note, Score, SungLine, SungNote

EARLY_S = 0.03
SHORTEST = 0.05
SINGERS: tuple[Singer, ...] = ("female", "male", "choir")


@dataclass(frozen=True)
class Original:
    """What is covered: what was made out in it, and its score where it is a song made here."""

    transcript: Transcript
    kept: Kept | None = None


@dataclass(frozen=True)
class Version:
    """A cover's form and score, and what it is made from; `missing` lines of its new words found no room."""

    brief: Brief
    form: Form
    score: Score
    missing: int


def version(
    original: Original, brief: Brief, words: Sequence[LyricLine] | None, strength: float, duration: float, seed: int,
    title: str,
) -> Version:  # fmt: skip
    """The cover that `brief` wants, in exactly `duration` seconds.

    `words` are sung on its tune; None: those of the source's own score. `strength` is the share of its bars that keep
    their chords, and likewise their tune and their groove; higher ones keep what lower ones do.
    """
    transcript, dice = original.transcript, Dice(seed)
    if groove.is_heard(transcript.groove, clock_of(brief, duration)):
        brief = replace(brief, preset=groove.swung(brief.preset, transcript.groove, strength, dice))
    clock = clock_of(brief, duration)
    bars = bars_of(transcript)
    before = original.kept.brief.energy if original.kept is not None else 0.5
    plan = plot(transcript, bars, clock, brief.energy - before)
    move = Move((transcript.tonality.tonic, transcript.tonality.minor), (brief.tonic, brief.minor))
    heard = tune.heard_tune(transcript, bars, clock, move)
    notes = tune.laid(heard, plan, clock)
    silent = {bar for bar in notes if not notes[bar]}
    tuned = keeps("melody", plan, strength, dice, silent) if heard else frozenset[int]()
    named = harmony.heard_chords(transcript, bars)
    others = harmony.unlike(named, plan, move, brief, clock, dice)
    same = harmony.same_bars(named, plan, move, brief, others, clock)
    chords = harmony.chords_of(
        named, plan, keeps("chords", plan, strength, dice, same), move, brief, others,
        {bar: notes[bar] for bar in tuned}, clock, dice,
    )  # fmt: skip
    notes = tune.in_key(notes, heard, plan, brief, chords)
    lines, placed, missing = _words(original, words, plan, bars, move, notes, clock)
    form = with_slots(plan.form, (), [each.slot for each in placed], clock)
    sung = {bar for each in placed for bar in _bars(each.slot, clock)}
    material = Material(
        strokes=groove.strokes(
            transcript, bars, plan, keeps("groove", plan, strength, dice), brief.preset, clock
        ),
        tune={bar: notes[bar] for bar in sorted(tuned - sung)},
        sung=_Singing(placed, lines, tuned, brief, clock),
    )  # fmt: skip
    # what is new is so even where the source was made from the same seed
    fresh = Dice(dice.at("cover", "fresh").randrange(1 << 53))
    score = arranged(brief, form, lines, chords, clock, fresh, title, material)
    score, form = tidy(score, form)
    return Version(brief, form, score, missing)


def _words(
    original: Original, words: Sequence[LyricLine] | None, plan: Plot, bars: Bars, move: Move,
    notes: Mapping[int, Sequence[Note]], clock: Clock,
) -> tuple[tuple[LyricLine, ...], tuple[Placed, ...], int]:  # fmt: skip
    """All lines, where each is sung, and how many found no room."""
    if words is None and original.kept is not None:
        return original.kept.score.lines, own_words(original.kept, bars, plan, move, clock), 0
    if not words:
        return (), (), 0
    placed, missing = on_tune(words, plan.form, notes, clock)
    return tuple(words), placed, missing


def _bars(slot: Slot, clock: Clock) -> range:
    return range(int(slot.start // clock.beats), int((slot.start + slot.length - 1e-6) // clock.beats) + 1)


class _Singing:
    """Sings a line on the source's notes in the bars that keep them, and elsewhere as it was composed."""

    def __init__(
        self, placed: Sequence[Placed], lines: Sequence[LyricLine], tuned: frozenset[int], brief: Brief, clock: Clock
    ) -> None:
        self.lines, self.tuned, self.clock, self.brief = lines, tuned, clock, brief
        self.slots = {(each.slot.line, each.slot.start): at for at, each in enumerate(placed)}
        blank = [each.tune or SungLine(each.slot.line, ()) for each in placed]
        self.known = {singer: fit_to(blank, singer, brief.tonic) for singer in SINGERS}

    def __call__(self, slot: Slot, line: SungLine, singer: Singer) -> SungLine:
        at = self.slots.get((slot.line, slot.start))
        known = self.known[singer][at] if at is not None else None
        if known is None or not known.notes or known.spoken != line.spoken:
            return line
        known = _sounding(known, self.clock)
        bars = {self._bar(note.start) for note in (*known.notes, *line.notes)}
        if bars <= self.tuned:
            return replace(known, line=line.line, singer=line.singer)
        if line.spoken or not bars & self.tuned:
            return line
        notes = [note for note in known.notes if self._bar(note.start) in self.tuned]
        notes += [note for note in line.notes if self._bar(note.start) not in self.tuned]
        notes.sort(key=lambda note: note.start)
        trimmed = [
            replace(note, length=min(note.length, following.start - note.start))
            for note, following in pairwise([*notes, SungNote(self.clock.end, 0.0, 0, 0)])
        ]
        held = [note for note in trimmed if note.length > SHORTEST]
        both = SungLine(line.line, tuple(replace(note, syllable=place) for place, note in enumerate(held)))
        return (fitted(both, self.lines[line.line], line.line, self.clock) if held else None) or line

    def _bar(self, beat: float) -> int:
        return int((beat + EARLY_S / self.clock.beat_s) // self.clock.beats)


def _sounding(line: SungLine, clock: Clock) -> SungLine:
    """`line` of the straight grid as it swings, ended before the song is."""
    notes = []
    latest = clock.end - 0.3 / clock.beat_s
    for note in line.notes:
        start, end = clock.swung(note.start), clock.swung(note.start + note.length)
        notes.append(replace(note, start=start, length=max(SHORTEST, min(end, latest) - start)))
    return replace(line, notes=tuple(notes))
