"""What a request brings: JSON or a form, of a size that can be held in memory, and perhaps a file with it, which isn't.

What is in it the specs judge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request

from bot.on_web import arriving, given
from bot.on_web.arriving import MB, Sent
from bot.on_web.house import Web
from bot.on_web.parts import MOST, Part, parts
from workflows.incoming import Received
from workflows.keys import Caller
from workflows.refusal import Refusal

LARGEST = 1 << 20
JSON, FORM, SHORT_FORM = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"
# What a file is called in a form, where it isn't called like the option that it stands for.
FILE = "file"
# Stands for the link to a file that is still to be taken in.
SOME_LINK = "https://minstrel.invalid/sound"

Check = Callable[[dict[str, Any]], object]


@dataclass(frozen=True)
class Asked:
    """What is asked for: `values`, where a link of ours stands for a file that was taken in.

    `same` is the same for whoever sends the same again: it has the SHA-256 of the file in place of its link. `received`
    is what was taken in.
    """

    values: dict[str, Any]
    same: dict[str, Any]
    received: Received | None = None


async def values(request: Request) -> dict[str, Any]:
    """The object in the body of `request`; an empty body is an empty object. Raises `Refusal`."""
    kind, data = kind_of(request), await arriving.body(request, LARGEST)
    if data and kind != JSON:
        raise Refusal("wrong_content", value=kind, allowed=JSON)
    return given.read(data) if data else {}


async def asked(
    request: Request, web: Web, calls: Caller, *, sound: str | None = None, check: Check | None = None
) -> Asked:
    """What is in the body of `request`: an object in JSON, or a form; of that, all values are text.

    A form may bring a file, as `file` or by the name of the option `sound`, which gets one of our links to what was
    taken in for whoever `calls`. `check` is called with the values and some link before that is done. Raises `Refusal`.
    """
    kind = kind_of(request)
    if kind == FORM:
        return await _form(request, web, calls, sound, check)
    data = await arriving.body(request, LARGEST)
    if data and kind not in (JSON, SHORT_FORM):
        raise Refusal("wrong_content", value=kind, allowed=f"{JSON} or {FORM}")
    found = {} if not data else _fields(data) if kind == SHORT_FORM else given.read(data)
    return Asked(found, found)


def largest_file(web: Web) -> int:
    """How many bytes a file may have that somebody sends."""
    return round(web.rules.limits.fetch.most_mb * MB)


def kind_of(request: Request) -> str:
    """What the body is said to be."""
    return request.headers.get("content-type", JSON).partition(";")[0].strip().lower()


async def _form(request: Request, web: Web, calls: Caller, sound: str | None, check: Check | None) -> Asked:
    body = arriving.pieces(request, LARGEST if sound is None else largest_file(web), beside=LARGEST if sound else 0)
    coming = parts(body, request.headers["content-type"])
    fields: list[tuple[str, str]] = []
    file = await _texts(coming, fields)
    if file is None:
        found = _together(fields)
        return Asked(found, found)
    if sound is None or file.name not in (FILE, sound):
        raise Refusal("no_file_here", field=file.name)
    sent = Sent(file.file or "")

    async def get(room: Path) -> Path:
        place = await sent.save(file.pieces, room)
        if (another := await _texts(coming, fields)) is not None:
            raise Refusal("one_file", field=another.name)
        found = _together(fields)
        if sound in found:
            raise Refusal("file_and_link", field=sound)
        if check is not None:
            check({**found, sound: SOME_LINK})
        return place

    received = await web.incoming.receive(get, sent.title, calls.who, field=FILE)
    found = _together(fields)
    return Asked({**found, sound: received.link}, {**found, sound: f"sha256:{sent.sha256}"}, received)


async def _texts(coming: AsyncIterator[Part], fields: list[tuple[str, str]]) -> Part | None:
    """Read what is plain text into `fields`; returns the next file, or None at the end."""
    async for part in coming:
        if part.file:
            return part
        room = LARGEST - sum(len(name) + len(value) for name, value in fields)
        text = bytearray()
        async for piece in part.pieces:
            text += piece
            if len(text) > room:
                raise arriving.too_large(LARGEST)
        try:
            # A browser sends a file that nobody chose as one without a name, and nothing in it.
            if text or part.file is None:
                fields.append((part.name, text.decode()))
        except UnicodeDecodeError:
            raise Refusal("not_text", field=part.name) from None
    return None


def _fields(data: bytes) -> dict[str, Any]:
    """The values of a short form."""
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=MOST, errors="strict")
    except UnicodeDecodeError:
        raise Refusal("form_broken") from None
    except ValueError:
        raise Refusal("form_too_long", most=MOST) from None
    return _together(pairs)


def _together(fields: list[tuple[str, str]]) -> dict[str, Any]:
    """Values by name; what is given more than once is a list."""
    found: dict[str, Any] = {}
    for name, value in fields:
        before = found.get(name)
        found[name] = value if before is None else [*before, value] if isinstance(before, list) else [before, value]
    return given.checked(found)
