"""Keys that act for people: kept as hashes, found by them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select, update

from storage.tables import ApiKey
from storage.users import everyone


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
    return session.exec(select(ApiKey).where(ApiKey.digest == digest, _good(now))).first()


def by_id(session: Session, key_id: str, now: int) -> ApiKey | None:
    """The key of that name, if it is good now."""
    return session.exec(select(ApiKey).where(ApiKey.id == key_id, _good(now))).first()


def listed(session: Session, user_id: int | None = None) -> tuple[ApiKey, ...]:
    """The keys of one person or, without one, of everybody; newest first."""
    keys = select(ApiKey).order_by(col(ApiKey.created_at).desc(), col(ApiKey.id))
    return tuple(session.exec(keys if user_id is None else keys.where(col(ApiKey.user_id).in_(everyone(user_id)))))


def revoke(session: Session, key_id: str, now: int) -> bool:
    """Make a key good for nothing, for good. False where there is none of that name, or it was revoked before."""
    mine = and_(col(ApiKey.id) == key_id, col(ApiKey.revoked_at).is_(None))
    return session.exec(update(ApiKey).where(mine).values(revoked_at=now)).rowcount == 1


def used(session: Session, key_id: str, now: int) -> None:
    """Note that a key was used."""
    session.exec(update(ApiKey).where(col(ApiKey.id) == key_id).values(last_used_at=now))


def _good(now: int) -> ColumnElement[bool]:
    expires = col(ApiKey.expires_at)
    return and_(col(ApiKey.revoked_at).is_(None), or_(expires.is_(None), expires > now))
