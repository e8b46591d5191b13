"""Socket Mode: requests come to us over a connection that we opened, so the house needs no public address."""

from __future__ import annotations

import asyncio
from time import time

from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

CONNECTING_S = 20.0


class Socket(SocketModeClient):
    """A connection for `app` that comes back by itself. `ping_s`: how often it is looked after, in seconds."""

    def __init__(self, app: AsyncApp, app_token: str, client: AsyncWebClient, *, ping_s: float) -> None:
        super().__init__(app_token, logger=app.logger, web_client=client, ping_interval=ping_s)
        self._app = app
        self.socket_mode_request_listeners.append(self._receive)

    async def connect(self) -> None:
        """Connect. An address is good for half a minute: one that can't be reached is not tried for ever."""
        while not self.closed:
            try:
                async with asyncio.timeout(CONNECTING_S):
                    await super().connect()  # type: ignore[no-untyped-call]
                return
            except TimeoutError:
                self.wss_uri = None

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        started = time()
        await send_async_response(client, request, await run_async_bolt_app(self._app, request), started)
