"""Reading what comes in: JSON, or a form of JSON and files."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.discord import refusals
from tests.fakes.discord.world import Upload

CHUNK = 2**16


@dataclass(frozen=True)
class Body:
    """The JSON of a request (None without one), and its files by the number in `files[NUMBER]`."""

    json: Any
    files: dict[int, Upload] = field(default_factory=dict)


async def read(request: web.Request, file_limit: int) -> Body:
    """The body, if no file is over `file_limit` bytes. Raises `Refused`."""
    if request.content_type != "multipart/form-data":
        text = await request.read()
        return Body(_parsed(text) if text else None)
    payload: Any = None
    files: dict[int, Upload] = {}
    too_large = False
    async for part in _parts(request):
        if part.name == "payload_json":
            payload = _parsed(await part.read())
        elif (number := re.fullmatch(r"files\[(\d+)\]", part.name or "")) and part.filename:
            data = await _data(part, file_limit)
            too_large = too_large or data is None
            files[int(number[1])] = Upload(part.filename, data or b"")
        else:
            raise refusals.bad_json()
    if too_large:
        raise refusals.too_large()
    return Body(payload if payload is not None else {}, files)


async def _parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader):
            yield part


async def _data(part: BodyPartReader, limit: int) -> bytes | None:
    """All of a file, or None if it is too large: it is read to its end all the same, or the answer is not heard."""
    data = bytearray()
    size = 0
    while chunk := await part.read_chunk(CHUNK):
        size += len(chunk)
        if size <= limit:
            data += chunk
    return bytes(data) if size <= limit else None


def _parsed(text: bytes | bytearray) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise refusals.bad_json() from error
