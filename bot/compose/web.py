"""The HTTP server of a house: its API, and the chats that are reached over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from bot.compose.house import House
from bot.compose.sign import is_worked
from storage import seal
from storage.errors import DatabaseBusy, StorageFull

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp


def web_app(house: House, nudge: Callable[[], None], routes: Iterable[BaseRoute] = ()) -> ASGIApp:
    """What answers over HTTP. `nudge` wakes the queue and the outbox; `routes` are those of chats."""
    from bot.on_web.app import build
    from bot.on_web.house import Web

    web = Web(
        db=house.db,
        rules=house.rules,
        incoming=house.incoming,
        blobs=house.blobs,
        presets=house.presets,
        nudge=nudge,
        seal=house.db.read(seal.key),
        public_url=house.settings.public_url,
        worked=lambda: is_worked(house),
    )
    return build(web, routes=routes, passing={DatabaseBusy: "database_busy", StorageFull: "disk_full"})
