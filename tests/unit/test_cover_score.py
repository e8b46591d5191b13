"""What a cover keeps of its source and what it makes anew, asserted on scores."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bench.ears.shared import Likeness, Song, likeness
from engine.hearing.transcript import (
    Groove,
    HeardChord,
    HeardNote,
    HeardSection,
    Pulse,
    Strokes,
    Texture,
    Tonality,
    Transcript,
)
from engine.studio.compose.clock import Clock
from engine.studio.compose.dice import Dice
from engine.studio.compose.melody import tessitura
from engine.studio.compose.song import composed
from engine.studio.cover.bars import bars_of, plot
from engine.studio.cover.kept import kept
from engine.studio.cover.version import Original, Version, version
from engine.studio.cover.words import REACH
from engine.studio.kept import Kept
from engine.studio.known import STEPS, known
from engine.studio.score import LyricLine, Score
from engine.studio.sound.mix import Desk
from tests.unit import studio

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
DULL = Texture((-20.0,) * 31, -14.0, 4.0, 12.0, (0.1,) * 31, 0.4, 0.0)
WORDS = """[verse]
The morning comes in slowly through the blind
I pour the coffee, leave the dark behind
[chorus]
Stay with me until the kettle sings
Stay with me and all the little things
[verse]
The evening folds the city like a note
"""
NEW_WORDS = """[verse]
Paper boats go drifting down the stream
Nobody remembers any other dream
[chorus]
Night is here and lanterns glow
Stay a while with nowhere to go
"""


@cache
def own(genre: str = "Modern Pop", metre: str = "4/4", sung: bool = True, seed: int = 3) -> Original:
    """A song made here, about half a minute long."""
    brief = studio.brief(genre, seed=seed, timesignature=metre, bpm=None if metre == "4/4" else 100)
    form, score = composed(brief, studio.lines(WORDS) if sung else (), 36.0, seed, "Kettle")
    song = Kept(brief, form, score, "en", Desk({}, np.ones(2, np.float32)))
    return Original(known(song, np.zeros((2, 36 * 48_000), np.float32)), song)


def as_sound(original: Original) -> Original:
    """The same as if nobody had its score."""
    return Original(replace(original.transcript, exact=False))


def cover(
    original: Original, caption: str, strength: float = 0.7, *, seed: int = 1, duration: float = 36.0,
    words: tuple[LyricLine, ...] | None = (), bpm: float | None = None, key: tuple[int, bool] | None = None,
    metre: str | None = None,
) -> Version:  # fmt: skip
    transcript = original.transcript
    tonic, minor = key or (transcript.tonality.tonic, transcript.tonality.minor)
    brief = replace(
        studio.brief(None, caption, seed), bpm=bpm or transcript.pulse.bpm, tonic=tonic, minor=minor, rap=False,
        timesignature=metre or transcript.pulse.timesignature,
    )  # fmt: skip
    return version(original, brief, words, strength, duration, seed, "Kettle")


def alike(original: Original, made: Version) -> Likeness:
    song = (original if original.kept else own()).kept
    assert song is not None
    return likeness(Song.of(song.score, song.brief), Song.of(made.score, made.brief))


@pytest.mark.parametrize(
    ("genre", "metre", "caption", "seed"),
    [("Modern Pop", "4/4", "reggae", 3), ("Rock", "3/4", "house", 4), ("Folk", "6/8", "jazz", 5)],
)
def test_the_stronger_the_more_it_has_of_the_source(genre: str, metre: str, caption: str, seed: int) -> None:
    source = own(genre, metre, seed=seed)
    assert source.kept is not None
    made = [cover(source, caption, strength, words=None, seed=seed) for strength in STRENGTHS]
    found = [alike(source, each) for each in made]
    for what in ("chords", "melody", "contour"):
        values = [getattr(each, what) for each in found]
        assert spearmanr(STRENGTHS, values).statistic >= 0.9, what
        assert values[0] < 0.75
        assert values[-1] >= 0.95, what
    if found[-1].groove and source.transcript.groove.drums:
        beats = [each.groove for each in found]
        assert spearmanr(STRENGTHS, beats).statistic >= 0.9
        assert beats[-1] >= 0.9
    old = source.kept.score
    for each in made:
        score = each.score
        assert (score.bpm, score.tonic, score.minor, score.timesignature) == (
            old.bpm, old.tonic, old.minor, old.timesignature,
        )  # fmt: skip
        assert [(part.kind, part.start_bar, part.bars) for part in score.sections] == [
            (part.kind, part.start_bar, part.bars) for part in old.sections
        ]
        assert score.style != old.style


def test_a_strength_keeps_what_a_lower_one_does_for_every_seed() -> None:
    source = own()
    clock = Clock(source.transcript.pulse.bpm, "4/4", 36.0)
    bars = plot(source.transcript, bars_of(source.transcript), clock, 0.0)
    for seed in range(20):
        for what in ("chords", "melody", "groove"):
            ladder = [kept(what, bars, strength, Dice(seed)) for strength in STRENGTHS]
            assert ladder[0] == frozenset()
            assert ladder[-1] == frozenset(range(len(bars.order)))
            assert all(less < more for less, more in itertools.pairwise(ladder))
    assert kept("chords", bars, 0.5, Dice(1)) != kept("chords", bars, 0.5, Dice(2))
    assert kept("chords", bars, 0.5, Dice(1)) != kept("melody", bars, 0.5, Dice(1))


def test_the_whole_song_of_ours_is_sung_again_to_another_band() -> None:
    source = own()
    assert source.kept is not None
    made = cover(source, "bossa nova", 1.0, words=None)
    old = source.kept.score
    assert [made.score.lines[line.line].text for line in made.score.voice] == [
        old.lines[line.line].text for line in old.voice
    ]
    for new, before in zip(made.score.voice, old.voice, strict=True):
        assert len({(note.pitch - other.pitch) % 12 for note, other in zip(new.notes, before.notes, strict=True)}) == 1
    assert {part.instrument for part in made.score.parts} != {part.instrument for part in old.parts}


def test_chords_get_the_colours_of_the_new_style_and_keep_root_and_mode() -> None:
    source = own("Rock", sung=False)
    plain = {len(chord.tones) for chord in source.transcript.chords if chord.root is not None}
    made = cover(source, "jazz", 1.0)
    assert plain == {3}
    assert sum(len(chord.tones) > 3 for chord in made.score.chords) > 0.7 * len(made.score.chords)
    assert alike(source, made).chords > 0.95


def test_new_words_are_sung_on_the_tune_of_a_recording() -> None:
    source = as_sound(own())
    made = cover(source, "acoustic folk", 1.0, words=tuple(studio.lines(NEW_WORDS)))
    sung = [made.score.lines[line.line] for line in made.score.voice]
    written = [line.text for line in studio.lines(NEW_WORDS)]
    assert list(dict.fromkeys(line.text for line in sung)) == written
    assert made.missing == 0
    for line, words in zip(made.score.voice, sung, strict=True):
        assert {note.syllable for note in line.notes} == set(range(len(words.syllables)))
    assert alike(own(), made).melody > 0.85


def test_without_words_an_instrument_plays_the_tune() -> None:
    made = cover(as_sound(own()), "string quartet", 1.0)
    assert not made.score.voice
    assert alike(own(), made).melody > 0.9


def test_what_is_asked_for_wins() -> None:
    source = as_sound(own())
    tonic = source.transcript.tonality.tonic
    minor = source.transcript.tonality.minor
    moved = cover(source, "rock", 1.0, key=((tonic + 5) % 12, minor), bpm=source.transcript.pulse.bpm * 1.5)
    assert moved.score.tonic == (tonic + 5) % 12
    straight = cover(source, "rock", 1.0)
    pairs = zip(straight.score.chords, moved.score.chords, strict=False)
    same = [(one.root + 5) % 12 == other.root for one, other in pairs]
    assert np.mean(same[: len(straight.score.chords) // 2]) > 0.9
    # one and a half times as quick: the form goes round once more
    assert sum(part.bars for part in moved.score.sections) >= 1.4 * sum(part.bars for part in straight.score.sections)
    waltz = cover(source, "waltz", 1.0, metre="3/4")
    assert waltz.score.timesignature == "3/4"
    assert all(chord.start % 1 == 0 for chord in waltz.score.chords)


def test_a_major_song_becomes_a_minor_one() -> None:
    source = next(as_sound(own(seed=seed)) for seed in range(3, 30) if not own(seed=seed).transcript.tonality.minor)
    tonic = source.transcript.tonality.tonic
    made = cover(source, "rock", 1.0, key=(tonic, True))
    tonics = [chord for chord in made.score.chords if chord.root == tonic]
    assert tonics
    assert all((tonic + 3) % 12 in chord.tones for chord in tonics)


@pytest.mark.parametrize("duration", [9.5, 36.0, 80.0])
def test_a_cover_is_as_long_as_it_was_asked_to_be_and_ends_at_home(duration: float) -> None:
    made = cover(as_sound(own()), "country", 1.0, duration=duration)
    score = made.score
    assert score.duration == duration
    last = score.chords[-1]
    assert last.root == score.tonic
    assert last.start + last.length == pytest.approx(duration / score.beat_s)
    beats = 4 * sum(part.bars for part in score.sections)
    assert beats - 4 < duration / score.beat_s <= beats
    assert max(note.start for part in score.parts for note in part.notes) * score.beat_s > duration - 5


def test_what_a_voice_cannot_reach_is_sung_in_another_octave() -> None:
    source = as_sound(own())
    high = [
        replace(note, pitch=note.pitch + (24 if at % 5 else 41)) for at, note in enumerate(source.transcript.melody)
    ]
    far = Original(replace(source.transcript, melody=tuple(high)))
    made = cover(far, "soul", 1.0, words=tuple(studio.lines(NEW_WORDS)))
    low, top = tessitura(made.score.tonic, made.brief.voice != "male")
    pitches = [note.pitch for line in made.score.voice for note in line.notes]
    assert pitches
    assert low - REACH <= min(pitches)
    assert max(pitches) <= top + REACH


def test_strokes_keep_their_place_and_strength() -> None:
    source = as_sound(own("Rock", sung=False))
    made = cover(source, "reggae", 1.0)
    groove = source.transcript.groove
    drums = next(part for part in made.score.parts if part.stem == "drums")
    clock = Song.of(made.score, made.brief).clock
    loud = {(round(clock.straight(note.start) * 4)): note.velocity for note in drums.notes if note.pitch == 36}
    rows = [(16 * bar + step, level) for bar, row in enumerate(groove.kick.steps) for step, level in enumerate(row)]
    heard = [(place, level) for place, level in rows if level and place < clock.last * 4 - 1]
    assert heard
    for place, level in heard:
        assert loud[place] == pytest.approx(level, abs=0.01)


def test_swing_is_as_it_was_heard() -> None:
    source = as_sound(own("Rock", sung=False))
    swung = Original(
        replace(source.transcript, groove=replace(source.transcript.groove, swing=0.64, drums=1.0, confidence=1.0))
    )
    assert cover(swung, "house", 1.0).brief.preset.swing == pytest.approx(0.64)
    assert cover(source, "swing jazz", 1.0).brief.preset.swing == pytest.approx(0.5)
    assert cover(source, "swing jazz", 0.0).brief.preset.swing > 0.55


def test_a_chord_that_was_hardly_heard_becomes_one_of_the_key() -> None:
    source = as_sound(own("Folk", sung=False))
    tonality = source.transcript.tonality
    odd = (tonality.tonic + 6) % 12
    unsure = tuple(
        replace(chord, root=odd, tones=(odd, (odd + 4) % 12, (odd + 7) % 12), name="?", confidence=sure)
        for chord, sure in zip(source.transcript.chords, [0.9, 0.1] * 200, strict=False)
    )
    made = cover(Original(replace(source.transcript, chords=unsure)), "folk", 1.0)
    roots = {chord.root for chord in made.score.chords}
    assert odd in roots
    every = cover(
        Original(replace(source.transcript, chords=tuple(replace(c, confidence=0.1) for c in unsure))), "folk", 1.0
    )
    assert odd not in {chord.root for chord in every.score.chords}


def test_the_same_order_gives_the_same_score() -> None:
    source = as_sound(own())
    assert cover(source, "funk", 0.5, seed=8).score == cover(source, "funk", 0.5, seed=8).score
    assert cover(source, "funk", 0.5, seed=8).score != cover(source, "funk", 0.5, seed=9).score


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_was_heard_makes_a_song(data: st.DataObject) -> None:
    source = data.draw(transcripts())
    caption = data.draw(st.sampled_from(("jazz", "metal", "solo piano", "just drums", "a cappella choir", "trap")))
    words = data.draw(st.sampled_from(((), tuple(studio.lines(NEW_WORDS)))))
    duration = data.draw(st.sampled_from((5.0, 13.37, 41.0)))
    score = cover(
        Original(source), caption, data.draw(st.floats(0, 1)), duration=duration, words=words,
        seed=data.draw(st.integers(0, 99)), metre=data.draw(st.sampled_from((None, "3/4", "6/8"))),
    ).score  # fmt: skip
    assert score.duration == duration
    assert_whole(score)


def assert_whole(score: Score) -> None:
    reached = 0.0
    for chord in score.chords:
        assert chord.start == pytest.approx(reached)
        assert chord.length > 0
        reached = chord.start + chord.length
    assert reached == pytest.approx(score.duration / score.beat_s)
    for part in score.parts:
        for note in part.notes:
            assert note.start >= 0
            assert note.length > 0
            assert 0 < note.velocity <= 1
            assert 0 <= note.pitch < 128
    for line in score.voice:
        assert {note.syllable for note in line.notes} == set(range(len(score.lines[line.line].syllables)))
        assert all(note.length > 0 for note in line.notes)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Anything that might be heard in anything."""
    metre = draw(st.sampled_from(("4/4", "3/4", "6/8", "2/4")))
    pulse = Pulse(draw(st.sampled_from((30.0, 61.7, 120.0, 300.0))), metre, (), (), 0.5, 0.5)
    duration = draw(st.sampled_from((0.6, 4.0, 25.0)))
    chance = draw(st.randoms(use_true_random=False))
    bars, at = [], draw(st.sampled_from((0.0, 0.4, 5.5)))
    while at < duration and chance.random() > 0.02:
        bars.append(at)
        at += pulse.bar_s * chance.uniform(0.85, 1.15)
    chords, at = [], 0.0
    while at < duration:
        end = min(duration, at + chance.choice((0.2, pulse.bar_s / 2, pulse.bar_s)))
        root = chance.choice((None, *range(12)))
        shape = chance.choice(((0, 4, 7), (0, 3, 6), (0, 4, 8), (0, 3, 7, 10), (0, 7)))
        tones = () if root is None else tuple((root + step) % 12 for step in shape)
        chords.append(HeardChord(at, end, root, tones, "?", chance.random()))
        at = end
    melody, at = [], chance.random()
    while at < duration and chance.random() > 0.03:
        end = min(duration, at + chance.choice((0.05, 0.3, 3.0)))
        melody.append(HeardNote(at, end, chance.randrange(20, 110), chance.random()))
        at = end + chance.choice((0.0, 0.3))
    sections, bar = [], chance.choice((0, 2))
    while bar < len(bars) and chance.random() > 0.1:
        size = chance.choice((1, 4, 8))
        kind = chance.choice(("", "verse", "chorus", "intro", "outro", "solo"))
        sections.append(HeardSection(bar, size, kind, chance.choice("AB"), chance.random()))
        bar += size
    kick, snare, hats = (
        Strokes(tuple(tuple(chance.choice((0.0, 0.0, 0.7)) for _ in range(STEPS[metre])) for _ in bars))
        for _ in range(3)
    )
    groove = Groove(STEPS[metre], kick, snare, hats, chance.choice((0.5, 0.66)), chance.random(), chance.random())
    return Transcript(
        duration, replace(pulse, bars=tuple(bars)), Tonality(chance.randrange(12), chance.random() < 0.5, 0.0, 0.5),
        tuple(chords), tuple(sections), tuple(melody), groove, DULL,
    )  # fmt: skip
