"""The stand-in: one loopback server for the Web API, uploads, response_urls and Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from tests.fakes.slack import files
from tests.fakes.slack.faults import Faults
from tests.fakes.slack.hooks import Hooks
from tests.fakes.slack.messages import Channel, Post
from tests.fakes.slack.people import People
from tests.fakes.slack.signed import SignedHttp
from tests.fakes.slack.socket import Sockets
from tests.fakes.slack.views import Views
from tests.fakes.slack.web import WebApi
from tests.fakes.slack.workspace import Workspace

# What a bot gets that asks for all it needs here; `chat:write.public` is one to add.
SCOPES = (
    *("commands", "chat:write", "files:read", "files:write", "users:read", "im:write", "channels:join"),
    *("channels:history", "groups:history", "im:history", "channels:read", "groups:read", "im:read"),
)
# No secrets: nobody but the tests believes them.
BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-stand-in", "xapp-stand-in", "stand-in-secret"
GIB = 2**30


class SlackStandIn:
    """Use as `async with SlackStandIn() as slack`. Stopped and started again, it remembers everything.

    slack.people acts over Socket Mode, slack.over_http(url) over signed HTTP.
    """

    def __init__(
        self,
        *,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        signing_secret: str = SIGNING_SECRET,
        scopes: Iterable[str] = SCOPES,
    ) -> None:
        self.bot_token, self.app_token, self.signing_secret = bot_token, app_token, signing_secret
        self.port = 0
        self.faults = Faults()
        self.workspace = Workspace(set(scopes))
        self.clock, self.scopes = self.workspace.clock, self.workspace.scopes
        self.calls, self.whispers = self.workspace.calls, self.workspace.whispers
        self.violations, self.pings = self.workspace.violations, self.workspace.pings
        self.views = Views(self.workspace)
        self.hooks = Hooks(self.workspace)
        self.sockets = Sockets(self.workspace)
        self.web = WebApi(self.workspace, self.views, self.sockets.open_link, bot_token=bot_token, app_token=app_token)
        self.people = People(self.workspace, self.views, self.hooks, self.sockets)
        self._senders: list[SignedHttp] = []
        self._runner: web.AppRunner | None = None
        self._is_out = False

    @property
    def api_url(self) -> str:
        return f"{self.workspace.url}/api/"

    async def start(self, port: int = 0) -> None:
        """On a port of its own choice, or on `port` again."""
        app = web.Application(client_max_size=GIB, middlewares=[self._trouble])
        app.add_routes(
            [
                web.route("*", "/api/{method}", self.web.handle, name="api"),
                web.post("/upload/v1/{file_id}", self._upload, name="upload"),
                web.get(r"/files-pri/{team:\w+}-{file_id:\w+}/{name}", self._download, name="download"),
                web.post(r"/{kind:commands|actions}/{team}/{secret}", self.hooks.receive, name="response_url"),
                web.get("/link/", self.sockets.endpoint, name="socket"),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        self.workspace.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        for sender in self._senders:
            await sender.close()
        await self.sockets.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def outage(self, is_out: bool) -> None:
        """While it is out, every connection ends without an answer, open sockets included."""
        self._is_out = is_out
        if is_out:
            self.sockets.cut()

    def over_http(self, url: str, *, secret: str | None = None, age_s: float = 0) -> People:
        """People whose requests go to `url`, signed now with the right secret unless told otherwise."""
        sender = SignedHttp(url, secret or self.signing_secret, age_s=age_s)
        self._senders.append(sender)
        return People(self.workspace, self.views, self.hooks, sender)

    def posts(self, channel: Channel, *, deleted: bool = False) -> list[Post]:
        """Messages of a channel, oldest first; with `deleted`, everything that was ever posted."""
        return self.workspace.posts(channel.id, deleted=deleted)

    async def _upload(self, request: web.Request) -> web.Response:
        return await files.upload(self.workspace, request)

    async def _download(self, request: web.Request) -> web.Response:
        return await files.download(self.workspace, request, {self.bot_token})

    @web.middleware
    async def _trouble(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._is_out:
            return _hung_up(request)
        route = request.match_info.route.name or ""
        fault = self.faults.strike(request.match_info["method"] if route == "api" else route)
        if fault is None:
            return await handler(request)
        if fault.kind == "drop_before":
            return _hung_up(request)
        if (answer := fault.answer()) is not None:
            return answer
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        done = await handler(request)
        return _hung_up(request) if fault.kind == "drop_after" else done


def _hung_up(request: web.Request) -> web.Response:
    """The connection ends; the response that aiohttp wants goes nowhere."""
    if request.transport:
        request.transport.abort()
    return web.Response()
