"""When, and for how long, as people write it: lengths of time, points in time, what comes again, and time zones.

Days are days of the wall clock in a zone: a challenge that begins at six in the evening and lasts three days ends at
six in the evening, even where the clocks change meanwhile. Hours and minutes are as long as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
_UNITS = {"m": MINUTE_S, "h": HOUR_S, "d": DAY_S, "w": 7 * DAY_S}
_PART = re.compile(r"(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)(?![a-z])\s*(?:,|and)?\s*")
_CLOCK = re.compile(r"(?:at\s+)?(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ t]+(.+))?")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CRON_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Span:
    """A length of time: `days` of the wall clock, and `seconds` as they pass."""

    days: int
    seconds: int

    @property
    def about_s(self) -> int:
        """Its seconds, where every day has 24 hours."""
        return self.days * DAY_S + self.seconds


def span(text: str) -> Span:
    """ "3d", "36 hours", "1w 2d 30m"; "0" is no time. Raises `ValueError`."""
    left = text.strip().casefold()
    if left in ("0", "never", "none"):
        return Span(0, 0)
    days = seconds = 0
    while left:
        found = _PART.match(left)
        if found is None:
            raise ValueError(text)
        length = int(found[1]) * _UNITS[found[2][0]]
        if found[2][0] in "dw":
            days += length // DAY_S
        else:
            seconds += length
        left = left[found.end() :]
    if not days and not seconds:
        raise ValueError(text)
    return Span(days, seconds)


def later(at_ms: int, length: str, zone: str) -> int:
    """The moment that lies `length` after `at_ms`, as clocks in `zone` count days (milliseconds since the epoch)."""
    asked = span(length)
    local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
    # Aware times of one zone are added to by the wall clock; what falls into a gap moves on by it.
    moved = (local + timedelta(days=asked.days)).astimezone(UTC)
    return _ms(moved + timedelta(seconds=asked.seconds))


def moment(text: str, zone: str, now_ms: int) -> int:
    """The moment that `text` means: "2026-12-04 18:00", "tomorrow 18:00", "friday 6pm", "in 2 hours"; "" is now.

    A time of day alone is the next such time. Raises `ValueError`, as for a moment that has passed.
    """
    words = " ".join(text.casefold().split())
    if words in ("", "now"):
        return now_ms
    if words.startswith("in "):
        return later(now_ms, words.removeprefix("in "), zone)
    local = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone))
    found = _moment(words, local)
    at = _ms(found.astimezone(UTC))
    if at < now_ms:
        raise ValueError(text)
    return at


def _moment(words: str, local: datetime) -> datetime:
    if (dated := _DATE.fullmatch(words)) is not None:
        hour, minute = _clock(dated[4] or "00:00")
        return datetime(int(dated[1]), int(dated[2]), int(dated[3]), hour, minute, tzinfo=local.tzinfo)
    first, _, rest = words.removeprefix("on ").removeprefix("next ").partition(" ")
    day = _day(first)
    if first in ("today", "tomorrow") or day is not None:
        hour, minute = _clock(rest or "00:00")
        ahead = int(first == "tomorrow") if day is None else (day - local.weekday()) % 7
        there = _on(local + timedelta(days=ahead), hour, minute)
        return (
            there if there >= local or first in ("today", "tomorrow") else _on(there + timedelta(days=7), hour, minute)
        )
    hour, minute = _clock(words)
    there = _on(local, hour, minute)
    return there if there >= local else _on(there + timedelta(days=1), hour, minute)


def _on(day: datetime, hour: int, minute: int) -> datetime:
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)


def recurring(text: str) -> str:
    """The five fields of cron for "daily 09:00", "friday 18:00", "mon, wed 8pm", "weekdays 9:00", "hourly",
    "monthly 1 18:00" or such fields themselves. Weekdays in them are names: their numbers mean two things.

    Raises `ValueError`.
    """
    words = " ".join(text.casefold().replace(",", " ").replace(" and ", " ").split())
    if len(text.split()) == 5 and set(text.split()[0]) <= set("0123456789*/,-"):
        return _checked(text.split())
    if words == "hourly":
        return "0 * * * *"
    parts = words.removeprefix("every ").removeprefix("on ").split()
    if not parts:
        raise ValueError(text)
    if parts[0] in ("monthly", "month") and len(parts) >= 3 and parts[1].isdecimal() and 1 <= int(parts[1]) <= 31:
        hour, minute = _clock(" ".join(parts[2:]))
        return f"{minute} {hour} {int(parts[1])} * *"
    named: list[int] = []
    while parts and (day := _day(parts[0])) is not None:
        named.append(day)
        parts.pop(0)
    if not named:
        many = {"daily": "*", "day": "*", "weekdays": "mon-fri", "weekday": "mon-fri", "weekends": "sat,sun"}
        if parts[0] not in many:
            raise ValueError(text)
        on = many[parts.pop(0)]
    else:
        on = ",".join(DAYS[day][:3] for day in sorted(set(named)))
    hour, minute = _clock(" ".join(parts))
    return f"{minute} {hour} * * {on}"


def _checked(fields: list[str]) -> str:
    """Five fields that APScheduler takes, their weekdays by name: its numbers begin on Monday, cron's on Sunday."""
    from apscheduler.triggers.cron import CronTrigger

    def named(found: re.Match[str]) -> str:
        number = int(found[0])
        if number >= len(_CRON_DAYS):
            raise ValueError(fields)
        return _CRON_DAYS[number]

    fields = [field.casefold() for field in fields]
    on, slash, step = fields[4].partition("/")
    on = "*" if on in ("0-6", "1-7", "0-7") else re.sub(r"\d+", named, on)
    cron = " ".join([*fields[:4], on + slash + step])
    CronTrigger.from_crontab(cron)
    return cron


def zone_named(text: str) -> str:
    """The IANA name of a time zone, however it is written: "europe/berlin", "utc". Raises `ValueError`."""
    wanted = text.strip().casefold().replace(" ", "_")
    for name in available_timezones():
        if name.casefold() == wanted:
            return name
    raise ValueError(text)


def _clock(text: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(text.strip())
    if found is None or (found[2] is None and found[3] is None):
        raise ValueError(text)
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] is not None:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    if hour > 23 or minute > 59:
        raise ValueError(text)
    return hour, minute


def _day(word: str) -> int | None:
    """0 for "mon", "monday" and "mondays"; None for what is no weekday."""
    stem = word.removesuffix("s") if len(word) > 4 else word
    return next((n for n, name in enumerate(DAYS) if len(stem) >= 3 and name.startswith(stem)), None)


def _ms(moment_: datetime) -> int:
    return round(moment_.timestamp() * 1000)
