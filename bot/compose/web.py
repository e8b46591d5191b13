"""The HTTP server of a house: its API, and the chats that are reached over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from bot.compose.house import House
from bot.compose.sign import is_worked
from storage import seal
from storage.errors import DatabaseBusy, StorageFull

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from workflows.fetch import Poster
    from workflows.webhooks.line import Webhooks


def web_app(house: House, nudge: Callable[[], None], routes: Iterable[BaseRoute] = ()) -> ASGIApp:
    """What answers over HTTP. `nudge` wakes the queue and the outbox; `routes` are those of chats."""
    from bot.on_web.app import build
    from bot.on_web.house import Web

    web = Web(
        db=house.db,
        rules=house.rules,
        incoming=house.incoming,
        downloads=house.downloads,
        blobs=house.blobs,
        presets=house.presets,
        nudge=nudge,
        seal=house.db.read(seal.key),
        public_url=house.settings.public_url,
        worked=lambda: is_worked(house),
        private_hosts=frozenset(house.settings.fetch_private_hosts),
    )
    return build(web, routes=routes, passing={DatabaseBusy: "database_busy", StorageFull: "disk_full"})


def webhooks(house: House, address: Callable[[], str | None]) -> Webhooks:
    """What tells people's programs of their jobs. `address` is where this house answers (`Webhooks.base`)."""
    from bot.on_web.webhook_body import body
    from workflows.webhooks.line import AT_ONCE, Webhooks

    def poster() -> Poster:
        # Takes a moment to load, which only those wait for who have somebody to tell.
        from workflows.fetch import Poster

        return Poster(at_once=AT_ONCE, private_hosts=house.settings.fetch_private_hosts)

    return Webhooks(
        house.db,
        poster=poster,
        body=partial(body, house.db.read(seal.key)),
        base=lambda: house.settings.public_url or address(),
    )
