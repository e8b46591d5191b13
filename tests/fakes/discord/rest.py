"""What all routes share: reading and judging bodies, and answering as Discord does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from tests.fakes.discord import bodies, messages, refusals
from tests.fakes.discord.bodies import Body
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.record import Ping, Record, Violation
from tests.fakes.discord.schema import Schema
from tests.fakes.discord.wire import Wire
from tests.fakes.discord.world import JSON, World

PREFIX = "/api/v10"


class Desk:
    """The parts that every route needs."""

    def __init__(self, world: World, wire: Wire, gateway: Gateway, record: Record, schema: Schema | None) -> None:
        self.world, self.wire, self.gateway, self.record, self.schema = world, wire, gateway, record, schema

    async def read(self, request: web.Request, file_limit: int = 0) -> Body:
        """The body, if Discord's description allows it. Raises `Refused`."""
        body = await bodies.read(request, file_limit)
        if self.schema is not None:
            flaws = self.schema.request(request.method, template(request), body.json)
            if flaws:
                raise refusals.invalid_form(flaws)
        return body

    def hear(self, request: web.Request, body: JSON) -> None:
        """Notes text whose mentions would notify people."""
        text = messages.texts(body)
        if text and not messages.muted(body):
            self.record.pings.append(Ping(route(request), text))

    def refuse(self, request: web.Request, refused: refusals.Refused) -> web.Response:
        """The answer to a refused request. What was wrong with its body is a violation."""
        for flaw in refused.flaws:
            self.record.violations.append(Violation(route(request), f"{flaw.where}: {flaw.message} ({flaw.code})"))
        if not refused.flaws and refused.code in (40005, 50006, 50109):
            self.record.violations.append(Violation(route(request), refused.message))
        return answered(refused.answer, refused.status)


def template(request: web.Request) -> str:
    """The path with names in place of ids, after the version."""
    resource = request.match_info.route.resource
    return resource.canonical.removeprefix(PREFIX) if resource else path(request)


def route(request: web.Request) -> str:
    return f"{request.method} {template(request)}"


def path(request: web.Request) -> str:
    return request.path.removeprefix(PREFIX)


def answered(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    # Discord names no charset, and discord.py reads JSON only where the type is exactly this.
    return web.Response(body=json.dumps(data).encode(), status=status, content_type="application/json", headers=headers)


def done() -> web.Response:
    return web.Response(status=204)


def number(request: web.Request, name: str) -> int:
    """An id from the path. Raises `Refused`."""
    text = request.match_info[name]
    if not text.isdecimal():
        raise refusals.invalid_form([refusals.Flaw(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')])
    return int(text)
