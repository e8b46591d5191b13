"""What captions mean, and what they turn out not to mean."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from engine.spec.fields import TIME_SIGNATURES
from engine.spec.preset import BassStyle, Figure, FormName, Groove, Harmony, Instrument, Preset
from engine.studio.compose import figures, patterns, threes
from engine.studio.compose.arrangement import STEM_OF
from engine.studio.compose.bass import STYLES
from engine.studio.compose.brief import Brief
from engine.studio.compose.form import BODIES
from engine.studio.compose.progressions import BANKS
from engine.studio.compose.theory import keyscale
from tests.unit import studio

GENRES = (
    "Modern Pop", "Rock", "Hip Hop", "Jazz", "Classical", "Electronic", "Country", "Folk", "Blues", "Reggae", "Latin",
    "R&B",
    "Metal",
)  # fmt: skip


def read(caption: str, **given: Any) -> Brief:
    return studio.brief(given.pop("genre_preset", None), caption, given.pop("seed", 5), **given)


def test_every_genre_has_a_preset_and_custom_has_no_genre() -> None:
    presets = studio.presets()
    assert tuple(presets) == (*GENRES, "Custom")
    assert presets["Custom"].words == ()
    assert all(preset.bass_band[0] < preset.bass_band[1] for preset in presets.values())
    # folk and strings have far less low end than house
    assert presets["Folk"].bass_band[1] < presets["Electronic"].bass_band[0]
    assert presets["Classical"].bass_band[1] < presets["Electronic"].bass_band[0]


def test_every_name_a_preset_may_use_can_be_played() -> None:
    assert set(get_args(Groove)) == set(patterns.FOUR) == set(threes.FAMILIES)
    assert set(get_args(Harmony)) == set(BANKS)
    assert set(get_args(BassStyle)) == set(STYLES)
    assert set(get_args(Figure)) - {"answer"} == set(figures.FOUR) == set(figures.TWELVE)
    assert set(get_args(FormName)) == set(BODIES)
    assert set(get_args(Instrument)) == set(STEM_OF)


def test_a_wrong_value_names_its_place() -> None:
    with pytest.raises(ValidationError, match="groove"):
        Preset(description="", bpm=(90, 100), groove="wobble")
    with pytest.raises(ValidationError, match="tuba"):
        Preset(description="", bpm=(90, 100), instruments={"tuba": "piano"})


@pytest.mark.parametrize(
    ("caption", "genre"),
    [
        ("an upbeat pop song with a catchy hook", "Modern Pop"), ("gritty indie rock with loud guitars", "Rock"),
        ("boom bap beat with a jazzy piano sample", "Hip Hop"), ("smoky late night jazz trio", "Jazz"),
        ("melancholic piano waltz", "Classical"), ("deep house with warm pads", "Electronic"),
        ("bluegrass hoedown with fiddle", "Country"), ("fingerpicked acoustic guitar, intimate", "Folk"),
        ("slow blues in E", "Blues"), ("roots reggae, sunny", "Reggae"), ("bossa nova on a rainy day", "Latin"),
        ("neo soul slow jam", "R&B"), ("brutal death metal", "Metal"), ("folk metal with flute", "Metal"),
        ("lofi hip hop for studying", "Hip Hop"), ("drum and bass at night", "Electronic"), ("epic orchestral",
        "Classical"),
    ],
)  # fmt: skip
def test_a_genre_is_heard_in_the_words(caption: str, genre: str) -> None:
    assert read(caption).style == genre


def test_a_piano_waltz_is_a_waltz_for_piano() -> None:
    for seed in range(8):
        brief = read("melancholic piano waltz", seed=seed)
        assert brief.timesignature == "3/4"
        assert brief.minor
        assert brief.preset.lead == "piano"
        assert brief.preset.instruments["keyboard"] == "piano"
        assert "drums" not in brief.preset.instruments
        assert brief.energy < 0.4
        assert not brief.not_understood


def test_instruments_come_and_go_as_asked() -> None:
    plain = read("rock song")
    assert plain.preset.instruments["drums"] == "rock_kit"
    quiet = read("rock song without drums, with piano and a string section")
    assert "drums" not in quiet.preset.instruments
    assert quiet.preset.instruments["keyboard"] == "piano"
    assert quiet.preset.instruments["strings"] == "string_ensemble"
    alone = read("solo acoustic guitar, calm")
    assert alone.preset.instruments == {"guitar": "steel_guitar"}
    assert not alone.preset.layers
    trumpet = read("reggae with trumpet")
    assert trumpet.preset.instruments["brass"] == "trumpet"
    assert trumpet.preset.lead == "trumpet"
    assert "brass" not in read("reggae, no brass").preset.instruments


def test_words_that_change_nothing_are_named() -> None:
    brief = read("Sad rock song with kazoo and theremin, about my old bicycle")
    assert brief.not_understood == ("kazoo", "theremin")
    # a stand-in plays, and people are told; what a song is about is no instrument
    assert read("delta blues with harmonica, about a banjo").not_understood == ("harmonica",)
    assert read("pop song about a metal box").style == "Modern Pop"
    assert read("slow jazz ballad with a female singer, 70 bpm in F minor").not_understood == ()


def test_the_request_wins_over_the_caption() -> None:
    caption = "fast rock waltz in C major, 150 bpm, female vocals"
    said = read(caption)
    assert (said.bpm, keyscale(said.tonic, said.minor), said.timesignature) == (150.0, "C Major", "3/4")
    assert said.voice == "female"
    asked = read(caption, bpm=61, keyscale="F# Minor", timesignature="6/8", genre_preset="Jazz")
    assert (asked.bpm, keyscale(asked.tonic, asked.minor), asked.timesignature) == (61.0, "F# Minor", "6/8")
    assert asked.style == "Jazz"


def test_tempo_words_order_the_tempo() -> None:
    for genre in GENRES:
        slow, plain, fast = (
            sum(read(f"{word} song", genre_preset=genre, seed=seed).bpm for seed in range(12))
            for word in ("slow", "", "fast")
        )
        assert slow < plain < fast


def test_moods_choose_mode_and_energy() -> None:
    sad, happy = read("a sad pop song"), read("a happy pop song")
    assert sad.minor
    assert not happy.minor
    assert sad.energy < happy.energy
    assert read("an angry, aggressive rap").energy > read("a calm, gentle rap").energy


def test_rap_and_wordless_music_are_recognised() -> None:
    assert read("dark trap").rap
    assert read("rock with rapped verses").rap
    assert not read("hip hop, sung softly").rap
    assert read("ambient, no vocals").instrumental
    assert not read("ambient").instrumental


def test_a_caption_without_a_genre_stays_neutral_and_seeds_differ() -> None:
    briefs = [read("something for a rainy afternoon", seed=seed) for seed in range(20)]
    assert {brief.style for brief in briefs} == {"Custom"}
    assert len({brief.bpm for brief in briefs}) > 5
    assert len({brief.tonic for brief in briefs}) > 5
    assert {brief.voice for brief in briefs} == {"female", "male"}
    assert {brief.timesignature for brief in briefs} <= set(TIME_SIGNATURES)


def test_any_text_is_understood_as_something() -> None:
    for caption in (
        "",
        "!!!",
        "雨の日のワルツ",
        "no no no",
        "([*+?",
        "x" * 2048,
        "in A",
        "a minor",
        "Bb flat major 3/4 6/8 no",
    ):
        brief = read(caption)
        assert 30 <= brief.bpm <= 300
        assert 0 <= brief.energy <= 1
