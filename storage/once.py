"""Insert a row unless it is there: alike in both dialects, and safe among concurrent writers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Row = TypeVar("Row", bound=SQLModel)


def insert_once(session: Session, row: Row, *, by: Sequence[str]) -> Row | None:
    """Insert `row` and return it as stored, or None where a row with the same values in the columns `by` exists.

    On Postgres a rival's uncommitted row is waited for, and what became of it is visible to the next statement.
    """
    statement = insert(session, row).on_conflict_do_nothing(index_elements=list(by))
    return session.scalars(statement.returning(type(row))).first()


def insert(session: Session, row: SQLModel) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of `row` that knows `on_conflict_…` in the dialect of `session`."""
    # A serial number is left out, so that the database gives it.
    values = {name: value for name, value in row.model_dump().items() if name != "id" or value is not None}
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(type(row)).values(values)
    return sqlite.insert(type(row)).values(values)
