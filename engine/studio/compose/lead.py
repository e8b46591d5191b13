"""Instruments that carry the tune where nobody sings, and that answer where somebody does."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from engine.studio.compose import melody
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.comping import LEAD_RANGES, Player
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Stretch
from engine.studio.compose.harmony import Chords
from engine.studio.compose.register import octaves, within
from engine.studio.compose.rhythm import Wish, invented, syllable_beats
from engine.studio.score import Note, SungLine

PHRASE_S = 5.0
# Notes a second, and where in the instrument's range, by section.
RATE = {
    "verse": 1.35,
    "chorus": 1.7,
    "bridge": 1.2,
    "solo": 2.5,
    "prechorus": 1.5,
    "intro": 1.1,
    "outro": 1.1,
    "break": 0.8,
}
HEIGHT = {
    "verse": 0.4,
    "chorus": 0.62,
    "bridge": 0.52,
    "solo": 0.6,
    "prechorus": 0.5,
    "intro": 0.5,
    "outro": 0.45,
    "break": 0.4,
}
FEWEST_BEATS = 1.0
GAP_S = 1.3
ANSWER_CHANCE = 0.6
# A rest after which a tune begins anew.
REST_S = 0.5
# A note this much before a bar line belongs to the bar behind it.
EARLY_S = 0.03


def lead_notes(
    player: Player, stretch: Stretch, sung: bool, brief: Brief, chords: Chords, clock: Clock, dice: Dice
) -> list[Note]:
    """The tune in a section without words. Where the song is sung elsewhere, intro and ending quote the chorus."""
    begin, end = float(stretch.start_bar * clock.beats), float((stretch.start_bar + stretch.bars) * clock.beats)
    end = min(end, clock.last)
    phrase = phrase_beats(clock)
    if stretch.kind == "intro" and not sung and end - begin > 2 * phrase:
        begin = end - 2 * phrase
    source = "chorus" if stretch.kind in ("intro", "outro") else stretch.kind
    notes: list[Note] = []
    before: int | None = None
    number = 0
    while begin < end - FEWEST_BEATS:
        length = min(phrase, end - begin)
        letter = melody.plan(source, dice)[number % 4]
        again = stretch.occurrence > 1 and letter != "A" and source != "chorus"
        each = melody.motif(source, letter, str(stretch.occurrence) if again else "", dice)
        closed = number % 4 == 3 or begin + length >= end - 1e-6
        made = _phrase(player, each, stretch, begin, length, closed, brief, chords, clock, dice, before)
        notes += made
        before = made[-1].pitch if made else None
        begin += length
        number += 1
    return notes


def phrase_beats(clock: Clock) -> float:
    """How long a phrase of a tune is: one, two or four chords, about five seconds."""
    units = PHRASE_S / (clock.unit * clock.beat_s)
    return clock.unit * (4 if units > 2.9 else 2 if units > 1.3 else 1)


def _phrase(
    player: Player, each: melody.Motif, stretch: Stretch, begin: float, length: float, closed: bool, brief: Brief,
    chords: Chords, clock: Clock, dice: Dice, before: int | None,
) -> list[Note]:  # fmt: skip
    seconds = length * clock.beat_s
    rate = RATE[stretch.kind] * (0.75 + 0.5 * stretch.energy)
    count = max(2, round(seconds * rate * (0.85 + 0.3 * dice.at("rate", *each.key).random())))
    wish = Wish(("lead", *each.key), brief.preset.syncopation)
    line = invented(count, dice.at("words", *each.key).randrange(1 << 30))
    beats = syllable_beats(line, begin, length, clock, wish, dice)
    register = _register(player.instrument, stretch.kind)
    key = melody.Key(brief.tonic, brief.minor, brief.preset.harmony == "blues")
    stresses = [syllable.stress for syllable in line]
    tune = melody.pitches(
        each, beats, begin, stresses, register, key, chords, clock, "closed" if closed else "open", before
    )
    draw = dice.at("lead", player.name, stretch.identity, round(begin - stretch.start_bar * clock.beats, 3))
    notes = []
    for beat, pitch, stress in zip(beats, tune, stresses, strict=True):
        start = clock.swung(begin + beat.start)
        end = min(clock.swung(begin + beat.start + beat.length), clock.last)
        level = 0.5 + 0.06 * stress + 0.05 * clock.weight(begin + beat.start) / 3 + 0.26 * stretch.energy
        late = clock.late(brief.preset.late_ms.get("lead", 0.0)) + draw.gauss(0.0, 0.006) / clock.beat_s
        notes.append(
            Note(
                max(0.0, start + late),
                max(0.05, (end - start) * 0.97),
                pitch,
                min(1.0, level * draw.uniform(0.95, 1.05)),
            )
        )
    return notes


def with_given(
    notes: Sequence[Note], tune: Mapping[int, Sequence[Note]], player: Player, form: Form, brief: Brief, clock: Clock
) -> list[Note]:
    """`notes`, but in the bars of `tune` what it has there, in the octave that suits the player's instrument."""
    early = EARLY_S / clock.beat_s
    made = [note for note in notes if int((note.start + early) // clock.beats) not in tune]
    given = [note for bar in sorted(tune) for note in tune[bar] if note.start < clock.last - 1e-6]
    if not given:
        return made
    low, high = LEAD_RANGES[player.instrument]
    phrases = _phrases(given, REST_S / clock.beat_s)
    moves = octaves([[(note.pitch, note.length) for note in phrase] for phrase in phrases], low, high)
    by = [move for phrase, move in zip(phrases, moves, strict=True) for _ in phrase]
    starts = [stretch.start_bar for stretch in form.stretches]
    late = clock.late(brief.preset.late_ms.get("lead", 0.0))
    for note, octave in zip(given, by, strict=True):
        stretch = form.stretches[max(0, bisect_right(starts, int((note.start + early) // clock.beats)) - 1)]
        start = clock.swung(note.start)
        end = min(clock.swung(note.start + note.length), clock.last)
        level = min(1.0, note.velocity * (0.62 + 0.45 * stretch.energy))
        pitch = within(note.pitch + octave, low, high)
        made.append(Note(max(0.0, start + late), max(0.05, (end - start) * 0.97), pitch, level))
    return sorted(made, key=lambda note: note.start)


def _phrases(notes: Sequence[Note], rest: float) -> list[list[Note]]:
    """Notes between which there is no rest of so many beats."""
    found: list[list[Note]] = []
    for note in notes:
        if not found or note.start - found[-1][-1].start - found[-1][-1].length >= rest:
            found.append([])
        found[-1].append(note)
    return found


def final_note(before: Note, tonic: int, clock: Clock) -> Note:
    """The tonic over the final chord, near the tune's last note."""
    pitch = next(before.pitch + step for step in range(-6, 6) if (before.pitch + step - tonic) % 12 == 0)
    return Note(clock.last, max(0.05, clock.release - clock.last), pitch, before.velocity)


def _register(instrument: str, kind: str) -> melody.Register:
    low, high = LEAD_RANGES[instrument]
    middle = low + (high - low) * HEIGHT[kind]
    return melody.Register(max(low, round(middle) - 8), min(high, round(middle) + 8), middle)


def answers(
    player: Player, stretch: Stretch, voice: Sequence[SungLine], tune: Sequence[Note], brief: Brief, chords: Chords,
    clock: Clock, dice: Dice,
) -> list[Note]:  # fmt: skip
    """Short replies in the rests of the voice, or of the leading instrument."""
    begin = float(stretch.start_bar * clock.beats)
    end = min(begin + stretch.bars * clock.beats, clock.last)
    sounding = [(note.start, note.start + note.length) for line in voice for note in line.notes]
    sounding += [(note.start, note.start + note.length) for note in tune]
    sounding = sorted(span for span in sounding if span[0] < end and span[1] > begin)
    if not sounding:
        return []
    notes: list[Note] = []
    reached = sounding[0][1]
    for left, right in [*sounding[1:], (end, end)]:
        first = float(round(reached * 2 + 0.49) / 2)
        length = min(left, end) - first
        chance = dice.at("answer", player.name, stretch.identity, round(first - begin, 2)).random()
        if length * clock.beat_s >= GAP_S and length >= 1 and chance < ANSWER_CHANCE:
            notes += _reply(player, stretch, first, min(length, 4 * clock.beats), brief, chords, clock, dice)
        reached = max(reached, right)
    return notes


def _reply(
    player: Player,
    stretch: Stretch,
    begin: float,
    length: float,
    brief: Brief,
    chords: Chords,
    clock: Clock,
    dice: Dice,
) -> list[Note]:
    each = melody.motif("answer", "AB"[int(begin) // clock.beats % 2], "", dice)
    quiet = Stretch("break", stretch.identity, stretch.start_bar, stretch.bars, stretch.energy * 0.7)
    return _phrase(player, each, quiet, begin, length, False, brief, chords, clock, dice, None)
