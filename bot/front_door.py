"""The house's own HTTP server: for whoever can't be reached any other way, and for those who ask whether it is up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

# What a chat may send us: commands and forms, never files.
LARGEST = 1 << 20


@asynccontextmanager
async def listening(host: str, port: int, routes: Iterable[web.RouteDef]) -> AsyncIterator[int]:
    """Serve `routes` and `/healthz` until the block ends; yields the port, chosen where it was 0. Raises `OSError`."""
    app = web.Application(client_max_size=LARGEST)
    app.add_routes([web.get("/healthz", _healthy), *routes])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _healthy(_: web.Request) -> web.Response:
    return web.json_response({"ok": True})
