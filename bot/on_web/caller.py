"""Who calls: the key or the token that came with a request, and whether it is good for what is asked (row A1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from bot.on_web.house import Here, Web
from workflows import keys, tokens
from workflows.keys import PREFIX, SCOPES, Caller
from workflows.refusal import Refusal

KEY = APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False, description="A key: ap_…")
BEARER = HTTPBearer(scheme_name="bearer", auto_error=False, description="A key, or a token made from one")
# A token has a third of this, a key less.
LONGEST = 1024


async def _caller(
    request: Request, web: Here, key: Annotated[object, Security(KEY)], bearer: Annotated[object, Security(BEARER)]
) -> Caller:
    """Who calls. Raises `Refusal`."""
    # Only described by these: what they find is the first header of several, and we want to know of all.
    del key, bearer
    given = _given(request)
    calls = await _known(web, given.pop()) if len(given) == 1 else None
    if calls is None:
        raise Refusal("unauthorized")
    return calls


def _given(request: Request) -> set[str]:
    """All that came as a key. The reference's own client sends the same in two headers; two that differ are nobody.

    Another kind of `Authorization` is somebody else's: of a proxy before us, perhaps.
    """
    said = (line.strip().partition(" ") for line in request.headers.getlist("authorization"))
    found = [*request.headers.getlist("x-api-key"), *(rest for how, _, rest in said if how.lower() == "bearer")]
    return {each.strip() for each in found if each.strip()}


async def _known(web: Web, given: str) -> Caller | None:
    if len(given) > LONGEST:
        return None
    if given.startswith(PREFIX):
        return await keys.caller(web.db, given)
    return await tokens.caller(web.db, web.seal, given)


def needs(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """Who calls, if their key is good for `scope`."""

    async def caller(calls: Annotated[Caller, Depends(_caller)]) -> Caller:
        if scope not in calls.scopes:
            has = ", ".join(each for each in SCOPES if each in calls.scopes)
            raise Refusal("no_scope", scope=scope, has=has or None)
        return calls

    return caller


Anybody = Annotated[Caller, Depends(_caller)]
Reads = Annotated[Caller, Depends(needs("read"))]
Creates = Annotated[Caller, Depends(needs("create"))]
Manages = Annotated[Caller, Depends(needs("manage"))]
Hooks = Annotated[Caller, Depends(needs("webhooks"))]
