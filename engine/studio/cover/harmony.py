"""The chords of a cover: the source's, in the colours of the new style, or the style's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.hearing.transcript import HeardChord, Transcript
from engine.studio.compose import theory
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.harmony import Chords, harmonise
from engine.studio.compose.progressions import BANKS, Bank
from engine.studio.compose.theory import MAJOR_SUFFIXES, MINOR_SUFFIXES
from engine.studio.cover.bars import Bars, Plot
from engine.studio.cover.move import Move
from engine.studio.score import Chord, Note

# A chord heard with less confidence than this is taken for the one of the key that has most of its notes.
UNSURE = 0.25
NUMERALS = ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII")
# Where so large a share of a style's chords has four notes, those that it doesn't name get a fourth one too.
RICH = 0.6
ROOT_COUNTS, NAMED_COUNTS = 1.5, 0.25
# So many progressions are drawn to find one that is new.
DRAWN = 6
# A tune that was kept may rub so much, of its length, against a chord that wasn't.
RUBS = 0.5
_PARTS = re.compile(r"([b#]?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i))(.*)")


@dataclass(frozen=True)
class Sound:
    """A chord in a key: its numeral ("bVII", "ii") and what is added to it ("maj7")."""

    numeral: str
    suffix: str

    @property
    def symbol(self) -> str:
        return self.numeral + self.suffix


def heard_chords(transcript: Transcript, bars: Bars) -> tuple[tuple[tuple[float, HeardChord], ...], ...]:
    """For each bar of the source its chords, with where they begin in it (0 to 1); none where nothing is heard."""
    beats = max(1, round(transcript.pulse.bar_s * transcript.pulse.bpm / 60.0))
    found: list[dict[int, HeardChord]] = [{} for _ in range(bars.count)]
    for chord in transcript.chords:
        begin, end = bars.place(chord.start), bars.place(chord.end)
        first, last = round(begin * beats), round(end * beats)
        for bar in range(max(0, first // beats), min(bars.count, -(-last // beats))):
            beat = max(0, first - bar * beats)
            if chord.root is not None and last > bar * beats + beat:
                found[bar][beat] = chord
    return tuple(tuple((beat / beats, each[beat]) for beat in sorted(each)) for each in found)


def same_bars(
    heard: Sequence[Sequence[tuple[float, HeardChord]]], plot: Plot, move: Move, brief: Brief, fresh: Chords,
    clock: Clock,
) -> frozenset[int]:  # fmt: skip
    """The bars in which `fresh` chords are those of the source anyway, or the source has none."""
    bank = BANKS[brief.preset.harmony][brief.minor]
    found = set()
    for bar, source in enumerate(plot.order):
        start = float(bar * clock.beats)
        own = _kept(heard[source], start, start + clock.beats, move, brief, bank, clock)
        if all(_alike(chord, fresh.at(chord.start)) for chord in own):
            found.add(bar)
    return frozenset(found)


def chords_of(
    heard: Sequence[Sequence[tuple[float, HeardChord]]], plot: Plot, kept: frozenset[int], move: Move, brief: Brief,
    fresh: Chords, tune: Mapping[int, Sequence[Note]], clock: Clock, dice: Dice,
) -> Chords:  # fmt: skip
    """The source's chords in the bars `kept`, else `fresh` ones, which give way to a `tune` that was kept there.

    The last one is the style's own home.
    """
    bank = BANKS[brief.preset.harmony][brief.minor]
    made: list[Chord] = []
    for bar, source in enumerate(plot.order):
        start = float(bar * clock.beats)
        end = min(start + clock.beats, clock.last)
        if start >= clock.last - 1e-6:
            break
        own = [*_kept(heard[source], start, end, move, brief, bank, clock)]
        if own and bar in kept:
            made += own
            continue
        for chord in fresh.between(start, end):
            left, right = max(chord.start, start), min(chord.start + chord.length, end)
            if right - left > 1e-6:
                chord = replace(chord, start=left, length=right - left)
                # a tune that was kept suits the chord that it had
                had = any(_alike(chord, other) for other in own if other.start < right)
                made.append(chord if had else _yielding(chord, tune.get(bar, ()), brief, bank, dice))
    return Chords([*made, fresh.all[-1]])


def unlike(
    heard: Sequence[Sequence[tuple[float, HeardChord]]], plot: Plot, move: Move, brief: Brief, clock: Clock, dice: Dice
) -> Chords:
    """New chords for the whole form: of some drawn, those that have least of the source's."""
    bank = BANKS[brief.preset.harmony][brief.minor]
    own: list[tuple[Chord, ...]] = []
    for bar, source in enumerate(plot.order):
        start = float(bar * clock.beats)
        own.append(tuple(_kept(heard[source], start, start + clock.beats, move, brief, bank, clock)))
    drawn = []
    for number in range(DRAWN):
        seed = dice.at("cover", "progression", number).randrange(1 << 53)
        drawn.append(harmonise(brief.preset.harmony, brief.tonic, brief.minor, plot.form, clock, Dice(seed)))

    def common(chords: Chords) -> float:
        return sum(each.length for bar in own for each in bar if _alike(each, chords.at(each.start)))

    return min(drawn, key=common)


