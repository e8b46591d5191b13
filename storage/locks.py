"""Things that only one transaction at a time may look at and then decide about."""

from __future__ import annotations

from sqlalchemy import Text, bindparam, func, literal, select
from sqlmodel import Session

from storage.prepared import Prepared

# By a number of the name: two names of one number wait for each other in vain, which does no harm.
_NUMBER = func.hashtextextended(bindparam("name", type_=Text()), literal(0))
_WAITING = Prepared(lambda _dialect: select(func.pg_advisory_xact_lock(_NUMBER)))


def one_at_a_time(session: Session, *names: str) -> None:
    """Wait for every transaction that named one of these before; until this one ends, later ones wait for it.

    SQLite has one writer at a time anyway. On Postgres no row is written or locked for it, so nothing else waits. To be
    called before the transaction changes anything: whoever waits here must hold nothing that others want.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    # In the order of their names, so that two that name the same ones don't wait for each other.
    for name in sorted(names):
        _WAITING.first(session, {"name": name})
