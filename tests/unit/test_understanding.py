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


@pytest.mark.parametrize(
    ("caption", "plays", "gone"),
    [
        ("acoustic guitar, no electric guitar", "steel_guitar", "distorted_guitar clean_guitar"),
        ("rock with guitar, no electric guitar", "steel_guitar organ", "distorted_guitar"),
        ("violin, no strings", "solo_violin", "string_ensemble"),
        ("piano, no electric piano", "piano", "electric_piano"),
        ("trumpet but no brass", "trumpet", "brass_section"),
        ("rock, no acoustic guitar", "distorted_guitar rock_kit", "steel_guitar"),
        ("r&b, no piano", "electric_piano", "piano"),
        ("rock, no keyboards", "distorted_guitar", "organ electric_piano piano"),
        ("folk, no violin", "steel_guitar", "solo_violin"),
    ],
)
def test_only_the_instrument_that_is_not_wanted_goes(caption: str, plays: str, gone: str) -> None:
    preset = read(caption).preset
    assert set(plays.split()) <= set(preset.instruments.values())
    heard = {*preset.instruments.values(), *(layer.instrument for layer in preset.layers), preset.lead}
    assert not set(gone.split()) & heard


@pytest.mark.parametrize("parent", [None, "pop"])
@pytest.mark.parametrize(
    "caption",
    [
        "no acoustic guitar, only electric guitar", "no piano, only electric piano",
        "no drums, no bass, no guitar, no keys, no synth, no strings, no piano", "only risers",
        "no drums, bass, guitar, keys, synth, strings, piano, flute or brass", "pop, no music of drums, only drums",
    ],
)  # fmt: skip
def test_somebody_always_plays(caption: str, parent: str | None) -> None:
    brief = read(caption, parent=read(parent) if parent else None)
    assert set(brief.preset.instruments) - {"fx"}


def test_who_plays_although_nobody_wanted_it_is_named() -> None:
    everybody = "no drums, percussion, bass, guitar, keys, synth, bells, strings, violin, brass, flute or saxophone"
    brief = read(f"pop, {everybody}")
    assert list(brief.preset.instruments.values()) == ["pluck"]
    assert brief.not_understood == ("synth",)
    assert "no guitar" in brief.understood["instruments"]


@pytest.mark.parametrize(
    ("caption", "lead", "heard"),
    [
        ("rock with a guitar solo", "distorted_guitar", "guitar solo"),
        ("rock with a sax solo", "saxophone", "sax solo"), ("rock, guitar solo", "distorted_guitar", "guitar solo"),
        ("rock with a piano solo", "piano", "piano solo"), ("jazz with drum solo", "saxophone", "drum"),
        ("ballad with a solo violin", "solo_violin", "solo violin"),
        ("rock song, then a sax solo", "saxophone", "sax solo"),
        ("rock with piano and a guitar solo", "distorted_guitar", "guitar solo"),
        ("rock con solo de guitarra", "distorted_guitar", "solo de guitarra"),
        ("rock, no guitar solo", "organ", "no guitar solo"), ("rock, no solo guitar", "organ", "no solo guitar"),
    ],
)  # fmt: skip
def test_a_solo_stands_out_of_a_band(caption: str, lead: str, heard: str) -> None:
    brief = read(caption)
    assert {"drums", "bass"} <= set(brief.preset.instruments)
    assert brief.preset.lead == lead
    assert heard in brief.understood["instruments"]


@pytest.mark.parametrize(
    ("caption", "genre"),
    [
        ("solo piano", "Classical"),
        ("piano solo", "Classical"),
        ("a solo piano piece", "Classical"),
        ("sad, slow solo piano", "Classical"),
        ("jazz, solo piano", "Jazz"),
        ("jazz piano solo", "Jazz"),
        ("钢琴独奏", "Classical"),
        ("ソロピアノ", "Classical"),
        ("피아노 솔로", "Classical"),
    ],
)
def test_a_solo_that_is_all_there_is_plays_alone(caption: str, genre: str) -> None:
    brief = read(caption)
    assert (brief.style, brief.preset.instruments) == (genre, {"keyboard": "piano"})


