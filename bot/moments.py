"""Points in time inside our sentences. Each chat shows them in its reader's own zone; elsewhere they are UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

# No value of anybody's has these brackets: `replies.cleaned` takes them out.
_MOMENT = re.compile(r"⟦(\d+):(in|at)⟧")


def at(ms: int) -> str:
    """The moment `ms` (milliseconds since the epoch) as a date and a time of day."""
    return f"⟦{ms // 1000}:at⟧"


def until(ms: int) -> str:
    """How far away the moment `ms` is ("in 2 days")."""
    return f"⟦{ms // 1000}:in⟧"


def iso(ms: int | None) -> str | None:
    """The moment `ms` for programs: ISO 8601 in UTC, to the millisecond; None for none."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(text: str, show: Callable[[int, bool], str]) -> str:
    """`text` with each moment as `show(seconds since the epoch, whether it is how far away)` has it."""
    return _MOMENT.sub(lambda found: show(int(found[1]), found[2] == "in"), text)


def plainly(text: str, now_s: float) -> str:
    """`text` for a surface that knows no times of its own: UTC, and lengths in whole units."""

    def show(seconds: int, relative: bool) -> str:
        if not relative:
            return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
        left = seconds - now_s
        for name, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
            if abs(left) >= 1.5 * size or name == "minute":
                count = max(round(abs(left) / size), 1)
                words = f"{count} {name}{'' if count == 1 else 's'}"
                return f"in {words}" if left >= 0 else f"{words} ago"
        raise AssertionError("minutes always fit")

    return shown(text, show)
