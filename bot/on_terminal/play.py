"""`minstrel play '/song …'`: one command through the real queue, with a progress bar."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bot import compose
from bot.commands import Command, catalogue
from bot.desk import Desk
from bot.forms import IS_LINK
from bot.on_terminal.lines import answer_lines, error_lines, finished_lines
from bot.on_terminal.progress import display
from bot.on_terminal.report import answer_json, as_json
from bot.replies import reply
from bot.syntax import parse_command
from bot.waiting import low, taken
from workflows import control, outbox_state
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.submit import Accepted, judge, submit
from workflows.view import JobView

LOOK_S = 0.2
# How often to see whether the worker we rely on is still there.
WATCH_S = 2.0
# Stands for what is taken in until it is.
SOME_LINK = "https://minstrel.invalid/sound"
# A link that can't be fetched is told as such, not as a file that isn't there.
_OTHER_LINK = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def run(settings: compose.Settings, args: argparse.Namespace) -> int:
    """Submit the command, follow it to its end, print the result."""
    with compose.open_house(settings) as house:
        return asyncio.run(_play(house, args))


async def _play(house: compose.House, args: argparse.Namespace) -> int:
    parsed = parse_command(args.text, catalogue())
    who = Requester("terminal", args.name, args.name)
    if not parsed.command.music:
        kept = asyncio.Event()
        desk = Desk(house.db, house.rules, kept.set)
        answer = await desk.tell(who, ReplyTo("terminal"), parsed.command, parsed.values)
        if kept.is_set():
            await compose.deliver(house)
        if args.json:
            print(json.dumps(answer_json(answer), ensure_ascii=False))
        else:
            print(*answer_lines(answer), sep="\n")
        return 0
    if args.out is not None:
        _require_writable(args.out)
    if not args.no_wait and not compose.is_worked(house):
        # Said before anything is kept: a job that nobody can make helps nobody.
        compose.require_engine()
        # Words that can't be read are told before anything is accepted.
        compose.read_words(house.settings)
    try:
        values = await _taken_in(house, who, parsed.command, parsed.values)
        here = ReplyTo("terminal", str(args.out.resolve()) if args.out else "")
        task = parsed.command.task
        accepted = await submit(house.db, house.rules, who, here, task, values, incoming=house.incoming)
    finally:
        await house.incoming.close()
    if args.no_wait:
        _print_waiting(house, await control.show(house.db, accepted.job_id), accepted, as_object=args.json)
        return 0
    job = await _follow(house, accepted.job_id)
    if args.json:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
    elif lines := error_lines(job):
        print(*lines, sep="\n", file=sys.stderr)
    else:
        for line in finished_lines(job, house.songs):
            print(line)
        if hint := low(accepted):
            print(hint, file=sys.stderr)
    return 0 if job.status == "COMPLETED" else 1


async def _taken_in(
    house: compose.House, who: Requester, command: Command, values: Mapping[str, str]
) -> Mapping[str, str]:
    """The same with a file of this machine made a link to what was taken in: whoever types here may read it."""
    song, sound = command.song, command.sound
    if sound is None:
        return values
    named = next((name for name in (sound, song) if name and _is_path(values.get(name), name == sound)), None)
    if named is None:
        if sound in values:
            print(reply("fetching_sound"), file=sys.stderr, flush=True)
        return values
    file = _path(values[named])
    if not file.is_file() or not os.access(file, os.R_OK):
        raise Refusal("no_such_file", field=named, value=str(file))
    rest = {name: value for name, value in values.items() if name != named}
    # What is wrong with the rest is said before anything is kept.
    judge(house.rules, command.task, {**rest, sound: SOME_LINK})
    return {**rest, sound: await house.incoming.take_in(file, file.stem, who, field=sound)}


def _is_path(value: str | None, wants_link: bool) -> bool:
    """Whether that is a file's name: where a link is wanted whatever is none, else a file that is there."""
    if not value or IS_LINK.match(value) or _OTHER_LINK.match(value):
        return False
    return wants_link or _path(value).is_file()


def _path(value: str) -> Path:
    path = url2pathname(urlsplit(value).path) if value.startswith("file://") else value
    return Path(path).expanduser().resolve()


async def _follow(house: compose.House, job_id: int) -> JobView:
    """Watch the job until it ended and its files lie in place; work the queue while nobody else does.

    Ctrl-C cancels the job: nothing is charged for what nobody waits for.
    """
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupted.set)
    async with AsyncExitStack() as stack:
        screen = stack.enter_context(display())
        working, watched = False, -WATCH_S
        while True:
            if not working and loop.time() - watched >= WATCH_S:
                watched = loop.time()
                if not compose.is_worked(house):
                    await stack.enter_async_context(compose.working(house))
                    working = True
            job = await control.show(house.db, job_id)
            screen.show(job)
            if job.ended and (interrupted.is_set() or await outbox_state.settled(house.db, job_id)):
                return job
            if interrupted.is_set():
                interrupted.clear()
                await control.cancel(house.db, job_id)
            await asyncio.sleep(LOOK_S)


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise Refusal("bad_value", field="--out", value=str(folder), allowed="a folder that can be written to")


def _print_waiting(house: compose.House, job: JobView, accepted: Accepted, *, as_object: bool) -> None:
    if as_object:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
        return
    print(taken(accepted))
    if not compose.is_worked(house):
        print(reply("nobody_works"), file=sys.stderr)
