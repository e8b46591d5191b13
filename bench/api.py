"""Two hundred programs that ask for songs and for their status while the engine keeps every core busy.

The house is the real one (`compose.serving` and the HTTP server of `minstrel serve`) in a process of its own; the
programs are connections of this one, each with a key of its own. They look as often as the SDK does that waits for a
song, each at its time whatever becomes of the one before. An answer counts from the moment its request was due to the
moment all of it is here. After that, all of them look as often as they get an answer: so much can be asked at most.

Downloads are measured beside them: see `bench/api_downloads.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from bench.api_downloads import downloads
from bench.table import Row, arguments, show

PROGRAMS = 200
# How often each of them looks and asks for a song, in seconds: the SDK looks every five.
LOOKS_S, MAKES_S = 5.0, 20.0
# Each has a song by then to look for, and the engines are at work.
SETTLED_S = 3.0
# What nobody calls slow: a third of it leaves room for a network that is not loopback.
LIMIT_S = 1.0
TARGET = 1 / 3
TICK_S = 0.005
# As what an answer counts that never came.
NOBODY = 599
SONG = {"prompt": "slow blues with a saxophone", "audio_duration": 60, "instrumental": True}


@dataclass
class Load:
    """What came of the requests of one kind: seconds to the whole answer, and how many had which status."""

    answers: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def at(self, share: float) -> float:
        return statistics.quantiles(self.answers, n=1000)[int(share * 1000) - 1]

    def count(self, kind: int) -> int:
        return sum(count for status, count in self.statuses.items() if status // 100 == kind)


@dataclass
class Program:
    """One of those who ask; `job` is the latest that it asked for."""

    http: aiohttp.ClientSession
    key: str
    job: int = 0

    async def make(self, load: Load, due: float) -> None:
        answer = await self._ask(load, due, "POST", "/api/v1/music/text2music", json=SONG)
        self.job = answer.get("id", self.job)

    async def look(self, load: Load, due: float) -> None:
        await self._ask(load, due, "GET", f"/api/v1/music/jobs/{self.job}/status")

    async def look_on(self, load: Load, end: float) -> None:
        while (now := asyncio.get_running_loop().time()) < end:
            await self.look(load, now)

    async def _ask(self, load: Load, due: float, method: str, path: str, **more: Any) -> dict[str, Any]:
        status, found = NOBODY, {}
        # As the SDK does: both headers, the same key.
        headers = {"X-API-Key": self.key, "Authorization": f"Bearer {self.key}"}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.http.request(method, path, headers=headers, **more) as answer:
                found = await answer.json()
                status = answer.status
        load.statuses[status] += 1
        load.answers.append(asyncio.get_running_loop().time() - due)
        return found


@dataclass
class Measured:
    """What came of the requests at their pace (`seconds` long) and of those in a hurry (`hurry_s`).

    `stall_s` is how long the server's event loop was kept from its next turn at most, `processor_s` what the server
    used, both at the pace.
    """

    seconds: float
    hurry_s: float
    made: Load = field(default_factory=Load)
    looked: Load = field(default_factory=Load)
    hurried: Load = field(default_factory=Load)
    stall_s: float = 0.0
    processor_s: float = 0.0

    def rows(self) -> Iterator[Row]:
        for name, load in (("POST a song", self.made), ("GET its status", self.looked)):
            p99 = load.at(0.99) / LIMIT_S
            yield Row(f"{name}: p99 / a second", p99, "x", TARGET, "ratio", p99 <= TARGET)
            yield Row(f"{name}: p50", load.at(0.5) * 1000, "ms", None, "absolute", ok=True)
            yield Row(f"{name}: p99", load.at(0.99) * 1000, "ms", None, "absolute", ok=True)
        stall = self.stall_s / LIMIT_S
        yield Row("longest stall of the event loop / a second", stall, "x", TARGET, "ratio", stall <= TARGET)
        yield Row("longest stall of the event loop", self.stall_s * 1000, "ms", None, "absolute", ok=True)
        asked = len(self.made.answers) + len(self.looked.answers)
        yield Row("requests at their pace", asked / self.seconds, "a second", None, "absolute", ok=True)
        busy = self.processor_s / self.seconds
        yield Row("of one core for that, engines apart", busy, "x", None, "absolute", ok=True)
        most = len(self.hurried.answers) / self.hurry_s
        yield Row("looks in a hurry", most, "a second", None, "absolute", ok=True)
        loads = (self.made, self.looked, self.hurried)
        for name, kind in (("answers with 5xx, or none", 5), ("refused", 4)):
            count = sum(load.count(kind) for load in loads)
            yield Row(name, count, "", 0, "absolute", count == 0)


async def measure(found: Measured) -> None:
    with tempfile.TemporaryDirectory() as home:
        process = start_house(home)
        try:
            house = await _told(process)
            async with aiohttp.ClientSession(house["address"], connector=aiohttp.TCPConnector(limit=0)) as http:
                loop = asyncio.get_running_loop()
                programs = [Program(http, key) for key in house["keys"]]
                first = Load()
                await asyncio.gather(*(program.make(first, loop.time()) for program in programs))
                await asyncio.sleep(SETTLED_S)
                process.send_signal(signal.SIGUSR2)
                end = loop.time() + found.seconds
                paces = ((found.made, Program.make, MAKES_S), (found.looked, Program.look, LOOKS_S))
                await asyncio.gather(
                    *(
                        _each(_times(end, every_s), partial(does, of, load))
                        for of in programs
                        for load, does, every_s in paces
                    )
                )
                process.send_signal(signal.SIGUSR1)
                told = await _told(process)
                found.stall_s, found.processor_s = told["stall_s"], told["processor_s"]
                end = loop.time() + found.hurry_s
                await asyncio.gather(*(program.look_on(found.hurried, end) for program in programs))
        finally:
            process.kill()
            process.wait()


async def _each(times: Iterable[float], do: Callable[[float], Coroutine[Any, Any, None]]) -> None:
    """Do it at each of `times`, whatever becomes of the one before; a late one is not left out."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as begun:
        for due in times:
            await asyncio.sleep(max(due - loop.time(), 0))
            begun.create_task(do(due))


