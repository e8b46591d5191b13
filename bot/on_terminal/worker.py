"""`minstrel worker`: works the queue until it is told to stop, then finishes what is nearly done."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from bot.compose import House, Settings, open_house, working
from bot.replies import reply


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    del args
    with open_house(settings) as house:
        asyncio.run(_work(house))
    return 0


async def _work(house: House) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with working(house):
        print(reply("worker_started", home=str(house.settings.home)), file=sys.stderr)
        await stop.wait()
        print(reply("worker_stopping"), file=sys.stderr)
