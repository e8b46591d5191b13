"""Files, for whoever has a link to one: every format of a song, its stems, words, notes and picture (row C18)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from os import stat_result
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from bot.names import slug
from bot.on_web.errors import documented
from bot.on_web.house import Here, Web
from workflows.downloads import Download
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.signed_links import FILES, Piece, file_of

router = APIRouter(tags=["files"])

TYPES: Mapping[str, str] = {
    "flac": "audio/flac", "mp3": "audio/mpeg", "wav": "audio/wav", "ogg": "audio/ogg", "m4a": "audio/mp4",
    "lrc": "text/plain", "mid": "audio/midi", "png": "image/png",
}  # fmt: skip
# Players ask for pieces; whoever has a copy asks whether it still is the same, and whether it still may be had.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "private, no-cache",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag",
}
PLACE = f"{FILES}{{until}}.{{seal}}/{{track}}/{{file}}"
_ANY: dict[str, Any] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES.values()}
A_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": _ANY},
    206: {"description": "A piece of it, where a `Range` was asked for", "content": _ANY},
    304: {"description": "It is what `If-None-Match` says"},
    416: {"description": "It has no such piece"},
    **{status: told for status, told in documented(404, 410, 503).items() if status in (404, 410, 503)},
}
_RANGE = rb"\s*(\d{1,18}-\d{0,18}|-\d{1,18})\s*"
_RANGES = re.compile(rb"bytes=%b(,%b)*" % (_RANGE, _RANGE), re.IGNORECASE)


class _File(FileResponse):
    """A file, or pieces of it. One that is asked for in words that mean nothing is sent as a whole (RFC 9110, 14.2)."""

    # Fewer, larger pieces: each is a trip to a thread and back.
    chunk_size = 1 << 18

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"range" or _means(value)]
        await super().__call__({**scope, "headers": headers}, receive, send)


@router.head(PLACE, include_in_schema=False)
@router.get(PLACE, responses=A_FILE, response_class=FileResponse, summary="Download a file")
async def download(
    request: Request,
    web: Here,
    until: Annotated[str, Path(description="Until when the link is good, in seconds since 1970")],
    seal: Annotated[str, Path(description="What only this house can write")],
    track: Annotated[str, Path(description="Whose file it is")],
    file: Annotated[str, Path(description="What it is, and its format: audio.flac, audio-192.mp3, stem-vocals.wav")],
) -> Response:
    """Links to files are in what tells of a job. They need no key; each is good for a while, for one file.

    A format that is not there yet is made at the first download, which takes some seconds, and kept.
    """
    piece = _named(web, f"{FILES}{until}.{seal}/{track}/{file}")
    found = await web.downloads.get(piece)
    headers = {**HEADERS, "ETag": f'"{found.digest}"'}
    if headers["ETag"] in _known(request):
        return Response(status_code=304, headers=headers)
    return _File(
        found.path,
        headers=headers,
        media_type=TYPES.get(piece.format),
        filename=_name(found, piece),
        content_disposition_type="inline",
        stat_result=await asyncio.to_thread(_stat, found),
    )


def _named(web: Web, path: str) -> Piece:
    """What a link leads to. Raises `Refusal` for one that is too old, or that nobody here made."""
    try:
        piece = file_of(web.seal, path, field="url", now_s=now_ms() // 1000)
    except Refusal:
        raise Refusal("file_link_expired") from None
    if piece is None:
        raise Refusal("file_gone")
    return piece


def _stat(found: Download) -> stat_result:
    try:
        return found.path.stat()
    except FileNotFoundError:
        raise Refusal("file_gone") from None


def _name(found: Download, piece: Piece) -> str:
    """What it is called where it is saved."""
    take = "" if found.take == 1 else f"-{found.take}"
    stem = f"-{piece.name}" if piece.kind == "stem" else ""
    return f"{slug(found.title)}{take}{stem}.{piece.format}"


def _known(request: Request) -> set[str]:
    """What whoever asks has already."""
    return {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}


def _means(asked: bytes) -> bool:
    """Whether a `Range` names pieces that there could be."""
    if _RANGES.fullmatch(asked) is None:
        return False
    pairs = (piece.strip().partition(b"-") for piece in asked.partition(b"=")[2].split(b","))
    return all(not first or not last or int(first) <= int(last) for first, _, last in pairs)
