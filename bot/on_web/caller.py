"""Who calls: the key or the token that came with a request, and whether it is good for what is asked (row A1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from bot.on_web.house import Here
from workflows import keys, tokens
from workflows.keys import PREFIX, Caller
from workflows.refusal import Refusal

KEY = APIKeyHeader(name="X-API-Key", scheme_name="key", auto_error=False, description="A key: ap_…")
BEARER = HTTPBearer(scheme_name="bearer", auto_error=False, description="A key, or a token made from one")


async def _caller(
    web: Here,
    key: Annotated[str | None, Security(KEY)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Caller:
    """Who calls. Where both headers came, they have to be good for the same. Raises `Refusal`."""
    given = [each for each in (key, bearer.credentials if bearer is not None else None) if each]
    found = [await _known(web, each) for each in dict.fromkeys(given)]
    calls = found[0] if found else None
    if calls is None or any(other is None or other.key_id != calls.key_id for other in found):
        raise Refusal("unauthorized")
    return calls


async def _known(web: Here, given: str) -> Caller | None:
    return await (keys.caller if given.startswith(PREFIX) else tokens.caller)(web.db, given)


def needs(scope: str) -> Callable[[Caller], Awaitable[Caller]]:
    """Who calls, if their key is good for `scope`."""

    async def caller(calls: Annotated[Caller, Depends(_caller)]) -> Caller:
        if scope not in calls.scopes:
            raise Refusal("no_scope", scope=scope, has=", ".join(sorted(calls.scopes)))
        return calls

    return caller


Anybody = Annotated[Caller, Depends(_caller)]
Reads = Annotated[Caller, Depends(needs("read"))]
Creates = Annotated[Caller, Depends(needs("create"))]
Manages = Annotated[Caller, Depends(needs("manage"))]
Hooks = Annotated[Caller, Depends(needs("webhooks"))]
