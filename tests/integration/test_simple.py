"""One sentence in, a whole song out: planned, sung, and made again from its plan alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from engine.spec import EngineError, Order, Plan, Take, Words, estimate, parse
from engine.studio.compose.lyrics import parse_lyrics
from engine.studio.engine import Studio
from engine.studio.voice.espeak import Speaker, VoiceUnavailable
from engine.studio.writer.words import languages
from tests.unit.studio import presets, vocabulary


@dataclass
class Shelf:
    takes: list[Take] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        assert 0 <= fraction <= 1

    def take(self, take: Take) -> None:
        self.takes.append(take)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    engine = Studio(presets(), words())
    yield engine
    engine.close()


def words() -> Words:
    return vocabulary().words


def asked(query: str, *, seed: int = 5, task: str = "simple", **values: Any) -> tuple[Any, Order]:
    main = "query" if task == "simple" else "caption"
    spec = parse(task, {main: query, **values})
    settled = estimate(spec)
    return spec, Order(job=1, spec={}, duration=settled.duration, takes=settled.takes, seed=seed, workdir="unused")


def planned(studio: Studio, query: str, **values: Any) -> Plan:
    return studio.plan(*asked(query, **values))


def codes(plan: Plan) -> dict[str, dict[str, Any]]:
    return {notice.code: notice.params for notice in plan.notices}


def test_a_sentence_becomes_a_song_that_is_sung(studio: Studio) -> None:
    spec, order = asked("a happy song about my dog, solo piano", duration=5)
    plan = studio.plan(spec, order)
    assert (plan.title, plan.caption, plan.genre_preset) == ("My Dog", "solo piano, happy", "Classical")
    assert (plan.lyrics_by, plan.vocal_language, plan.duration) == ("engine", "en", 5)
    assert plan.notices == ()
    made = Shelf()
    # Nothing of the plan is decided anew: it went through a pipe and a database meanwhile.
    studio.render(spec, Plan.model_validate_json(plan.model_dump_json()), order, made)
    [take] = made.takes
    assert [line.text for line in take.lines] == [text for _, text in parse_lyrics(plan.lyrics)]
    assert np.abs(take.stems["vocals"]).max() > 0.05


def test_what_was_asked_for_is_kept(studio: Studio) -> None:
    plan = planned(studio, "a song about rain", duration=30, bpm=90, keyscale="Am", display_name="Wet")
    assert (plan.bpm, plan.keyscale, plan.title, plan.duration) == (90, "A Minor", "Wet", 30)
    assert [section for section, _ in parse_lyrics(plan.lyrics)][:3] == ["verse", "verse", "chorus"]


@pytest.mark.parametrize(
    ("query", "given", "language"),
    [
        ("a song about rain", {"vocal_language": "de"}, "de"),
        ("a song in Spanish about rain", {}, "es"),
        ("une chanson sur la pluie", {}, "fr"),
        ("песня про дождь", {}, "ru"),
        ("雨についての歌", {}, "ja"),
        ("বৃষ্টি নিয়ে একটি গান", {}, "bn"),
        ("ein Lied über den Regen auf Englisch", {}, "en"),
    ],
)
def test_it_is_sung_in_the_language_that_was_asked_for(
    studio: Studio, query: str, given: dict[str, str], language: str
) -> None:
    plan = planned(studio, query, **given, duration=20)
    assert (plan.vocal_language, plan.lyrics_by) == (language, "engine")
    assert not codes(plan).keys() & {"lines_left_out", "topic_unsung", "written_in"}


def test_takes_share_their_words_and_seeds_do_not(studio: Studio) -> None:
    one = planned(studio, "a song about rain", duration=20, batch_size=2)
    assert one.seeds == (5, 6)
    assert one.lyrics != planned(studio, "a song about rain", duration=20, seed=6).lyrics
    assert one == planned(studio, "a song about rain", duration=20, batch_size=2)


def test_a_rap_is_rapped(studio: Studio) -> None:
    plan = planned(studio, "a rap about Mondays", duration=60)
    assert (plan.genre_preset, plan.title) == ("Hip Hop", "Monday")
    assert len([section for section, _ in parse_lyrics(plan.lyrics) if section == "verse"]) >= 6


@pytest.mark.parametrize(("query", "given"), [("lofi about rain", {"instrumental": True}), ("instrumental lofi", {})])
def test_nobody_needs_words(studio: Studio, query: str, given: dict[str, bool]) -> None:
    plan = planned(studio, query, **given, duration=10)
    assert (plan.instrumental, plan.lyrics, plan.lyrics_by) == (True, "", None)
    assert "no_voice" not in codes(plan)


def test_lyrics_that_somebody_pasted_are_sung_as_they_are(studio: Studio) -> None:
    plan = planned(studio, "slow rock\n[verse]\nI walk alone tonight\n[chorus]\nBut not for long", duration=15)
    assert (plan.lyrics_by, plan.caption) == ("user", "slow rock")
    assert [text for _, text in parse_lyrics(plan.lyrics)] == ["I walk alone tonight", "But not for long"]


def test_a_song_may_have_its_words_written_too(studio: Studio) -> None:
    plan = planned(studio, "solo piano about the sea", task="text2music", use_cot_lyrics=True, duration=5)
    assert (plan.lyrics_by, plan.caption, plan.title) == ("engine", "solo piano about the sea", "The Sea")
    assert codes(plan) == {}
    own = planned(studio, "folk", task="text2music", use_cot_lyrics=True, lyrics="My own line", duration=8)
    assert (own.lyrics_by, codes(own)) == ("user", {"no_effect": {"fields": ["use_cot_lyrics"]}})
    rap = planned(studio, "about Mondays", task="text2rap", use_cot_lyrics=True, duration=20)
    assert (rap.lyrics_by, codes(rap)) == ("engine", {})


def test_a_language_without_words_is_refused_where_it_was_named_and_told_where_it_was_not(studio: Studio) -> None:
    with pytest.raises(EngineError) as caught:
        planned(studio, "a song about rain", vocal_language="sw", duration=20)
    assert (caught.value.code, caught.value.permanent, caught.value.params["language"]) == (
        "no_writer",
        True,
        "Swahili",
    )
    assert len(caught.value.params["known"]) == len(languages())
    plan = planned(studio, "wimbo kuhusu mvua", duration=20)
    assert plan.vocal_language == "en"
    assert codes(plan) == {"written_in": {"language": "English", "asked": "Swahili", "words": ["mvua"]}}


def test_words_that_say_nothing_of_the_sound_are_no_riddle_when_the_song_is_about_them(studio: Studio) -> None:
    assert codes(planned(studio, "my cat Milo", duration=20)) == {}
    assert codes(planned(studio, "happy zorblax tune about my cat", duration=20)) == {
        "not_understood": {"words": ["zorblax"]}
    }


class Mute(Speaker):
    @property
    def voices(self) -> dict[str, str]:
        raise VoiceUnavailable("eSpeak NG is not installed")


def test_where_nobody_can_sing_no_words_are_written() -> None:
    engine = Studio(presets(), words(), Mute())
    spec, order = asked("a happy song about my dog, solo piano", duration=5)
    plan = engine.plan(spec, order)
    assert (plan.instrumental, plan.lyrics, plan.lyrics_by) == (True, "", None)
    assert codes(plan) == {"no_voice": {"reason": "eSpeak NG is not installed"}}
    engine.close()


def test_a_title_has_the_capitals_of_its_language(studio: Studio) -> None:
    lines = {
        "Walking down the river": "Walking Down the River",
        "Ich gehe heute durch den Wald": "Ich gehe heute durch den Wald",
        "la lluvia cae sobre la ciudad": "La lluvia cae sobre la ciudad",
    }
    for line, title in lines.items():
        assert planned(studio, "folk", task="text2music", lyrics=f"[chorus]\n{line}", duration=10).title == title
