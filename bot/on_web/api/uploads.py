"""Sound that somebody brings themselves: taken in, and known by a link that every option for sound takes."""

from __future__ import annotations

from email.message import Message
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot.moments import iso
from bot.on_web import arriving, reading
from bot.on_web.arriving import Sent
from bot.on_web.caller import Creates
from bot.on_web.errors import documented
from bot.on_web.house import Here, Web
from bot.on_web.reading import FILE, FORM
from workflows.incoming import Received
from workflows.keys import Caller
from workflows.refusal import Refusal

router = APIRouter(tags=["files"])

RAW = ("audio/", "video/", "application/octet-stream")
A_FILE = {"type": "string", "format": "binary", "description": "The file, of any common kind"}
BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object", "properties": {FILE: A_FILE}, "required": [FILE], "additionalProperties": False,
            }
        },
        "audio/*": {"schema": A_FILE},
    },
}  # fmt: skip


class Upload(BaseModel):
    """Sound that was taken in."""

    url: str = Field(description="Give this for `src_audio_url`, `reference_audio_url` or `audio_url`")
    title: str = Field(description="What it calls itself, or its file")
    duration: float = Field(description="Seconds")
    expires_at: str = Field(description="Until when the link is good")


@router.post(
    "/api/v1/uploads",
    response_model=Upload,
    responses=documented(413, 415, 429),
    openapi_extra={"requestBody": BODY},
    summary="Bring sound",
)
async def upload(request: Request, web: Here, calls: Creates) -> Any:
    """Send a file as `file` in a form, or as the body itself, with its name in `Content-Disposition`.

    What takes sound by a link takes the `url` of the answer. It leads nowhere else, and is good for a day.
    """
    taken = await _received(request, web, calls)
    return JSONResponse(
        {
            "url": taken.link,
            "title": taken.title,
            "duration": round(taken.duration, 3),
            "expires_at": iso(taken.until_s * 1000),
        }
    )


async def _received(request: Request, web: Web, calls: Caller) -> Received:
    kind = reading.kind_of(request)
    if kind == FORM:
        asked = await reading.asked(request, web, calls, sound=FILE, check=_require_alone)
        if asked.received is None:
            raise Refusal("missing", field=FILE)
        return asked.received
    if not kind.startswith(RAW):
        raise Refusal("wrong_content", value=kind, allowed=f"{FORM} or audio/*")
    sent = Sent(_name(request))

    async def get(room: Path) -> Path:
        return await sent.save(arriving.pieces(request, reading.largest_file(web)), room)

    return await web.incoming.receive(get, sent.title, calls.who, field=FILE)


def _require_alone(values: dict[str, Any]) -> None:
    """Raises `Refusal` where more came than a file."""
    for name in values:
        if name != FILE:
            raise Refusal("unknown_option", field=name, allowed=FILE)


def _name(request: Request) -> str:
    """What a file is called that is the body itself."""
    said = Message()
    # Headers are read as Latin-1; programs write names as UTF-8.
    told = request.headers.get("content-disposition", "").encode("latin-1").decode("utf-8", "replace")
    said["Content-Disposition"] = told
    try:
        return said.get_filename("")
    except ValueError:
        # They say that it is written in a way that nothing is written in.
        return ""
