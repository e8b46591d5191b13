"""The application that answers over HTTP, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from bot.on_web import errors
from bot.on_web.api import auth, health
from bot.on_web.house import Web

ROUTERS: tuple[APIRouter, ...] = (health.router, auth.router)

ABOUT = """
Make music over HTTP: the same queue, engine and credits as in the chats.

Every request needs a key: `X-API-Key: ap_…` or `Authorization: Bearer ap_…`. Whoever runs this house makes one with
`minstrel keys create --user NAME`. What is asked for becomes a job; ask for its status until it is COMPLETED, or have
a webhook tell you. A request with an `Idempotency-Key` can be sent again without making anything twice.
"""


def build(web: Web, *, routes: Iterable[BaseRoute] = (), passing: Mapping[type[Exception], str]) -> FastAPI:
    """The application of `web`. `routes` are those of chats that are reached over HTTP.

    `passing` are exceptions of the parts beneath that soon are over, with their codes.
    """
    app = FastAPIOffline(title="Minstrel", description=ABOUT, version="1", redoc_url=None)
    app.state.web = web
    errors.install(app, passing)
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.extend(routes)
    return app
