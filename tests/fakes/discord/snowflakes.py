"""Ids as Discord makes them: time in the upper bits, so that later ids are larger and tell their age."""

from __future__ import annotations

import time

EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Unique ids whose time is now, in rising order."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        now = int(time.time() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, now << 22)
        return self._last
