"""Two hundred commands a second on each chat while the engine keeps every core busy: is everybody answered in time?

The house is the real one (`compose.serving`: surfaces, queue, ledger, engines) in a process of its own; the chats are
stand-ins on loopback in this one. A first answer counts from the moment the chat hands the command over to the moment
the answer arrives. Both chats give up after three seconds: that is the limit the ratios are of.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.table import Row, arguments, show
from bot.compose import load_settings, open_house, serving
from tests.fakes.discord import DiscordStandIn, NoAnswer
from tests.fakes.slack import SlackStandIn

PER_SECOND = 200
PEOPLE, CHANNELS = 250, 25
# What both chats allow for the first answer.
LIMIT_S = 3.0
# A third of it leaves room for a network that is not loopback.
TARGET = 1 / 3
TICK_S = 0.005
SONG = {"caption": "slow blues with a saxophone", "duration": 120}


@dataclass
class Load:
    """What came of the commands of one chat: seconds to the first answer, and how many had none in time."""

    answers: list[float]
    failed: int = 0

    def at(self, share: float) -> float:
        return statistics.quantiles(self.answers, n=1000)[int(share * 1000) - 1] if len(self.answers) > 1 else LIMIT_S


async def keep_rate(seconds: float, ask: Callable[[int], Awaitable[float | None]]) -> Load:
    """Ask `PER_SECOND` times a second whatever becomes of the earlier ones; a late command is not left out."""
    loop = asyncio.get_running_loop()
    begin, asked, load = loop.time(), [], Load([])

    async def one(number: int) -> None:
        after_s = await ask(number)
        load.failed += after_s is None or after_s > LIMIT_S
        # One that never came is as late as we waited.
        load.answers.append(LIMIT_S * 4 if after_s is None else after_s)

    for number in range(int(seconds * PER_SECOND)):
        await asyncio.sleep(max(begin + number / PER_SECOND - loop.time(), 0))
        asked.append(asyncio.create_task(one(number)))
    await asyncio.gather(*asked)
    return load


async def measure(seconds: float) -> tuple[Load, Load, dict[str, float]]:
    async with DiscordStandIn() as discord, SlackStandIn() as slack:
        guild = discord.add_guild("Choir")
        rooms = [discord.add_channel(guild, f"songs-{number}") for number in range(CHANNELS)]
        halls = [slack.workspace.add_channel(f"songs-{number}") for number in range(CHANNELS)]
        singers = [discord.add_user(f"singer{number}") for number in range(PEOPLE)]
        players = [slack.workspace.add_user(f"player{number}") for number in range(PEOPLE)]

        async def on_discord(number: int) -> float | None:
            asked = await discord.slash(singers[number % PEOPLE], rooms[number % CHANNELS], "song", SONG)
            try:
                return (await asked.answer(LIMIT_S * 4)).after
            except NoAnswer:
                return None

        async def on_slack(number: int) -> float | None:
            text = f'"{SONG["caption"]}" duration:{SONG["duration"]}'
            asked = await slack.people.slash(players[number % PEOPLE], halls[number % CHANNELS], "/song", text)
            with contextlib.suppress(TimeoutError):
                ack = await asyncio.wait_for(asyncio.shield(asked.ack), LIMIT_S * 4)
                return ack.after_s if ack.status == 200 else None
            return None

        with tempfile.TemporaryDirectory() as home:
            process = start_house(home, discord, slack)
            try:
                async with asyncio.timeout(60):
                    while not (discord.gateway.connected and slack.sockets.connections):
                        assert process.poll() is None, "the house did not start"
                        await asyncio.sleep(0.1)
                # The engines begin; from here on they have more to do than they can.
                await keep_rate(0.1, on_discord)
                await asyncio.sleep(5)
                loads = await asyncio.gather(keep_rate(seconds, on_discord), keep_rate(seconds, on_slack))
                process.send_signal(signal.SIGUSR1)
                assert process.stdout is not None
                house = json.loads(await asyncio.to_thread(process.stdout.readline))
            finally:
                process.kill()
                process.wait()
        return loads[0], loads[1], house


def start_house(home: str, discord: DiscordStandIn, slack: SlackStandIn) -> subprocess.Popen[str]:
    settings = {
        "MINSTREL_HOME": home,
        "MINSTREL_DISCORD_TOKEN": discord.token,
        "MINSTREL_DISCORD_API_URL": discord.api_url,
        "MINSTREL_SLACK_BOT_TOKEN": slack.bot_token,
        "MINSTREL_SLACK_APP_TOKEN": slack.app_token,
        "MINSTREL_SLACK_API_URL": slack.api_url,
        "MINSTREL_ENGINES": str(os.cpu_count() or 1),
        "MINSTREL_LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bench.chats", "--house"],
        env={**os.environ, **settings, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


async def run_house() -> None:
    """Serve, and watch how long the event loop is ever kept from its next turn."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    with open_house(load_settings()) as house:
        async with serving(house):
            # Coming up is not counted: nobody is kept waiting by it.
            told = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, told.set)
            longest = 0.0
            while not told.is_set():
                before = loop.time()
                await asyncio.sleep(TICK_S)
                longest = max(longest, loop.time() - before - TICK_S)
            print(json.dumps({"longest_stall_s": longest}), flush=True)
            await asyncio.Event().wait()


def main() -> None:
    if "--house" in sys.argv:
        asyncio.run(run_house())
        return
    args = arguments(__doc__ or "")
    seconds = 8.0 if args.quick else 30.0
    discord, slack, house = asyncio.run(measure(seconds))
    rows = []
    for name, load in (("Discord", discord), ("Slack", slack)):
        p99 = load.at(0.99) / LIMIT_S
        rows.append(Row(f"{name}: p99 of the first answer / 3 s", p99, "x", TARGET, "ratio", p99 <= TARGET))
        rows.append(Row(f"{name}: failed first answers", load.failed, "", 0, "ratio", load.failed == 0))
        rows.append(Row(f"{name}: p50 of the first answer", load.at(0.5) * 1000, "ms", None, "absolute", ok=True))
        rows.append(Row(f"{name}: commands", len(load.answers), "", None, "absolute", ok=True))
    stall = house["longest_stall_s"]
    rows.append(
        Row("longest stall of the event loop / 3 s", stall / LIMIT_S, "x", TARGET, "ratio", stall / LIMIT_S <= TARGET)
    )
    rows.append(Row("longest stall of the event loop", stall * 1000, "ms", None, "absolute", ok=True))
    show(rows, as_object=args.json)


if __name__ == "__main__":
    main()
