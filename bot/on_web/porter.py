"""What every request passes first and every answer last: what no route should have to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.on_web import errors
from workflows.refusal import Refusal

API, DOCS = "/api/", "/docs"
# Links to files are signed: they go to nobody but who they were given to.
EVERYWHERE: Mapping[bytes, bytes] = {b"x-content-type-options": b"nosniff", b"referrer-policy": b"no-referrer"}
IN_THE_API: Mapping[bytes, bytes] = {
    **EVERYWHERE,
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
# The page starts with a script of its own; everything else of it comes from here.
IN_THE_DOCS: Mapping[bytes, bytes] = {
    **EVERYWHERE,
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}


class Porter:
    """Refuses what can't be kept as text, answers HEAD as GET without the body, and says how answers may be used."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, scope["path"])
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            answer = await errors.refused(Request(scope), Refusal("not_text", field="the address"))
            await answer(scope, receive, send)
            return
        if scope["method"] == "HEAD" and not _has_own_head(scope):
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        await self._app(scope, receive, send)


async def only_known(request: Request) -> None:
    """Refuse a parameter in the query that the route does not know, or that is given twice. Raises `Refusal`."""
    route = request.scope["route"]
    if not request.scope["query_string"] or not request.scope["path"].startswith(API):
        return
    known = sorted(_queried(route.dependant)) if isinstance(route, APIRoute) else []
    names = [name for name, _ in request.query_params.multi_items()]
    for name in names:
        if name not in known:
            in_body = (not known and request.method in ("POST", "PATCH")) or None
            raise Refusal("unknown_option", field=name, allowed=", ".join(known) or None, in_body=in_body)
        if names.count(name) > 1:
            raise Refusal("duplicate_option", field=name)


def _queried(dependant: Dependant) -> set[str]:
    """The names of what `dependant` reads from the query."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_queried(each) for each in dependant.dependencies))


def _has_own_head(scope: Scope) -> bool:
    """Whether a route answers HEAD by itself: it knows how much it would send without making it."""
    heads = (route for route in iter_route_contexts(scope["app"].routes) if "HEAD" in (route.methods or ()))
    return any(route.path_regex.match(scope["path"]) for route in heads)


def _with_headers(send: Send, path: str) -> Send:
    more = IN_THE_API if path.startswith(API) else IN_THE_DOCS if path == DOCS else EVERYWHERE

    def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in more.items() if each[0] not in there)]

    return _changed(send, add)


def _without_body(send: Send) -> Send:
    def empty(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""

    return _changed(send, empty)


def _changed(send: Send, change: Callable[[Message], None]) -> Send:
    async def sending(message: Message) -> None:
        change(message)
        await send(message)

    return sending
