"""The chords of a song: a progression for each kind of section, closed by dominant and tonic."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from engine.studio.compose import theory
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.progressions import BANKS, EIGHT_BAR_BLUES, Bank
from engine.studio.score import Chord

# Which progressions a section draws from, and under which name it draws: sections of one name share their chords.
SOURCES = {
    "intro": ("verse", "verse"), "verse": ("verse", "verse"), "prechorus": ("bridge", "prechorus"),
    "chorus": ("chorus", "chorus"), "bridge": ("bridge", "bridge"), "solo": ("chorus", "solo"),
    "break": ("verse", "break"), "outro": ("chorus", "chorus"),
}  # fmt: skip
# Chords that can stand for each other, by function.
RECOLOURED = 0.35
ALIKE = {
    "IV": ("vi",), "ii": ("IV",), "vi": ("IV",), "iv": ("bVI",), "bVI": ("iv",), "IVmaj7": ("ii7", "IVmaj9"),
    "ii7": ("IVmaj7", "ii9"), "vi7": ("IVmaj7",), "iii7": ("vi7",), "iv7": ("bVImaj7", "iv9"),
    "bVImaj7": ("iv9",), "vi9": ("IVmaj7",), "iv9": ("bVImaj7",), "VI7": ("vi7",), "IV6": ("ii7",), "iv6": ("ii7b5",),
    "V": ("V7",), "bVII": ("bVII7",),
}  # fmt: skip


class Chords:
    """The chords of a song in order, to be asked what sounds at a beat."""

    def __init__(self, chords: Sequence[Chord]) -> None:
        self.all = tuple(chords)
        self._starts = [chord.start for chord in chords]

    def at(self, beat: float) -> Chord:
        """The chord that sounds at `beat`."""
        return self.all[max(0, bisect_right(self._starts, beat + 1e-6) - 1)]

    def between(self, start: float, end: float) -> tuple[Chord, ...]:
        """Chords that sound somewhere from `start` to `end`."""
        first = max(0, bisect_right(self._starts, start + 1e-6) - 1)
        last = bisect_right(self._starts, end - 1e-6)
        return self.all[first:last]


def harmonise(name: str, tonic: int, minor: bool, form: Form, clock: Clock, dice: Dice) -> Chords:
    """Chords for the whole song. It begins on the tonic, and V leads to the tonic that ends it."""
    bank = BANKS[name][minor]
    spans: list[tuple[str, float, float]] = []
    for at, stretch in enumerate(form.stretches):
        following = form.stretches[at + 1] if at + 1 < len(form.stretches) else None
        spans += _spans(name, bank, minor, stretch, following, clock, dice)
    home = bank.home
    if spans and theory.chord(spans[0][0], tonic, minor, 0.0, 1.0).root != tonic:
        spans[0] = (home, *spans[0][1:])
    spans.append((home, clock.last, clock.end))
    return Chords([theory.chord(symbol, tonic, minor, start, end - start) for symbol, start, end in spans])


def _spans(
    name: str, bank: Bank, minor: bool, stretch: Stretch, following: Stretch | None, clock: Clock, dice: Dice
) -> list[tuple[str, float, float]]:
    """(symbol, start, end) of one section's chords, up to the song's final chord."""
    start = float(stretch.start_bar * clock.beats)
    end = min(start + stretch.bars * clock.beats, clock.last)
    units = _units(start, end, clock)
    words = _progression(name, bank, minor, stretch, len(units), dice)
    symbols = [words[at % len(words)] for at in range(len(units))]
    last_words = following is not None and following.final and following.start_bar * clock.beats >= clock.last
    if stretch.final or last_words:
        cadence = bank.cadence.split(" ")
        for back, symbol in enumerate(reversed(cadence), start=1):
            if len(units) > back or (len(units) == back and stretch.start_bar > 0):
                symbols[-back] = symbol
    elif following is not None and len(units) >= 4 and (len(units) % len(words) or _turns(stretch, following, dice)):
        symbols[-1] = bank.turn
    spans = []
    for symbol, (left, right) in zip(symbols, units, strict=True):
        halves = symbol.split(",")
        whole_beats = (right - left) / len(halves) == int((right - left) / len(halves))
        if len(halves) > 1 and not whole_beats and not clock.compound:
            halves = halves[-1:]
        width = (right - left) / len(halves)
        spans += [(half, left + at * width, left + (at + 1) * width) for at, half in enumerate(halves)]
    return spans


def _units(start: float, end: float, clock: Clock) -> list[tuple[float, float]]:
    units = []
    while start < end - 1e-6:
        units.append((start, min(start + clock.unit, end)))
        start += clock.unit
    return units


def _progression(name: str, bank: Bank, minor: bool, stretch: Stretch, units: int, dice: Dice) -> list[str]:
    source, key = SOURCES[stretch.kind]
    choices: tuple[str, ...] = getattr(bank, source)
    if name == "blues" and units % 12 and units >= 4 and units <= 8:
        choices = EIGHT_BAR_BLUES[minor]
    # an intro that is too short for a long progression gets a short one, which comes home
    words = [text for text in choices if text.count(" ") < units] or list(choices)
    dice.at("harmony", source).shuffle(words)
    # Sections of one source but another name take the next progression, so a solo isn't the chorus once more.
    pick = words[{"prechorus": 1, "solo": 1, "break": 1}.get(key, 0) % len(words)]
    return _recoloured(pick.split(" "), key, dice)


def _recoloured(words: list[str], key: str, dice: Dice) -> list[str]:
    """`words` with a chord here and there replaced by one of the same function; the first and last stay."""
    draw = dice.at("colour", key)
    result = list(words)
    for at in range(1, len(words) - 1):
        if draw.random() < RECOLOURED and words[at] in ALIKE:
            result[at] = draw.choice(ALIKE[words[at]])
    return result


def _turns(stretch: Stretch, following: Stretch, dice: Dice) -> bool:
    """Whether the section ends on the dominant: always into a chorus, else as chance has it."""
    return following.kind == "chorus" or dice.at("turn", stretch.kind).random() < 0.5
