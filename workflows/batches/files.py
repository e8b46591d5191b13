"""Text files from outside: fetched from a link, or sent in a chat. They are read once, and kept by nobody."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from storage import seal
from storage.blobs import FULL
from storage.errors import StorageFull
from workflows import signed_links
from workflows.batches.reading import MOST_BYTES
from workflows.door import Door
from workflows.people import Requester, now_ms
from workflows.refusal import Refusal
from workflows.signed_links import GOOD_FOR_S, Sound

# The options whose link leads to a text file.
LINKS = ("rows_url",)
_EXTENSION = "txt"
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,6}$")


@dataclass(frozen=True)
class TextFile:
    """A file as it came; `name` with its ending, "" where it has none."""

    name: str
    data: bytes


async def fetched(door: Door, url: str, who: Requester, *, field: str) -> TextFile:
    """What a link leads to, one of our own included. Raises `Refusal` that names `field`."""
    if signed_links.is_ours(url, door.house):
        return await _ours(door, url, field)
    await door.db.awrite(lambda session: door.require_may_bring(session, who))
    async with door.room(who) as room:
        file = await door.fetcher.fetch(url, room / "fetched", field=field, text_of=MOST_BYTES)
        ending = _ENDING.search(urlsplit(url).path)
        data = await asyncio.to_thread((room / "fetched").read_bytes)
        return TextFile(file.name + (ending[0] if ending else ""), data)


async def received(door: Door, get: Callable[[Path], Awaitable[Path]], name: str, who: Requester, *, field: str) -> str:
    """One of our own links to an uploaded text file, called `name`; it lies here until the next sweep.

    `get` puts the file into the folder that it is given, and says where it is. Raises `Refusal` that names `field`.
    """
    await door.db.awrite(lambda session: door.require_may_bring(session, who))
    async with door.room(who) as room:
        try:
            file = await get(room)
            if file.stat().st_size > MOST_BYTES:
                raise Refusal("rows_too_big", field=field, most=MOST_BYTES / 1e6)
            blob = await asyncio.to_thread(door.blobs.put, file, _EXTENSION)
        except StorageFull as full:
            raise Refusal("disk_full", field=field) from full
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise Refusal("disk_full", field=field) from error
    sound = Sound("text", f"{blob.digest}/{quote(name[-80:], safe='')}")
    until_s = now_ms() // 1000 + GOOD_FOR_S
    return await door.db.aread(lambda session: signed_links.link(seal.key(session), door.house, sound, until_s=until_s))


async def _ours(door: Door, url: str, field: str) -> TextFile:
    now_s = now_ms() // 1000
    sound = await door.db.aread(lambda session: signed_links.read(seal.key(session), url, field=field, now_s=now_s))
    digest, _, name = sound.id.partition("/")
    try:
        if sound.kind != "text":
            raise FileNotFoundError(digest)
        return TextFile(unquote(name), await asyncio.to_thread(lambda: door.blobs.path(digest).read_bytes()))
    except FileNotFoundError:
        raise Refusal("rows_gone", field=field) from None
