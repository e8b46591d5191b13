"""Short-lived tokens (JWT) made from a key: for a page or a script that must not have the key itself.

A token is good for as long as its key is, and never for longer than it says, nor for more than the key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Any

import jwt

from storage import seal
from storage.database import Database
from workflows import keys
from workflows.keys import Caller
from workflows.people import now_ms
from workflows.refusal import Refusal

ISSUER, AUDIENCE = "minstrel", "minstrel-api"
HOW = "HS256"
GOOD_FOR_S, LONGEST_S = 900, 3600
CLAIMS = ("exp", "iat", "sub", "scope")


@dataclass(frozen=True)
class Token:
    """A token and for how many seconds it is good."""

    token: str
    good_for_s: int
    scopes: tuple[str, ...]


async def mint(
    db: Database, calls: Caller, *, good_for_s: int = GOOD_FOR_S, scopes: tuple[str, ...] | None = None
) -> Token:
    """A token for who calls, for all or some of their scopes. Raises `Refusal`."""
    if not 1 <= good_for_s <= LONGEST_S:
        raise Refusal("bad_value", field="expires_in", value=good_for_s, allowed=f"1 to {LONGEST_S:,} seconds")
    wanted = tuple(sorted(calls.scopes)) if scopes is None else tuple(dict.fromkeys(scopes))
    for scope in wanted:
        if scope not in calls.scopes:
            allowed = "some of " + ", ".join(sorted(calls.scopes))
            raise Refusal("bad_value", field="scopes", value=scope, allowed=allowed)
    now = now_ms() // 1000
    claims: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": calls.key_id, "iat": now, "exp": now + good_for_s,
        "scope": " ".join(wanted),
    }  # fmt: skip
    return Token(jwt.encode(claims, await _secret(db), HOW), good_for_s, wanted)


async def caller(db: Database, token: str) -> Caller | None:
    """Who calls with `token`; None where it is good for nothing."""
    try:
        claims = jwt.decode(
            token, await _secret(db), [HOW], audience=AUDIENCE, issuer=ISSUER, options={"require": list(CLAIMS)}
        )
    except jwt.InvalidTokenError:
        return None
    found = await keys.caller_by_id(db, str(claims["sub"]))
    return found and replace(found, scopes=found.scopes & frozenset(str(claims["scope"]).split()))


async def _secret(db: Database) -> bytes:
    # Links are signed with the same seal: neither can be made into the other.
    key = await db.aread(seal.key)
    return hmac.new(key, b"tokens", hashlib.sha256).digest()
