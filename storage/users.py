"""People, and how each surface knows them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.once import insert_once
from storage.tables import Identity, User

# Whoever may use the terminal owns the house: a name given there is the user of that name, wherever they came from.
TERMINAL = "terminal"
# Whoever comes here comes by a key, which somebody had who was known before.
WEB = "web"
# Who the terminal is when no name is given: nobody becomes that by what a chat calls them.
RESERVED = frozenset({"local", "operator"})
# Asked for with every request of everybody: a statement that is built once costs half of one that is built each time.
_KNOWN = (
    select(User)
    .join(Identity, col(Identity.user_id) == col(User.id))
    .where(Identity.surface == bindparam("surface"), Identity.external_id == bindparam("external_id"))
)
_LOCKED, _LOCKED_ALONE = (
    _KNOWN.with_for_update(key_share=not alone, read=not alone, of=User).execution_options(populate_existing=True)
    for alone in (False, True)
)
_CALLED = (
    select(Identity.external_id)
    .where(Identity.user_id == bindparam("user_id"), Identity.surface == bindparam("surface"))
    .order_by(col(Identity.id))
    .limit(1)
)


def ensure(session: Session, *, surface: str, external_id: str, name: str, now: int, alone: bool = False) -> User:
    """The person a surface knows as `external_id`, kept on first sight, and `present`.

    On the terminal `external_id` is the user's name. Elsewhere a name that is taken gets the surface added
    (`ann@discord`), then a number: two people of one name never share an account.
    """
    met = present(session, surface, external_id, alone=alone)
    if met is not None:
        return met
    made = None
    named = by_name(session, external_id) if surface == TERMINAL else None
    if named is not None:
        user = staying(session, named.id, alone=alone)
    else:
        made = user = _new(session, surface, external_id if surface == TERMINAL else name, now)
    identity = Identity(surface=surface, external_id=external_id, user_id=user.id)
    if insert_once(session, identity, by=["surface", "external_id"]) is None:
        # Another process met the same person at the same moment; its user is the one.
        if made is not None:
            session.exec(delete(User).where(col(User.id) == made.id))
        return ensure(session, surface=surface, external_id=external_id, name=name, now=now, alone=alone)
    return user


def also_known(session: Session, *, surface: str, external_id: str, user_id: int) -> None:
    """Let a surface know somebody who is here already as `external_id`, unless it does."""
    identity = Identity(surface=surface, external_id=external_id, user_id=user_id)
    insert_once(session, identity, by=["surface", "external_id"])


def by_name(session: Session, name: str) -> User | None:
    """The person called `name` in this house, or called so before they were joined to another name."""
    user = session.exec(select(User).where(User.name == name, col(User.erased_at).is_(None))).first()
    return user if user is None or user.joined is None else get(session, user.joined)


def known(session: Session, surface: str, external_id: str) -> User | None:
    """The person a surface knows as `external_id`; None for somebody who never asked for anything."""
    return session.exec(_KNOWN, params={"surface": surface, "external_id": external_id}).first()


def present(session: Session, surface: str, external_id: str, *, alone: bool = False) -> User | None:
    """`known`, for somebody who is about to do something: until that is done, nobody joins them to somebody else.

    `alone`: until then they do nothing else, either. It has to be said by the first who asks for them in a transaction:
    two who lock a row together and then each want it for themselves would wait for each other.
    """
    locked = _LOCKED_ALONE if alone else _LOCKED
    given = {"surface": surface, "external_id": external_id}
    while (user := session.exec(locked, params=given).first()) is not None:
        if user.joined is None and user.erased_at is None:
            return user
        # They were joined while we waited, or forgotten: the next look finds whom to, or nobody.
    return None


def external_id(session: Session, user_id: int, surface: str) -> str | None:
    """What `surface` calls the person who is, or was, `user_id`."""
    own = get(session, user_id)
    return session.exec(_CALLED, params={"user_id": own.joined or own.id, "surface": surface}).first()


def get(session: Session, user_id: int) -> User:
    """The row `user_id`. Raises `LookupError`."""
    user = session.get(User, user_id)
    if user is None:
        raise LookupError(f"no user {user_id}")
    return user


def person(session: Session, user_id: int) -> User:
    """The person who is `user_id`, or was, before they were joined to another. Raises `LookupError`."""
    user = get(session, user_id)
    return user if user.joined is None else get(session, user.joined)


def staying(session: Session, user_id: int, *, alone: bool = False) -> User:
    """`person`, and nobody joins them to somebody else until what is being done to them is done. `alone` as above."""
    while True:
        locked = select(User).where(User.id == user_id).with_for_update(key_share=not alone, read=not alone)
        user = session.exec(locked.execution_options(populate_existing=True)).one()
        if user.joined is None:
            return user
        user_id = user.joined


def everyone(user_id: int) -> SelectOfScalar[int]:
    """The numbers that the person `user_id` has and had: what they did under any of them is theirs."""
    return select(User.id).where(or_(User.id == user_id, User.joined == user_id))


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


def identities(session: Session, user_id: int) -> tuple[tuple[str, str], ...]:
    """How surfaces know a person: (surface, what it calls them)."""
    rows = select(Identity.surface, Identity.external_id).where(Identity.user_id == user_id).order_by(col(Identity.id))
    return tuple((surface, external_id) for surface, external_id in session.exec(rows))


def has_terminal(session: Session, user_id: int) -> bool:
    """Whether somebody is who the terminal is when no name is given."""
    own = select(Identity.id).where(
        Identity.user_id == user_id, Identity.surface == TERMINAL, col(Identity.external_id).in_(RESERVED)
    )
    return session.exec(own.limit(1)).first() is not None
