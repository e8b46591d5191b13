"""The application that answers over HTTP, put together from its parts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute, Route

from bot.on_web import errors, openapi
from bot.on_web.api import (
    analysis,
    auth,
    collection,
    credits,
    files,
    health,
    jobs,
    music,
    presets,
    stem_extraction,
    text_to_music,
    uploads,
    wallet,
    webhooks,
)
from bot.on_web.house import Web
from bot.on_web.porter import Porter, only_known

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    auth.router,
    music.router,
    analysis.router,
    presets.router,
    collection.router,
    jobs.router,
    webhooks.router,
    files.router,
    uploads.router,
    text_to_music.router,
    stem_extraction.router,
    credits.router,
    wallet.router,
)


def build(web: Web, *, routes: Iterable[BaseRoute] = (), passing: Mapping[type[Exception], str]) -> FastAPI:
    """The application of `web`. `routes` are those of chats that are reached over HTTP.

    `passing` are exceptions of the parts beneath that soon are over, with their codes.
    """
    app = FastAPIOffline(
        title=openapi.TITLE,
        openapi_url=openapi.PLACE,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=openapi.name_of,
        swagger_ui_parameters=openapi.PAGE,
    )
    app.state.web = web
    app.add_middleware(Porter)
    errors.install(app, passing)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(only_known)])
    app.router.routes.extend(routes)
    app.add_api_route("/", _home, include_in_schema=False)
    app.openapi = functools.cache(lambda: openapi.described(app))  # type: ignore[method-assign]
    app.router.routes.insert(0, Route(openapi.PLACE, _description))
    return app


def _description(request: Request) -> JSONResponse:
    """What there is. No coroutine: it takes half a second the first time, and is made beside the event loop."""
    return JSONResponse(request.app.openapi())


async def _home() -> RedirectResponse:
    """Whoever opens this house in a browser wants to know what there is."""
    return RedirectResponse("/docs")
