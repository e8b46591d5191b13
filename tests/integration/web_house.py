"""A house that is reached over HTTP: its application called in this process, its queue worked when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from dataclasses import field as kept
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from engine.pool.converting import LocalConverter
from engine.spec import Preset
from storage import seal
from storage.errors import DatabaseBusy, StorageFull
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from tests.fakes.pool import ListeningPool, ScriptedPool
from tests.integration.house import House, rules
from workflows import keys
from workflows.downloads import Downloads
from workflows.incoming import Incoming
from workflows.keys import SCOPES
from workflows.pricing import Pricing
from workflows.rules import Rules

if TYPE_CHECKING:
    from fastapi import FastAPI

BASE = "http://minstrel.test"
MUSIC = "/api/v1/music"
# The application, once it was built: its first request costs more than most tests, and it knows its house by its state
# alone. So there is one house at a time.
_BUILT: list[FastAPI] = []


class MakingPool(ListeningPool):
    """Takes every task there is."""

    capabilities = ListeningPool.capabilities.model_copy(
        update={
            "tasks": (
                "text2music", "prompt2instrumental", "text2rap", "lyric2vocals", "text2samples", "simple", "cover",
                "reference", "analyze", "extract-stem", "stems", "retake", "repaint", "extend", "edit", "lrc",
            ),
            "from_score": (),
        }
    )  # fmt: skip


@dataclass
class WebHouse:
    """`world` is what links of people lead to. `prompts`: the queue is worked as soon as something is asked for."""

    folder: Path
    pool: ScriptedPool = kept(default_factory=MakingPool)
    limits: dict[str, Any] = kept(default_factory=dict)
    world: dict[str, bytes] = kept(default_factory=dict)
    url: str | None = None
    works: bool = True
    public_url: str | None = None
    private_hosts: frozenset[str] = frozenset()
    pricing: Pricing | None = None
    presets: dict[str, Preset] = kept(default_factory=dict)

    def __post_init__(self) -> None:
        self.house = House(self.folder, rules=self._rules(), pool=self.pool, url=self.url)
        self.incoming = Incoming(
            db=self.house.db,
            blobs=self.house.blobs,
            rules=self.house.rules,
            fetcher=lambda: ScriptedFetcher(self.world),
            decoder=ScriptedDecoder(),
            folder=self.folder / "incoming",
            house=self.public_url,
        )
        self.downloads = Downloads(
            db=self.house.db, blobs=self.house.blobs, converter=LocalConverter(), folder=self.folder / "incoming"
        )
        self.nudged = asyncio.Event()

    def _rules(self) -> Rules:
        ours = rules(limits=self.limits, capabilities=self.pool.capabilities)
        return ours if self.pricing is None else replace(ours, pricing=self.pricing)

    def app(self) -> FastAPI:
        """The application, as `bot.compose.web` builds it."""
        from bot.on_web.app import build
        from bot.on_web.house import Web

        web = Web(
            db=self.house.db,
            rules=self.house.rules,
            incoming=self.incoming,
            downloads=self.downloads,
            blobs=self.house.blobs,
            presets=self.presets,
            nudge=self.nudged.set,
            seal=self.house.db.read(seal.key),
            public_url=self.public_url,
            worked=lambda: self.works,
            private_hosts=self.private_hosts,
        )
        if not _BUILT:
            _BUILT.append(build(web, passing={DatabaseBusy: "database_busy", StorageFull: "disk_full"}))
        _BUILT[0].state.web = web
        return _BUILT[0]

    async def key(self, name: str = "ann", *scopes: str) -> str:
        """A key of somebody, for these scopes or for all."""
        return (await keys.create(self.house.db, self.house.rules, name, scopes=scopes or SCOPES)).key

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        """A client that sends `key` as the SDK does."""
        headers = {} if key is None else {"X-API-Key": key, "Authorization": f"Bearer {key}"}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=BASE, headers=headers)

    def run(self, story: Callable[[WebHouse], Coroutine[Any, Any, None]]) -> None:
        """Let `story` happen, and close the house."""

        async def all_of_it() -> None:
            self.open()
            try:
                await story(self)
            finally:
                await self.close()

        asyncio.run(all_of_it())

    def open(self) -> FastAPI:
        """Let it be asked, until it is closed."""
        self._app = self.app()
        return self._app

    async def close(self) -> None:
        """Close the house."""
        await self.downloads.close()
        await self.incoming.close()
        self.house.db.close()

    async def work(self) -> None:
        """Make everything that waits."""
        await self.house.work()


def web_house(folder: Path, **more: Any) -> WebHouse:
    """A house in `folder`."""
    return WebHouse(folder, **more)
