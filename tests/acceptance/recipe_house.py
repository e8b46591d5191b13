"""A house that is killed after every step: `python -m tests.acceptance.recipe_house DATABASE FOLDER studio|scripted`.

Each song is made by a process of its own, which then sends itself a SIGKILL. What is left is all that the next one has.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from bot.compose import read_rules, read_words
from config.settings import Settings
from engine.pool.local import LocalPool
from engine.spec import Order, Preset, TrackResult
from engine.studio.capabilities import capabilities
from tests.fakes.pool import ScriptedPool
from tests.integration.run_house import RunHouse
from workflows.source import NUMBERS

SEED = 11
MOST_TURNS = 40


class FaithfulPool(ScriptedPool):
    """Makes files that say what was asked for and what it was made of, and nothing else."""

    capabilities = capabilities()

    async def _run(self, order: Order, **more: Any) -> tuple[TrackResult, ...]:
        takes = await super()._run(order, **more)
        asked = {name: value for name, value in order.spec.items() if name not in NUMBERS}
        of = [] if order.source is None else [_digest(Path(file.path)) for file in order.source.files]
        for take in takes:
            text = json.dumps([asked, order.seed, order.duration, of], sort_keys=True)
            Path(take.files[0].path).write_text(text)
        return takes


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _settled(exclusive_upper_bound: int) -> int:
    return SEED % exclusive_upper_bound


def house(url: str, folder: Path, engine: str) -> RunHouse:
    """The house as it comes, with one engine. Chance gives every song the same seed."""
    secrets.randbelow = _settled
    rules, presets = read_rules(Settings(home=folder))
    pool = FaithfulPool() if engine == "scripted" else studio(folder, presets)
    # Nobody here asks it for more than any pool can do.
    return RunHouse(url, folder, rules, pool=cast(ScriptedPool, pool))


def studio(folder: Path, presets: Mapping[str, Preset]) -> LocalPool:
    """The built-in engine in a process of its own."""
    values = {
        "presets": {name: preset.model_dump() for name, preset in presets.items()},
        "words": read_words(Settings(home=folder)).model_dump(),
    }
    return LocalPool("engine.studio.engine:make", values, 1, 3000, 120.0, capabilities=capabilities())


async def _one_song(url: str, folder: Path, engine: str) -> bool:
    own = house(url, folder, engine)
    await own.feeder.feed()
    return await own.work()


def main() -> None:
    url, folder, engine = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    for _ in range(MOST_TURNS):
        process = os.fork()
        if process == 0:
            if asyncio.run(_one_song(url, folder, engine)):
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.WEXITSTATUS(status))
    sys.exit(3)


if __name__ == "__main__":
    main()
