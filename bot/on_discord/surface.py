"""Discord as a chat of the house: it connects, comes back by itself, and lets what is being answered end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import discord

from bot.chat import BadToken
from bot.desk import Desk
from bot.on_discord import places
from bot.on_discord.client import StudioClient, use_api, use_gateway
from bot.on_discord.courier import DiscordCourier
from bot.on_discord.failures import bad_token
from bot.on_discord.reception import Reception

if TYPE_CHECKING:
    from starlette.routing import Route

log = logging.getLogger(__name__)

GRACE_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
# The other chats of the house don't wait for one that does not answer at all.
FIRST_TRY_S = 15.0
# How the gateway says that it does not know our token.
AUTHENTICATION_FAILED = 4004


class DiscordSurface:
    """Implements `Chat`. `synced` is the file that knows which commands Discord has."""

    surface, title = places.SURFACE, "Discord"

    def __init__(
        self, *, token: str, api_url: str | None, desk: Desk, blob: Callable[[str], Path], synced: Path
    ) -> None:
        self._token, self._api_url, self._synced = token, api_url, synced
        self.reception = Reception(desk, blob)
        self.courier = DiscordCourier(blob, desk.rules)
        self._closing = False
        self._client: StudioClient | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def reached(self) -> bool:
        """Whether Discord knows us by now."""
        return self.courier.is_connected

    def routes(self) -> tuple[Route, ...]:
        """None: Discord is called, and does not call."""
        return ()

    async def start(self) -> None:
        """Log in and listen; where Discord is away, go on trying behind the scenes. Raises `BadToken`."""
        use_api(self._api_url)
        tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(tried), name="discord")
        await asyncio.wait([tried], timeout=FIRST_TRY_S)
        _settle(tried)
        tried.result()

    async def close(self) -> None:
        """Let what is being answered end, and disconnect."""
        self._closing = True
        await self.reception.drain(GRACE_S)
        if self._running is None:
            return
        # discord.py may swallow a cancellation while it reconnects; closed, it ends all the same.
        if self._client is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._client.close(), GRACE_S)
        self._running.cancel()
        await asyncio.wait([self._running], timeout=GRACE_S)

    async def _run(self, tried: asyncio.Future[None]) -> None:
        """One connection after the other. `tried` is done once the first one stands, is refused, or can't be made."""
        wait_s = FIRST_WAIT_S
        while not self._closing:
            began = time.monotonic()
            self._client = client = StudioClient(self.reception, self._synced)
            try:
                await client.login(self._token)
                await use_gateway(client, self._api_url)
                self.courier.connected(client)
                _settle(tried)
                await client.connect()
            except Exception as error:
                bad = _refusal(error)
                if bad is not None:
                    if tried.done():
                        log.error("Discord no longer accepts %s: %s. Set a new one and start again.", bad.setting, bad)
                    else:
                        tried.set_exception(bad)
                    self.courier.shut_out()
                    return
                if time.monotonic() - began > LONGEST_WAIT_S:
                    wait_s = FIRST_WAIT_S
                log.warning("Discord can't be reached, next try in %g s: %r", wait_s, error)
            finally:
                self.courier.disconnected()
                await client.close()
            _settle(tried)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def _settle(tried: asyncio.Future[None]) -> None:
    if not tried.done():
        tried.set_result(None)


def _refusal(error: Exception) -> BadToken | None:
    refused = isinstance(error, discord.LoginFailure)
    closed = isinstance(error, discord.ConnectionClosed) and error.code == AUTHENTICATION_FAILED
    return bad_token(error) if refused or closed else None
