"""The far ends of what can be asked: the longest song against 2 GB of memory, and what the slowest and shortest cost.

Memory is the most that the engine's process and the singer's held at one time, seen every 50 ms.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pydantic import TypeAdapter

from bench.song import LYRICS
from bench.table import Row, arguments, show
from config.files import load
from engine.pool.local import LocalPool
from engine.spec import Event, Order, Preset, TrackResult, Words, estimate, parse
from engine.studio.capabilities import capabilities

LIMIT_MB = 2048.0
EVERY_S = 0.05
LONGEST_S = 600


@dataclass(frozen=True)
class Case:
    """One request, by its name in the table."""

    name: str
    task: str
    values: dict[str, Any]


LONG = Case(
    "600 s with vocals",
    "text2music",
    {"caption": "indie pop", "lyrics": "\n".join([LYRICS] * 6), "duration": LONGEST_S},
)
SLOW = Case(
    "600 s at 30 BPM", "prompt2instrumental", {"caption": "slow piano and drums", "bpm": 30, "duration": LONGEST_S}
)
SHORT = (
    Case("60 s at 300 BPM", "prompt2instrumental", {"caption": "punk rock", "bpm": 300, "duration": 60}),
    Case("5 s with vocals", "text2music", {"caption": "indie pop", "lyrics": "Hold the light", "duration": 5}),
    Case("eight takes of 5 s", "prompt2instrumental", {"caption": "funk", "duration": 5, "batch_size": 8}),
    Case("120 s loop", "text2samples", {"caption": "techno loop", "tempo": 128, "duration": 120}),
    Case("1 s one-shot", "text2samples", {"caption": "snare", "duration": 1}),
)


class Memory:
    """The most that this process's children held, in MB of 2^20 bytes."""

    def __init__(self) -> None:
        # with and without pages of files, which can be taken back at any time
        self.most = self.most_own = 0.0
        self._over = threading.Event()

    def watch(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(EVERY_S):
            held = own = 0
            for child in psutil.Process().children(recursive=True):
                try:
                    memory = child.memory_info()
                except psutil.NoSuchProcess:
                    continue
                held += memory.rss
                own += memory.rss - getattr(memory, "shared", 0)
            self.most, self.most_own = max(self.most, held / 2**20), max(self.most_own, own / 2**20)

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self.watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


async def made(case: Case, folder: Path) -> tuple[tuple[TrackResult, ...], float, Memory]:
    """The tracks of `case` from a fresh engine process, the seconds it took, and what it held."""
    options = {
        "presets": {name: each.model_dump() for name, each in load("presets", TypeAdapter(dict[str, Preset])).items()},
        "words": load("words", Words).model_dump(),
    }
    pool = LocalPool("engine.studio.engine:make", options, 1, 16_384, 600.0, capabilities=capabilities())
    spec = parse(case.task, case.values)
    length = estimate(spec)
    order = Order(
        job=1, spec=spec.model_dump(), duration=length.duration, takes=length.takes, seed=7, workdir=str(folder)
    )
    memory = Memory()
    try:
        with memory.watched():
            begin = time.perf_counter()
            tracks = await pool.run(order, on_event=_nothing, cancelled=asyncio.Event())
            return tracks, time.perf_counter() - begin, memory
    finally:
        await pool.stop(0.0)


async def _nothing(event: Event) -> None:
    """Nobody watches."""


def measured(case: Case) -> list[Row]:
    """Memory against its limit, cost, and whether the length is what was asked for."""
    with tempfile.TemporaryDirectory() as folder:
        tracks, took, memory = asyncio.run(made(case, Path(folder)))
    wanted = estimate(parse(case.task, case.values))
    off = max(abs(track.duration - wanted.duration) for track in tracks)
    share = memory.most / LIMIT_MB
    return [
        Row(f"{case.name}: memory", share, "of 2 GB", 1.0, "ratio", share <= 1.0),
        Row(f"{case.name}: memory, no file pages", memory.most_own / LIMIT_MB, "of 2 GB", None, "ratio", ok=True),
        Row(f"{case.name}: length off by", off * 1000, "ms", 20.0, "absolute", off <= 0.02),
        Row(f"{case.name}: with files and start", took, "s", None, "absolute", ok=True),
    ]


def main() -> None:
    args = arguments(__doc__ or "")
    cases = SHORT if args.quick else (LONG, SLOW, *SHORT)
    show([row for case in cases for row in measured(case)], as_object=args.json)


if __name__ == "__main__":
    main()
