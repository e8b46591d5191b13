"""A door for sound whose world outside is a dictionary: links and the bytes they lead to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from engine.spec import Decoded, EngineError
from workflows.refusal import Refusal


@dataclass(frozen=True)
class Named:
    name: str


@dataclass
class ScriptedFetcher:
    """`world` maps links to bytes; others lead nowhere. Links of `slow` wait until they are `released`."""

    world: dict[str, bytes]
    slow: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(
        self, url: str, to: Path, *, field: str, text_of: int | None = None, picture_of: int | None = None
    ) -> Named:
        del text_of, picture_of
        self.asked.append(url)
        if url in self.slow:
            await self.released.wait()
        if url not in self.world:
            raise Refusal("link_unknown_host", field=field)
        to.write_bytes(self.world[url])
        return Named(url.rpartition("/")[2].partition(".")[0])

    async def close(self) -> None:
        return None


class ScriptedDecoder:
    """Reads files such as "20 Rain": seconds and a title; others are no sound. Pictures begin with "picture"."""

    async def decode(self, file: Path, to: Path) -> Decoded:
        seconds, _, title = file.read_text(errors="replace").partition(" ")
        if not seconds.isdigit():
            raise EngineError("audio_unknown", permanent=True)
        to.write_bytes(b"ours: " + file.read_bytes())
        return Decoded(
            kind="mp3",
            duration=float(seconds),
            sample_rate=44_100,
            channels=2,
            peak=0.9,
            title=title,
            artist="Somebody",
        )

    async def picture(self, file: Path, to: Path) -> None:
        if not file.read_bytes().startswith(b"picture"):
            raise EngineError("picture_unknown", permanent=True)
        to.write_bytes(b"ours: " + file.read_bytes())

    async def close(self) -> None:
        return None
