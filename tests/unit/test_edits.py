"""Scores woven together, words fitted to tunes, and room for new lines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.studio.compose.clock import Clock
from engine.studio.compose.song import clock_of, composed
from engine.studio.edits.room import laid
from engine.studio.edits.weave import tidy, words_of, woven
from engine.studio.edits.words import fitted
from engine.studio.midi import to_midi
from engine.studio.score import LyricLine, Note, Part, SungLine, SungNote, Syllable
from tests.unit import studio

CLOCK = Clock(120.0, "4/4", 40.0)


def words(count: int) -> LyricLine:
    text = " ".join(["la"] * count)
    syllables = tuple(Syllable(at, 2 if at % 2 == 0 else 0) for at in range(count))
    return LyricLine(text, "verse", tuple(text.split()), syllables)


def tune(*lengths: float) -> SungLine:
    notes, start = [], 8.0
    for at, length in enumerate(lengths):
        notes.append(SungNote(start, length, 60 + at, at))
        start += length
    return SungLine(0, tuple(notes))


@given(st.lists(st.sampled_from((0.25, 0.5, 1.0, 2.0)), min_size=1, max_size=12), st.integers(1, 24))
def test_words_keep_the_tune_and_every_syllable_has_its_note(lengths: list[float], count: int) -> None:
    old = tune(*lengths)
    new = fitted(old, words(count), 3, CLOCK)
    # a note may be as short as a tenth of a second: a fifth of a beat
    if new is None:
        assert count > sum(int(length / 0.2) // 2 for length in lengths)
        return
    assert [note.syllable for note in new.notes] == sorted(note.syllable for note in new.notes)
    assert {note.syllable for note in new.notes} == set(range(count))
    for note in new.notes:
        [under] = [each for each in old.notes if each.start - 1e-9 <= note.start < each.start + each.length - 1e-9]
        assert note.pitch == under.pitch
        assert note.length * CLOCK.beat_s >= min(0.1, under.length * CLOCK.beat_s) - 1e-9
    assert sum(note.length for note in new.notes) == pytest.approx(sum(lengths))


def test_stressed_syllables_get_the_long_notes() -> None:
    new = fitted(tune(0.5, 0.5, 2.0, 0.5, 2.0), words(3), 0, CLOCK)
    assert new is not None
    begins = {note.syllable: note.length for note in reversed(new.notes)}
    assert begins[2] == 2.0


@given(st.integers(1, 12), st.integers(1, 14), st.floats(0, 30), st.floats(1, 40))
@example(1, 1, 1.3e-6, 1.0)
def test_lines_lie_in_their_room_and_never_on_each_other(
    count: int, syllables: int, first: float, length: float
) -> None:
    slots, missing = laid([words(syllables)] * count, 5, (first, first + length), CLOCK)
    assert len(slots) + missing == count
    assert [slot.line for slot in slots] == list(range(5, 5 + len(slots)))
    reached = first
    for slot in slots:
        assert slot.start >= reached - 1e-6
        reached = slot.start + slot.length
    assert reached <= first + length + 1e-6


def test_notes_end_where_another_score_takes_over_and_what_it_holds_begins_there() -> None:
    brief = studio.brief(seed=2, bpm=120)
    _, score = composed(brief, (), 20.0, 2, "x")
    before = Part("synth", "pad", (Note(0.0, 12.0, 60, 0.5), Note(8.0, 32.0, 62, 0.5)))
    after = Part("synth", "pad", (Note(2.0, 10.0, 72, 0.5),))
    elsewhere = Part("bass", "synth_bass", (Note(8.0, 1.0, 36, 0.5),))
    old, new = replace(score, parts=(before,)), replace(score, parts=(after, elsewhere))
    both = woven(old, new, lambda _: ((4.0, 8.0),), clock_of(brief, 20.0))
    notes = [(note.start, note.length, note.pitch) for part in both.parts for note in part.notes]
    assert notes == [(0.0, 4.0, 60), (4.0, 4.0, 72), (8.0, 32.0, 62)]
    assert [part.stem for part in both.parts] == ["synth"]


def test_chords_follow_each_other_without_a_hole() -> None:
    brief = studio.brief(seed=2, bpm=120)
    (_, old), (_, new) = (composed(brief, (), 30.0, seed, "x") for seed in (2, 3))
    both = woven(old, new, lambda _: (), clock_of(brief, 30.0), chords=((6.0, 17.5), (24.0, 40.0)))
    assert both.parts == old.parts
    reached = 0.0
    for chord in both.chords:
        assert chord.start == pytest.approx(reached)
        reached = chord.start + chord.length
    assert reached == pytest.approx(60.0)


def test_lines_that_nobody_sings_any_more_are_forgotten() -> None:
    form, score = composed(studio.brief(seed=2), studio.lines(), 60.0, 2, "x")
    fewer = replace(score, voice=score.voice[3:], backing=())
    tidied, new_form = tidy(fewer, form)
    assert len(tidied.lines) == len({line.line for line in fewer.voice})
    texts = [score.lines[line.line].text for line in fewer.voice]
    assert [tidied.lines[line.line].text for line in tidied.voice] == texts
    assert [line for line in words_of(tidied, new_form).splitlines() if line and line[0] != "["] == texts
    assert {slot.line for stretch in new_form.stretches for slot in stretch.slots} == set(range(len(tidied.lines)))


def test_a_file_of_notes_begins_where_the_recording_does() -> None:
    _, score = composed(studio.brief("Folk", seed=2), (), 20.0, 2, "x")
    later = replace(score.moved(7.0), origin=7.0)
    first, second = to_midi(replace(score, sections=())), to_midi(replace(later, sections=()))
    assert first == second
