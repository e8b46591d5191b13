"""The built-in engine as a whole: what it plans, what it says about it, and that the parts fit together."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from config.files import load
from engine.spec import EngineError, Order, Plan, Preset, Take, Words, estimate, parse
from engine.studio.engine import Studio
from engine.studio.voice.espeak import Speaker

PRESETS = load("presets", TypeAdapter(dict[str, Preset]))
VOCABULARY = load("words", Words)
WORDS = "[verse]\nMorning light on the kitchen floor\n[chorus]\nSing it out loud, let the whole street know"


@dataclass
class Shelf:
    takes: list[Take] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def progress(self, fraction: float) -> None:
        self.heard.append(fraction)

    def take(self, take: Take) -> None:
        self.takes.append(take)


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    engine = Studio(PRESETS, VOCABULARY)
    yield engine
    engine.close()


def planned(studio: Studio, task: str = "text2music", *, seed: int = 5, **values: Any) -> Plan:
    spec = parse(task, values)
    return studio.plan(spec, order_of(spec, seed))


def order_of(spec: Any, seed: int = 5) -> Order:
    settled = estimate(spec)
    return Order(job=1, spec={}, duration=settled.duration, takes=settled.takes, seed=seed, workdir="unused")


def made(studio: Studio, task: str = "text2music", *, seed: int = 5, **values: Any) -> Shelf:
    spec = parse(task, values)
    order, shelf = order_of(spec, seed), Shelf()
    studio.render(spec, studio.plan(spec, order), order, shelf)
    return shelf


def codes(plan: Plan) -> dict[str, dict[str, Any]]:
    return {notice.code: notice.params for notice in plan.notices}


def test_what_was_asked_for_is_what_the_plan_says(studio: Studio) -> None:
    plan = planned(studio, caption="jazz", bpm=133, keyscale="F# minor", timesignature="3/4", duration=30)
    assert (plan.bpm, plan.keyscale, plan.timesignature) == (133, "F# Minor", "3/4")
    assert (plan.genre_preset, plan.duration, plan.engine) == ("Jazz", 30, "studio")


def test_parameters_without_effect_and_words_not_understood_are_said(studio: Studio) -> None:
    told = codes(planned(studio, caption="jazz for a zorblax", duration=10, guidance_scale=9, lm_top_k=5))
    assert told["no_effect"]["fields"] == ["guidance_scale", "lm_top_k"]
    assert "zorblax" in told["not_understood"]["words"]
    assert codes(planned(studio, caption="jazz", duration=10)) == {}


def test_the_plan_says_what_was_understood(studio: Studio) -> None:
    plan = planned(studio, caption="very sad Jazz with piano", duration=10)
    assert plan.understood == {"genre": ("Jazz",), "mood": ("very sad",), "instruments": ("piano",)}


def test_lyrics_are_sung_by_the_lead_and_timed(studio: Studio) -> None:
    [take] = made(studio, caption="folk", lyrics=WORDS, duration=25).takes
    assert [line.text for line in take.lines] == [line for line in WORDS.splitlines() if not line.startswith("[")]
    assert all(0 < line.start < line.end < 25 for line in take.lines)
    assert np.abs(take.stems["vocals"]).max() > 0.05


def test_a_rap_keeps_its_words(studio: Studio) -> None:
    [take] = made(studio, "text2rap", caption="boom bap", lyrics=WORDS, duration=25).takes
    assert len(take.lines) == 2


def test_takes_of_a_batch_are_different_songs_that_can_be_made_again(studio: Studio) -> None:
    first, second = made(studio, caption="pop", duration=8, batch_size=2).takes
    assert (first.index, first.seed, second.index, second.seed) == (1, 5, 2, 6)
    assert not np.array_equal(first.audio, second.audio)
    [again] = made(studio, caption="pop", duration=8, seed=6).takes
    assert np.array_equal(second.audio, again.audio)


def test_instrumental_requests_have_no_voice(studio: Studio) -> None:
    told = planned(studio, caption="pop", lyrics=WORDS, instrumental=True, duration=20)
    assert told.instrumental
    assert "lyrics_ignored" in codes(told)
    [take] = made(studio, "prompt2instrumental", caption="rock", duration=10).takes
    assert "vocals" not in take.stems
    assert not take.lines


def test_tags_alone_shape_an_instrumental(studio: Studio) -> None:
    plan = planned(studio, caption="pop", lyrics="[intro]\n[Instrumental]\n[outro]", duration=20)
    assert plan.instrumental
    assert codes(plan) == {}


@pytest.mark.parametrize(
    ("lyrics", "language", "code"),
    [
        ("🎵🎵🎵", "unknown", "nothing_to_sing"),
        ("ฉันรักเธอ", "unknown", "lyrics_unreadable"),
        ("ฉันรักเธอ", "th", "lyrics_unreadable"),
    ],
)
def test_lyrics_that_nobody_can_sing_fail_with_a_reason(studio: Studio, lyrics: str, language: str, code: str) -> None:
    with pytest.raises(EngineError) as caught:
        planned(studio, caption="pop", lyrics=lyrics, vocal_language=language)
    assert (caught.value.code, caught.value.permanent) == (code, True)


def test_lines_that_do_not_fit_are_counted_not_hidden(studio: Studio) -> None:
    many = "\n".join(["This is a very long line of words that goes on and on"] * 40)
    assert codes(planned(studio, caption="pop", lyrics=many, duration=20))["lines_left_out"]["count"] > 0


def test_without_espeak_there_is_music_and_a_notice() -> None:
    silent = Studio(PRESETS, VOCABULARY, Speaker((sys.executable, "-c", "raise SystemExit(1)")))
    plan = planned(silent, caption="pop", lyrics=WORDS, duration=10)
    assert plan.instrumental
    assert codes(plan)["no_voice"]["reason"]
    [take] = made(silent, caption="pop", lyrics=WORDS, duration=10).takes
    assert "vocals" not in take.stems


@pytest.mark.parametrize(
    "caption",
    [
        "no acoustic guitar, only electric guitar",
        "no drums, no bass, no guitar, no keys, no synth, no strings, no piano",
        "pop " + "(piano:2)" * 100,
    ],
)
def test_no_caption_is_silent_or_too_loud(studio: Studio, caption: str) -> None:
    [take] = made(studio, "prompt2instrumental", caption=caption, duration=6).takes
    seconds = take.audio.reshape(2, 6, 48_000)
    assert (np.sqrt((seconds**2).mean(axis=(0, 2)))[:5] > 0.01).all()
    assert np.abs(take.audio).max() < 10 ** (-1 / 20)


def test_progress_only_grows_and_ends_at_one(studio: Studio) -> None:
    shelf = made(studio, caption="pop", lyrics=WORDS, duration=20, batch_size=2)
    assert shelf.heard == sorted(shelf.heard)
    assert shelf.heard[-1] == pytest.approx(1.0)
