"""Another version of a song that words were written for: it keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.spec import parse
from tests.unit.test_card import DONE
from workflows.variation import varied
from workflows.view import JobView

PLAN = {
    "title": "Mein Hund", "caption": "Hip Hop, rap", "lyrics": "[verse]\nDa ist der Hund", "lyrics_by": "engine",
    "vocal_language": "de", "genre_preset": "Hip Hop", "bpm": 93.0, "keyscale": "C Minor", "timesignature": "4/4",
}  # fmt: skip


def simple(query: str, plan: dict[str, Any], **given: Any) -> JobView:
    spec = parse("simple", {"query": query, **given}).model_dump(mode="json")
    return replace(DONE, task="simple", spec=spec, plan=plan)


def test_a_song_from_one_sentence_is_varied_with_its_words_and_its_sound() -> None:
    task, values = varied(simple("ein Rap über meinen Hund", PLAN, format="wav", seed=4), 8)
    assert task == "text2music"
    expected = {
        "caption": "Hip Hop, rap", "lyrics": PLAN["lyrics"], "display_name": "Mein Hund", "vocal_language": "de",
        "bpm": 93, "format": "wav", "seed": -1,
    }  # fmt: skip
    assert parse(task, values).model_dump(include=set(expected)) == expected


def test_an_instrumental_from_one_sentence_is_asked_for_as_it_was() -> None:
    plan = {**PLAN, "lyrics": "", "lyrics_by": None}
    task, values = varied(simple("something calm, no vocals", plan, instrumental=True), 8)
    assert (task, values["query"], values["instrumental"]) == ("simple", "something calm, no vocals", True)


def test_the_language_of_pasted_words_stays_for_us_to_recognise() -> None:
    _, values = varied(simple("[verse]\nDa ist der Hund", {**PLAN, "lyrics_by": "user", "caption": ""}), 8)
    assert "vocal_language" not in values
    assert values["lyrics"] == PLAN["lyrics"]
