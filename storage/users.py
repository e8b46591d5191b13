"""People, and how each surface knows them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from sqlmodel import Session, col, delete, select

from storage.once import insert_once
from storage.tables import Identity, User

# Whoever may use the terminal owns the house: a name given there is the user of that name, wherever they came from.
TERMINAL = "terminal"
# Who the terminal is when no name is given: nobody becomes that by what a chat calls them.
RESERVED = frozenset({"local", "operator"})


def ensure(session: Session, *, surface: str, external_id: str, name: str, now: int) -> User:
    """The person a surface knows as `external_id`, kept on first sight.

    On the terminal `external_id` is the user's name. Elsewhere a name that is taken gets the surface added
    (`ann@discord`), then a number: two people of one name never share an account.
    """
    met = known(session, surface, external_id)
    if met is not None:
        return met
    made = None
    user = by_name(session, external_id) if surface == TERMINAL else None
    if user is None:
        made = user = _new(session, surface, external_id if surface == TERMINAL else name, now)
    identity = Identity(surface=surface, external_id=external_id, user_id=user.id)
    if insert_once(session, identity, by=["surface", "external_id"]) is None:
        # Another process met the same person at the same moment; its user is the one.
        if made is not None:
            session.exec(delete(User).where(col(User.id) == made.id))
        return ensure(session, surface=surface, external_id=external_id, name=name, now=now)
    return user


def by_name(session: Session, name: str) -> User | None:
    """The person called `name` in this house."""
    return session.exec(select(User).where(User.name == name)).first()


def known(session: Session, surface: str, external_id: str) -> User | None:
    """The person a surface knows as `external_id`; None for somebody who never asked for anything."""
    return session.exec(
        select(User)
        .join(Identity, col(Identity.user_id) == col(User.id))
        .where(Identity.surface == surface, Identity.external_id == external_id)
    ).first()


def external_id(session: Session, user_id: int, surface: str) -> str | None:
    """What `surface` calls the person `user_id`."""
    return session.exec(
        select(Identity.external_id).where(Identity.user_id == user_id, Identity.surface == surface)
    ).first()


def get(session: Session, user_id: int) -> User:
    """The person `user_id`. Raises `LookupError`."""
    user = session.get(User, user_id)
    if user is None:
        raise LookupError(f"no user {user_id}")
    return user


def _new(session: Session, surface: str, name: str, now: int) -> User:
    for candidate in _names(name, surface):
        user = insert_once(session, User(name=candidate, created_at=now), by=["name"])
        if user is not None:
            return user
    raise AssertionError("the numbers ran out")


def _names(name: str, surface: str) -> Iterator[str]:
    if surface == TERMINAL or name.casefold() not in RESERVED:
        yield name
    yield f"{name}@{surface}"
    for number in itertools.count(2):
        yield f"{name}@{surface}-{number}"