def test_a_solo_in_an_edit_takes_the_tune_and_sends_nobody_home() -> None:
    parent = read("reggae with brass", seed=3)
    for caption in ("a solo violin", "piano solo", "solo piano"):
        brief = read(caption, parent=parent)
        assert brief.style == "Reggae"
        assert set(brief.preset.instruments) >= set(parent.preset.instruments)
        assert brief.preset.lead in ("solo_violin", "piano")
        assert "genre" not in brief.understood
    assert read("only piano", parent=parent).preset.instruments == {"keyboard": "piano"}


@pytest.mark.parametrize(
    ("caption", "stems"),
    [
        ("only piano, bass and drums", {"keyboard", "bass", "drums"}),
        ("only guitar, drums and bass", {"guitar", "drums", "bass"}),
        ("80s pop, only synths & drum machine", {"synth", "drums"}),
        ("cello, harp and piano only", {"strings", "guitar", "keyboard"}),
        ("only light piano, louder drums", {"keyboard", "drums"}), ("solo piano, bass", {"keyboard", "bass"}),
    ],
)  # fmt: skip
def test_only_reaches_over_a_whole_list(caption: str, stems: set[str]) -> None:
    assert set(read(caption).preset.instruments) >= stems
    if "solo" not in caption:
        assert set(read(caption).preset.instruments) == stems


@pytest.mark.parametrize(
    ("caption", "heard"),
    [
        ("no drums, bass or guitar", ("no drums", "no bass", "no guitar")),
        ("without drums or bass", ("without drums", "no bass")),
        ("(drums:0)", ("no drums",)),
        ("neither piano nor guitar", ("neither piano", "nor guitar")),
        ("neither drums, bass nor guitar", ("neither drums", "no bass", "nor guitar")),
        ("everything except drums", ("except drums",)),
        ("all but the drums", ("all but the drums",)),
        ("no drums, bass, or guitar", ("no drums", "no bass", "no guitar")),
        ("weder Klavier noch Gitarre", ("weder Klavier", "no Gitarre")),
    ],
)
def test_a_no_reaches_over_a_whole_list_and_is_told(caption: str, heard: tuple[str, ...]) -> None:
    players = {"piano": "piano", "Klavier": "piano", "Gitarre": "guitar"}
    brief = read(f"blues, {caption}")
    assert brief.understood["instruments"] == heard
    band = {*brief.preset.instruments, *brief.preset.instruments.values()}
    assert not {players.get(word.split()[-1], word.split()[-1]) for word in heard} & band
    assert brief.not_understood == ()


def test_a_no_ends_with_its_list() -> None:
    assert {"keyboard", "strings"} <= set(read("pop with no drums, piano and strings").preset.instruments)
    assert read("anything but country").style == "Custom"
    assert read("anything but country").understood == {"genre": ("anything but country",)}
    assert read("folk, no reverb or echo").understood["production"] == ("no reverb", "no echo")


def test_word_by_word_an_instrument_gets_no_louder_than_six_decibels() -> None:
    plain = read("rock with piano").preset.gains_db.get("keyboard", 0.0)
    loud = read("rock " + "(piano:2)" * 150).preset.gains_db["keyboard"]
    soft = read("rock " + "(piano:0.2)" * 150).preset.gains_db["keyboard"]
    assert (loud - plain, soft - plain) == (6, -6)
    assert read("rock (piano:2) (piano:0.5)").preset.gains_db["keyboard"] == plain


def test_a_voice_that_is_not_wanted_leaves_the_other() -> None:
    for seed in range(6):
        assert read("pop, no female vocals", seed=seed).voice == "male"
        assert read("pop, no male vocals", seed=seed).voice == "female"
    parent = read("pop, female vocals")
    assert read("no female vocals", parent=parent).voice == "male"
    assert not read("no female vocals", parent=parent).instrumental
    both = read("pop, no male or female vocals")
    assert both.instrumental
    assert both.understood["voice"] == ("no male", "no female vocals")


