"""The house's own HTTP server, in the event loop of whoever runs it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What is being answered when the house closes has so long.
CLOSING_S = 5
# Somebody who polls every few seconds need not connect anew each time.
KEEP_ALIVE_S = 30
BACKLOG = 1024
# How long the head of a request may be, and how long it may take to come: nobody is listened to or waited for for ever.
HEAD_BYTES = 64 << 10
HEAD_S = 20
# Whoever takes nothing of an answer for so long has gone. Players take more only once they have played what they have.
UNTAKEN_S = 300


class _Line(HttpToolsProtocol):
    """A connection whose requests have to begin within bounds, and whose answers have to be taken.

    The body is the application's business until it has answered; what is sent afterwards keeps nobody.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: int | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._untaken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._waited()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0
        self._wait()

    def on_headers_complete(self) -> None:
        self._head = None
        self._waited()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise ValueError("the head of this request is too long")
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._head is None and not self.transport.is_closing():
            # Whatever comes but another request: uvicorn's own clock stops at the first byte.
            self._wait(KEEP_ALIVE_S)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._untaken = self.loop.call_later(UNTAKEN_S, self.transport.abort)

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def _wait(self, seconds: float | None = None) -> None:
        self._waited()
        self._patience = self.loop.call_later(HEAD_S if seconds is None else seconds, self._give_up)

    def _waited(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _taken(self) -> None:
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def _give_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # What was asked before is still being answered, and nothing more is read until then.
            self._wait()
        else:
            self.transport.close()


class _Server(uvicorn.Server):
    """One that leaves signals to the house: it is told to stop like everything else."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(host: str, port: int, app: ASGIApp) -> AsyncIterator[int]:
    """Serve `app` until the block ends; yields the port, chosen where it was 0. Raises `OSError`."""
    door = bound(host, port)
    config = uvicorn.Config(
        app,
        http=_Line,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=CLOSING_S,
        backlog=BACKLOG,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        while not server.started:
            await asyncio.sleep(0)
            if serving.done():
                serving.result()
        yield door.getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def bound(host: str, port: int) -> socket.socket:
    """A socket on the first address of `host` that it may have. Raises `OSError`."""
    family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    door = socket.socket(family, kind, proto)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
    except OSError:
        door.close()
        raise
    door.setblocking(False)
    return door
