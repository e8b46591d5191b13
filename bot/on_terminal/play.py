"""`minstrel play '/song …'`: one command through the real queue, with a progress bar."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bot import compose
from bot.commands import catalogue
from bot.on_terminal.lines import finished_lines
from bot.on_terminal.report import as_json, error_of
from bot.replies import reply
from bot.syntax import parse_command
from workflows import control, outbox_state
from workflows.people import ReplyTo, Requester
from workflows.submit import Accepted, submit
from workflows.view import JobView

LOOK_S = 0.2
# How often to look whether the worker we rely on is still there.
WATCH_S = 2.0


async def play(house: compose.House, command: str, *, name: str, out: Path | None, wait: bool, as_object: bool) -> int:
    """Submit `command` for `name`, follow it to its end, print the result. Returns the exit code. Raises `Refusal`."""
    parsed = parse_command(command, catalogue())
    accepted = await submit(
        house.db,
        house.rules,
        Requester("terminal", name, name),
        ReplyTo("terminal", str(out.resolve()) if out else ""),
        parsed.command.task,
        parsed.values,
    )
    if not wait:
        job = await control.show(house.db, accepted.job_id)
        _print_waiting(house, job, accepted, as_object=as_object)
        return 0
    job = await _follow(house, accepted)
    if as_object:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
    else:
        _print_finished(house, job)
    return 0 if job.status == "COMPLETED" else 1


async def _follow(house: compose.House, accepted: Accepted) -> JobView:
    """Watch the job until it ended and its files lie in place; work the queue while nobody else does."""
    loop = asyncio.get_running_loop()
    interrupts = 0

    def interrupt() -> None:
        nonlocal interrupts
        interrupts += 1

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    console = Console(stderr=True)
    async with AsyncExitStack() as stack:
        bar = stack.enter_context(_bar(console))
        line = bar.add_task(reply("accepted", job=accepted.job_id, credits=accepted.price), total=1.0)
        working, asked, watched = False, False, 0.0
        while True:
            if not working and loop.time() - watched >= WATCH_S:
                watched = loop.time()
                if not compose.somebody_works(house.settings.home):
                    await stack.enter_async_context(compose.working(house))
                    working = True
            job = await control.show(house.db, accepted.job_id)
            _show(bar, line, job)
            if job.ended and await outbox_state.settled(house.db, job.id):
                return job
            if interrupts and not asked and not job.ended:
                asked = True
                await control.cancel(house.db, job.id)
            await asyncio.sleep(LOOK_S)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _show(bar: Progress, line: TaskID, job: JobView) -> None:
    words = reply(f"stage_{(job.stage or 'waiting') if job.status != 'COMPLETED' else 'done'}")
    title = f" {job.title}" if job.title else ""
    done = 1.0 if job.ended else (job.progress or 0.0)
    bar.update(line, description=f"♪ #{job.id}{title}: {words}", completed=done)


def _print_waiting(house: compose.House, job: JobView, accepted: Accepted, *, as_object: bool) -> None:
    if as_object:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
        return
    print(reply("accepted", job=accepted.job_id, credits=accepted.price))
    if not compose.somebody_works(house.settings.home):
        print(reply("nobody_works"), file=sys.stderr)


def _print_finished(house: compose.House, job: JobView) -> None:
    error = error_of(job)
    if error is not None:
        print(error["message"], file=sys.stderr)
        return
    for line in finished_lines(job, house.songs):
        print(line)
