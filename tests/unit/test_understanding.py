"""How captions are read: stress and negation, eras and production, voices, slips of the pen, languages, edits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.spec.fields import TONICS
from engine.spec.preset import Preset
from engine.studio.compose.brief import Brief
from engine.studio.compose.song import compose
from tests.unit import studio

GENRES = [name for name in studio.presets() if name != "Custom"]


def read(caption: str, **given: Any) -> Brief:
    return studio.brief(given.pop("genre_preset", None), caption, given.pop("seed", 5), **given)


def test_what_was_understood_is_kept_in_the_words_of_the_caption() -> None:
    brief = read("Very SAD 80s Rock Waltz with ((Piano)), no drums, female vocals, in D minor, 90 bpm, lots of reverb")
    assert brief.understood == {
        "genre": ("Rock",), "mood": ("Very SAD",), "era": ("80s",), "metre": ("Waltz",), "tempo": ("90 bpm",),
        "instruments": ("Piano", "no drums"), "voice": ("female vocals",), "key": ("D minor",),
        "production": ("lots of reverb",),
    }  # fmt: skip
    assert brief.not_understood == ()
    assert read("zorblax").understood == {}


def test_stress_makes_a_word_count_for_more() -> None:
    energies = [read(f"{word} calm rock").energy for word in ("extremely", "very", "", "slightly", "not too")]
    assert energies == sorted(energies)
    assert energies[0] < energies[2] < read("rock").energy < energies[4]
    rooms = [read(f"folk with {word} reverb").preset.reverb for word in ("a lot of", "", "a bit of", "no")]
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[2] > read("folk").preset.reverb > rooms[3]
    wishes = ("(piano:1.5)", "piano", "a little piano")
    piano = [read(f"rock with {wish}").preset.gains_db["keyboard"] for wish in wishes]
    assert piano == sorted(piano, reverse=True)
    assert piano[0] > piano[1] > piano[2]


@pytest.mark.parametrize(
    ("caption", "gone"),
    [
        ("rock without drums, bass guitar stays", {"drums"}), ("rock with no drums or bass", {"drums", "bass"}),
        ("rock ohne Schlagzeug und Bass", {"drums", "bass"}), ("rock sin batería", {"drums"}),
        ("摇滚，没有鼓", {"drums"}), ("ロック、ドラムなし", {"drums"}), ("록, 드럼 없이", {"drums"}),
        ("rock, (drums:0)", {"drums"}),
    ],
)  # fmt: skip
def test_what_is_not_wanted_is_left_out_in_any_language(caption: str, gone: set[str]) -> None:
    brief = read(caption)
    assert brief.style == "Rock"
    assert {"drums", "bass", "guitar"} - set(brief.preset.instruments) == gone


def test_a_genre_that_is_not_wanted_is_not_chosen() -> None:
    assert read("no jazz please, blues").style == "Blues"
    assert read("not country but folk").style == "Folk"


def test_words_are_not_found_inside_others() -> None:
    assert read("기록 영화").style == "Custom"
    assert read("록 음악").style == "Rock"
    # 快 alone is fast; a classical guitar makes no classical music
    assert read("快乐").understood.get("tempo") is None
    assert read("古典吉他，流行").style == "Modern Pop"
    assert read("popcorn in the bassinet").style == "Custom"


def test_words_that_contradict_each_other_cancel_out() -> None:
    both = read("fast slow rock")
    assert both == read("fast slow rock")
    assert read("slow rock").bpm < both.bpm < read("fast rock").bpm
    assert read("happy sad rock").energy == read("rock").energy
    # a no wins over the same thing without one
    assert "drums" not in read("rock with drums, no drums").preset.instruments


def test_an_era_changes_who_plays_and_the_room() -> None:
    now, then = read("pop song"), read("pop song from the sixties")
    assert now.preset.instruments["drums"] == "electronic_kit"
    assert then.preset.instruments["drums"] == "acoustic_kit"
    assert then.preset.instruments["bass"] == "electric_bass"
    eighties = read("80s jazz with an upright bass")
    assert eighties.preset.instruments["drums"] == "electronic_kit"
    # the instrument that is named stays
    assert eighties.preset.instruments["bass"] == "upright_bass"
    assert eighties.preset.reverb > read("jazz").preset.reverb


@pytest.mark.parametrize("kind", ["eras", "productions", "voices"])
def test_every_era_production_and_voice_changes_something(kind: str) -> None:
    known = studio.vocabulary()
    for name, entry in getattr(known.words, kind).items():
        phrase = next(iter(entry.words.values()))[0]
        changed = 0
        for genre in GENRES:
            plain, said = read("a song", genre_preset=genre), read(f"a song, {phrase}", genre_preset=genre)
            assert said.not_understood == (), name
            low, high = said.preset.bass_band
            assert plain.preset.bass_band[0] <= low < high <= plain.preset.bass_band[1]
            changed += (plain.preset, plain.voice, plain.backing) != (said.preset, said.voice, said.backing)
        assert changed >= 4, name


def test_voices_can_be_two_or_one() -> None:
    assert read("pop duet").duet
    assert read("male and female vocals").duet
    assert read("pop duet").second_voice != read("pop duet").voice
    assert read("soul with backing vocals").backing == "always"
    assert read("soul, no backing vocals").backing == "never"
    assert read("soul").backing == "usual"


def test_the_second_voice_sings_when_and_how_it_was_asked_to() -> None:
    def voices(caption: str) -> tuple[list[float], list[float]]:
        score = compose(read(caption, keyscale="C Major", bpm=100), studio.lines(), 60.0, 5, "")
        lead = {note.start: note.pitch for line in score.voice for note in line.notes}
        both = [(lead[note.start], note.pitch) for line in score.backing for note in line.notes if note.start in lead]
        return [lead[at] for at in lead], [second - first for first, second in both]

    usual, always = voices("pop, male vocals"), voices("pop, male vocals, choir")
    assert usual[0] == always[0]
    assert 0 < len(usual[1]) < len(always[1])
    assert voices("pop, no backing vocals")[1] == []
    # a man below the woman he sings with, a woman above the man
    assert all(apart < -9 for apart in voices("pop duet, female vocals")[1])
    assert all(apart > 0 for apart in voices("pop duet, male vocals")[1])


def test_slips_of_the_pen_are_read() -> None:
    brief = read("accoustic gutiar, clasical musik, mellancholic")
    assert (brief.style, brief.minor) == ("Classical", True)
    assert brief.preset.instruments["guitar"] == "steel_guitar"
    assert brief.understood["instruments"] == ("accoustic gutiar",)
    # these only look like slips: metal, mourning, trance
    assert read("a mental morning with a trace of stone").style == "Custom"


def test_a_caption_without_a_genre_gets_the_band_it_names() -> None:
    brief = read("flute and string section, calm", genre_preset="Custom")
    assert {"woodwinds", "strings"} <= set(brief.preset.instruments) <= {"woodwinds", "strings", "bass", "drums"}
    assert not brief.preset.layers
    # a flute alone has no chords: somebody of the band plays them
    flute = read("happy flute", genre_preset="Custom").preset.instruments
    assert set(flute.values()) & {"piano", "electric_piano", "steel_guitar", "clean_guitar", "pluck"}
    calm = {frozenset(read("calm", seed=seed).preset.instruments.items()) for seed in range(8)}
    loud = {frozenset(read("wild party", seed=seed).preset.instruments.items()) for seed in range(8)}
    assert len(calm) > 1
    assert not calm & loud
    assert all("drums" not in dict(band) for band in calm)
    assert all("drums" in dict(band) for band in loud)
    # who chose no genre gets none by a hint
    assert read("acoustic piano waltz", genre_preset="Custom").style == "Custom"
    assert read("a jazz waltz", genre_preset="Custom").style == "Jazz"


def test_an_edit_changes_only_what_its_caption_says() -> None:
    parent = read("80s reggae in G minor with piano, female vocals, 77 bpm", seed=3)
    kept = {"bpm": 77, "seed": 9, "parent": parent}
    same = read("", **kept)
    assert (same.style, same.preset, same.tonic, same.minor, same.voice, same.energy) == (
        parent.style, parent.preset, parent.tonic, parent.minor, parent.voice, parent.energy,
    )  # fmt: skip
    more = read("faster, happier with strings, no brass", **kept)
    assert (more.style, more.bpm, more.tonic, more.minor) == ("Reggae", 77, parent.tonic, parent.minor)
    assert set(more.preset.instruments) == {*parent.preset.instruments, "strings"} - {"brass"}
    assert more.preset.groove == parent.preset.groove
    assert read("calm", **kept).energy < parent.energy < read("wild", **kept).energy
    assert read("fast", seed=9, parent=parent).bpm > 77 > read("slow", seed=9, parent=parent).bpm
    other = read("death metal", **kept)
    assert (other.style, other.preset.instruments["guitar"]) == ("Metal", "distorted_guitar")


def test_keys_are_read_in_other_languages() -> None:
    for caption, key in (
        ("h-moll", "B Minor"), ("Es-Dur", "Eb Major"), ("fis moll", "F# Minor"), ("la menor", "A Minor"),
        ("si bémol majeur", "Bb Major"), ("C大调", "C Major"), ("a song in F♯ minor", "F# Minor"),
        ("B♭ major", "Bb Major"),
    ):  # fmt: skip
        brief = read(caption)
        note, mode = key.split(" ")
        assert (brief.tonic, brief.minor) == (TONICS[note], mode == "Minor"), caption


WORDS = st.sampled_from((
    "no", "very", "not too", "(", "piano", ":1.4)", "or", "jazz", "钢琴", "没有", "ドラム", "なし", "🎸", "about",
    "slow", "80s", "solo",
    ",", "C", "minor", "in A", "120 bpm", "6/8", "ﬃ", "İ", "é",
))  # fmt: skip


@given(st.lists(WORDS | st.text(max_size=6), max_size=12), st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_caption_is_too_odd_to_be_composed(words: list[str], edited: bool) -> None:
    brief = read("".join(words) if edited else " ".join(words), parent=read("pop") if edited else None)
    assert 30 <= brief.bpm <= 300
    assert 0 < brief.energy <= 1
    assert 0 <= brief.tonic < 12
    assert 0.5 <= brief.preset.swing <= 0.75
    assert all(-24 <= gain <= 12 for gain in brief.preset.gains_db.values())
    assert Preset.model_validate(brief.preset.model_dump()) == brief.preset
