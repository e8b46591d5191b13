"""The voices: every lyric line of the form set to a tune or a flow, and a second voice that joins in and answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.studio.compose import adlibs, flow, melody, ornament, rapping
from engine.studio.compose.brief import Brief, Singer, other_sex
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.form import Form, Slot, Stretch
from engine.studio.compose.harmony import Chords
from engine.studio.compose.material import ALL_NEW, Material
from engine.studio.compose.rhythm import Wish, syllable_beats
from engine.studio.compose.theory import melody_scale
from engine.studio.score import LyricLine, SungLine, SungNote

LONG_S = 0.45
# Where a duet has one verse only, the singers change after so many lines.
LINES_OF_TURN = 2
OCTAVE = 12
KANA = re.compile("[\u3041-\u30ff]")


@dataclass(frozen=True)
class Place:
    """Line number `number` of a section. `following` is the next section; `turns`: the song has several verses."""

    number: int
    stretch: Stretch
    following: Stretch | None
    turns: bool

    @property
    def last(self) -> bool:
        return self.number == len(self.stretch.slots) - 1


def sing(
    form: Form, lines: Sequence[LyricLine], brief: Brief, chords: Chords, clock: Clock, dice: Dice,
    material: Material = ALL_NEW,
) -> tuple[tuple[SungLine, ...], tuple[SungLine, ...]]:  # fmt: skip
    """(lead voice, second voice), each in the order of time."""
    lead: list[SungLine] = []
    second: list[SungLine] = []
    verses = sum(bool(stretch.slots) for stretch in form.stretches if stretch.kind == "verse")
    for at, stretch in enumerate(form.stretches):
        following = form.stretches[at + 1] if at + 1 < len(form.stretches) else None
        before: int | None = None
        for number, slot in enumerate(stretch.slots):
            place, line = Place(number, stretch, following, verses > 1), lines[slot.line]
            singer, partner = _singers(place, line, brief)
            if flow.is_spoken(line, stretch.kind, brief.rap):
                made = _rapped(place, slot, line, singer, lead[-1] if lead else None, brief, clock, dice)
                made = material.sung(slot, made, singer) if material.sung else made
                lead.append(_named(made, singer, brief.voice))
                before = None
                continue
            slot, answer = _shared(slot, lines)
            made = _line(place, slot, line, singer, brief, chords, clock, dice, before)
            made = material.sung(slot, made, singer) if material.sung else made
            lead.append(_named(made, singer, brief.voice))
            before = made.notes[-1].pitch if made.notes else None
            if partner is not None:
                second.append(_named(_second(made, singer, partner, brief, chords), partner, brief.second_voice))
            if answer is not None:
                who = partner or (other_sex(singer) if brief.duet else brief.second_voice)
                made = _line(place, answer, lines[answer.line], who, brief, chords, clock, dice, before)
                second.append(_named(made, who, brief.second_voice))
    lead = _one_at_a_time(lead)
    low = melody.tessitura(brief.tonic, brief.second_voice != "male")[0]
    second += adlibs.thrown_in(lead, lines, low, clock)
    return tuple(lead), tuple(sorted(second, key=lambda line: line.notes[0].start))


def _one_at_a_time(lead: Sequence[SungLine]) -> list[SungLine]:
    """The lines with each last note ended where the next line begins: one that is spoken late may still sound there."""
    ended = list(lead)
    for at, (line, following) in enumerate(pairwise(lead)):
        if not line.notes or not following.notes:
            continue
        last, begins = line.notes[-1], following.notes[0].start
        if last.start < begins < last.start + last.length:
            ended[at] = replace(line, notes=(*line.notes[:-1], replace(last, length=begins - last.start)))
    return ended


def _named(line: SungLine, singer: Singer, usual: Singer) -> SungLine:
    return replace(line, singer="" if singer == usual else singer)


def _singers(place: Place, line: LyricLine, brief: Brief) -> tuple[Singer, Singer | None]:
    """Who sings a line, and who joins in. A tag wins; in a duet the two take turns and meet in the chorus."""
    together = line.singer == "both"
    singer: Singer = brief.voice
    match line.singer:
        case "female" | "male" | "choir" as named:
            singer = named
        case "":
            if brief.duet and not _meeting(place) and _turn(place) % 2:
                singer = other_sex(brief.voice)
    partner: Singer = "choir" if brief.choir else brief.second_voice if singer == brief.voice else singer
    if (brief.duet or together) and not brief.choir:
        partner = other_sex(singer)
    if brief.backing == "never" and not together:
        return singer, None
    bracketed = line.text.startswith("(") and line.text.endswith(")")
    joins = together or bracketed or _joined(place, brief)
    return singer, partner if joins else None


def _joined(place: Place, brief: Brief) -> bool:
    """Whether a second voice sings along as usual. Beside a voice alone it is there only where somebody wants it."""
    if brief.duet:
        return _meeting(place)
    if brief.backing == "always":
        return True
    return not brief.alone and (_meeting(place) or (place.stretch.kind == "prechorus" and place.last))


def _meeting(place: Place) -> bool:
    return place.stretch.kind in ("chorus", "outro")


def _turn(place: Place) -> int:
    """Whose turn it is in a duet: a verse each, or a few lines each where there is one verse or none."""
    if place.turns and place.stretch.kind == "verse":
        return place.stretch.occurrence - 1
    return place.number // LINES_OF_TURN + place.stretch.occurrence - 1


def _shared(slot: Slot, lines: Sequence[LyricLine]) -> tuple[Slot, Slot | None]:
    """A line's own time, and that of the answer that its lyrics give it in brackets."""
    number = slot.line + 1
    if number >= len(lines) or not lines[number].echo or not lines[number].syllables:
        return slot, None
    own, other = len(lines[slot.line].syllables) + 1, len(lines[number].syllables) + 1
    cut = slot.length * own / (own + other)
    near = round(cut * 2) / 2
    cut = near if 0.5 <= near <= slot.length - 0.5 else cut
    return replace(slot, length=cut), Slot(number, slot.start + cut, slot.length - cut)


