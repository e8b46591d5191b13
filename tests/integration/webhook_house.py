"""Whoever is told by webhooks: a server on loopback that checks signatures for itself, and a house that tells it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage import seal
from tests.fakes import clock
from tests.integration.web_house import WebHouse
from workflows.deliver import Deliveries

if TYPE_CHECKING:
    import httpx

    from workflows.webhooks.line import Poster, Webhooks

HOOKS = "/api/v1/webhooks"
OUTSIDE = "https://music.example"
LOOPBACK = "127.0.0.1"
# When the stories of attempts begin: later than all that happens by the computer's own clock. From then on the clock
# goes where it is told.
BEGIN = datetime(2100, 3, 1, 12, 0, tzinfo=UTC)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Heard:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read

    @property
    def event(self) -> str:
        return self.headers["x-audiopod-event"]

    @property
    def id(self) -> str:
        return self.headers["x-audiopod-event-id"]

    def signed_with(self, secret: str) -> bool:
        """Whether it was signed as the reference says."""
        whole = self.headers["x-audiopod-timestamp"].encode() + b"." + self.body
        digest = hmac.new(secret.encode(), whole, hashlib.sha256).hexdigest()
        return self.headers["x-audiopod-signature"] == f"sha256={digest}"


@dataclass
class Receiver:
    """Answers with one of `answers` after the other, and with the last from then on: a status, or more than that."""

    answers: list[int | Answer] = field(default_factory=lambda: [200])
    heard: list[Heard] = field(default_factory=list)
    port: int = 0
    # Of how many connections the other side has hung up.
    gone: int = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self.gone += 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        lines = (line.partition(": ") for line in head[1:] if line)
        headers = {name.lower(): value for name, _, value in lines}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.heard.append(Heard(head[0].split()[1], headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, int):
            writer.write(f"HTTP/1.1 {answer} Said\r\nContent-Length: 2\r\n\r\nok".encode())
        else:
            await answer(writer)
        await writer.drain()


@asynccontextmanager
async def receiver(*answers: int | Answer) -> AsyncIterator[Receiver]:
    """Somebody who is told, as long as the block runs."""
    one = Receiver(list(answers) or [200])
    busy: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(one.serve(reader, writer))
        busy.add(task)
        with suppress(asyncio.CancelledError):
            await task
        busy.discard(task)

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for task in [*busy]:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        # What was closed hangs up at the next turn of the loop.
        await asyncio.sleep(0)


def webhooks(web: WebHouse, poster: Poster | None = None, base: str | None = OUTSIDE) -> Webhooks:
    """The line of a house that is reached at `base`, as `bot.compose.web` makes it."""
    from bot.on_web.webhook_body import body
    from workflows.fetch import Poster as Guarded
    from workflows.webhooks.line import Webhooks

    return Webhooks(
        web.house.db,
        poster=lambda: poster or Guarded(at_once=4, private_hosts=web.private_hosts),
        body=partial(body, web.house.db.read(seal.key)),
        base=lambda: base,
    )


async def tell(web: WebHouse, line: Webhooks | None = None) -> int:
    """Tell all that is due by now; returns how often something was sent."""
    line = line or webhooks(web)
    deliveries = Deliveries(web.house.db, {}, more=[line])
    sent = 0
    try:
        while begun := await deliveries.dispatch():
            sent += begun
            await deliveries.drain(20)
    finally:
        line.close()
    return sent


@contextmanager
def after(seconds: float) -> Iterator[None]:
    """It is so long after the beginning."""
    with clock.at((BEGIN + timedelta(seconds=seconds)).isoformat()):
        yield


def ms(seconds: float) -> int:
    """The same moment in milliseconds since the epoch."""
    return int((BEGIN + timedelta(seconds=seconds)).timestamp() * 1000)


async def endpoint(ann: httpx.AsyncClient, url: str, events: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    """A new endpoint of theirs, with its secret."""
    made = await ann.post(f"{HOOKS}/endpoints", json={"url": url, "events": [*events], **more})
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def sent(ann: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """What was sent to them, the first first."""
    found: list[dict[str, Any]] = (await ann.get(f"{HOOKS}/deliveries", params=query)).json()
    return found[::-1]


def hook_house(folder: Path, **more: Any) -> WebHouse:
    """A house that may tell somebody on this machine."""
    return WebHouse(folder, **{"private_hosts": frozenset({LOOPBACK}), **more})
