"""Whole songs: they fit, they sing every word, nothing is silent, and chance stays where it belongs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.studio.compose import compose, parse_lyrics, title_of
from engine.studio.compose.fit import lay_out
from engine.studio.compose.form import Stretch
from engine.studio.compose.melody import tessitura
from engine.studio.compose.song import clock_of, realise
from engine.studio.compose.sounding import UNPITCHED
from engine.studio.score import BEATS_PER_BAR, LyricLine, Note, Score, Syllable
from tests.unit import studio

GENRES = tuple(studio.presets())


def song(
    genre: str = "Modern Pop", seed: int = 1, duration: float = 120.0, caption: str = "", sung: bool = True
) -> Score:
    lines = studio.lines() if sung else ()
    return compose(studio.brief(genre, caption, seed), lines, duration, seed, "Title")


def silence(score: Score, until: float) -> float:
    """The longest stretch in seconds, up to `until`, in which no pitched instrument plays."""
    spans = [
        (note.start, note.start + note.length)
        for part in score.parts
        if part.stem not in UNPITCHED
        for note in part.notes
    ]
    longest = reached = 0.0
    for start, end in [*sorted(spans), (until / score.beat_s, 0.0)]:
        longest = max(longest, min(start, until / score.beat_s) - reached)
        reached = max(reached, end)
    return longest * score.beat_s


def check(score: Score, lines: tuple[LyricLine, ...] | list[LyricLine], duration: float) -> None:
    end = duration / score.beat_s
    bar = BEATS_PER_BAR[score.timesignature]
    assert score.duration == duration
    # sections follow each other and cover the whole song, the last bar perhaps in part
    assert [section.start_bar for section in score.sections] == [
        sum(section.bars for section in score.sections[:at]) for at in range(len(score.sections))
    ]
    assert all(section.bars > 0 for section in score.sections)
    assert -1e-6 < sum(section.bars for section in score.sections) * bar - end < bar
    # chords too, from tonic to tonic
    assert score.chords[0].root == score.chords[-1].root == score.tonic
    assert score.chords[-1].start + score.chords[-1].length == pytest.approx(end)
    assert (end - score.chords[-1].start) * score.beat_s <= 5.6
    for left, right in zip(score.chords, score.chords[1:], strict=False):
        assert left.start + left.length == pytest.approx(right.start)
    for part in score.parts:
        for note in part.notes:
            assert 0 <= note.start < end
            assert note.length > 0
            assert note.start + note.length <= end + 1e-6
            assert 0 <= note.velocity <= 1
            assert 35 <= note.pitch <= 81 if part.stem in ("drums", "percussion") else 20 <= note.pitch <= 100
    # every line is sung, each syllable has its note, and notes follow each other
    wanted = {at for at, line in enumerate(lines) if line.syllables}
    assert {line.line for line in score.voice} == wanted - set(score.left_out)
    reached = 0.0
    for line in score.voice:
        assert [*dict.fromkeys(note.syllable for note in line.notes)] == list(range(len(lines[line.line].syllables)))
        for sung in line.notes:
            assert sung.start >= reached - 1e-6
            assert sung.length * score.beat_s > 0.04
            reached = sung.start + sung.length
    assert reached <= end
    assert silence(score, duration - 1.0) <= 1.0


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    genre=st.sampled_from(GENRES), duration=st.floats(5, 240), bpm=st.integers(30, 300),
    metre=st.sampled_from(("2/4", "3/4", "4/4", "6/8")), count=st.integers(0, 24), syllables=st.integers(1, 16),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_any_length_tempo_and_metre_is_filled(
    genre: str, duration: float, bpm: int, metre: str, count: int, syllables: int, seed: int
) -> None:
    lines = [*studio.spoken(count, syllables), *studio.spoken(count // 2, syllables, "chorus")]
    brief = studio.brief(genre, "", seed, bpm=bpm, timesignature=metre)
    score = compose(brief, lines, duration, seed, "")
    assert score.bpm == bpm
    assert score.timesignature == metre
    check(score, lines, duration)
    needed = sum(len(line.syllables) * 0.105 + 0.08 for line in lines)
    if needed < duration - 1:
        assert score.left_out == ()


@pytest.mark.parametrize("genre", GENRES)
def test_each_genre_plays_with_and_without_a_voice(genre: str) -> None:
    check(song(genre, 3), studio.lines(), 120.0)
    check(song(genre, 3, 90.0, sung=False), (), 90.0)


def test_the_longest_song_is_composed() -> None:
    check(song("Metal", 2, 600.0), studio.lines(), 600.0)


def test_what_cannot_be_sung_is_named() -> None:
    lines = list(studio.spoken(40, 12))
    score = compose(studio.brief(), lines, 10.0, 1, "")
    assert score.left_out
    assert score.left_out == tuple(sorted(score.left_out))
    check(score, lines, 10.0)


def test_tunes_lie_well_for_the_voice_and_choruses_sit_higher() -> None:
    for seed in range(6):
        score = song("Modern Pop", seed, caption="male voice" if seed % 2 else "female voice")
        low, high = tessitura(score.tonic, female=not seed % 2)
        pitches = [note.pitch for line in score.voice for note in line.notes]
        assert low <= min(pitches) <= max(pitches) <= high
        assert max(pitches) - min(pitches) <= 16
        sections: dict[str, list[int]] = {"verse": [], "chorus": []}
        for line in score.voice:
            sections[score.lines[line.line].section.split(" ")[0]] += [note.pitch for note in line.notes]
        verse, chorus = (sum(sections[name]) / len(sections[name]) for name in ("verse", "chorus"))
        assert chorus > verse + 2


def test_tunes_stay_in_key_and_leaps_turn_back() -> None:
    strong, fitting, inside, moves, leaps = 0, 0, 0, 0, 0
    for genre in ("Modern Pop", "Rock", "Folk", "Classical", "Country", "Reggae"):
        score = song(genre, 4)
        scale = {0, 2, 3, 5, 7, 8, 10, 11} if score.minor else {0, 2, 4, 5, 7, 9, 11}
        for line in score.voice:
            for note in line.notes:
                chord = [chord for chord in score.chords if chord.start <= note.start + 1e-6][-1]
                inside += (note.pitch - score.tonic) % 12 in scale
                moves += 1
                if note.start % BEATS_PER_BAR[score.timesignature] < 1e-6:
                    strong += 1
                    fitting += note.pitch % 12 in chord.tones
            leaps += sum(abs(b.pitch - a.pitch) > 7 for a, b in zip(line.notes, line.notes[1:], strict=False))
    assert inside > 0.95 * moves
    assert fitting > 0.9 * strong
    assert leaps < 0.02 * moves


def test_stressed_syllables_fall_on_beats_more_often() -> None:
    placed: dict[bool, list[bool]] = {True: [], False: []}
    for genre in ("Modern Pop", "Folk", "Country"):
        for seed in range(3):
            score = song(genre, seed)
            for line in score.voice:
                stresses = [syllable.stress for syllable in score.lines[line.line].syllables]
                for note in line.notes:
                    placed[stresses[note.syllable] > 0].append(note.start % 1 < 1e-6)
    stressed, unstressed = (sum(placed[which]) / len(placed[which]) for which in (True, False))
    assert stressed > unstressed + 0.25


def test_morae_are_sung_more_evenly_than_stressed_syllables() -> None:
    def uneven(word: str) -> float:
        off, count = 0.0, 0
        for seed in range(4):
            lines = [
                replace(line, text=word * 10, syllables=tuple(Syllable(at, 2 * (at % 4 == 0)) for at in range(10)))
                for line in studio.spoken(4, 10)
            ]
            score = compose(replace(studio.brief("Folk", seed=seed, bpm=100), alone=True), lines, 24.0, seed, "")
            for line in score.voice:
                starts = sorted({note.syllable: note.start for note in reversed(line.notes)}.values())
                gaps = [right - left for left, right in pairwise(starts)]
                middle = sorted(gaps)[len(gaps) // 2]
                off, count = off + sum(abs(gap - middle) > 0.01 for gap in gaps), count + len(gaps)
        return off / count

    assert uneven("さくら") < 0.7 * uneven("lala")


def tune(score: Score, section: str) -> list[tuple[float, int]]:
    lines = [line for line in score.voice if score.lines[line.line].section == section]
    first = lines[0].notes[0].start // BEATS_PER_BAR[score.timesignature] * BEATS_PER_BAR[score.timesignature]
    return [(round(note.start - first, 3), note.pitch) for line in lines for note in line.notes]


def test_the_hook_comes_back_and_the_second_verse_is_new() -> None:
    plain = studio.brief("Modern Pop", seed=6)
    brief = replace(plain, preset=plain.preset.model_copy(update={"melisma": 0.0}))
    lines = [replace(line, syllables=studio.spoken(1, 8)[0].syllables, words=("la",) * 8) for line in studio.lines()]
    score = compose(brief, lines, 120.0, 6, "")
    assert tune(score, "chorus") == tune(score, "chorus 2")
    first, second = tune(score, "verse"), tune(score, "verse 2")
    assert first[:8] == second[:8]
    assert first != second


def accompaniment(score: Score) -> list[tuple[str, float, int]]:
    return [
        (part.stem, round(note.start * 4), note.pitch if part.stem == "drums" else 0)
        for part in score.parts
        for note in part.notes
        if note.start > 4 * BEATS_PER_BAR[score.timesignature]
    ]


@pytest.mark.parametrize("genre", GENRES)
def test_two_seeds_differ_in_melody_progression_and_groove(genre: str) -> None:
    brief = studio.brief(
        genre, seed=0, bpm=100, keyscale="A Minor" if studio.presets()[genre].minor > 0.5 else "C Major"
    )
    songs = [compose(brief, studio.lines(), 110.0, seed, "") for seed in range(6)]
    assert len({tuple(chord.name for chord in each.chords) for each in songs}) >= 5
    assert len({tuple(note.pitch for line in each.voice for note in line.notes) for each in songs}) == 6
    assert len({tuple(accompaniment(each)) for each in songs}) == 6


def test_words_that_end_in_a_verse_come_back_to_their_chorus_where_there_is_room() -> None:
    text = "[verse]\nRain on the window\n[chorus]\nStay with me tonight\n[verse]\nSnow on the mountain"
    brief = studio.brief("Folk", bpm=100)
    sung = [section.kind for section in compose(brief, studio.lines(text), 75.0, 1, "").sections]
    assert sung.count("chorus") >= 2
    assert [kind for kind in sung if kind in ("verse", "chorus")][-1] == "chorus"
    # the words as they are where there is none
    short = compose(brief, studio.lines(text), 20.0, 1, "")
    assert [section.kind for section in short.sections].count("chorus") == 1


def test_sections_contrast() -> None:
    rises = []
    for genre in GENRES:
        score = song(genre, 8)
        bar = BEATS_PER_BAR[score.timesignature]
        density: dict[str, float] = {}
        for section in score.sections:
            begin, end = section.start_bar * bar, (section.start_bar + section.bars) * bar
            inside = [note for part in score.parts for note in part.notes if begin <= note.start < end]
            weight = sum(note.velocity * (0.5 + min(2.0, note.length)) for note in inside)
            density.setdefault(section.kind, weight / section.bars)
        assert density["chorus"] > 1.05 * density["verse"]
        assert density["chorus"] > density["intro"]
        rises.append(density["chorus"] / density["intro"])
    assert sum(rises) / len(rises) > 1.4


def test_the_same_seed_is_the_same_song_in_another_process() -> None:
    """In one that hashes texts in another way, whatever this one does."""
    code = (
        "import hashlib; from engine.studio.compose import compose; from tests.unit import studio\n"
        "lines, genres = studio.lines(), ('Jazz', 'Latin', 'Rock')\n"
        "songs = [compose(studio.brief(genre, '', 9), lines, 120.0, 9, 'Title') for genre in genres]\n"
        "print(hashlib.sha256(repr(songs).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr([song(genre, 9) for genre in ("Jazz", "Latin", "Rock")]).encode()).hexdigest()
    number = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    other = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": number}, cwd=Path(__file__).parents[2],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert other.stdout.strip() == here


def heard(score: Score, first_bar: int, bars: int) -> list[tuple[str, str, Note]]:
    """The notes that begin in these bars, moved to the start of the song."""
    begin, end = (bar * BEATS_PER_BAR[score.timesignature] for bar in (first_bar, first_bar + bars))
    return [
        (part.stem, part.instrument, replace(note, start=round(note.start - begin, 6), length=round(note.length, 6)))
        for part in score.parts
        for note in part.notes
        if begin + 0.1 <= note.start < end - 1.1
    ]


def test_sections_sound_the_same_wherever_they_stand() -> None:
    brief = studio.brief("Rock", seed=5, bpm=120)
    lines = studio.lines()
    clock = clock_of(brief, 120.0)
    form = lay_out(brief.preset.form, brief.energy, brief.rap, lines, clock)
    longer = clock_of(brief, 120.0 + 16.0)
    added = Stretch("break", "break 9", 0, 8, 0.3)
    moved = tuple(
        replace(
            each, start_bar=each.start_bar + 8, slots=tuple(replace(slot, start=slot.start + 32) for slot in each.slots)
        )
        for each in form.stretches
    )
    before = realise(brief, form, lines, clock, 5, "")
    after = realise(brief, replace(form, stretches=(added, *moved)), lines, longer, 5, "")
    for stretch in form.stretches[1:-1]:
        assert heard(before, stretch.start_bar, stretch.bars) == heard(after, stretch.start_bar + 8, stretch.bars)


def test_rap_is_spoken_and_its_hook_is_sung() -> None:
    score = song("Hip Hop", 2)
    for line in score.voice:
        assert line.spoken == (not score.lines[line.line].section.startswith("chorus"))
    assert not any(line.spoken for line in song("Folk", 2).voice)


def test_choruses_have_a_second_voice_below_the_first() -> None:
    score = song("Modern Pop", 3)
    first = {line.line: line for line in score.voice}
    assert {score.lines[line.line].section for line in score.backing} >= {"chorus", "chorus 2"}
    for line in score.backing:
        for lower, upper in zip(line.notes, first[line.line].notes, strict=True):
            assert lower.start == upper.start
            assert lower.pitch <= upper.pitch


def test_a_piano_waltz_has_three_beats_and_no_rock_kit() -> None:
    score = compose(studio.brief(None, "melancholic piano waltz", 4), (), 60.0, 4, "")
    assert score.timesignature == "3/4"
    assert not any(part.stem in ("drums", "percussion") for part in score.parts)
    notes = Counter(part.instrument for part in score.parts for _ in part.notes)
    assert notes.most_common(1)[0][0] == "piano"
    # oom-pah-pah: the low notes on one, chords after it
    left = next(part for part in score.parts if part.instrument == "piano")
    low = [note for note in left.notes if note.pitch < 52]
    assert sum(min(note.start % 3, 3 - note.start % 3) < 0.1 for note in low) > 0.9 * len(low)


def test_tags_without_words_are_played() -> None:
    text = (
        "[Intro]\n\n[Verse]\nOne small step along the road\nTwo small steps to carry home\n\n[Guitar solo]\n\n[Outro]\n"
    )
    parsed = parse_lyrics(text)
    assert [section for section, _ in parsed] == ["intro", "verse", "verse", "solo", "outro"]
    score = compose(studio.brief("Rock", seed=2), studio.lines(text), 60.0, 2, "")
    kinds = [section.kind for section in score.sections]
    assert kinds[0] == "intro"
    assert kinds[-1] == "outro"
    assert "solo" in kinds
    check(score, studio.lines(text), 60.0)


@pytest.mark.parametrize(
    ("text", "sections"),
    [
        ("[Verse 1]\na b\n[Pre-Chorus]\nc\n[Chorus]\nd\n[Bridge]\ne", ["verse", "prechorus", "chorus", "bridge"]),
        ("(Verse)\na b\n(ooh, hold on)\nChorus:\nc", ["verse", "verse", "chorus"]),
        ("one\ntwo\n\nhook\nhook again\n\nthree\n\nhook\nhook again", ["verse", "verse", "chorus", "chorus",
        "verse 2", "chorus 2", "chorus 2"]),
        ("[whispered]\nhello\n[Instrumental]\n[Hook]\nhey\n[Chorus]", ["verse", "solo", "chorus", "chorus 2"]),
        ("", []),
        ("...\n---", []),
    ],
)  # fmt: skip
def test_lyrics_are_read_as_people_write_them(text: str, sections: list[str]) -> None:
    assert [section for section, _ in parse_lyrics(text)] == sections


def test_titles_come_from_the_hook_the_topic_or_the_mood() -> None:
    assert title_of("a pop song", studio.SONG, 1) == "Stay With Me Until the Kettle Sings"
    assert title_of("jazz", "[chorus]\nStay a while, stay a while", 1) == "Stay a While"
    assert title_of("a folk song about my old bicycle, with flute", "", 1) == "Old Bicycle"
    assert title_of("melancholic piano waltz", "", 3).endswith("Waltz")
    assert title_of("melancholic piano waltz", "", 3) == title_of("melancholic piano waltz", "", 3)
    assert len({title_of("sad song", "", seed) for seed in range(30)}) > 4
    for caption, lyrics in (("", ""), ("x" * 300, ""), ("", "(oh)\n" + "word " * 60), ("about", "")):
        title = title_of(caption, lyrics, 7)
        assert 0 < len(title) <= 41
        assert "Untitled" not in title
