"""The stand-in itself: one port for REST, gateway and files; faults, outages, and state that outlives them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from aiohttp import web

from tests.fakes.discord import refusals
from tests.fakes.discord.callbacks import Callbacks
from tests.fakes.discord.channels import Channels
from tests.fakes.discord.commands import Commands
from tests.fakes.discord.faults import Faults, Trouble
from tests.fakes.discord.gateway import AUTHENTICATION_FAILED, GUILDS, Gateway
from tests.fakes.discord.identity import Identity
from tests.fakes.discord.people import People
from tests.fakes.discord.record import Ping, Record, Request, Violation
from tests.fakes.discord.rest import PREFIX, Desk, answered, path, route, template
from tests.fakes.discord.schema import Schema
from tests.fakes.discord.wire import Wire
from tests.fakes.discord.world import MIB, Channel, Guild, Message, User, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST = "127.0.0.1"
TOKEN = "stand-in-token"
LOOK_S = 0.05
OPEN_PATHS = ("/interactions/", "/webhooks/")
"""These carry a token of their own in place of the bot's."""


class DiscordStandIn(People):
    """Discord, as far as one bot can tell.

    Servers, channels and people are made before the bot connects. With `schema`, Discord's OpenAPI description, every
    body that comes in is checked against it, and so is what goes out. `port` 0 takes a free one and keeps it.
    """

    def __init__(self, *, token: str = TOKEN, schema: Path | None = None, port: int = 0) -> None:
        self.world = World(token)
        self.faults = Faults()
        self.record = Record()
        self._wire = Wire(self.world)
        self.gateway = Gateway(self.world, self._wire)
        desk = Desk(self.world, self._wire, self.gateway, self.record, Schema(schema) if schema else None)
        self.commands = Commands(desk)
        self._channels = Channels(desk)
        self.callbacks = Callbacks(desk, self._channels)
        super().__init__(desk, self.commands, self._channels, self.callbacks)
        self._port = port
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self._moved = asyncio.Condition()

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """For `MINSTREL_DISCORD_API_URL`."""
        return self.address + PREFIX

    @property
    def requests(self) -> list[Request]:
        return self.record.requests

    @property
    def violations(self) -> list[Violation]:
        return self.record.violations

    @property
    def pings(self) -> list[Ping]:
        return self.record.pings

    @property
    def unknown_routes(self) -> list[str]:
        return self.record.unknown_routes

    async def start(self) -> None:
        application = web.Application(middlewares=[self._front], client_max_size=16 * MIB)
        for part in (Identity(self._desk), self.commands, self._channels, self.callbacks):
            application.add_routes(part.routes())
        application.router.add_get("/gateway", self.gateway.handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen()

    async def stop(self) -> None:
        """Everything ends but the state: `start` goes on where this left off, on the same port."""
        self._hang_up()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def outage(self, on: bool) -> None:
        """Cuts all connections and refuses new ones until told otherwise."""
        if on:
            self._hang_up()
        elif self._listener is None:
            await self._listen()

    async def __aenter__(self) -> DiscordStandIn:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def add_user(self, name: str, *, admin: bool = False, locale: str = "en-US", roles: tuple[str, ...] = ()) -> User:
        user = User(self.world.snowflakes.next(), name, admin=admin, locale=locale, roles=roles)
        self.world.users[user.id] = user
        return user

    def add_guild(
        self, name: str, *, file_limit: int = 10 * MIB, locale: str = "en-US", roles: tuple[str, ...] = ()
    ) -> Guild:
        owner = self.add_user(f"owner of {name}", admin=True)
        ids = {role: self.world.snowflakes.next() for role in roles}
        guild = Guild(self.world.snowflakes.next(), name, owner, locale, file_limit, ids)
        self.world.guilds[guild.id] = guild
        return guild

    def add_channel(self, guild: Guild, name: str) -> Channel:
        channel = Channel(self.world.snowflakes.next(), name, guild)
        guild.channels.append(channel)
        self.world.channels[channel.id] = channel
        return channel

    def private_channel(self, user: User) -> Channel:
        """Where this user and the bot write to each other."""
        return self.world.private_channel(user)

    def posts(self, channel: Channel) -> list[Message]:
        """The bot's messages that everybody in the channel sees now, oldest first."""
        return [message for _, message in sorted(channel.messages.items()) if message.author is self.world.bot]

    async def allow(self, channel: Channel, *permissions: str) -> None:
        """From now on the bot may do just this in the channel: any of "view", "send", "files", "history"."""
        channel.permissions = set(permissions)
        await self.gateway.dispatch("CHANNEL_UPDATE", self._wire.channel(channel), channel.guild, GUILDS)

    async def revoke_token(self) -> None:
        """Somebody has reset the bot's token."""
        self.world.token_valid = False
        await self.gateway.close(AUTHENTICATION_FAILED)

    async def until(self, true: Callable[[], bool], within: float = 10.0) -> None:
        """Waits until a condition holds, looked at after each request and now and then. Raises TimeoutError."""
        async with asyncio.timeout(within), self._moved:
            while not true():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), LOOK_S)

    async def _listen(self) -> None:
        assert self._runner is not None
        assert self._runner.server is not None
        self._listener = await asyncio.get_running_loop().create_server(self._runner.server, HOST, self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self._wire.base = self.address
        self.gateway.address = f"ws://{HOST}:{self._port}/gateway"

    def _hang_up(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()

    @web.middleware
    async def _front(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """All that comes before and after the routes, which only know success and `Refused`."""
        if not request.path.startswith(PREFIX):
            return await handler(request)
        at = time.monotonic()
        trouble = self.faults.take(request.method, path(request))
        response = await self._through(request, handler, trouble)
        status = response.status
        if trouble is not None and trouble.kind in ("drop_before", "drop_after"):
            status = 0
            if request.transport is not None:
                request.transport.abort()
        self.requests.append(Request(at, request.method, path(request), status))
        async with self._moved:
            self._moved.notify_all()
        return response

    async def _through(self, request: web.Request, handler: Handler, trouble: Trouble | None) -> web.Response:
        if trouble is not None:
            if trouble.kind == "drop_before":
                return web.Response()
            if trouble.kind == "status":
                return answered({"message": f"{trouble.status}: told to", "code": 0}, trouble.status)
            if trouble.kind == "rate_limit":
                return _slow_down(trouble)
            if trouble.kind == "delay":
                await asyncio.sleep(trouble.seconds)
        try:
            self._admit(request)
            response = await handler(request)
        except refusals.Refused as refused:
            return self._desk.refuse(request, refused)
        except ConnectionError:
            # The client died in the middle of its request: nothing was done, and nobody hears this.
            return web.Response(status=499)
        assert isinstance(response, web.Response)
        self._watch(request, response)
        return response

    def _admit(self, request: web.Request) -> None:
        if request.match_info.http_exception is not None:
            self.unknown_routes.append(f"{request.method} {path(request)}")
            raise refusals.not_found()
        if not self.world.token_valid:
            raise refusals.unauthorized()
        if not path(request).startswith(OPEN_PATHS) and request.headers.get("Authorization") != f"Bot {self.token}":
            raise refusals.unauthorized()

    def _watch(self, request: web.Request, response: web.Response) -> None:
        """Notes where the stand-in itself says what Discord would not."""
        if self._desk.schema is None or not isinstance(response.body, bytes):
            return
        flaws = self._desk.schema.answer(request.method, template(request), response.status, json.loads(response.body))
        self.record.lapses.extend(Violation(route(request), f"{flaw.where}: {flaw.message}") for flaw in flaws)


def _slow_down(trouble: Trouble) -> web.Response:
    headers = {
        # Without `Via`, discord.py takes a 429 for a ban by Cloudflare.
        "Via": "1.1 google",
        "Retry-After": str(int(trouble.seconds) + 1),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{time.time() + trouble.seconds:.3f}",
        "X-RateLimit-Reset-After": f"{trouble.seconds:.3f}",
        "X-RateLimit-Scope": "global" if trouble.everywhere else "user",
    }
    if trouble.everywhere:
        headers["X-RateLimit-Global"] = "true"
    else:
        headers["X-RateLimit-Bucket"] = "stand-in"
    body = {"message": "You are being rate limited.", "retry_after": trouble.seconds, "global": trouble.everywhere}
    return answered(body, 429, headers)
