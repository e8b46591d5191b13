"""Chord instruments: figures laid over the harmony, voiced so that little moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.figures import TONE_VELOCITY, VELOCITIES, Manner, manners_of
from engine.studio.compose.form import Stretch
from engine.studio.compose.harmony import Chords
from engine.studio.compose.variants import PEAK, graded
from engine.studio.compose.voicing import voiced
from engine.studio.score import Chord, Note

# lowest and highest pitch of chords, and how many voices: where an instrument accompanies well
RANGES: dict[str, tuple[int, int, int]] = {
    "nylon_guitar": (48, 69, 4), "steel_guitar": (48, 70, 4), "clean_guitar": (50, 72, 3), "distorted_guitar": (40,
    57, 3),
    "piano": (50, 72, 4), "electric_piano": (50, 71, 4), "organ": (52, 72, 3), "string_ensemble": (52, 76, 4),
    "solo_violin": (60, 84, 3), "brass_section": (53, 74, 3), "trumpet": (58, 77, 3), "flute": (64, 86, 3),
    "saxophone": (54, 74, 3), "pad": (48, 72, 4), "pluck": (58, 80, 3), "lead": (58, 79, 3), "bell": (67, 89, 3),
}  # fmt: skip
# where single lines go, in lead and in answers
LEAD_RANGES: dict[str, tuple[int, int]] = {
    "nylon_guitar": (55, 79), "steel_guitar": (55, 79), "clean_guitar": (55, 80), "distorted_guitar": (55, 82),
    "piano": (62, 86), "electric_piano": (60, 84), "organ": (60, 84), "string_ensemble": (58, 84), "solo_violin": (60,
    86),
    "brass_section": (56, 76), "trumpet": (57, 79), "flute": (64, 88), "saxophone": (54, 76), "pad": (60, 80),
    "pluck": (60, 84), "lead": (58, 82), "bell": (69, 91),
}  # fmt: skip
# the lowest string, where a figure wants a root below the chord
LOWEST = {"piano": 36, "electric_piano": 40, "organ": 36, "string_ensemble": 40, "pad": 36}
LOWEST_STRING = 40
# They play one note at a time: of a chord the highest.
SINGLE = frozenset({"solo_violin", "trumpet", "flute", "saxophone", "lead"})
STRUM_S = 0.011
# distorted chords shorter than this are too dense for a third
SUSTAINED_S = 0.22
# how much louder single notes are played for each grade of the metre
ACCENT = 0.07
LOOSENESS_S = 0.006
# A note this much before a chord belongs to it.
EARLY_S = 0.03
# quieter held chords at rest, struck ones as written
SUSTAINED = frozenset({"pad", "string_ensemble", "organ", "brass_section"})


@dataclass(frozen=True)
class Player:
    """One instrument of the arrangement: what it plays on, its figure, and the sections it plays in."""

    stem: str
    instrument: str
    figure: str
    low: float = 0.0
    high: float = 1.01

    @property
    def name(self) -> str:
        """Its place in every draw."""
        return f"{self.stem}:{self.instrument}:{self.figure}"


@dataclass(frozen=True)
class Event:
    """A mark of a pattern: where it begins and ends in beats of the straight grid."""

    start: float
    end: float
    mark: str


def section_notes(
    player: Player, stretch: Stretch, chords: Chords, clock: Clock, dice: Dice, tonic: int, take: str = "",
    late_ms: float = 0.0,
) -> list[Note]:  # fmt: skip
    """Everything `player` plays in a section, up to the final chord.

    Another `take` differs as a repeated take does; `tonic` is the key's, for pedals; `late_ms` lies behind the beat.
    """
    low, high, size = RANGES[player.instrument]
    fitting = [
        each for each in manners_of(player.figure, clock.timesignature) if each.low <= stretch.energy < each.high
    ]
    if not fitting:
        return []
    manner = fitting[0]
    pattern = graded(manner.variants, manner.high > PEAK, ("figure", player.name), stretch, dice)
    result: list[Note] = []
    voicing: dict[float, tuple[int, ...]] = {}
    before: tuple[int, ...] = ()
    start = float(stretch.start_bar * clock.beats)
    for chord in chords.between(start, start + stretch.bars * clock.beats):
        before = voiced(chord.tones, low, high, size, before)
        voicing[chord.start] = before
    for bar in range(stretch.bars):
        if (stretch.start_bar + bar) * clock.beats >= clock.last:
            break
        draw = dice.at("comp", player.name, stretch.identity, bar, take)
        level = (0.64 + 0.48 * stretch.level(bar)) * (0.97 + 0.06 * draw.random())
        for event in _events(pattern, manner, stretch, bar, clock):
            for part in _at_chords(event, chords):
                chord = chords.at(part.start)
                tones = voicing.get(chord.start) or voiced(chord.tones, low, high, size)
                late = clock.late(late_ms) + draw.gauss(0.0, LOOSENESS_S) / clock.beat_s
                result += _struck(part, tones, chord, player, level, clock, late, tonic, take)
    return result


def left_hand(
    player: Player, stretch: Stretch, above: Sequence[Note], chords: Chords, clock: Clock, dice: Dice
) -> list[Note]:
    """The roots that a player gives a band without a bass, wherever `above` plays nothing so low."""
    lowest = LOWEST.get(player.instrument)
    if lowest is None or not above:
        return []
    begin = float(stretch.start_bar * clock.beats)
    end = min(begin + stretch.bars * clock.beats, clock.last)
    result = []
    for chord in chords.between(begin, end):
        start, stop = max(chord.start, begin), min(chord.start + chord.length, end)
        near = start - EARLY_S / clock.beat_s
        if stop - start < 0.5 or any(note.pitch < lowest + 12 and near <= note.start < stop for note in above):
            continue
        late = dice.at("left hand", player.name, stretch.identity, round(start - begin, 3)).gauss(0.0, LOOSENESS_S)
        level = VELOCITIES["r"] * (0.64 + 0.48 * stretch.energy)
        pitch = lowest + (chord.root - lowest) % 12
        place = max(0.0, clock.swung(start) + late / clock.beat_s)
        result.append(Note(place, (stop - start) * 0.97, pitch, min(1.0, level)))
    return result


def _events(pattern: str, manner: Manner, stretch: Stretch, bar: int, clock: Clock) -> list[Event]:
    """The marks of one bar with their lengths; a mark rings on through `-`, also over the bar line of long patterns."""
    first = (stretch.start_bar + bar) * clock.beats
    limit = min(clock.last, float((stretch.start_bar + stretch.bars) * clock.beats))
    events = []
    for step in range(clock.steps):
        place = bar * clock.steps + step
        if place % clock.stretch:
            continue
        at = place // clock.stretch
        mark = pattern[at % len(pattern)]
        if mark in ".-":
            continue
        length = 1
        while pattern[(at + length) % len(pattern)] == "-" and length < len(pattern):
            length += 1
        if mark.isdigit() or mark in "rR":
            length = max(length, manner.ring)
        start = first + step * clock.step
        end = min(start + length * clock.stretch * clock.step, limit)
        if end > start + 1e-6:
            events.append(Event(start, end, mark))
    return events


def _at_chords(event: Event, chords: Chords) -> list[Event]:
    """`event` cut where the harmony changes, so that a held chord follows it."""
    cuts = [chord.start for chord in chords.between(event.start, event.end) if chord.start > event.start + 1e-6]
    edges = [event.start, *cuts, event.end]
    if event.mark.isdigit() or event.mark in "rRmtbB" or event.end - event.start < 0.3:
        return [Event(edges[0], edges[1], event.mark)]
    return [Event(left, right, event.mark) for left, right in pairwise(edges)]


def _struck(
    event: Event, tones: tuple[int, ...], chord: Chord, player: Player, level: float, clock: Clock, late: float,
    tonic: int, take: str,
) -> list[Note]:  # fmt: skip
    """The notes of one mark."""
    start = clock.swung(event.start)
    end = clock.swung(event.end)
    length = (end - start) * (0.99 if player.instrument in SUSTAINED else 0.94)
    spread = 0.0
    if event.mark.isdigit():
        number = int(event.mark) - 1
        above = 12 if number >= len(tones) and player.instrument not in SINGLE else 0
        pitches: tuple[int, ...] = (tones[number % len(tones)] + above,)
        velocity = TONE_VELOCITY * (1 + ACCENT * clock.weight(event.start))
    elif event.mark in "rR":
        step = 7 if event.mark == "R" and (chord.root + 7) % 12 in chord.tones else 0
        bass = tones[0] - 1 - (tones[0] - 1 - chord.root - step) % 12
        pitches = (bass if bass >= LOWEST.get(player.instrument, LOWEST_STRING) else bass + 12,)
        velocity = VELOCITIES[event.mark]
    elif event.mark in "bB":
        root = 40 + (chord.root - 40) % 12
        sixth = 9 if (chord.root + 3) % 12 not in chord.tones else 10
        pitches = (root, root + (sixth if event.mark == "B" else 7))
        # the skip before a beat is lighter than the beat
        velocity = VELOCITIES[event.mark] * (1.0 if clock.weight(event.start) >= 1 else 0.7)
    elif event.mark == "t":
        pitches = (_open_string(tonic),)
        velocity = VELOCITIES[event.mark]
    else:
        pitches = tones[-1:] if player.instrument in SINGLE else tones
        velocity = VELOCITIES[event.mark]
        if event.mark == "m":
            length = min(length, 0.16 / clock.beat_s)
        if event.mark in "du":
            spread = STRUM_S
            pitches = tones if event.mark == "d" else tuple(reversed(tones[-3:]))
    if player.instrument == "distorted_guitar" and event.mark in "Xxo":
        pitches = _power(chord, coloured=bool(take) and length * clock.beat_s > SUSTAINED_S)
    elif player.instrument == "distorted_guitar" and event.mark == "m":
        # a damped fifth through an amplifier sounds like another root: one string is clearer
        pitches = (_open_string(chord.root),)
    return [
        Note(
            max(0.0, start + late + at * spread / clock.beat_s), max(0.05, length), pitch,
            min(1.0, max(0.05, velocity * level * (1.0 if at == 0 else 0.94))),
        )
        for at, pitch in enumerate(pitches)
    ]  # fmt: skip


def _open_string(pitch_class: int) -> int:
    """A note of the lowest string, tuned down to D."""
    return 38 + (pitch_class - 38) % 12


def _power(chord: Chord, coloured: bool = False) -> tuple[int, ...]:
    """Root, fifth and octave on the low strings: what stays clear when it is distorted.

    Where it is `coloured`, the third over the octave instead of the fifth says whether the chord is major or minor.
    """
    root = _open_string(chord.root)
    third = next((above for above in (3, 4) if (chord.root + above) % 12 in chord.tones), None)
    if coloured and third is not None:
        return (root, root + 12, root + 12 + third)
    fifth = 6 if (chord.root + 6) % 12 in chord.tones and (chord.root + 7) % 12 not in chord.tones else 7
    return (root, root + fifth, root + 12)


def final_notes(player: Player, chord: Chord, clock: Clock, energy: float, take: str = "") -> list[Note]:
    """The last chord, held until the song's decay."""
    low, high, size = RANGES[player.instrument]
    tones = voiced(chord.tones, low, high, size)
    if player.instrument == "distorted_guitar":
        tones = _power(chord, coloured=bool(take))
    elif player.instrument in SINGLE:
        tones = tones[-1:]
    spread = 0.02 if player.instrument in SUSTAINED else 0.035
    length = clock.release - clock.last
    return [
        Note(
            clock.last + at * spread / clock.beat_s,
            max(0.05, length - at * spread / clock.beat_s),
            pitch,
            0.5 + 0.25 * energy,
        )
        for at, pitch in enumerate(tones)
    ]
