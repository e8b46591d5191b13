"""`minstrel jobs`: the queue as an operator sees it."""

from __future__ import annotations

import argparse
import asyncio
import json
from datetime import datetime

from rich.console import Console
from rich.table import Table

from bot.commands import command_name
from bot.compose import House, Settings, open_house, somebody_works
from bot.on_terminal.lines import job_lines
from bot.on_terminal.report import as_json
from bot.replies import reply
from workflows import control
from workflows.refusal import Refusal
from workflows.view import JobView


def run(settings: Settings, args: argparse.Namespace) -> int:
    """List, show, cancel or retry."""
    with open_house(settings) as house:
        if args.action == "list":
            return _list(house, asyncio.run(control.recent(house.db, args.limit)), as_object=args.json)
        if args.id is None:
            raise Refusal("missing", field="ID", allowed="the number of a job, as `minstrel jobs list` shows it")
        act = {"show": control.show, "cancel": control.cancel, "retry": control.retry}[args.action]
        job = asyncio.run(act(house.db, args.id))
        if args.json:
            print(json.dumps(as_json(job, house.songs), ensure_ascii=False, indent=2))
            return 0
        for line in job_lines(job, house.songs):
            print(line)
        if args.action == "retry" and not somebody_works(settings.home):
            print(reply("nobody_works"))
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
        what, status = f"/{command_name(job.task)}", job.status.lower() + progress
        table.add_row(str(job.id), when, job.user, what, job.title or "", status, str(job.price))
    Console().print(table)
    return 0
