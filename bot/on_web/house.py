"""What every answer over HTTP needs of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from bot.on_web.links import Links

if TYPE_CHECKING:
    from engine.spec import Preset
    from storage.blobs import Blobs
    from storage.database import Database
    from workflows.downloads import Downloads
    from workflows.incoming import Incoming
    from workflows.rules import Rules


@dataclass(frozen=True)
class Web:
    """The parts of a house that answers over HTTP.

    `nudge` wakes the queue and the outbox after something was kept. `seal` is what links are signed with;
    `public_url` is where this house is reached from outside, if somebody said so. `worked` says whether anybody works
    the queue; `private_hosts` may be told of jobs although they lie inside.
    """

    db: Database
    rules: Rules
    incoming: Incoming
    downloads: Downloads
    blobs: Blobs
    presets: Mapping[str, Preset]
    nudge: Callable[[], None]
    seal: bytes
    public_url: str | None
    worked: Callable[[], bool]
    private_hosts: frozenset[str] = frozenset()

    def links(self, request: Request) -> Links:
        """Links for whoever asks: where the house is reached or, where nobody said, as they reached it."""
        return Links(self.seal, self.public_url or str(request.base_url))


async def _web(request: Request) -> Web:
    web: Web = request.app.state.web
    return web


Here = Annotated[Web, Depends(_web)]
