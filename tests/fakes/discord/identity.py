"""Routes about the bot itself: who it is, where the gateway is, and people it may write to."""

from __future__ import annotations

from aiohttp import web

from tests.fakes.discord import refusals
from tests.fakes.discord.rest import PREFIX, Desk, answered, number


class Identity:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{PREFIX}/users/@me", self._me),
            web.get(f"{PREFIX}/applications/@me", self._application),
            web.get(f"{PREFIX}/oauth2/applications/@me", self._application),
            web.get(f"{PREFIX}/gateway", self._gateway),
            web.get(f"{PREFIX}/gateway/bot", self._bot_gateway),
            web.post(f"{PREFIX}/users/@me/channels", self._private_channel),
            web.get(f"{PREFIX}/users/{{user}}", self._user),
        ]

    async def _me(self, request: web.Request) -> web.Response:
        return answered(self._desk.wire.me())

    async def _application(self, request: web.Request) -> web.Response:
        return answered(self._desk.wire.application())

    async def _gateway(self, request: web.Request) -> web.Response:
        return answered({"url": self._desk.gateway.address})

    async def _bot_gateway(self, request: web.Request) -> web.Response:
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        gateway = self._desk.gateway
        return answered({"url": gateway.address, "shards": gateway.shards, "session_start_limit": starts})

    async def _private_channel(self, request: web.Request) -> web.Response:
        body = (await self._desk.read(request)).json
        user = self._desk.world.users.get(int(body["recipient_id"]))
        if user is None or user.bot:
            raise refusals.unknown_user()
        return answered(self._desk.wire.channel(self._desk.world.private_channel(user)))

    async def _user(self, request: web.Request) -> web.Response:
        user = self._desk.world.users.get(number(request, "user"))
        if user is None:
            raise refusals.unknown_user()
        return answered(self._desk.wire.user(user))
