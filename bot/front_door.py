"""The house's own HTTP server, in the event loop of whoever runs it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

# What is being answered when the house closes has so long.
CLOSING_S = 5
# Somebody who polls every few seconds need not connect anew each time.
KEEP_ALIVE_S = 30
BACKLOG = 1024


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
        http="httptools",
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
