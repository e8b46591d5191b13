"""A form as it comes in (multipart/form-data): part after part, and never more of a file in memory than one piece."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from workflows.refusal import Refusal

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# No request has so many parameters.
MOST = 100
# The longest line that a part's headers may have, and how many: a name, a file name and its type are all we look at.
HEADER, HEADERS = 4096, 16


@dataclass(frozen=True)
class Part:
    """A part of a form. `file` is what its file is called, None where it is plain text; `pieces` is what is in it.

    `pieces` has to be read before the next part is asked for; what is left of it is passed over.
    """

    name: str
    file: str | None
    pieces: AsyncIterator[bytes]


class _Begun(NamedTuple):
    """A part begins. What comes next is in it."""

    name: str
    file: str | None


class _End:
    """Nothing more comes: of a part or, once that is over, of the form."""


_Heard = deque[_Begun | bytes | _End]


async def parts(body: AsyncIterator[bytes], content_type: str) -> AsyncIterator[Part]:
    """The parts of `body`, in their order. Raises `Refusal` where it is no form, or ends before its end."""
    heard: _Heard = deque()
    parser = _parser(content_type, heard)

    async def following() -> _Begun | bytes | _End:
        while not heard:
            piece = await anext(body, None)
            if piece is None:
                raise Refusal("form_broken")
            try:
                parser.write(piece)
            except FormParserError:
                raise Refusal("form_broken") from None
        return heard.popleft()

    async def pieces() -> AsyncIterator[bytes]:
        while isinstance(piece := await following(), bytes):
            yield piece

    count = 0
    while isinstance(begun := await following(), _Begun):
        count += 1
        if count > MOST:
            raise Refusal("form_too_long", most=MOST)
        inside = pieces()
        yield Part(begun.name, begun.file, inside)
        async for _ in inside:
            pass
    async for _ in body:
        # What comes after the end of a form means nothing.
        pass


def _parser(content_type: str, heard: _Heard) -> MultipartParser:
    """A parser that tells `heard` what it finds."""
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise Refusal("form_broken")
    header: dict[str, bytes] = {"name": b"", "value": b"", "says": b""}

    def name(data: bytes, start: int, end: int) -> None:
        header["name"] += data[start:end]

    def value(data: bytes, start: int, end: int) -> None:
        header["value"] += data[start:end]

    def header_ends() -> None:
        if header["name"].lower() == b"content-disposition":
            header["says"] = header["value"]
        header.update(name=b"", value=b"")

    def begins() -> None:
        says, header["says"] = parse_options_header(header["says"])[1], b""
        if not says.get(b"name"):
            raise Refusal("form_broken")
        file = says.get(b"filename")
        heard.append(_Begun(_text(says[b"name"]), None if file is None else _text(file)))

    callbacks: MultipartCallbacks = {
        "on_header_field": name,
        "on_header_value": value,
        "on_header_end": header_ends,
        "on_headers_finished": begins,
        "on_part_data": lambda data, start, end: heard.append(data[start:end]),
        "on_part_end": lambda: heard.append(_End()),
        "on_end": lambda: heard.append(_End()),
    }
    try:
        return MultipartParser(boundary, callbacks, max_header_count=HEADERS, max_header_size=HEADER)
    except FormParserError:
        raise Refusal("form_broken") from None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
