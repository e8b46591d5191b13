"""Files on their way into Slack. They belong to no channel until a message shows them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import CardFile
from workflows.deliver import DeliveryFailed

log = logging.getLogger(__name__)

REMEMBERED = 500
# Slack gives a gigabyte; a slow line needs its time, and the delivery as a whole has a limit of its own.
LONGEST_S = 280.0


class Uploads:
    """Uploads files, and remembers what is there: a message that fails after it does not send them all again."""

    def __init__(self, client: AsyncWebClient, blob: Callable[[str], Path]) -> None:
        self._client, self._blob = client, blob
        self._there: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    async def bring(self, key: str, files: Sequence[CardFile]) -> list[str]:
        """Slack's ids of `files`, which are for the parcel `key`, in their order."""
        missing = [file for file in files if (key, file.name, file.digest) not in self._there]
        ids = [await self._send(file) for file in missing]
        if ids:
            named = [{"id": file_id, "title": file.name} for file_id, file in zip(ids, missing, strict=True)]
            await self._client.files_completeUploadExternal(files=named)  # type: ignore[arg-type]
        for file_id, file in zip(ids, missing, strict=True):
            self._there[key, file.name, file.digest] = file_id
        brought = [self._there[key, file.name, file.digest] for file in files]
        while len(self._there) > REMEMBERED:
            self._there.popitem(last=False)
        return brought

    def forget(self, key: str) -> None:
        """The parcel `key` needs its files no more, or Slack no longer has them."""
        for place in [place for place in self._there if place[0] == key]:
            del self._there[place]

    async def _send(self, file: CardFile) -> str:
        path = self._blob(file.digest)
        length = (await asyncio.to_thread(path.stat)).st_size
        promised = await self._client.files_getUploadURLExternal(filename=file.name, length=length)
        with await asyncio.to_thread(path.open, "rb") as data:
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
