"""The voices: every lyric line of the form set to a tune, and a second voice in the choruses."""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine.studio.compose import melody
from engine.studio.compose.brief import Brief
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Slot, Stretch
from engine.studio.compose.harmony import Chords
from engine.studio.compose.rhythm import Wish, syllable_beats
from engine.studio.compose.theory import melody_scale
from engine.studio.score import LyricLine, SungLine, SungNote

ORNAMENT_FROM_S = 0.8
LONG_S = 0.45


def sing(
    form: Form, lines: Sequence[LyricLine], brief: Brief, chords: Chords, clock: Clock, dice: Dice
) -> tuple[tuple[SungLine, ...], tuple[SungLine, ...]]:
    """(lead voice, second voice), each in the order of time."""
    lead, second = [], []
    for at, stretch in enumerate(form.stretches):
        following = form.stretches[at + 1] if at + 1 < len(form.stretches) else None
        before: int | None = None
        for number, slot in enumerate(stretch.slots):
            line = _line(number, slot, stretch, following, lines[slot.line], brief, chords, clock, dice, before)
            lead.append(line)
            before = line.notes[-1].pitch if line.notes else None
            if not line.spoken and _has_second(brief, number, stretch):
                second.append(_second(line, brief, chords))
    return tuple(lead), tuple(second)


def _has_second(brief: Brief, number: int, stretch: Stretch) -> bool:
    if brief.backing != "usual":
        return brief.backing == "always"
    return stretch.kind in ("chorus", "outro") or _lifts(number, stretch)


def _lifts(number: int, stretch: Stretch) -> bool:
    """True for the line that leads up to a chorus."""
    return stretch.kind == "prechorus" and number == len(stretch.slots) - 1


def _line(
    number: int, slot: Slot, stretch: Stretch, following: Stretch | None, line: LyricLine, brief: Brief, chords: Chords,
    clock: Clock, dice: Dice, before: int | None,
) -> SungLine:  # fmt: skip
    spoken = brief.rap and stretch.kind != "chorus"
    letter = melody.plan(stretch.kind, dice)[number % 4]
    # the first motif comes back as it was; what answers it is new in a later verse
    again = stretch.kind != "chorus" and stretch.occurrence > 1 and letter != "A"
    variation = str(stretch.occurrence) if again else ""
    each = melody.motif(stretch.kind, letter, variation, dice)
    wish = Wish(each.key, brief.preset.syncopation, spoken)
    beats = syllable_beats(line.syllables, slot.start, slot.length, clock, wish, dice)
    last = number == len(stretch.slots) - 1
    leads_on = following is not None and following.kind in ("chorus", "prechorus") and stretch.kind != "chorus"
    ending = "closed" if last and not leads_on else "open"
    low, high = melody.tessitura(brief.tonic, brief.voice == "female")
    register = melody.vocal_register(stretch.kind, low, high, spoken)
    key = melody.Key(brief.tonic, brief.minor, brief.preset.harmony == "blues")
    stresses = [syllable.stress for syllable in line.syllables]
    tune = melody.pitches(each, beats, slot.start, stresses, register, key, chords, clock, ending, before, spoken)
    notes = []
    for at, (beat, pitch) in enumerate(zip(beats, tune, strict=True)):
        start = clock.swung(slot.start + beat.start)
        end = min(clock.swung(slot.start + beat.start + beat.length), clock.end - 0.3 / clock.beat_s)
        notes.append(SungNote(start, max(end - start, 0.05 / clock.beat_s), pitch, at))
    if not spoken:
        draw = dice.at("ornament", stretch.identity, number)
        notes = _ornamented(notes, register, key, chords, brief.preset.melisma, clock, draw)
    return SungLine(slot.line, tuple(notes), spoken)


def _ornamented(
    notes: list[SungNote], register: melody.Register, key: melody.Key, chords: Chords, chance: float, clock: Clock,
    draw: random.Random,
) -> list[SungNote]:  # fmt: skip
    """`notes`, a long last one now and then reached through its neighbour on the same syllable."""
    last = notes[-1]
    if last.length * clock.beat_s < ORNAMENT_FROM_S or draw.random() >= chance:
        return notes
    scale = melody_scale(key.tonic, key.minor, chords.at(last.start), key.blue)
    near = [last.pitch + step for step in (2, 1, -1, -2) if (last.pitch + step) % 12 in scale]
    near = [pitch for pitch in near if register.low <= pitch <= register.high]
    if not near:
        return notes
    turn = min(0.3 * last.length, 0.3 / clock.beat_s)
    first = SungNote(last.start, turn, near[0], last.syllable)
    return [*notes[:-1], first, SungNote(last.start + turn, last.length - turn, last.pitch, last.syllable)]


def _second(line: SungLine, brief: Brief, chords: Chords) -> SungLine:
    low = melody.tessitura(brief.tonic, brief.voice == "female")[0] - 5
    beat_s = 60.0 / brief.bpm
    # a man below a woman, or a woman above a man: the same third an octave away
    octave = 0 if not brief.duet else -12 if brief.voice == "female" else 12
    notes = []
    for note in line.notes:
        chord = chords.at(note.start)
        scale = melody_scale(brief.tonic, brief.minor, chord, brief.preset.harmony == "blues")
        pitch = melody.third_below(note.pitch, chord.tones, scale, note.length * beat_s > LONG_S, low)
        notes.append(SungNote(note.start, note.length, pitch + octave, note.syllable))
    return SungLine(line.line, tuple(notes))
