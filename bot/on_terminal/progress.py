"""How far a job or a run is, on stderr: a moving bar for a person, a line at each stage for a log."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.names import name_of
from bot.replies import reply
from bot.run_words import title
from bot.waiting import stage, waiting
from workflows.runs.view import RunView
from workflows.view import JobView

# Lines that a log has of a run.
LOGGED = 20


@dataclass(frozen=True)
class Glance:
    """How far something is: `words` of now, the share that is `done` (0 to 1), and a `stage` that changes seldom."""

    words: str
    done: float
    stage: str
    ended: bool


class Display(Protocol):
    """Shows how far something is each time it was looked at."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *reason: object) -> None: ...

    def show(self, glance: Glance) -> None:
        """Called a few times a second."""


def display() -> Display:
    """The one that suits where stderr goes."""
    return Bar() if sys.stderr.isatty() else Log()


class Bar:
    """A progress bar that is gone when it is done."""

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

    def show(self, glance: Glance) -> None:
        # Titles are people's words: rich would read their brackets as markup.
        words = glance.words.replace("[", r"\[")
        self._bar.update(self._line, description=words, completed=glance.done)


class Log:
    """A line whenever the stage changes."""

    def __init__(self) -> None:
        self._said = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        return None

    def show(self, glance: Glance) -> None:
        if glance.stage and glance.stage != self._said and not glance.ended:
            self._said = glance.stage
            print(glance.stage, file=sys.stderr, flush=True)


def of_job(job: JobView) -> Glance:
    """How far a job is."""
    words = words_for(job)
    return Glance(words, 1.0 if job.ended else job.progress or 0.0, words, job.ended)


def of_run(run: RunView) -> Glance:
    """How far a run is; a log tells of every twentieth part of it."""
    name, all_of_it = title(run), max(len(run.steps), 1)
    over = all_of_it - run.count("WAITING", "QUEUED")
    going = sum(step.progress or 0.0 for step in run.steps if step.state == "QUEUED")
    done, failed = run.count("DONE"), run.count("FAILED", "SKIPPED") or None
    told = reply("run_under_way", done=done, all=all_of_it, failed=failed)
    words = reply("run_under_way", done=done, all=all_of_it, failed=failed, eta_s=run.eta_s)
    part = max(all_of_it // LOGGED, 1)
    stage = f"♪ {name}: {told}" if over % part == 0 else ""
    return Glance(f"♪ {name}: {words}", min((over + going) / all_of_it, 1.0), stage, run.ended)


def words_for(job: JobView) -> str:
    """One line: which job, its title once it has one, and its stage or its place in the queue."""
    name = f"♪ #{job.id} {name_of(job)}"
    if job.status == "PENDING":
        return f"{name}: {waiting(job)}"
    return f"{name}: {reply('stage_done') if job.ended else stage(job)}"
