"""A house that closes: all its engines at the same time, so that whoever stops it need not wait for one by one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot import compose
from bot.compose import running
from config.settings import Settings
from tests.fakes.pool import ListeningPool
from workflows.worker import Worker


def test_what_makes_songs_and_what_listens_close_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever of two waits for the other to begin would wait for ever if they were closed one by one."""
    closing: dict[str, int] = {"drain": 0, "stop": 0}

    async def begin(what: str) -> None:
        closing[what] += 1
        while closing[what] < 2:
            await asyncio.sleep(0.01)

    class Pool(ListeningPool):
        async def stop(self, drain_s: float) -> None:
            assert closing["drain"] == 2
            await begin("stop")

    async def drain(_worker: Worker, _grace_s: float) -> None:
        await begin("drain")

    async def story(house: compose.House) -> None:
        async with asyncio.timeout(30):
            async with compose.working(house):
                pass

    monkeypatch.setattr(running, "engine_pools", lambda _house: (Pool(), Pool()))
    monkeypatch.setattr(Worker, "drain", drain)
    with compose.open_house(Settings(home=tmp_path)) as house:
        asyncio.run(story(house))
    assert closing == {"drain": 2, "stop": 2}
