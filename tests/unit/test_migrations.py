"""The schema's history: it leads to the tables the code knows, once, whoever walks it at the same time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, inspect, text

from storage import migrate
from storage.database import Database
from storage.engines import open_engine, settled
from storage.migrate import HEAD, UnknownSchema, current, upgrade
from storage.tables import Table
from tests.rows import person


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / '100%.db'}"
    return str(request.getfixturevalue("postgres").empty())


def checks(engine: Engine) -> dict[str, set[str]]:
    """The names of the check constraints of every table."""
    seen = inspect(engine)
    return {
        table: {str(check["name"]) for check in seen.get_check_constraints(table)} for table in Table.metadata.tables
    }


def test_head_is_the_last_step() -> None:
    assert ScriptDirectory(str(Path(migrate.__file__).with_name("migrations"))).get_heads() == [HEAD]


def test_an_empty_database_gets_every_table(empty_url: str) -> None:
    assert current(empty_url) is None
    upgrade(empty_url)
    assert current(empty_url) == HEAD
    database = Database(empty_url)
    assert database.write(person).id == 1
    database.close()


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = open_engine(settled(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        differences = compare_metadata(context, Table.metadata)
    found = checks(engine)
    engine.dispose()
    assert differences == []
    assert found == {
        name: {str(part.name) for part in table.constraints if isinstance(part, CheckConstraint)}
        for name, table in Table.metadata.tables.items()
    }


def test_rows_of_sqlite_keep_their_numbers_for_good(sqlite_url: str) -> None:
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    for table in ("user", "job", "transfer", "outbox"):
        (schema,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        assert "AUTOINCREMENT" in schema, table
    connection.close()


def test_upgrading_again_keeps_everything_and_does_not_load_alembic(sqlite_url: str) -> None:
    script = """
import sys
from storage.migrate import upgrade
upgrade(sys.argv[1])
sys.exit("alembic" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script, sqlite_url], check=True)


def test_processes_that_start_together_upgrade_once(empty_url: str) -> None:
    script = "import sys; from storage.migrate import upgrade; sys.stdin.readline(); upgrade(sys.argv[1])"
    houses = [
        subprocess.Popen([sys.executable, "-c", script, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for house in houses:
        assert house.stdin is not None
        house.stdin.write(b"go\n")
        house.stdin.flush()
    errors = [house.communicate(timeout=60)[1].decode() for house in houses]
    assert [house.returncode for house in houses] == [0] * 3, errors
    assert current(empty_url) == HEAD
    database = Database(empty_url)
    accounts = database.read(
        lambda s: s.connection().execute(text("SELECT id FROM account ORDER BY id")).scalars().all()
    )
    assert accounts == ["bank", "income"]
    database.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_connection: Any) -> None:
        take_steps(_connection)
        raise RuntimeError("power cut")

    take_steps = migrate._take_steps
    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_take_steps", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            upgrade(empty_url)
    assert current(empty_url) is None
    upgrade(empty_url)
    assert current(empty_url) == HEAD


def test_a_database_of_a_later_version_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    database.write(lambda s: s.connection().execute(text("UPDATE alembic_version SET version_num = '9999'")))
    database.close()
    with pytest.raises(UnknownSchema, match="later version"):
        upgrade(database_url)
    assert current(database_url) == "9999"
