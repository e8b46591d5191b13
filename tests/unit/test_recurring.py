"""Times that come again and again, as people read them."""

from __future__ import annotations

import pytest

from bot.recurring import recurring_words
from workflows.times import recurring


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("daily 9am", "every day at 09:00"),
        ("mon, wed 8pm", "every Monday and Wednesday at 20:00"),
        ("fridays 18:05", "every Friday at 18:05"),
        ("weekdays 7:30", "every Monday, Tuesday, Wednesday, Thursday and Friday at 07:30"),
        ("weekends 8:30am", "every Saturday and Sunday at 08:30"),
        ("monthly 31 18:00", "on day 31 of a month at 18:00"),
        ("hourly", "every hour"),
        ("15 * * * *", "every hour at 15 past"),
        ("0 0 * * 0", "every Sunday at 00:00"),
        ("0 0 * * 0-6", "every day at 00:00"),
        ("0 9 * 12 *", "at the times of cron 0 9 * 12 *"),
        ("0 9-17 * * mon-fri", "at the times of cron 0 9-17 * * mon-fri"),
        ("0 9 1 * fri", "at the times of cron 0 9 1 * fri"),
    ],
)
def test_what_was_written_is_told_in_words(written: str, words: str) -> None:
    assert recurring_words(recurring(written)) == words
