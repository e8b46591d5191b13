"""A house where nothing is to be done writes nothing, however often it looks."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from bot.compose.sign import somebody_works
from storage import outbox
from storage.database import Database
from storage.engines import settled
from tests.acceptance import queue_house
from tests.acceptance.studio_cli import Shell
from tests.rows import person

# All duties come once at the start; dispatch, outbox and watch many times more.
IDLE_S = 4.0
OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
# Rows inserted, changed and deleted, those that are gone again as well.
CHANGES = "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del) FROM pg_stat_user_tables"


def lived_in(url: str) -> None:
    """Give the database a past: a job that was made and told of."""
    database = Database(url)
    now = time.time_ns() // 1_000_000
    database.write(person)
    database.write(lambda session: queue_house.submit(session, user_id=1, price=0, key=None, now=now))
    job = database.write(lambda session: queue_house.claim(session, now=now, lease_ms=30_000))
    assert job is not None
    token = job.token or ""
    database.write(lambda session: queue_house.finish(session, job_id=job.id, token=token, now=now))
    for told in database.read(lambda session: outbox.pending_for(session, job.id)):
        database.write(lambda session, row=told: outbox.sent(session, row.id, now))  # type: ignore[misc]
    database.close()


@contextmanager
def idle_worker(shell: Shell) -> Iterator[None]:
    """A worker that has been at it for a while, and is stopped in the end."""
    worker = shell.start("worker")
    try:
        while not somebody_works(shell.home):
            assert worker.poll() is None
            time.sleep(0.05)
        time.sleep(IDLE_S)
        yield
    finally:
        worker.terminate()
        assert worker.wait(timeout=60) == 0


def test_an_idle_worker_writes_nothing_to_sqlite(tmp_path: Path, sqlite_url: str) -> None:
    lived_in(sqlite_url)
    file = Path(str(settled(sqlite_url).database))
    watching = sqlite3.connect(file, isolation_level=None)

    def now() -> tuple[object, ...]:
        files = [Path(f"{file}{end}") for end in ("", "-wal")]
        stats = [each.stat() for each in files if each.exists()]
        return (
            watching.execute("PRAGMA data_version").fetchone(),
            *((each.st_size, each.st_mtime_ns) for each in stats),
        )

    # Opens the log, which is there as long as anybody is connected.
    watching.execute("SELECT count(*) FROM job").fetchone()
    before = now()
    with idle_worker(Shell(tmp_path / "home", {"MINSTREL_DATABASE_URL": sqlite_url})):
        assert now() == before
    watching.close()


def test_an_idle_worker_writes_nothing_to_postgres(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue("postgres").migrated()
    lived_in(url)
    engine = create_engine(settled(url))
    before = state(engine)
    with idle_worker(Shell(tmp_path / "home", {"MINSTREL_DATABASE_URL": url})):
        pass
    assert state(engine) == before
    engine.dispose()


def state(engine: Engine) -> tuple[object, ...]:
    """What is in the database, and what was ever changed in it."""
    with engine.connect() as connection:
        # What a connection did is counted at the latest when it has gone.
        while connection.execute(text(OTHERS)).scalar_one():
            time.sleep(0.05)
        connection.rollback()
        return rows_of(connection), connection.execute(text(CHANGES)).one()


def rows_of(connection: Connection) -> dict[str, Any]:
    """The version of each row: what is updated or only locked has another."""
    return {
        table: connection.execute(text(f'SELECT ctid, xmin, xmax FROM "{table}" ORDER BY ctid')).all()  # noqa: S608
        for table in inspect(connection).get_table_names()
    }
