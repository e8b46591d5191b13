"""Keys by which programs act for people: made once, kept as hashes, good for what their scopes say."""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass, field

from sqlmodel import Session

from storage import keys, users
from storage.database import Database
from storage.errors import DatabaseBusy, StorageFull
from storage.tables import ApiKey
from workflows import record
from workflows.credits import account_of, foreseen, welcome
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules

log = logging.getLogger(__name__)

SURFACE = users.WEB
PREFIX = "ap_"
# What a key may be good for: looking, making music (which costs credits), changing what is there, and webhooks.
SCOPES = ("read", "create", "manage", "webhooks")
# A key is noted as used this often: a program that asks every second is not worth a write each time.
USED_MS = 60_000
# So many of its random letters tell a key from its owner's others; those that are left nobody guesses.
HINT = 8
LONGEST_NAME, LONGEST_DAYS = 120, 3650
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Caller:
    """Who calls, where answers to them belong, and what their key (`key_id`) is good for. `user_id` is their number.

    `until` is when the key ends by itself. `by_token`: they have only a token that was made from it.
    """

    who: Requester
    where: ReplyTo
    user_id: int
    key_id: str
    scopes: frozenset[str]
    until: int | None = None
    by_token: bool = False


@dataclass(frozen=True)
class KeyView:
    """A key as it may be seen: `hint` is its beginning, `user` the name of its owner. Times as in the table."""

    id: str
    user: str
    hint: str
    label: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    revoked_at: int | None


@dataclass(frozen=True)
class NewKey:
    """A key the moment it is made: `key` is never to be had again. `begins`: its owner is new, with so many credits."""

    id: str
    key: str = field(repr=False)
    user: str
    label: str
    scopes: tuple[str, ...]
    expires_at: int | None
    begins: int | None


# --- in the hands of the operator ---


async def create(
    db: Database, rules: Rules, name: str, *, label: str = "", scopes: tuple[str, ...] = SCOPES, days: int | None = None
) -> NewKey:
    """A new key for the person called `name`, who is welcomed if they are new; good for so many days, or until it is
    revoked. Raises `Refusal`."""
    label = " ".join(label.split())
    _check(name, label, scopes, days)
    begins = await foreseen(db, rules.pricing, name)
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
            hint=_hint(key),
            label=label,
            scopes=tuple(scope for scope in SCOPES if scope in scopes),
            expires_at=None if days is None else now + days * DAY_MS,
            now=now,
        )
        told = {"key": row.id, "label": label or None, "scopes": " ".join(row.scopes)}
        record.note(session, OPERATOR, "keys create", account_of(user), now, name=user.name, **told)
        new = None if begins is None else begins.available
        return NewKey(row.id, key, user.name, label, tuple(row.scopes), row.expires_at, new)

    return await db.awrite(make)


async def listed(db: Database, name: str | None = None) -> tuple[KeyView, ...]:
    """The keys of the person called `name` or, without a name, of everybody; newest first. Raises `Refusal`."""

    def look(session: Session) -> tuple[KeyView, ...]:
        user = None if name is None or not name.isprintable() else users.by_name(session, name)
        if user is None and name is not None:
            raise Refusal("user_not_found", field="user", value=name)
        return tuple(_view(session, row) for row in keys.listed(session, None if user is None else user.id))

    return await db.aread(look)


async def revoke(db: Database, given: str) -> KeyView:
    """Make a key good for nothing, at once and for good; whoever has only the key itself gives that in place of its id.

    Again it changes nothing. Raises `Refusal` for a key that there is none of.
    """
    secret = given.startswith(PREFIX)
    unknown = Refusal("key_not_found", field="ID", value=f"{_hint(given)}…" if secret else given)
    if not given.isascii():
        raise unknown

    def end(session: Session) -> KeyView:
        now = now_ms()
        row = keys.any_state(session, digest=_digest(given)) if secret else keys.any_state(session, key_id=given)
        if row is None:
            raise unknown
        if keys.revoke(session, row.id, now):
            owner = users.person(session, row.user_id)
            record.note(session, OPERATOR, "keys revoke", account_of(owner), now, name=owner.name, key=row.id)
        return _again(session, row.id)

    return await db.awrite(end)


# --- in the hands of whoever has one ---


async def own(db: Database, calls: Caller) -> tuple[KeyView, ...]:
    """The keys of who calls, newest first."""
    return await db.aread(lambda s: tuple(_view(s, row) for row in keys.listed(s, calls.user_id)))


async def revoke_own(db: Database, calls: Caller, key_id: str) -> KeyView:
    """`revoke` for a key of who calls, be it the one they call with. Raises `Refusal` for anybody else's, too."""

    def end(session: Session) -> KeyView:
        if key_id not in (row.id for row in keys.listed(session, calls.user_id)):
            raise Refusal("key_not_found", field="key_id", value=key_id, own=True)
        keys.revoke(session, key_id, now_ms())
        return _again(session, key_id)

    return await db.awrite(end)


# --- who calls ---


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
        try:
            await db.awrite(lambda session: keys.used(session, calls.key_id, now, every_ms=USED_MS))
        except (DatabaseBusy, StorageFull) as full:
            # Whoever only looks can be answered all the same.
            log.warning("the use of key %s could not be noted: %r", calls.key_id, full)
    return calls


def _caller(session: Session, key: ApiKey | None) -> tuple[Caller, int | None] | None:
    if key is None:
        return None
    user = users.person(session, key.user_id)
    if user.erased_at is not None:
        return None
    who = Requester(SURFACE, str(key.user_id), user.name)
    where = ReplyTo(SURFACE, f"user:{user.id}")
    return Caller(who, where, user.id, key.id, frozenset(key.scopes), key.expires_at), key.last_used_at


def _check(name: str, label: str, scopes: tuple[str, ...], days: int | None) -> None:
    if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
        raise Refusal("bad_value", field="user", value=name, allowed="the name of a person")
    if not (label.isprintable() and len(label) <= LONGEST_NAME):
        raise Refusal("bad_value", field="label", value=label, allowed=f"at most {LONGEST_NAME} letters")
    for scope in scopes or ("",):
        if scope not in SCOPES:
            raise Refusal("bad_value", field="scopes", value=scope, allowed="some of " + ", ".join(SCOPES))
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Refusal("bad_value", field="days", value=days, allowed=f"1 to {LONGEST_DAYS:,}")


def _again(session: Session, key_id: str) -> KeyView:
    row = keys.any_state(session, key_id=key_id)
    if row is None:
        raise LookupError(f"no key {key_id}")
    return _view(session, row)


def _view(session: Session, key: ApiKey) -> KeyView:
    return KeyView(
        key.id,
        users.person(session, key.user_id).name,
        key.hint,
        key.label,
        tuple(key.scopes),
        key.created_at,
        key.expires_at,
        key.last_used_at,
        key.revoked_at,
    )


def _hint(key: str) -> str:
    return key[: len(PREFIX) + HINT]


def _digest(key: str) -> str:
    # Keys are long and random: nothing slower is needed to keep a thief of the table from them.
    return hashlib.sha256(key.encode()).hexdigest()
