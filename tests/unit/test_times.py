"""Lengths of time, points in time and what comes again, as people write them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from workflows.asks.times import InZone, PointInTime, Recurring, Reminder, Window
from workflows.schedules import missed, upcoming
from workflows.times import Span, later, moment, recurring, span, zone_named

BERLIN = "Europe/Berlin"


def ms(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def local(at: int, zone: str = BERLIN) -> str:
    return datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat(" ", "minutes")


NOW = ms("2026-11-22 06:20", BERLIN)


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("3d", 3, 0), ("3 days", 3, 0), ("36h", 0, 36 * 3600), ("1w 2d 30m", 9, 1800),
        ("2 days and 3 hours", 2, 3 * 3600), ("90 min", 0, 5400), ("0", 0, 0), ("never", 0, 0),
    ],
)  # fmt: skip
def test_lengths_are_read(text: str, days: int, seconds: int) -> None:
    assert span(text) == Span(days, seconds)


@pytest.mark.parametrize("text", ["", "3", "3x", "d", "3dd", "three days", "-3d", "0d", "12345d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        span(text)


def test_days_are_days_of_the_clock_and_hours_are_as_long_as_they_are() -> None:
    # In the night to the 25th of October the clocks go back an hour, in that to the 29th of March forward.
    autumn, spring = ms("2026-10-23 18:00", BERLIN), ms("2026-03-27 18:00", BERLIN)
    assert local(later(autumn, "3d", BERLIN)) == "2026-10-26 18:00+01:00"
    assert local(later(autumn, "72h", BERLIN)) == "2026-10-26 17:00+01:00"
    assert local(later(spring, "3d", BERLIN)) == "2026-03-30 18:00+02:00"
    assert local(later(spring, "72h", BERLIN)) == "2026-03-30 19:00+02:00"
    assert later(autumn, "3d", "UTC") - autumn == 72 * 3_600_000


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("2026-12-04 18:00", "2026-12-04 18:00+01:00"),
        ("2026-12-04T18:00", "2026-12-04 18:00+01:00"),
        ("2026-12-04", "2026-12-04 00:00+01:00"),
        ("tomorrow 18:00", "2026-11-23 18:00+01:00"),
        ("today 7am", "2026-11-22 07:00+01:00"),
        ("Friday 6pm", "2026-11-27 18:00+01:00"),
        ("next fri at 18.30", "2026-11-27 18:30+01:00"),
        ("Sunday 05:00", "2026-11-29 05:00+01:00"),
        ("05:00", "2026-11-23 05:00+01:00"),
        ("18:30", "2026-11-22 18:30+01:00"),
        ("in 2 hours", "2026-11-22 08:20+01:00"),
        ("now", "2026-11-22 06:20+01:00"),
        ("", "2026-11-22 06:20+01:00"),
    ],
)
def test_moments_are_read_in_their_zone(text: str, there: str) -> None:
    assert local(moment(text, BERLIN, NOW)) == there


@pytest.mark.parametrize(
    "text", ["2020-01-01 10:00", "2026-02-30 10:00", "soon", "today 05:00", "13pm", "25:00", "in a bit"]
)
def test_what_is_no_moment_or_has_passed_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text, BERLIN, NOW)


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("daily 09:00", "0 9 * * *"),
        ("friday 18:00", "0 18 * * fri"),
        ("Fridays at 6pm", "0 18 * * fri"),
        ("every mon, wed and sun 8pm", "0 20 * * mon,wed,sun"),
        ("weekdays 9:00", "0 9 * * mon-fri"),
        ("weekends 9.30", "30 9 * * sat,sun"),
        ("monthly 1 18:00", "0 18 1 * *"),
        ("hourly", "0 * * * *"),
        # The numbers of weekdays as cron has them: 5 is Friday, 0 and 7 are Sunday.
        ("0 18 * * 5", "0 18 * * fri"),
        ("0 18 * * 0,7", "0 18 * * sun,sun"),
        ("0 18 * * 1-5", "0 18 * * mon-fri"),
        ("0 18 * * 0-6", "0 18 * * *"),
    ],
)
def test_what_comes_again_becomes_five_fields(text: str, cron: str) -> None:
    assert recurring(text) == cron


@pytest.mark.parametrize(
    "text", ["", "friday", "daily", "daily 25:00", "60 * * * *", "0 0 32 1 *", "0 0 * * 8", "at noon"]
)
def test_what_comes_never_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        recurring(text)


def test_zones_are_known_by_their_names() -> None:
    assert zone_named("europe/berlin") == BERLIN
    assert zone_named("America/new york") == "America/New_York"
    with pytest.raises(ValueError):
        zone_named("Middle-earth/Shire")


@pytest.mark.parametrize(
    ("kind", "bad", "allowed"),
    [
        (Window, "5m", "10 minutes to 60 days"), (Window, "0", "10 minutes to 60 days"),
        (Reminder, "8d", "or 0 for never"),
        (InZone, "CET/nowhere", "Europe/Berlin"), (Recurring, "soon", "daily 09:00"), (PointInTime, "soon", "tomorrow"),
    ],
)  # fmt: skip
def test_a_field_says_what_it_takes(kind: Any, bad: str, allowed: str) -> None:
    with pytest.raises(ValidationError, match=allowed):
        TypeAdapter(kind).validate_python(bad)


def test_a_time_that_the_clock_shows_twice_comes_once_and_one_that_it_skips_comes_later() -> None:
    autumn = upcoming("30 2 * * *", BERLIN, ms("2026-10-24 12:00"), 2)
    assert [local(at) for at in autumn] == ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]
    spring = upcoming("30 2 * * *", BERLIN, ms("2026-03-28 12:00"), 2)
    assert [local(at) for at in spring] == ["2026-03-29 03:30+02:00", "2026-03-30 02:30+02:00"]
    # What comes every hour comes every hour.
    hourly = upcoming("0 * * * *", BERLIN, ms("2026-10-24 23:00"), 4)
    assert {later - earlier for earlier, later in itertools.pairwise(hourly)} == {3_600_000}


@given(
    st.sampled_from(["0 18 * * fri", "30 2 * * *", "0 0 1 1 *", "0 9 1 * *", "15 */6 * * *"]),
    st.integers(ms("2020-01-01"), ms("2030-01-01")),
    st.integers(0, 3 * 366 * 86_400_000),
)
def test_what_was_missed_is_the_latest_of_all_that_was_due(cron: str, after: int, away: int) -> None:
    now = after + away
    found = missed(cron, BERLIN, after, now)
    if found is None:
        assert upcoming(cron, BERLIN, after)[0] > now
        return
    assert after < found <= now < upcoming(cron, BERLIN, found)[0]
    assert datetime.fromtimestamp(found / 1000, UTC).second == 0
