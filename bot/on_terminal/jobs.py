"""`minstrel jobs`: the queue as an operator sees it, and what the buttons of the chats do."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.actions import ACTIONS, Action
from bot.commands import command_name
from bot.compose import House, Settings, deliver, is_worked, open_house
from bot.names import own_title
from bot.on_terminal.asking import means_it
from bot.on_terminal.cli import REFUSED
from bot.on_terminal.lines import answer_lines, job_lines
from bot.on_terminal.report import answer_json, as_json
from bot.replies import cleaned, reply
from workflows import control
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.view import JobView


def run(settings: Settings, args: argparse.Namespace) -> int:
    """List, show, or do what a button does."""
    with open_house(settings) as house:
        if args.action == "list":
            if args.limit < 1:
                raise Refusal("bad_value", field="--limit", value=args.limit, allowed="1 or more")
            return _list(house, asyncio.run(control.recent(house.db, args.limit)), as_object=args.json)
        if args.id is None:
            raise Refusal("missing", field="ID", allowed="the number of a job, as `minstrel jobs list` shows it")
        if args.action in ACTIONS:
            return asyncio.run(_act(house, ACTIONS[args.action], args))
        return _show(house, asyncio.run(control.show(house.db, args.id)), as_object=args.json)


async def _act(house: House, action: Action, args: argparse.Namespace) -> int:
    """What a button of that name does; the operator may do it to anybody's job."""
    # Only for those who press one: a list answers sooner without it.
    from bot.desk import Desk, confirmation

    kept = asyncio.Event()
    desk = Desk(house.db, house.rules, kept.set, house.incoming)
    who = Requester(OPERATOR.surface, args.name, args.name)
    where = ReplyTo(OPERATOR.surface)
    if action.effect == "opens":
        print((await desk.wanted(who, where, action, args.id)).as_command(desk.commands))
        return 0
    if action.confirm and not args.yes and not means_it(confirmation(action, "en")):
        return REFUSED
    try:
        answer = await desk.act(who, where, action, args.id)
    finally:
        await house.incoming.close()
    if kept.is_set():
        await deliver(house)
    if args.json and action.effect == "shows":
        print(json.dumps(answer_json(answer), ensure_ascii=False))
        return 0
    if args.json:
        return _show(house, await control.show(house.db, answer.job or args.id), as_object=True)
    for line in answer_lines(answer):
        print(line)
    if action.name == "delete" and (folder := (await control.show(house.db, args.id)).folder):
        print(reply("copies_stay", folder=folder))
    if (action.effect == "makes" or action.name == "retry") and not is_worked(house):
        print(reply("nobody_works"), file=sys.stderr)
    return 0


def _show(house: House, job: JobView, *, as_object: bool) -> int:
    if as_object:
        print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
        return 0
    for line in job_lines(job, house.songs):
        print(line)
    return 0


def _list(house: House, jobs: list[JobView], *, as_object: bool) -> int:
    if as_object:
        print(json.dumps([as_json(job, house.songs) for job in jobs], ensure_ascii=False, indent=2))
        return 0
    if not jobs:
        print(reply("no_jobs"))
        return 0
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("#", "when", "who", "what", "title", "status", "credits"):
        table.add_column(column, justify="right" if column in ("#", "credits") else "left")
    for job in jobs:
        when = datetime.fromtimestamp(job.created_at / 1000).astimezone().strftime("%d %b %H:%M")
        progress = f" {job.progress:.0%}" if job.status == "PROCESSING" and job.progress is not None else ""
        what = f"/{command_name(job.task)}"
        status = job.status.lower() + progress if job.taken_down is None else "taken down"
        title = cleaned(job.title or own_title(job))
        cells = (str(job.id), when, cleaned(job.user), what, title, status, str(job.price))
        # As text: what people are called, or call their songs, is no markup.
        table.add_row(*map(Text, cells))
    Console().print(table)
    return 0
