"""Files that go with a message, open to be sent: as many as it takes, and told how many it does not."""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import discord

from bot.bundles import packed
from bot.card import CardFile
from bot.on_discord.places import guild_of
from bot.placard import Bundle
from bot.replies import reply

log = logging.getLogger(__name__)

# Where no server says otherwise.
FILE_LIMIT, MOST_FILES = 10 * 2**20, 10

Blob = Callable[[str], Path]


def limit_of(client: discord.Client, channel: str) -> int:
    """The bytes that a file may have in a job's or a bulletin's `channel`."""
    guild = guild_of(channel)
    known = client.get_guild(guild) if guild is not None else None
    return known.filesize_limit if known is not None else FILE_LIMIT


@dataclass(frozen=True)
class Carried:
    """What goes along, and in words what does not."""

    files: tuple[discord.File, ...]
    notices: tuple[str, ...]


@asynccontextmanager
async def opened(
    blob: Blob,
    limit: int,
    locale: str,
    *,
    files: Sequence[CardFile] = (),
    texts: Sequence[tuple[str, str]] = (),
    bundle: Bundle | None = None,
) -> AsyncIterator[Carried]:
    """`files`, small `texts` and a `bundle` in parts, none larger than `limit` bytes."""
    kept = [(name, text.encode()) for name, text in texts]
    carried = [discord.File(io.BytesIO(data), name) for name, data in kept if len(data) <= limit]
    left, lost = len(kept) - len(carried), 0
    async with AsyncExitStack() as stack:
        for file in files:
            # A bundle takes one place at least.
            if file.size > limit or len(carried) >= MOST_FILES - (bundle is not None):
                left += 1
                continue
            try:
                carried.append(discord.File(blob(file.digest), file.name))
            except FileNotFoundError:
                log.error("the file %s (%s) is lost", file.name, file.digest)
                lost += 1
                continue
            stack.callback(carried[-1].close)
        if bundle is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minstrel-")))
            parts = await asyncio.to_thread(packed, bundle, blob, limit, folder, MOST_FILES - len(carried))
            left += parts.left_out
            for path in parts.paths:
                carried.append(discord.File(path))
                stack.callback(carried[-1].close)
        told = (("bundle_left_out", left), ("files_lost", lost))
        yield Carried(tuple(carried), tuple(reply(code, locale, count=count) for code, count in told if count))
