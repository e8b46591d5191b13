"""A whole house in a process that gets killed: the real composition, with engines that are done at once and a chat
whose messages are files."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from bot import placards
from bot.bundles import packed
from bot.compose import House, load_settings, open_house, running, serving
from engine.spec import EnginePool, Event, Order, TrackFile, TrackResult
from tests.fakes.pool import ScriptedPool
from workflows.bulletins import Notice
from workflows.deliver import Parcel
from workflows.view import JobView

FILE_LIMIT, MOST_FILES = 5_000, 9


class Instant(ScriptedPool):
    """Songs that are there at once, with their caption in place of music.

    A caption that begins with "broken" fails; `stalled` is one that is never done.
    """

    def __init__(self, stalled: str) -> None:
        super().__init__(size=4)
        self._stalled = stalled

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        caption = str(order.spec["caption"])
        told = {self._stalled: "wait"}.get(caption, "broken" if caption.startswith("broken") else caption)
        spec = {**order.spec, "caption": told}
        takes = await super().run(order.model_copy(update={"spec": spec}), on_event=on_event, cancelled=cancelled)
        return tuple(_as_mp3(order, take, caption) for take in takes)


def _as_mp3(order: Order, take: TrackResult, caption: str) -> TrackResult:
    path = Path(order.workdir) / f"{take.take}.mp3"
    path.write_text(caption)
    return take.model_copy(update={"title": caption, "files": (TrackFile(kind="audio", path=str(path), format="mp3"),)})


class FileChat:
    """A chat with a folder: each bulletin is a file there that says how often it was posted and what it shows now."""

    surface, title, reached = "chat", "Chat", True

    def __init__(self, house: House, folder: Path) -> None:
        self._house, self._folder = house, folder
        folder.mkdir(exist_ok=True)

    @property
    def courier(self) -> FileChat:
        return self

    def routes(self) -> Sequence[web.RouteDef]:
        return ()

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        return None

    async def show(self, job: JobView) -> bool:
        del job
        return True

    async def deliver(self, parcel: Parcel) -> str | None:
        (self._folder / f"job-{parcel.job.id}").touch()
        return str(parcel.job.id)

    def elsewhere(self, told: object) -> str | None:
        del told
        return None

    async def put_up(self, notice: Notice) -> str | None:
        shown = placards.draw(notice, self._house.rules)
        message = self._folder / f"bulletin-{notice.id}.json"
        before = json.loads(message.read_text()) if message.exists() else {"posts": 0, "edits": 0}
        post = notice.post is None and not (notice.again and message.exists())
        told: dict[str, Any] = {
            "posts": before["posts"] + post,
            "edits": before["edits"] + (not post),
            "line": shown.line,
            "lines": shown.lines,
            "deeds": [deed.name for deed in shown.deeds],
            "ended": shown.ended,
            "sheet": shown.sheet,
            "zips": [],
        }
        if shown.bundle is not None:
            parts = packed(shown.bundle, self._house.blobs.path, FILE_LIMIT, self._folder, MOST_FILES)
            told |= {"zips": [str(path) for path in parts.paths], "left_out": parts.left_out}
        half = message.with_suffix(".half")
        half.write_text(json.dumps(told))
        half.replace(message)
        return str(notice.id)


def pools(house: House) -> tuple[EnginePool, ...]:
    """The engines of this house."""
    del house
    return (Instant(stalled=sys.argv[1]),)


def chats(house: House, nudge: Callable[[], None]) -> Iterator[Any]:
    """Its one chat."""
    del nudge
    yield FileChat(house, house.settings.home / "chat")


async def serve(house: House) -> None:
    """Until somebody kills us."""
    async with serving(house):
        await asyncio.Event().wait()


if __name__ == "__main__":
    for name, ours in (("engine_pools", pools), ("open_chats", chats)):
        setattr(running, name, ours)
    with open_house(load_settings()) as opened:
        asyncio.run(serve(opened))