def test_an_edit_may_ask_for_no_voice_or_for_one() -> None:
    sung, played = read("pop"), read("pop, instrumental")
    for caption in ("no vocals", "remove the vocals", "techno, no vocals"):
        assert read(caption, parent=sung).instrumental
    assert read("calm", parent=played).instrumental
    assert read("techno", parent=played).instrumental
    assert not read("female vocals", parent=played).instrumental
    assert not read("calm", parent=sung).instrumental


@pytest.mark.parametrize("caption", ["90 beats per minute", "a song with guitar, 90 beats per minute", "tempo: 90"])
def test_beats_per_minute_are_no_beats(caption: str) -> None:
    brief = read(caption)
    assert (brief.style, brief.bpm, brief.rap) == ("Custom", 90, False)
    assert read("a song at 500 beats per minute").style == "Custom"
    assert read("a song at 500 beats per minute").not_understood == ("500",)


@pytest.mark.parametrize(
    ("caption", "key"),
    [
        ("pop in the key of G", "G Major"), ("jazz, key: Am", "A Minor"), ("pop in the key of E", "E Major"),
        ("in the key of F sharp", "F# Major"), ("pop in B flat", "Bb Major"), ("key of e", "E Major"),
        ("in the key of C sharp minor", "C# Minor"), ("key Bbm, slow", "Bb Minor"),
    ],
)  # fmt: skip
def test_a_key_is_read_however_it_is_written(caption: str, key: str) -> None:
    for seed in (1, 2):
        brief = read(caption, seed=seed)
        note, mode = key.split(" ")
        assert (brief.tonic, brief.minor) == (TONICS[note], mode == "Minor")
        assert brief.understood["key"]
    assert "key" not in read("unlock the key of a door").understood


def test_a_metre_nobody_can_play_is_named() -> None:
    for caption, metre in (("5/4 jazz", "5/4"), ("7/8 rock", "7/8")):
        brief = read(caption)
        assert (brief.timesignature, brief.not_understood) == ("4/4", (metre,))
        assert "metre" not in brief.understood
    brief = read("12/8 blues")
    assert (brief.timesignature, brief.understood["metre"], brief.not_understood) == ("6/8", ("12/8",), ())
    assert read("7/8 rock", timesignature="3/4").timesignature == "3/4"


def test_parts_of_longer_words_are_not_told() -> None:
    assert read("drum and bass").understood == {"genre": ("drum and bass",)}
    assert read("neo soul").understood == {"genre": ("neo soul",)}


def test_more_and_less_of_it() -> None:
    parent = read("folk, 90 bpm", seed=3)
    for louder, quieter in (("louder", "quieter"), ("heavier", "softer"), ("happier", "sadder"), ("wilder", "calmer")):
        more, less = read(louder, parent=parent), read(quieter, parent=parent)
        assert more.energy > parent.energy > less.energy
        assert more.not_understood == less.not_understood == ()
    assert read("faster", parent=parent).bpm > 90 > read("slower", parent=parent).bpm
    assert read("less reverb", parent=parent).preset.reverb < parent.preset.reverb
    assert read("less energetic", parent=parent).energy < parent.energy
    guitar = parent.preset.gains_db.get("guitar", 0.0)
    drums = read("louder guitar, less piano", parent=parent)
    assert (drums.energy, drums.preset.instruments["keyboard"]) == (parent.energy, "piano")
    assert drums.preset.gains_db["guitar"] > guitar
    voice = read("louder vocals", parent=parent)
    assert (voice.energy, voice.understood) == (parent.energy, {"voice": ("louder vocals",)})
    outro = read("a long fading outro", parent=parent)
    assert outro.energy < parent.energy
    assert outro.not_understood == ()


def test_a_degree_of_nothing_is_named() -> None:
    assert read("jazz, prominent").not_understood == ("prominent",)
    assert read("rock, extremely").not_understood == ("extremely",)
    assert read("prominent piano, extremely slow").not_understood == ()


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
