"""Times that come again and again, in words."""

from __future__ import annotations

from bot.replies import reply
from workflows.times import DAYS


def recurring_words(cron: str, locale: str = "en") -> str:
    """The five fields of `cron`, as `workflows.times.recurring` gives them: "every Monday and Friday at 18:00"."""
    minute, hour, day, month, on = cron.split()
    if minute.isdecimal() and (hour, day, month, on) == ("*", "*", "*", "*"):
        return reply("times_hourly", locale, minute=int(minute), sharp=True if int(minute) == 0 else None)
    if minute.isdecimal() and hour.isdecimal() and month == "*":
        clock = f"{int(hour):02}:{int(minute):02}"
        if day == "*" and on in ("*", "mon-sun", "sun-sat"):
            return reply("times_daily", locale, clock=clock)
        if day == "*" and (days := _weekdays(on)):
            return reply("times_weekly", locale, days=days, clock=clock)
        if day.isdecimal() and on == "*":
            return reply("times_monthly", locale, day=int(day), clock=clock)
    return reply("times_cron", locale, cron=cron)


def _weekdays(on: str) -> list[int]:
    """Days by their numbers from Monday: "mon-fri", "sat,sun"; none where it is more than names."""
    numbers = {name[:3]: number for number, name in enumerate(DAYS)}
    found: set[int] = set()
    for part in on.split(","):
        first, _, last = part.partition("-")
        low, high = numbers.get(first), numbers.get(last or first)
        if low is None or high is None or low > high:
            return []
        found |= {*range(low, high + 1)}
    return sorted(found)
