"""What SQLAlchemy makes of a statement, made once a process: a house has one pair of engines, tests open hundreds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event


class Compiled(dict[Any, Any]):
    """Compiled statements for every engine: SQLAlchemy's keys, with the kind of a dialect in place of one engine's."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_its_kind(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_of_its_kind(key), compiled)


def share() -> None:
    """From now on the engines of this process compile a statement once between them."""
    compiled = Compiled()

    def use(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)

    event.listen(Engine, "engine_connect", use)


def _of_its_kind(key: Any) -> Any:
    dialect, *rest = key
    return (dialect.name, dialect.driver, *rest)
