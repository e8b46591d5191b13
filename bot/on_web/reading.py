"""What a request brings: JSON, of a size that can be held in memory. What is in it the specs judge."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request

from workflows.refusal import Refusal

LARGEST = 1 << 20


async def values(request: Request) -> dict[str, Any]:
    """The object in the body of `request`; an empty body is an empty object. Raises `Refusal`."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    data = await body(request)
    if not data:
        return {}
    if kind != "application/json":
        raise Refusal("wrong_content", value=kind, allowed="application/json")
    return read(data)


def read(data: bytes) -> dict[str, Any]:
    """The object that `data` is. Raises `Refusal`."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Refusal("not_json") from None
    if not isinstance(found, dict):
        raise Refusal("not_an_object", value=type(found).__name__)
    return found


async def body(request: Request, most: int = LARGEST) -> bytes:
    """All of the body. Raises `Refusal` as soon as it is larger than `most` bytes."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            raise Refusal("body_too_large", most_mb=f"{most / 10**6:.3g}")
    return bytes(found)
