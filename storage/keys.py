"""Keys that act for people: kept as hashes, found by them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, bindparam, or_
from sqlmodel import Session, col, select, update

from storage.tables import ApiKey
from storage.users import everyone

_LASTING = or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > bindparam("now"))
_GOOD = and_(col(ApiKey.revoked_at).is_(None), _LASTING)
# Built once: every request over HTTP begins with one of them.
_BY_DIGEST = select(ApiKey).where(ApiKey.digest == bindparam("its_digest"), _GOOD)
_BY_ID = select(ApiKey).where(ApiKey.id == bindparam("its_id"), _GOOD)


def add(
    session: Session,
    *,
    key_id: str,
    user_id: int,
    digest: str,
    hint: str,
    label: str,
    scopes: Sequence[str],
    expires_at: int | None,
    now: int,
) -> ApiKey:
    """Keep a new key."""
    row = ApiKey(
        id=key_id,
        user_id=user_id,
        digest=digest,
        hint=hint,
        label=label,
        scopes=list(scopes),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def by_digest(session: Session, digest: str, now: int) -> ApiKey | None:
    """The key with that hash, if it is good now."""
    return session.exec(_BY_DIGEST, params={"its_digest": digest, "now": now}).first()


def by_id(session: Session, key_id: str, now: int) -> ApiKey | None:
    """The key of that id, if it is good now."""
    return session.exec(_BY_ID, params={"its_id": key_id, "now": now}).first()


def any_state(session: Session, *, key_id: str | None = None, digest: str | None = None) -> ApiKey | None:
    """The key of that id or hash, be it good or not."""
    which = ApiKey.digest == digest if key_id is None else ApiKey.id == key_id
    return session.exec(select(ApiKey).where(which).execution_options(populate_existing=True)).first()


def listed(session: Session, user_id: int | None = None) -> tuple[ApiKey, ...]:
    """The keys of one person or, without one, of everybody; newest first."""
    keys = select(ApiKey).order_by(col(ApiKey.created_at).desc(), col(ApiKey.id))
    return tuple(session.exec(keys if user_id is None else keys.where(col(ApiKey.user_id).in_(everyone(user_id)))))


def revoke(session: Session, key_id: str, now: int) -> bool:
    """Make a key good for nothing, for good. False where there is none of that id, or it was revoked before."""
    mine = and_(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None))
    return session.exec(update(ApiKey).where(mine).values(revoked_at=now)).rowcount == 1


def used(session: Session, key_id: str, now: int, *, every_ms: int) -> None:
    """Note that a key was used, unless that was noted so short a time ago."""
    noted = col(ApiKey.last_used_at)
    stale = or_(noted.is_(None), noted <= now - every_ms)
    session.exec(update(ApiKey).where(col(ApiKey.id) == key_id, stale).values(last_used_at=now))
