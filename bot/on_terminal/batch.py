"""`minstrel batch FILE`: many commands from one file, judged as a whole, then made."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bot.commands import catalogue
from bot.compose import House, Settings, open_house
from bot.on_terminal.runs import carried_out
from bot.rows import understanding
from workflows.batches.plan import plan
from workflows.batches.reading import MOST_BYTES
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.refusal import Refusal

# Rows that another program writes.
STDIN = "-"


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Read the file, say what is wrong with it, and make the rest."""
    with open_house(settings) as house:
        return asyncio.run(_batch(house, args))


async def _batch(house: House, args: argparse.Namespace) -> int:
    data = await asyncio.to_thread(_read, args.file)
    who = Requester(OPERATOR.surface, args.name, args.name)
    understand = understanding(catalogue(house.rules.known))
    name = "" if args.file == STDIN else Path(args.file).name
    where = ReplyTo(OPERATOR.surface, str(args.out.resolve()) if args.out else "")
    proposal = await plan(house.db, house.rules, who, where, data, name, understand)
    return await carried_out(house, args, who, where, proposal)


def _read(file: str) -> bytes:
    """The bytes of `file`, and one more than may be read of a longer one."""
    try:
        if file == STDIN:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(file).expanduser().open("rb") as data:
            return data.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refusal("batch_no_file", field="FILE", value=file) from error
