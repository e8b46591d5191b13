"""The message of a job on Discord, word for word."""

from __future__ import annotations

from dataclasses import replace

from bot.on_discord.post import status
from tests.unit.test_card import WAITING, shown


def test_a_waiting_job_is_a_line_and_its_small_print() -> None:
    assert status(shown(WAITING)) == (
        "♪ **rainy-day lo-fi about coffee** · second in line · about 40 seconds · 10 credits\n-# for <@u1> · \\#12"
    )


def test_foreign_words_stay_words() -> None:
    evil = shown(replace(WAITING, spec={"caption": "**bold** _it_ ||spoiler|| # head <@1> @everyone"}))
    said = status(evil)
    assert "**bold**" not in said
    assert "||spoiler||" not in said
    assert "@everyone" not in said
    assert "<@1>" not in said
