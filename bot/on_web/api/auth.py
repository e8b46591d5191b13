"""Who a key belongs to, tokens made from it, and the other keys of its owner."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from bot.keys import as_json
from bot.on_web import reading
from bot.on_web.caller import Anybody, Manages, Reads
from bot.on_web.errors import documented
from bot.on_web.house import Here
from bot.replies import reply
from workflows import keys, tokens
from workflows.keys import SCOPES
from workflows.refusal import Refusal
from workflows.tokens import GOOD_FOR_S, LONGEST_S

router = APIRouter(prefix="/api/v1/auth", tags=["keys"])


class Key(BaseModel):
    """A key as it may be seen."""

    id: str
    user: str = Field(description="Whom it acts for")
    hint: str = Field(description="Its beginning")
    label: str
    scopes: list[str]
    created_at: str
    last_used_at: str | None = Field(description="Right to a minute")
    expires_at: str | None
    revoked_at: str | None


class Me(BaseModel):
    """Who calls, what with, and what that is good for."""

    id: int
    name: str
    scopes: list[str] = Field(description="What this key, or this token, is good for")
    token: bool = Field(description="Whether it is a token made from `key`")
    key: Key


class Token(BaseModel):
    """A token, to be sent as `Authorization: Bearer`."""

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds")
    scopes: list[str]


class Keys(BaseModel):
    """The keys of one person."""

    keys: list[Key]


class Revoked(BaseModel):
    """A key that is good for nothing any more."""

    message: str
    key: Key


_TOKEN_BODY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "expires_in": {
            "type": "integer", "minimum": 1, "maximum": LONGEST_S, "default": GOOD_FOR_S,
            "description": "For how many seconds",
        },
        "scopes": {
            "type": ["array", "null"], "items": {"type": "string", "enum": list(SCOPES)}, "minItems": 1,
            "description": "What for; without it for all that the key is good for",
        },
    },
}  # fmt: skip


@router.get("/me", response_model=Me, responses=documented(), summary="Who am I?")
async def me(web: Here, calls: Anybody) -> Any:
    """Whose key this is and what it may do. Any key may ask."""
    own = {key.id: key for key in await keys.own(web.db, calls)}
    if calls.key_id not in own:
        # Its owner had themselves forgotten this very moment.
        raise Refusal("unauthorized")
    return JSONResponse(
        {
            "id": calls.user_id,
            "name": calls.who.name,
            "scopes": [scope for scope in SCOPES if scope in calls.scopes],
            "token": calls.by_token,
            "key": as_json(own[calls.key_id]),
        }
    )


@router.post(
    "/token",
    response_model=Token,
    responses=documented(413, 415),
    summary="A short-lived token in place of the key",
    openapi_extra={"requestBody": {"required": False, "content": {"application/json": {"schema": _TOKEN_BODY}}}},
)
async def token(request: Request, web: Here, calls: Anybody) -> Any:
    """For a page or a script that must not have the key itself. It ends with its key, and makes no other token."""
    made = tokens.mint(web.seal, calls, await reading.values(request))
    told = {"access_token": made.token, "token_type": "bearer", "expires_in": made.good_for_s}
    return JSONResponse({**told, "scopes": list(made.scopes)}, headers={"Cache-Control": "no-store"})


@router.get("/keys", response_model=Keys, responses=documented(), summary="My keys")
async def listed(web: Here, calls: Reads) -> Any:
    """All keys of whoever this one belongs to, the newest first. None shows more than its beginning."""
    return JSONResponse({"keys": [as_json(key) for key in await keys.own(web.db, calls)]})


@router.delete("/keys/{key_id}", response_model=Revoked, responses=documented(404), summary="Revoke a key of mine")
async def revoke(key_id: str, web: Here, calls: Manages) -> Any:
    """At once and for good, with all tokens made from it; it may be the key that asks. Again it changes nothing."""
    gone = await keys.revoke_own(web.db, calls, key_id)
    told = reply("key_revoked", hint=gone.hint, name=gone.user, label=gone.label or None)
    return JSONResponse({"message": told, "key": as_json(gone)})
