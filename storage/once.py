"""Insert a row unless it is there: alike in both dialects, and safe among concurrent writers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from storage.prepared import Prepared

Row = TypeVar("Row", bound=SQLModel)


def insert_once(session: Session, row: Row, *, by: Sequence[str]) -> Row | None:
    """Insert `row` and return it as stored, or None where a row with the same values in the columns `by` exists.

    On Postgres a rival's uncommitted row is waited for, and what became of it is visible to the next statement.
    """
    statement = insert(session, row).on_conflict_do_nothing(index_elements=list(by))
    return session.scalars(statement.returning(type(row))).first()


def adding(table: Table, columns: Sequence[str], *, by: Sequence[str], returning: str) -> Prepared:
    """`insert_once` of plain values, for what every job does: its first row tells what is new, None: it was there."""

    def build(dialect: str) -> Any:
        values: dict[str, Any] = {name: bindparam(name, type_=table.c[name].type) for name in columns}
        new = _insert_into(dialect)(table).values(values).on_conflict_do_nothing(index_elements=list(by))
        return new.returning(table.c[returning])

    return Prepared(build)


def adding_from(table: Table, columns: Sequence[str], rows: Select[Any], *, by: str) -> Prepared:
    """The same with what `rows` finds; the first row is the `by` of what is new."""

    def build(dialect: str) -> Any:
        new = _insert_into(dialect)(table).from_select(columns, rows, include_defaults=False)
        return new.on_conflict_do_nothing(index_elements=[by]).returning(table.c[by])

    return Prepared(build)


def insert(session: Session, row: SQLModel) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of `row` that knows `on_conflict_…` in the dialect of `session`."""
    # A serial number is left out, so that the database gives it.
    values = {name: value for name, value in row.model_dump().items() if name != "id" or value is not None}
    statement: sqlite.Insert | postgresql.Insert = _insert_into(session.get_bind().dialect.name)(type(row))
    return statement.values(values)


def _insert_into(dialect: str) -> Any:
    return postgresql.insert if dialect == "postgresql" else sqlite.insert
