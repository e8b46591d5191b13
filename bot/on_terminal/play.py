"""`minstrel play '/song …'`: one command through the real queue, with a progress bar."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from bot import compose
from bot.commands import Command, catalogue
from bot.forms import IS_LINK
from bot.on_terminal.following import follow, require_worked
from bot.on_terminal.handed import hand_over
from bot.on_terminal.lines import answer_lines, error_lines, finished_lines
from bot.on_terminal.progress import of_job
from bot.on_terminal.report import answer_json, as_json
from bot.on_terminal.session import require_writable
from bot.replies import reply
from bot.syntax import ParsedCommand, parse_command
from bot.waiting import low, taken
from workflows import control, outbox_state
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.submit import Accepted, judge, submit
from workflows.view import JobView

# Stands for what is taken in until it is.
SOME_LINK = "https://minstrel.invalid/sound"
# A link that can't be fetched is told as such, not as a file that isn't there.
_OTHER_LINK = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def run(settings: compose.Settings, args: argparse.Namespace) -> int:
    """Submit the command, follow it to its end, print the result."""
    with compose.open_house(settings) as house:
        return asyncio.run(_play(house, args))


async def _play(house: compose.House, args: argparse.Namespace) -> int:
    parsed = _parsed(house, args.text)
    who = Requester("terminal", args.name, args.name)
    if not parsed.command.music:
        # It knows everything that can be asked for; whoever wants a song need not wait for that.
        from bot.desk import Desk

        kept = asyncio.Event()
        desk = Desk(house.db, house.rules, kept.set, house.incoming)
        try:
            answer = await desk.tell(who, ReplyTo("terminal"), parsed.command, parsed.values)
        finally:
            await house.incoming.close()
        if kept.is_set():
            await compose.deliver(house)
        place = None
        if answer.bundle is not None:
            place = str(await asyncio.to_thread(hand_over, answer.bundle, house.blobs.path, args.out or Path()))
        if args.json:
            print(json.dumps({**answer_json(answer), **({"path": place} if place else {})}, ensure_ascii=False))
        else:
            print(*answer_lines(answer), *([place] if place else []), sep="\n")
        return 0
    if args.out is not None:
        require_writable(args.out)
    if not args.no_wait:
        # Said before anything is kept.
        require_worked(house)
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


def _parsed(house: compose.House, text: str) -> ParsedCommand:
    """What was typed. Recipes are read for what is no other command: whoever wants a song need not wait for them."""
    known = house.rules.known
    try:
        return parse_command(text, catalogue(known))
    except Refusal:
        return parse_command(text, catalogue(known, house.rules.recipes.values()))


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
    """Watch the job until it has ended and its files lie in place."""
    return await follow(
        house,
        lambda: control.show(house.db, job_id),
        of_job,
        settled=lambda: outbox_state.settled(house.db, job_id),
        call_off=lambda: control.cancel(house.db, job_id),
    )


def _print_waiting(house: compose.House, job: JobView, accepted: Accepted, *, as_object: bool) -> None:
    if as_object:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
        return
    print(taken(accepted))
    if not compose.is_worked(house):
        print(reply("nobody_works"), file=sys.stderr)
