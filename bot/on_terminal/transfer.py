"""How far a fetch is, on stderr: a bar with bytes and the time left for a person, a line now and then for a log."""

from __future__ import annotations

import sys
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from bot.replies import cleaned, reply

# A log hears of every so many hundredths of it.
LOGGED = 10
UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Transfer(Protocol):
    """Shows how much of so many bytes is here."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *reason: object) -> None: ...

    def show(self, file: str, here: int) -> None:
        """Called for each piece that arrives: `here` of all bytes."""


def transfer(total: int) -> Transfer:
    """The one that suits where stderr goes."""
    return Bar(total) if sys.stderr.isatty() else Log(total)


def sized(size: float) -> str:
    """So many bytes in words: 11500000000 is "11.5 GB"."""
    unit = 0
    while size >= 999.5 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    digits = 1 if unit > 0 and size < 99.95 else 0
    return f"{size:.{digits}f} {UNITS[unit]}"


class Bar:
    """A progress bar that is gone when it is done."""

    def __init__(self, total: int) -> None:
        self._bar = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._line = self._bar.add_task("", total=total)
        self._begun = False

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def show(self, file: str, here: int) -> None:
        if not self._begun:
            # What was here before did not come at any speed.
            self._begun = True
            self._bar.reset(self._line, completed=here)
        # The part it belongs to is enough beside the bar.
        part = cleaned(file.partition("/")[0])
        self._bar.update(self._line, description=part, completed=here)


class Log:
    """A line for each tenth."""

    def __init__(self, total: int) -> None:
        self._total = max(total, 1)
        self._said = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        return None

    def show(self, file: str, here: int) -> None:
        part = 100 * here // self._total // LOGGED * LOGGED
        if part > self._said:
            self._said = part
            words = reply("models_fetching", percent=part, file=file, here=sized(here), total=sized(self._total))
            print(words, file=sys.stderr, flush=True)
