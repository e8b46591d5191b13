"""The body of a request as it comes in: counted, waited for no longer than it is worth, and a file written to disk."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

from fastapi import Request
from starlette.requests import ClientDisconnect

from workflows.refusal import Refusal

MB = 10**6
# Whoever sends nothing for so long has gone, whatever their connection says.
SILENT_S = 30
# Nor does it help to send a byte now and then: on the whole it is at least so many a second.
SLOWEST = 1000
# What is written to disk at once.
BATCH = 1 << 20
LONGEST_NAME = 120


class Sent:
    """A file on its way in, called `title`. `save` writes it; then `sha256` is that of its bytes, in hex."""

    def __init__(self, name: str) -> None:
        self.title = _title(name)
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    async def save(self, pieces: AsyncIterator[bytes], room: Path) -> Path:
        """Write it into the folder `room`; returns where it is. Raises `OSError`, and what `pieces` raise."""
        place, waiting = room / "sent", bytearray()
        with await asyncio.to_thread(place.open, "wb") as file:
            async for piece in pieces:
                waiting += piece
                if len(waiting) >= BATCH:
                    await asyncio.to_thread(self._take, file, bytes(waiting))
                    waiting.clear()
            await asyncio.to_thread(self._take, file, bytes(waiting))
        return place

    def _take(self, file: IO[bytes], data: bytes) -> None:
        self._digest.update(data)
        file.write(data)


async def body(request: Request, most: int) -> bytes:
    """All of the body. Raises as `pieces` does."""
    found = bytearray()
    async for piece in pieces(request, most):
        found += piece
    return bytes(found)


async def pieces(request: Request, most: int, *, beside: int = 0) -> AsyncIterator[bytes]:
    """The body, piece by piece. Raises `Refusal` as soon as it is larger than `most` bytes, or comes too slowly to end.

    `beside`: so much more may come with what the limit is for.
    """
    if _said(request) > most + beside:
        raise too_large(most)
    coming, count = request.stream(), 0
    began = time.monotonic()
    while True:
        left = began + SILENT_S + count / SLOWEST - time.monotonic()
        try:
            async with asyncio.timeout(min(left, SILENT_S)):
                piece = await anext(coming, None)
        except (ClientDisconnect, TimeoutError):
            raise Refusal("body_never_came") from None
        if piece is None:
            return
        count += len(piece)
        if count > most + beside:
            raise too_large(most)
        yield piece


def too_large(most: int) -> Refusal:
    """What is said where more than `most` bytes come."""
    return Refusal("body_too_large", most_mb=f"{most / MB:.3g}")


def _said(request: Request) -> int:
    """How long the body is, by its header; that may be wrong, or say nothing."""
    said = request.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def _title(name: str) -> str:
    """What a file is called, as something to show: without folders, ending and signs that nobody sees."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem = last.rpartition(".")[0] or last
    return " ".join("".join(sign if sign.isprintable() else " " for sign in stem).split())[:LONGEST_NAME]