def _rapped(
    place: Place, slot: Slot, line: LyricLine, singer: Singer, before: SungLine | None, brief: Brief, clock: Clock,
    dice: Dice,
) -> SungLine:  # fmt: skip
    stretch = place.stretch
    way = flow.flow_of(stretch, place.number, brief, clock, dice)
    free = before.notes[-1].start + before.notes[-1].length if before is not None else None
    key = (stretch.identity, place.number)
    beats = rapping.rapped(line, slot, free, way, clock, dice, key)
    low = melody.tessitura(brief.tonic, singer != "male")[0]
    tune = rapping.speech(line, way, place.number, low, brief, dice, key)
    notes = _notes([beat.start for beat in beats], [beat.start + beat.length for beat in beats], tune, clock)
    return SungLine(slot.line, tuple(notes), spoken=True)


def _notes(starts: Sequence[float], ends: Sequence[float], tune: Sequence[int], clock: Clock) -> list[SungNote]:
    """A note for each syllable. None is too short to be heard, unless the next one begins, and all end in the song."""
    latest, shortest = clock.end - 0.3 / clock.beat_s, 0.05 / clock.beat_s
    notes = []
    for at, (start, end, pitch) in enumerate(zip(starts, ends, tune, strict=True)):
        length = max(min(end, latest) - start, shortest)
        follows = starts[at + 1] if at + 1 < len(starts) else clock.end
        notes.append(SungNote(start, min(length, follows - start), pitch, at))
    return notes


def _line(
    place: Place, slot: Slot, line: LyricLine, singer: Singer, brief: Brief, chords: Chords, clock: Clock, dice: Dice,
    before: int | None,
) -> SungLine:  # fmt: skip
    stretch, number, following = place.stretch, place.number, place.following
    letter = melody.plan(stretch.kind, dice)[number % 4]
    # the first motif comes back as it was; what answers it is new in a later verse
    again = stretch.kind != "chorus" and stretch.occurrence > 1 and letter != "A"
    variation = str(stretch.occurrence) if again else ""
    each = melody.motif(stretch.kind, letter, variation, dice)
    # kana are morae, which Japanese sings one like the other
    wish = Wish(each.key, brief.preset.syncopation, even=bool(KANA.search(line.text)))
    beats = syllable_beats(line.syllables, slot.start, slot.length, clock, wish, dice)
    leads_on = following is not None and following.kind in ("chorus", "prechorus") and stretch.kind != "chorus"
    ending = "closed" if place.last and not leads_on else "open"
    low, high = melody.tessitura(brief.tonic, singer != "male")
    register = melody.vocal_register(stretch.kind, low, high)
    key = melody.Key(brief.tonic, brief.minor, brief.preset.harmony == "blues")
    stresses = [syllable.stress for syllable in line.syllables]
    tune = melody.pitches(each, beats, slot.start, stresses, register, key, chords, clock, ending, before)
    starts = [clock.swung(slot.start + beat.start) for beat in beats]
    ends = [clock.swung(slot.start + beat.start + beat.length) for beat in beats]
    notes = _notes(starts, ends, tune, clock)
    draw = dice.at("ornament", stretch.identity, number)
    sung = ornament.ornamented(notes, register, key, chords, brief.preset.melisma, clock, draw)
    return SungLine(slot.line, tuple(sung))


def _second(line: SungLine, singer: Singer, partner: Singer, brief: Brief, chords: Chords) -> SungLine:
    low = melody.tessitura(brief.tonic, singer != "male")[0] - 5
    beat_s = 60.0 / brief.bpm
    # a man below a woman, or a woman above a man: the same third an octave away
    octave = OCTAVE * ((partner == "female" and singer == "male") - (partner == "male" and singer != "male"))
    notes = []
    for note in line.notes:
        chord = chords.at(note.start)
        scale = melody_scale(brief.tonic, brief.minor, chord, brief.preset.harmony == "blues")
        pitch = melody.third_below(note.pitch, chord.tones, scale, note.length * beat_s > LONG_S, low)
        notes.append(SungNote(note.start, note.length, pitch + octave, note.syllable))
    return SungLine(line.line, tuple(notes))
