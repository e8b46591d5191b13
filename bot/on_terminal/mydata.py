"""`minstrel mydata`: what is kept about somebody, for the operator whom they asked for it, or for its end."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path

from bot import mydata
from bot.compose import House, Settings, deliver, open_house
from bot.on_terminal.asking import means_it
from bot.on_terminal.cli import REFUSED
from bot.on_terminal.handed import hand_over
from bot.replies import reply
from workflows.privacy import export, forget


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Export or delete."""
    args.name = args.name.removeprefix("@")
    with open_house(settings) as house:
        return asyncio.run((_export if args.action == "export" else _delete)(house, args))


async def _export(house: House, args: argparse.Namespace) -> int:
    found = await export.of_named(house.db, args.name)
    place = await asyncio.to_thread(hand_over, mydata.bundle(found), house.blobs.path, args.out or Path())
    values = {"name": found.name, "path": str(place.resolve())}
    print(json.dumps(values) if args.json else reply("mydata_written", name=found.name, folder=values["path"]))
    return 0


async def _delete(house: House, args: argparse.Namespace) -> int:
    seen = await forget.foreseen_named(house.db, args.name)
    question = reply("mydata_person_sure", name=seen.name, songs=seen.songs, credits=seen.credits)
    if not args.yes and not means_it(question):
        return REFUSED
    gone = await forget.named(house.db, args.name)
    await deliver(house)
    said = reply("mydata_person_deleted", name=gone.name, songs=gone.songs, credits=gone.credits)
    print(json.dumps(asdict(gone)) if args.json else said)
    return 0
