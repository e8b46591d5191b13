"""The message of a job on Discord, word for word."""

from __future__ import annotations

from dataclasses import replace

from bot.on_discord.post import result, status
from tests.unit.test_card import DONE, WAITING, shown


def test_a_waiting_job_is_a_line_and_its_small_print() -> None:
    assert status(shown(WAITING)) == (
        "♪ **rainy-day lo-fi about coffee** · second in line · about 40 seconds · 10 credits\n-# for <@u1> · \\#12"
    )


def test_a_song_is_a_card_that_any_client_shows() -> None:
    card = result(shown(DONE))
    assert card.title == "Coffee Steam"
    assert card.description is not None
    assert card.description.splitlines() == [
        "1:12 · 82 BPM · F Major · 4/4 · lo-fi",
        '"rainy-day lo-fi about coffee"',
        "*Steam on the window*",
        "*Rain on the street*",
        "for <@u1> · 10 credits · seed 4217 · from #11 · #12",
    ]
    assert card.thumbnail.url == "attachment://cover.png"


def test_foreign_words_stay_words() -> None:
    evil = shown(replace(WAITING, spec={"caption": "**bold** _it_ ||spoiler|| # head <@1> @everyone"}))
    said = status(evil)
    assert "**bold**" not in said
    assert "||spoiler||" not in said
    assert "@everyone" not in said
    assert "<@1>" not in said