def _alike(one: Chord, other: Chord) -> bool:
    """Whether two chords have one root and one mode."""
    return one.root == other.root and ((one.root + 3) % 12 in one.tones) == ((other.root + 3) % 12 in other.tones)


def _kept(
    own: Sequence[tuple[float, HeardChord]], start: float, end: float, move: Move, brief: Brief, bank: Bank,
    clock: Clock,
) -> Iterator[Chord]:  # fmt: skip
    """One bar's chords as the new style plays them; the first one fills the bar from its beginning."""
    places: dict[float, HeardChord] = {}
    for place, chord in own:
        places[float(round(place * clock.beats)) if places else 0.0] = chord
    begins = [beat for beat in sorted(places) if start + beat < end - 1e-6]
    for beat, until in pairwise([*begins, end - start]):
        symbol = _symbol(places[beat], move, brief, bank)
        yield theory.chord(symbol, brief.tonic, brief.minor, start + beat, until - beat)


def _symbol(chord: HeardChord, move: Move, brief: Brief, bank: Bank) -> str:
    degree, above = move.chord(chord.root or 0, chord.tones)
    if chord.confidence < UNSURE:
        return _nearest(degree, above, brief, bank)
    return _coloured(_sound(degree, above), bank).symbol


def _sound(degree: int, above: tuple[int, ...]) -> Sound:
    """The chord that has these notes, or at least the third of it."""
    wanted = set(above)
    for lower, table in ((False, MAJOR_SUFFIXES), (True, MINOR_SUFFIXES)):
        for suffix, tones in table.items():
            if set(tones) == wanted:
                return Sound(NUMERALS[degree].lower() if lower else NUMERALS[degree], suffix)
    if 3 in wanted and 4 not in wanted:
        return Sound(NUMERALS[degree].lower(), "dim" if 6 in wanted and 7 not in wanted else "")
    return Sound(NUMERALS[degree], "")


def _coloured(sound: Sound, bank: Bank) -> Sound:
    """A plain chord as the style has it: root and mode stay."""
    if sound.suffix not in ("", "dim"):
        return sound
    vocabulary = _vocabulary(bank)
    if sound.suffix == "":
        named = Counter({each.suffix: count for each, count in vocabulary.items() if each.numeral == sound.numeral})
        fitting = [(suffix, count) for suffix, count in named.most_common() if not suffix.startswith(("dim", "sus"))]
        if fitting and "7b5" not in fitting[0][0]:
            return Sound(sound.numeral, fitting[0][0])
    rich = sum(count for each, count in vocabulary.items() if each.suffix) / sum(vocabulary.values())
    if rich < RICH:
        return sound
    if sound.suffix == "dim":
        return Sound(sound.numeral, "7b5")
    return Sound(sound.numeral, "7" if sound.numeral.islower() or sound.numeral in ("V", "II", "VI") else "maj7")


def _vocabulary(bank: Bank) -> Counter[Sound]:
    """The chords of a style, and how often it has them."""
    texts = (*bank.verse, *bank.chorus, *bank.bridge)
    words = (word for text in texts for unit in text.split(" ") for word in unit.split(","))
    return Counter(Sound(match[1], match[2]) for word in words if (match := _PARTS.fullmatch(word)))


def _nearest(degree: int, above: tuple[int, ...], brief: Brief, bank: Bank) -> str:
    """The style's chord that has most of the notes that were heard; the root counts more than the others."""
    heard = {(degree + step) % 12 for step in above}
    vocabulary = _vocabulary(bank)

    def merit(sound: Sound) -> float:
        chord = theory.chord(sound.symbol, 0, brief.minor, 0.0, 1.0)
        common = len(heard & set(chord.tones[:3])) + ROOT_COUNTS * (chord.root == degree)
        return common + NAMED_COUNTS * vocabulary[sound] / max(vocabulary.values())

    return max(vocabulary, key=merit).symbol


def _yielding(chord: Chord, tune: Sequence[Note], brief: Brief, bank: Bank, dice: Dice) -> Chord:
    """`chord`, or another one of the style where `tune` would rub against it."""
    if _rub(chord, tune) <= RUBS:
        return chord
    choices = sorted({sound.symbol for sound in _vocabulary(bank)})
    dice.at("cover", "yielding", round(chord.start, 3)).shuffle(choices)
    others = [theory.chord(symbol, brief.tonic, brief.minor, chord.start, chord.length) for symbol in choices]
    return min((chord, *others), key=lambda each: _rub(each, tune))


def _rub(chord: Chord, tune: Sequence[Note]) -> float:
    """The share of `tune` that is no note of `chord` while it sounds."""
    whole = missed = 0.0
    for note in tune:
        length = min(note.start + note.length, chord.start + chord.length) - max(note.start, chord.start)
        if length > 0:
            whole += length
            missed += length * (note.pitch % 12 not in chord.tones)
    return missed / whole if whole else 0.0
