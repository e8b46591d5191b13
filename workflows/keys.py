"""Keys by which programs act for people: made once, kept as hashes, good for what their scopes say."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlmodel import Session

from storage import keys, users
from storage.database import Database
from storage.tables import ApiKey
from workflows.credits import welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules

SURFACE = "web"
PREFIX = "ap_"
# What a key may be good for: looking, making music (which costs credits), changing what is there, and webhooks.
SCOPES = ("read", "create", "manage", "webhooks")
# A key is noted as used this often: a program that asks every second is not worth a write each time.
USED_MS = 60_000
HINT = 8


@dataclass(frozen=True)
class Caller:
    """Who calls, where answers to them belong, and what their key (`key_id`) is good for. `user_id` is their number."""

    who: Requester
    where: ReplyTo
    user_id: int
    key_id: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class NewKey:
    """A key the moment it is made: `key` is never to be had again."""

    id: str
    key: str
    user: str
    label: str
    scopes: tuple[str, ...]
    expires_at: int | None


async def create(
    db: Database, rules: Rules, name: str, *, label: str = "", scopes: tuple[str, ...] = SCOPES,
    good_for_s: float | None = None,
) -> NewKey:  # fmt: skip
    """A new key for the person called `name`, who is welcomed if they are new. Raises `Refusal`."""
    for scope in scopes or ("",):
        if scope not in SCOPES:
            raise Refusal("bad_value", field="scopes", value=scope, allowed="some of " + ", ".join(SCOPES))
    key = PREFIX + secrets.token_urlsafe(32)

    def make(session: Session) -> NewKey:
        now = now_ms()
        user = welcome(session, rules.pricing, Requester(users.TERMINAL, name, name), now)
        # How the web knows them: by their number, which nobody else has.
        users.also_known(session, surface=SURFACE, external_id=str(user.id), user_id=user.id)
        row = keys.add(
            session,
            key_id=secrets.token_hex(6),
            user_id=user.id,
            digest=_digest(key),
            hint=key[: len(PREFIX) + HINT],
            label=" ".join(label.split()),
            scopes=tuple(dict.fromkeys(scopes)),
            expires_at=None if good_for_s is None else now + int(good_for_s * 1000),
            now=now,
        )
        return NewKey(row.id, key, user.name, row.label, tuple(row.scopes), row.expires_at)

    return await db.awrite(make)


async def caller(db: Database, key: str) -> Caller | None:
    """Who calls with `key`; None where it is good for nothing: never made, revoked, expired, or its owner is gone."""
    now = now_ms()
    found = await db.aread(lambda session: _caller(session, keys.by_digest(session, _digest(key), now)))
    return await _noted(db, found, now)


async def caller_by_id(db: Database, key_id: str) -> Caller | None:
    """The same for what was made from a key, and is good as long as that is."""
    now = now_ms()
    found = await db.aread(lambda session: _caller(session, keys.by_id(session, key_id, now)))
    return await _noted(db, found, now)


async def _noted(db: Database, found: tuple[Caller, int | None] | None, now: int) -> Caller | None:
    if found is None:
        return None
    calls, used_at = found
    if used_at is None or now - used_at >= USED_MS:
        await db.awrite(lambda session: keys.used(session, calls.key_id, now))
    return calls


def _caller(session: Session, key: ApiKey | None) -> tuple[Caller, int | None] | None:
    if key is None:
        return None
    user = users.person(session, key.user_id)
    if user.erased_at is not None:
        return None
    who = Requester(SURFACE, str(key.user_id), user.name)
    where = ReplyTo(SURFACE, f"user:{user.id}")
    return Caller(who, where, user.id, key.id, frozenset(key.scopes)), key.last_used_at


def _digest(key: str) -> str:
    # Keys are long and random: nothing slower is needed to keep a thief of the table from them.
    return hashlib.sha256(key.encode()).hexdigest()
