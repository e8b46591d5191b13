"""The sign that somebody works the queue: a lock, not a row, so it can't outlive its process and writes nothing."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.compose.house import House


@contextmanager
def at_work(home: Path) -> Iterator[None]:
    """Hold the sign until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "worker.lock").open("a") as sign:
        fcntl.flock(sign, fcntl.LOCK_SH)
        yield


def somebody_works(home: Path) -> bool:
    """Whether any process on this machine works the queue of `home`."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "worker.lock").open("a") as sign:
        try:
            fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def is_worked(house: House) -> bool:
    """Whether anybody works this queue, on whatever machine."""
    return somebody_works(house.settings.home) or house.db.worked_anywhere()
