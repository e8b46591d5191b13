"""Minstrel in a Slack workspace: connected by Socket Mode, or reached by HTTP requests that Slack signed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import aiohttp
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.chat import BadToken
from bot.desk import Desk
from bot.on_slack.blocks import Blocks
from bot.on_slack.courier import CHANNEL_S, PROGRESS_S, SURFACE, SlackCourier
from bot.on_slack.departures import listen, server_of
from bot.on_slack.failures import TROUBLE, failure
from bot.on_slack.handlers import Handlers
from bot.on_slack.socket import CONNECTING_S, Socket

log = logging.getLogger(__name__)

EVENTS = "/slack/events"
READS_FILES = "files:read"
BOT_TOKEN, APP_TOKEN = "MINSTREL_SLACK_BOT_TOKEN", "MINSTREL_SLACK_APP_TOKEN"
CALL_S, CLOSING_S = 30.0, 5.0
# What Slack may send us: commands and forms, never files.
LARGEST = 1 << 20
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
_INTERACTION = re.compile(r"(?:^|&)payload=")


class SlackSurface:
    """One workspace. With an app token it connects itself; otherwise Slack sends signed requests to `routes`."""

    surface = SURFACE
    title = "Slack"

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str | None,
        signing_secret: str | None,
        api_url: str | None,
        desk: Desk,
        blob: Callable[[str], Path],
        channel_s: float = CHANNEL_S,
        progress_s: float = PROGRESS_S,
        ping_s: float = 5.0,
    ) -> None:
        # No handlers: the one that is there by default posts again when only the answer was lost.
        self._client = AsyncWebClient(
            bot_token, base_url=api_url or AsyncWebClient.BASE_URL, timeout=int(CALL_S), retry_handlers=[]
        )
        self._app_token, self._ping_s = app_token, ping_s
        self._signed = bool(signing_secret) and not app_token
        self._app = AsyncApp(
            name="minstrel",
            # Bolt's way for one workspace asks Slack who we are before it acknowledges; our token tells enough.
            client=AsyncWebClient(base_url=self._client.base_url, retry_handlers=[]),
            authorize=_authorized(bot_token),
            signing_secret=signing_secret or "",
        )
        blocks = Blocks(desk.commands)
        self.courier = SlackCourier(self._client, blob, desk.rules, blocks, channel_s=channel_s, progress_s=progress_s)
        self._desk = desk
        listen(self._app, desk)
        self._handlers = Handlers(self._app, self._client, desk, blocks, self.courier.uploads)
        self._socket: Socket | None = None
        self._trying: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None

    @property
    def reached(self) -> bool:
        """Whether Slack knows us by now."""
        return self._trying is None or self._trying.done()

    def routes(self) -> Sequence[Route]:
        """Where Slack's signed requests arrive; none where we connect ourselves."""
        return (Route(EVENTS, self._receive, methods=["POST"]),) if self._signed else ()

    async def start(self) -> None:
        """Log in and listen; while Slack can't be reached, that is tried again and again. Raises `BadToken`."""
        self._client.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S))
        try:
            await self._connect()
        except TROUBLE as trouble:
            log.warning("Slack can't be reached, trying again: %r", trouble)
            self._trying = asyncio.create_task(self._keep_trying())

    async def close(self) -> None:
        """Stop listening, let what is being answered end, and disconnect."""
        trying = [task for task in (self._trying, self._connecting) if task is not None]
        for task in trying:
            task.cancel()
        await asyncio.gather(*trying, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()  # type: ignore[no-untyped-call]
        await self._handlers.drain(CLOSING_S)
        if self._client.session is not None:
            await self._client.session.close()

    async def _keep_trying(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)
            try:
                return await self._connect()
            except BadToken as bad:
                log.error("Slack does not accept %s: %s", bad.setting, bad)
                return None
            except TROUBLE as trouble:
                log.info("Slack still can't be reached: %r", trouble)

    async def _connect(self) -> None:
        with _token(BOT_TOKEN):
            known = await self._client.auth_test()
        self._handlers.members.team = team = known.get("team_id")
        if team:
            await self._desk.back(server_of(team))
        # An app that was made before that was asked for goes on without.
        scopes = {name.casefold(): value for name, value in known.headers.items()}.get("x-oauth-scopes")
        self._handlers.private.reads_files = scopes is None or READS_FILES in scopes.replace(" ", "").split(",")
        if self._app_token is None:
            return
        with _token(APP_TOKEN):
            opened = await self._client.apps_connections_open(app_token=self._app_token)
        if self._socket is None:
            self._socket = Socket(self._app, self._app_token, self._client, ping_s=self._ping_s)
        self._socket.wss_uri = opened["url"]
        # It goes on trying by itself; nobody need wait for that.
        self._connecting = asyncio.create_task(self._socket.connect())
        await asyncio.wait([self._connecting], timeout=CONNECTING_S)

    async def _receive(self, request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return Response(status_code=413)
        try:
            asked = _bolt_request(body.decode(), request)
        except (ValueError, LookupError, AttributeError, TypeError):
            return Response(status_code=400)
        return to_starlette_response(await self._app.async_dispatch(asked))


def _authorized(token: str) -> Callable[..., Awaitable[AuthorizeResult]]:
    async def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    return authorize


@contextlib.contextmanager
def _token(setting: str) -> Iterator[None]:
    try:
        yield
    except SlackApiError as error:
        failed = failure(error, posted=True)
        if failed.permanent:
            raise BadToken("Slack", setting, str(failed)) from error
        raise


def _bolt_request(body: str, request: Request) -> AsyncBoltRequest:
    """The request as Bolt reads it.

    Bolt (1.30) takes a form with the word "payload" anywhere in it for one with a field of that name, and then for
    empty: somebody's song about a payload would never arrive. Written otherwise it means the same.
    """
    is_command = not _INTERACTION.search(body) and not body.startswith("{")
    read = AsyncBoltRequest(
        body=body.replace("payload", "%70ayload") if is_command else body,
        query=request.url.query,
        headers=dict(request.headers),
    )
    # The signature is of what came.
    read.raw_body = body
    return read
