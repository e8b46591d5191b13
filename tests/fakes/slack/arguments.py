"""What a caller of the Web API sent, whichever way it was encoded, and the refusal it may get."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

JSON = dict[str, Any]


class Refused(Exception):
    """A method's answer `{"ok": false, "error": ...}`."""

    def __init__(self, error: str, *, messages: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.answer: JSON = {"ok": False, "error": error, **more}
        if messages:
            said = [f"[ERROR] {message}" for message in messages]
            self.answer |= {"errors": list(messages), "response_metadata": {"messages": said}}


@dataclass(frozen=True)
class Arguments:
    """The named values of one call. In a form everything is text; in JSON values keep their types."""

    values: JSON

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """A value that the method can't do without."""
        if name not in self:
            raise Refused("invalid_arguments", messages=(f"missing required field: {name}",))
        return str(self.values[name])

    def maybe(self, name: str) -> str | None:
        return str(self.values[name]) if name in self else None

    def flag(self, name: str) -> bool:
        return str(self.values.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.values.get(name, default))
        except ValueError:
            raise Refused("invalid_arguments", messages=(f"must be an integer: {name}",)) from None

    def structure(self, name: str, error: str = "invalid_json") -> Any:
        """A list or an object: as it is in JSON bodies, as a string of JSON in forms. None if it is not there."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None

    def listed(self, name: str) -> list[str] | None:
        """Ids as a list, as JSON in a string, or with commas between them. None if it is not there."""
        value = self.values.get(name)
        if isinstance(value, str) and value.startswith("["):
            value = self.structure(name)
        if isinstance(value, str):
            return [each.strip() for each in value.split(",") if each.strip()]
        return None if value is None else [str(each) for each in value]


async def read(request: web.Request) -> tuple[Arguments, str | None]:
    """The arguments of a request, and the token that came with it."""
    values: JSON = dict(request.query)
    if request.content_type == "application/json":
        body = await request.text()
        try:
            sent = json.loads(body) if body else {}
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(sent, dict):
            raise Refused("json_not_object")
        values |= sent
    elif request.can_read_body:
        values |= dict(await request.post())
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    in_fields = values.pop("token", None)
    return Arguments(values), token if scheme == "Bearer" and token else in_fields
