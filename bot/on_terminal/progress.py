"""How far a job is, on stderr: a moving bar for a person, a line at each stage for a log."""

from __future__ import annotations

import sys
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.names import name_of
from bot.replies import reply
from bot.waiting import stage, waiting
from workflows.view import JobView


class Display(Protocol):
    """Shows a job each time it was looked at."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *reason: object) -> None: ...

    def show(self, job: JobView) -> None:
        """Called a few times a second."""


def display() -> Display:
    """The one that suits where stderr goes."""
    return Bar() if sys.stderr.isatty() else Log()


class Bar:
    """A progress bar that is gone when the job is done."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._line = self._bar.add_task("", total=1.0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def show(self, job: JobView) -> None:
        done = 1.0 if job.ended else job.progress or 0.0
        # Titles are people's words: rich would read their brackets as markup.
        words = words_for(job).replace("[", r"\[")
        self._bar.update(self._line, description=words, completed=done)


class Log:
    """A line whenever the stage changes."""

    def __init__(self) -> None:
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        return None

    def show(self, job: JobView) -> None:
        words = words_for(job)
        if words != self._said and not job.ended:
            self._said = words
            print(words, file=sys.stderr, flush=True)


def words_for(job: JobView) -> str:
    """One line: which job, its title once it has one, and its stage or its place in the queue."""
    name = f"♪ #{job.id} {name_of(job)}"
    if job.status == "PENDING":
        return f"{name}: {waiting(job)}"
    return f"{name}: {reply('stage_done') if job.ended else stage(job)}"
