"""A wall clock that goes where it is told. Everything that asks for the time of day asks the computer's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest import mock


@contextmanager
def at(moment: str) -> Iterator[None]:
    """It is `moment` ("2026-11-21 23:59", UTC) as long as the block runs; the clock stands still."""
    then = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000) * 1_000_000
    with mock.patch.object(time, "time_ns", return_value=then):
        yield
