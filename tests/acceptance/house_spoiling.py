"""How a house is broken as a table of `house_mutants` says, and how a database is made empty again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from storage.database import Database
from storage.prepared import Prepared, _Compiled
from tests.acceptance.house_mutants import GUARDS, TRIGGERS, Query, Weaker


def taken_away(dialect: str, trigger: str) -> tuple[str, ...]:
    """The statements that drop a trigger."""
    table = dict(TRIGGERS[dialect])[trigger]
    return (f"DROP TRIGGER {trigger}" + (f" ON {table}" if dialect == "postgresql" else ""),)


def weakened(dialect: str, weaker: Weaker) -> tuple[str, ...]:
    """The statements that put a weaker trigger in the place of one."""
    trigger, without, instead = weaker
    made = [" ".join(statement.split()) for statement in GUARDS[dialect]]
    # The last one that has the name counts: a later step may have made it anew.
    found = [one for one in made if re.match(rf"CREATE (OR REPLACE )?(TRIGGER|FUNCTION) {trigger}\b", one)]
    strong = next(one for one in reversed(found) if without in one)
    if "FUNCTION" in strong.split(trigger)[0]:
        strong = re.sub(r"^CREATE (OR REPLACE )?", "CREATE OR REPLACE ", strong)
        return (strong.replace(without, instead),)
    return (*taken_away(dialect, trigger), strong.replace(without, instead))


def spoil(url: str, statements: tuple[str, ...]) -> None:
    """Break the house at `url`."""
    database = Database(url)

    def work(session: Session) -> None:
        for statement in statements:
            # As it stands: a colon in a trigger is no parameter.
            session.connection().exec_driver_sql(statement)

    database.write(work)
    database.close()


@contextmanager
def misread(query: Query, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Change statements on their way to any database; gives those that were changed."""
    changed: list[str] = []

    def instead(sql: str) -> str:
        new = re.sub(query.pattern, query.instead, sql)
        if new != sql:
            changed.append(new)
        return new

    def execute(_con: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        return instead(sql), parameters

    prepare, run = _Compiled.__init__, Prepared._run
    again: dict[int, Prepared] = {}

    def prepare_another(compiled: _Compiled, *given: Any) -> None:
        prepare(compiled, *given)
        compiled.sql = instead(compiled.sql)

    def run_another(prepared: Prepared, session: Session, values: Any) -> Any:
        # What was compiled before us is as it should be.
        return run(again.setdefault(id(prepared), Prepared(prepared._build)), session, values)

    patch.setattr(_Compiled, "__init__", prepare_another)
    patch.setattr(Prepared, "_run", run_another)
    event.listen(Engine, "before_cursor_execute", execute, retval=True)
    try:
        yield changed
    finally:
        event.remove(Engine, "before_cursor_execute", execute)


def emptied(url: str) -> str:
    """A Postgres database without what the last example left there: making another one takes longer."""
    database = Database(url)

    def work(session: Session) -> None:
        connection = session.connection()
        # Nobody may delete most of these, and so the guards look away.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = connection.execute(
            text(
                "SELECT quote_ident(tablename) FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'account', 'gate')"
            )
        ).scalars()
        for table in tables.all():
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
        connection.execute(text("DELETE FROM account WHERE kind = 'user'"))
        connection.execute(text("UPDATE gate SET state = 'open'"))

    database.write(work)
    database.close()
    return url
