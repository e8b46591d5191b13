"""The data files an operator edits: ours are sound, his win, and a mistake is named with file, key and range."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter

from config.files import ConfigError, load
from engine.spec import MODELS, Estimate, Preset, Words, parse
from engine.spec.preset import Instrument
from engine.spec.words import Manner, Meaning, Phrases
from engine.studio.compose.arrangement import STEM_OF
from engine.studio.understanding.text import phrase_key
from engine.studio.understanding.vocabulary import vocabulary
from workflows.limits import Limits
from workflows.models import Models
from workflows.moderation import Moderation
from workflows.pricing import Pricing, price
from workflows.roles import Roles

PRESETS = TypeAdapter(dict[str, Preset])
FILES: list[tuple[str, Any]] = [
    ("pricing", Pricing), ("limits", Limits), ("moderation", Moderation), ("models", Models), ("presets", PRESETS),
    ("words", Words), ("roles", Roles),
]  # fmt: skip


@pytest.mark.parametrize(("name", "model"), FILES)
def test_what_we_ship_is_sound(name: str, model: Any, tmp_path: Path) -> None:
    assert load(name, model) == load(name, model, tmp_path)


def test_every_file_we_ship_is_checked() -> None:
    shipped = {path.name for path in resources.files("config").iterdir() if path.name.endswith(".toml")}
    assert shipped == {f"{name}.toml" for name, _ in FILES}


@pytest.mark.parametrize(
    ("seconds", "credits"),
    [(5, 5), (30, 5), (30.5, 10), (60, 10), (61, 15), (120, 15), (121, 25), (300, 25), (301, 40), (600, 40)],
)
def test_prices_are_those_of_the_reference(seconds: float, credits: int) -> None:
    pricing, spec = load("pricing", Pricing), parse("text2music", {"caption": "slow blues"})
    assert price(pricing, spec, Estimate(seconds, 1)) == credits
    assert price(pricing, spec, Estimate(seconds, 3)) == 3 * credits


def test_the_rest_of_the_price_list_is_as_decided() -> None:
    pricing = load("pricing", Pricing)
    assert (pricing.welcome, pricing.foreign_stem) == (1000, 5)
    assert {"analyze", "lrc", "stems"} <= set(pricing.free_tasks) <= set(MODELS)


def test_limits_are_those_of_the_reference() -> None:
    limits = load("limits", Limits)
    reference = {"analyze": 10, "retake": 10, "repaint": 3, "extend": 3, "edit": 3, "lrc": 20}
    assert reference.items() <= limits.per_minute.items()
    assert limits.attempts == 3


def test_the_default_version_of_every_request_has_its_checkpoints() -> None:
    versions = load("models", Models).versions
    assert list(versions) == [MODELS["text2music"].model_fields["model_version"].default, "audiomusic-v1.5"]
    tasks = {"text2music", "cover", "repaint", "extract", "lego", "complete", "planner"}
    assert all(set(version.checkpoints) == tasks for version in versions.values())


def test_an_operator_writes_only_what_he_changes(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text("live_jobs = 7\n[per_minute]\nextend = 1\n")
    limits, ours = load("limits", Limits, tmp_path), load("limits", Limits)
    assert (limits.live_jobs, limits.per_minute["extend"]) == (7, 1)
    assert limits.per_minute["edit"] == ours.per_minute["edit"]
    assert limits.attempts == ours.attempts


def test_a_list_of_the_operator_replaces_ours(tmp_path: Path) -> None:
    (tmp_path / "pricing.toml").write_text("tiers = [{ up_to_s = 600, credits = 1 }]\n")
    assert len(load("pricing", Pricing, tmp_path).tiers) == 1


MISTAKES = [
    ("pricing", Pricing, "tiers = [{ up_to_s = 30, credits = -5 }]", "tiers.0.credits is -5, must be 0 to 1,000,000"),
    (
        "pricing", Pricing, "tiers = [{ up_to_s = 0, credits = 5 }]",
        "tiers.0.up_to_s is 0, must be above 0 and at most 3,600",
    ),
    ("pricing", Pricing, "tiers = [{ up_to_s = 30 }]", "tiers.0.credits is missing"),
    ("pricing", Pricing, 'welcome = "lots"', 'welcome is "lots", must be a whole number, 0 to 1,000,000'),
    ("pricing", Pricing, "welcom = 5", "welcom is not a known key, did you mean welcome?"),
    (
        "pricing", Pricing, "tiers = [{ up_to_s = 60, credits = 5 }, { up_to_s = 30, credits = 9 }]",
        "each tier's up_to_s must be above the one before",
    ),
    ("limits", Limits, "back_off_s = [1, nan]", "back_off_s.1 is NaN, must be 0 to 86,400"),
    ("limits", Limits, "[per_server]\nlive_jobs = 0", "per_server.live_jobs is 0, must be 1 to 1,000,000"),
    ("roles", Roles, "[roles.fan]\ndaily = -1", "roles.fan.daily is -1, must be 0 to 1,000,000"),
    (
        "roles", Roles, "[roles.fan]\nsongs_a_day = 3",
        "roles.fan.songs_a_day is not a known key, did you mean songs_per_day?",
    ),
    ("limits", Limits, "per_minute = 3", "per_minute is 3, must be a table"),
    ("limits", Limits, "[per_minute]\nedit = 0", "per_minute.edit is 0, must be 1 to 10,000"),
    (
        "words", Words, '[instruments.kazoo]\nplays = "kazoo"\nwords = { en = ["kazoo"] }',
        "instruments.kazoo.plays is \"kazoo\", must be one of " + ", ".join(get_args(Instrument)),
    ),
    ("words", Words, "[moods.sad]\nenergy = -7", "moods.sad.energy is -7, must be -1 to 1"),
    ("words", Words, '[moods.glad]\nenergy = 0.1', "moods.glad.words is missing"),
    ("words", Words, '[tempos.slow]\npace = 1', "tempos.slow.pace is not a known key, did you mean place?"),
    ("moderation", Moderation, 'blocked = "word"', 'blocked is "word", must be a list'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "model", "text", "message"), MISTAKES)
def test_a_mistake_is_named_with_file_key_value_and_range(
    tmp_path: Path, name: str, model: type[BaseModel], text: str, message: str
) -> None:
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(name, model, tmp_path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_mistake_that_only_shows_in_ours_is_ours(tmp_path: Path) -> None:
    class Stricter(Limits):
        more: int

    (tmp_path / "limits.toml").write_text("live_jobs = 7\n")
    with pytest.raises(ConfigError, match=r"config/limits\.toml: more is missing$"):
        load("limits", Stricter, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("welcome = 5\nwelcome = 6\n", "line 2"), ("tiers = [", "line 1"), ("a = 1\n=\n", "line 2")],
)
def test_what_is_not_toml_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "pricing.toml").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load("pricing", Pricing, tmp_path)
    assert str(tmp_path / "pricing.toml") in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "pricing.toml").write_bytes(b"welcome = 5 # \xff")
    with pytest.raises(ConfigError, match=r"pricing\.toml: can't be read"):
        load("pricing", Pricing, tmp_path)
    (tmp_path / "limits.toml").mkdir()
    with pytest.raises(ConfigError, match=r"limits\.toml: can't be read: Is a directory"):
        load("limits", Limits, tmp_path)


def test_a_preset_is_changed_in_one_line(tmp_path: Path) -> None:
    ours = load("presets", PRESETS)
    name = next(iter(ours))
    (tmp_path / "presets.toml").write_text(f'["{name}"]\nreverb = 0.75\n')
    own = load("presets", PRESETS, tmp_path)
    assert own[name] == ours[name].model_copy(update={"reverb": 0.75})
    assert list(own) == list(ours)


SECTIONS = ("instruments", "moods", "eras", "productions", "voices", "tempos", "metres", "degrees")


def phrases_of(section: dict[str, Meaning]) -> list[str]:
    return [phrase_key(phrase) for entry in section.values() for group in entry.words.values() for phrase in group]


@pytest.mark.parametrize("section", SECTIONS)
def test_no_phrase_of_ours_means_two_things_in_one_section(section: str) -> None:
    entries: dict[str, Meaning] = getattr(load("words", Words), section)
    meanings = [{*phrases_of({name: entry})} for name, entry in entries.items()]
    assert all(meanings)
    assert "" not in set().union(*meanings)
    assert sum(len(each) for each in meanings) == len(set().union(*meanings))


def test_genre_words_in_other_languages_belong_to_a_preset() -> None:
    presets: dict[str, Preset] = load("presets", PRESETS)
    known = vocabulary(presets, load("words", Words))
    everywhere = {phrase for each in (known.strong, *known.hints.values(), *known.styles.values()) for phrase in each}
    abroad: dict[str, Phrases] = known.words.genres
    assert {phrase_key(word) for word in abroad} <= everywhere


def test_an_instrument_gives_way_only_to_one_of_its_stem() -> None:
    words = load("words", Words)
    kinds = (words.moods, words.eras, words.productions, words.voices)
    manners: list[Manner] = [entry for kind in kinds for entry in kind.values()]
    assert all(STEM_OF[one] == STEM_OF[other] for manner in manners for one, other in manner.players.items())
    bands = [*(manner.adds for manner in manners), *(palette.instruments for palette in words.palettes.values())]
    assert all(STEM_OF[player] == stem for band in bands for stem, player in band.items())


def test_every_mood_has_a_band_for_captions_without_a_genre() -> None:
    palettes = load("words", Words).palettes.values()
    for energy in (hundredth / 100 for hundredth in range(101)):
        assert sum(palette.energy[0] <= energy <= palette.energy[1] for palette in palettes) >= 1


def test_an_operator_adds_a_phrase_or_takes_ours_away(tmp_path: Path) -> None:
    ours = load("words", Words)
    (tmp_path / "words.toml").write_text('[instruments.piano.words]\nown = ["joanna"]\nde = []\n')
    piano = load("words", Words, tmp_path).instruments["piano"]
    assert piano.words == {**ours.instruments["piano"].words, "own": ("joanna",), "de": ()}