def _times(end: float, every_s: float) -> Iterator[float]:
    """When something is due that happens every `every_s` seconds, from some moment on."""
    due = asyncio.get_running_loop().time() + random.uniform(0, every_s)
    while due < end:
        yield due
        due += every_s


async def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(await asyncio.to_thread(process.stdout.readline))
    return told


def start_house(home: str) -> subprocess.Popen[str]:
    settings = {
        "MINSTREL_HOME": home,
        "MINSTREL_ENGINES": str(os.cpu_count() or 1),
        "MINSTREL_LOG_LEVEL": "ERROR",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bench.api", "--house"],
        env={**os.environ, **settings},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    )


async def run_house() -> None:
    """Serve, and watch how long the event loop is ever kept from its next turn."""
    from bot.compose import load_settings, open_house, serving, web_app
    from bot.front_door import listening
    from workflows import keys

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    with open_house(load_settings()) as house:
        async with serving(house) as (clock, _):
            app = web_app(house, lambda: clock.nudge("dispatch", "outbox"))
            async with listening("127.0.0.1", 0, app) as port:
                made = [await keys.create(house.db, house.rules, f"program{number}") for number in range(PROGRAMS)]
                address = f"http://127.0.0.1:{port}"
                begun, told = asyncio.Event(), asyncio.Event()
                loop = asyncio.get_running_loop()
                loop.add_signal_handler(signal.SIGUSR2, begun.set)
                loop.add_signal_handler(signal.SIGUSR1, told.set)
                print(json.dumps({"address": address, "keys": [key.key for key in made]}), flush=True)
                # Coming up is not counted: nobody is kept waiting by it.
                await begun.wait()
                longest, used = 0.0, time.process_time()
                while not told.is_set():
                    before = loop.time()
                    await asyncio.sleep(TICK_S)
                    longest = max(longest, loop.time() - before - TICK_S)
                print(json.dumps({"stall_s": longest, "processor_s": time.process_time() - used}), flush=True)
                await asyncio.Event().wait()


def main() -> None:
    if "--house" in sys.argv:
        asyncio.run(run_house())
        return
    args = arguments(__doc__ or "")
    found = Measured(seconds=10.0, hurry_s=3.0) if args.quick else Measured(seconds=30.0, hurry_s=5.0)
    asyncio.run(measure(found))
    show([*found.rows(), *downloads(args.quick)], as_object=args.json)


if __name__ == "__main__":
    main()
