"""Files on their way into Slack. They belong to no channel until a message shows them."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.bundles import Packed, packed
from bot.card import CardFile
from bot.placard import Bundle
from workflows.deliver import DeliveryFailed

log = logging.getLogger(__name__)

REMEMBERED = 500
# What one message holds; and parts of a bundle small enough to come through one by one.
MOST_FILES, PART = 10, 200 * 10**6
# Slack gives a gigabyte; a slow line needs its time, and the delivery as a whole has a limit of its own.
LONGEST_S = 280.0


@dataclass(frozen=True)
class Upload:
    """A file to be brought, from where it lies here. `what` tells it from another of that name."""

    name: str
    what: str
    path: Path


class Uploads:
    """Uploads files, and remembers what is there: a message that fails after it does not send them all again."""

    def __init__(self, client: AsyncWebClient, blob: Callable[[str], Path]) -> None:
        self._client, self._blob = client, blob
        self._there: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def of(self, file: CardFile) -> Upload:
        """A file that is kept here. Raises `FileNotFoundError` where it is lost."""
        return Upload(file.name, file.digest, self._blob(file.digest))

    @asynccontextmanager
    async def packed(self, bundle: Bundle, most: int = MOST_FILES) -> AsyncIterator[Packed]:
        """The ZIPs of `bundle`, there as long as the block lasts."""
        with tempfile.TemporaryDirectory(prefix="minstrel-", ignore_cleanup_errors=True) as folder:
            yield await asyncio.to_thread(packed, bundle, self._blob, PART, Path(folder), most)

    async def bring(self, key: str, files: Sequence[Upload]) -> list[str]:
        """Slack's ids of `files`, which are for the parcel `key`, in their order."""
        missing = [file for file in files if (key, file.name, file.what) not in self._there]
        ids = [await self._send(file) for file in missing]
        if ids:
            await self._complete(ids, missing)
        for file_id, file in zip(ids, missing, strict=True):
            self._there[key, file.name, file.what] = file_id
        brought = [self._there[key, file.name, file.what] for file in files]
        while len(self._there) > REMEMBERED:
            self._there.popitem(last=False)
        return brought

    def forget(self, key: str) -> None:
        """The parcel `key` needs its files no more, or Slack no longer has them."""
        for place in [place for place in self._there if place[0] == key]:
            del self._there[place]

    async def hand_over(self, channel: str, words: str, files: Sequence[Upload]) -> None:
        """Post `files` in `channel`, with `words` above them."""
        ids = [await self._send(file) for file in files]
        await self._complete(ids, files, channel_id=channel, initial_comment=words)

    async def _complete(self, ids: Sequence[str], files: Sequence[Upload], **where: str) -> None:
        named = [{"id": file_id, "title": file.name} for file_id, file in zip(ids, files, strict=True)]
        await self._client.files_completeUploadExternal(files=named, **where)  # type: ignore[arg-type]

    async def _send(self, file: Upload) -> str:
        length = (await asyncio.to_thread(file.path.stat)).st_size
        promised = await self._client.files_getUploadURLExternal(filename=file.name, length=length)
        with await asyncio.to_thread(file.path.open, "rb") as data:
            session = self._client.session
            if session is None:
                raise DeliveryFailed("not connected to Slack", permanent=False)
            timeout = aiohttp.ClientTimeout(total=LONGEST_S, sock_connect=30)
            headers = {"Content-Type": "application/octet-stream"}
            async with session.post(
                str(promised["upload_url"]), data=data, headers=headers, timeout=timeout, proxy=self._client.proxy
            ) as response:
                response.raise_for_status()
        return str(promised["file_id"])
