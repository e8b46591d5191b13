"""Short-lived tokens (JWT) made from a key: for a page or a script that must not have the key itself.

A token is good for as long as its key is, and never for longer than it says, nor for more than the key. No token makes
another: whoever got hold of one has it for an hour at most.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import jwt
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from engine.spec import InvalidSpec, Request, parse_as
from engine.spec.fields import Plain, Range
from storage.database import Database
from workflows import keys
from workflows.keys import SCOPES, Caller
from workflows.people import now_ms
from workflows.refusal import Refusal

ISSUER, AUDIENCE = "minstrel", "minstrel-api"
HOW = "HS256"
GOOD_FOR_S, LONGEST_S = 900, 3600
CLAIMS = ("exp", "iat", "sub", "scope")


class TokenAsk(Request):
    """A token for a while. `scopes` are some of the key's; without them it is good for all that the key is."""

    task: Literal["token"] = "token"
    expires_in: Annotated[int, Range(1, LONGEST_S, "seconds"), Plain()] = Field(
        GOOD_FOR_S, description="For how many seconds"
    )
    scopes: list[str] | None = Field(None, description="What for; without it, all that the key is good for")

    @field_validator("scopes", mode="before")
    @classmethod
    def _known_scopes(cls, scopes: Any) -> Any:
        if scopes is None or (isinstance(scopes, list) and scopes and all(each in SCOPES for each in scopes)):
            return scopes
        raise PydanticCustomError("unknown_choice", "must be {allowed}", {"allowed": f"a list of {', '.join(SCOPES)}"})


@dataclass(frozen=True)
class Token:
    """A token, for how many seconds it is good, and what for."""

    token: str = field(repr=False)
    good_for_s: int
    scopes: tuple[str, ...]


def mint(seal: bytes, calls: Caller, values: Mapping[str, Any]) -> Token:
    """A token as `values` ask for it, for who calls. `seal` is what this house signs with. Raises `Refusal`.

    It ends with its key where that ends first.
    """
    if calls.by_token:
        raise Refusal("token_of_token")
    asked = _parsed(values)
    wanted = calls.scopes if asked.scopes is None else frozenset(asked.scopes)
    if not wanted <= calls.scopes:
        raise Refusal("bad_value", field="scopes", value=_listed(wanted), allowed=f"some of {_listed(calls.scopes)}")
    now, good_for_s = now_ms(), asked.expires_in
    if calls.until is not None:
        good_for_s = min(good_for_s, max((calls.until - now) // 1000, 1))
    scopes = tuple(scope for scope in SCOPES if scope in wanted)
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": calls.key_id, "iat": now // 1000, "exp": now // 1000 + good_for_s,
        "scope": " ".join(scopes),
    }  # fmt: skip
    return Token(jwt.encode(claims, _secret(seal), HOW), good_for_s, scopes)


async def caller(db: Database, seal: bytes, token: str) -> Caller | None:
    """Who calls with `token`; None where it is good for nothing."""
    try:
        claims = jwt.decode(
            token, _secret(seal), [HOW], audience=AUDIENCE, issuer=ISSUER, options={"require": list(CLAIMS)}
        )
    except jwt.InvalidTokenError:
        return None
    found = await keys.caller_by_id(db, str(claims["sub"]))
    return found and replace(found, scopes=found.scopes & frozenset(str(claims["scope"]).split()), by_token=True)


def _parsed(values: Mapping[str, Any]) -> TokenAsk:
    try:
        return parse_as(TokenAsk, values)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None


def _listed(scopes: frozenset[str]) -> str:
    return ", ".join(scope for scope in SCOPES if scope in scopes) or "none"


def _secret(seal: bytes) -> bytes:
    # Links are signed with the same seal: neither can be made into the other.
    return hmac.new(seal, b"tokens", hashlib.sha256).digest()
