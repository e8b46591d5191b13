"""Statements that run for every job: written with SQLAlchemy, compiled once, then handed to the driver as they are.

Working out parameters and results anew each time takes SQLAlchemy longer than the statement takes SQLite. So values go
in and come out as the driver has them: a flag read on SQLite is 0 or 1, and JSON is the caller's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement
from sqlmodel import Session


class Prepared:
    """A statement by what builds it for a dialect (`sqlite`, `postgresql`); its parameters are named `bindparam`s."""

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def first(self, session: Session, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row of what it finds or returns. Raises what SQLAlchemy raises."""
        row: tuple[Any, ...] | None = self._run(session, values).fetchone()
        return row

    def count(self, session: Session, values: Mapping[str, Any]) -> int:
        """How many rows it changed. Raises what SQLAlchemy raises."""
        changed: int = self._run(session, values).rowcount
        return changed

    def _run(self, session: Session, values: Mapping[str, Any]) -> Any:
        # A session serves one transaction, and so does its cursor.
        cursor = session.info.get("cursor")
        if cursor is None:
            cursor = session.info["cursor"] = session.connection().connection.cursor()
        name = session.get_bind().dialect.name
        compiled = self._compiled.get(name)
        if compiled is None:
            compiled = self._compiled[name] = _Compiled(self._build(name), session.connection())
        given = compiled.parameters(values)
        try:
            cursor.execute(compiled.sql, given)
        except compiled.errors as error:
            raise compiled.named(error, given) from error
        return cursor


class _Compiled:
    """A statement in the words of one dialect."""

    def __init__(self, statement: ClauseElement, connection: Connection) -> None:
        self._dialect = connection.dialect
        compiled: Any = statement.compile(dialect=self._dialect)
        self.sql = str(compiled)
        self._names: list[str] | None = compiled.positiontup
        self._defaults: dict[str, Any] = dict(compiled.params)

    @cached_property
    def errors(self) -> type[Exception]:
        """The base of the driver's errors."""
        error: type[Exception] = self._dialect.loaded_dbapi.Error
        return error

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Values as the driver takes them: in order, or by name."""
        given = {**self._defaults, **values}
        return given if self._names is None else [given[name] for name in self._names]

    def named(self, error: Exception, given: Any) -> BaseException:
        """The error as SQLAlchemy would raise it."""
        return DBAPIError.instance(self.sql, given, error, self.errors, dialect=self._dialect)
