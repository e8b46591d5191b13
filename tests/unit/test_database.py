"""Transactions as callers meet them: all or nothing, in order, with errors that say whether waiting helps."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from storage import jobs, users
from storage.database import Database, DatabaseBusy, StorageFull
from storage.engines import settled
from storage.tables import User
from tests.rows import free_job, person

# When `person` says they were first seen; what it is now minus this is our counter.
BORN = 1


class Boom(Exception):
    pass


def turn(session: Session) -> int:
    return session.get_one(User, 1).created_at - BORN


def add_one(session: Session) -> None:
    """Read, change and write back: what gets lost where two do it at once."""
    session.get_one(User, 1, with_for_update=True).created_at += 1


def pragma(database: Database, name: str) -> object:
    return database.write(lambda session: session.connection().execute(text(f"PRAGMA {name}")).scalar_one())


def test_what_a_write_raises_undoes_all_of_it(database: Database) -> None:
    def work(session: Session) -> None:
        free_job(session, person(session))
        raise Boom

    with pytest.raises(Boom):
        database.write(work)
    assert database.read(lambda session: users.by_name(session, "ann")) is None


def test_what_a_call_returns_can_be_read_after_it(database: Database) -> None:
    user = database.write(person)
    assert user.name == "ann"
    assert database.read(lambda session: users.by_name(session, "ann")) == user


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError):
        database.read(lambda session: person(session))
    database.write(person)


def test_a_read_sees_one_moment(database: Database) -> None:
    database.write(person)

    def look_twice(session: Session) -> tuple[int, int]:
        first = turn(session)
        database.write(add_one)
        session.expire_all()
        return first, turn(session)

    assert database.read(look_twice) == (0, 0)
    assert database.read(turn) == 1


def test_no_update_is_lost_among_threads_and_houses(database_url: str, database: Database) -> None:
    database.write(person)
    other = Database(database_url)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: (database, other)[n % 2].write(add_one), range(80)))
    assert database.read(turn) == 80
    other.close()


def test_a_write_within_a_write_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="pass the session on"):
        database.write(lambda _: database.write(person))
    database.write(person)


def test_writes_and_reads_leave_the_event_loop_free(database: Database) -> None:
    async def main() -> int:
        await database.awrite(person)
        await asyncio.gather(*(database.awrite(add_one) for _ in range(10)))
        return await database.aread(turn)

    assert asyncio.run(main()) == 10


def test_a_cancelled_caller_does_not_undo_its_transaction(database: Database) -> None:
    database.write(person)
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        begun.set()
        assert go_on.wait(10)
        add_one(session)

    async def main() -> None:
        running = asyncio.create_task(database.awrite(slow))
        # On SQLite it waits for its turn; on Postgres, where several write at once, it is as slow as the other.
        waiting = asyncio.create_task(database.awrite(slow))
        assert await asyncio.to_thread(begun.wait, 10)
        for task in (running, waiting):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        go_on.set()
        async with asyncio.timeout(10):
            while await database.aread(turn) < 2:
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert database.read(turn) == 2


def test_a_shielded_caller_learns_the_outcome_after_all(database: Database) -> None:
    async def main() -> int:
        write = asyncio.create_task(database.awrite(lambda session: person(session).id))
        caller = asyncio.create_task(_wait_for(write))
        await asyncio.sleep(0)
        caller.cancel()
        return await caller

    async def _wait_for(write: asyncio.Task[int]) -> int:
        try:
            return await asyncio.shield(write)
        except asyncio.CancelledError:
            return await write

    assert asyncio.run(main()) == 1


def test_a_locked_sqlite_file_is_busy_and_nothing_is_written(sqlite_url: str) -> None:
    database = Database(sqlite_url, lock_wait_s=0.05)
    blocker = sqlite3.connect(str(make_url(sqlite_url).database), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy):
        database.write(person)
    assert database.read(lambda session: users.by_name(session, "ann")) is None
    blocker.execute("ROLLBACK")
    blocker.close()
    database.write(person)
    database.close()


def test_a_locked_row_of_postgres_is_busy(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres").migrated()
    database, other = Database(url), Database(url, lock_wait_s=0.05)
    database.write(person)

    def hold_on(session: Session) -> None:
        add_one(session)
        session.flush()
        with pytest.raises(DatabaseBusy):
            other.write(add_one)

    database.write(hold_on)
    other.write(add_one)
    assert database.read(turn) == 2
    database.close()
    other.close()


@pytest.fixture
def one_place(request: pytest.FixtureRequest) -> Iterator[str]:
    """A Postgres database for somebody who may have one connection to it."""
    postgres = request.getfixturevalue("postgres")
    url = make_url(postgres.migrated())
    owner = create_engine(settled(url.render_as_string(hide_password=False)), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("CREATE ROLE guest LOGIN CONNECTION LIMIT 1"))
        connection.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO guest"))
        connection.execute(text("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO guest"))
        yield url.set(username="guest").render_as_string(hide_password=False)
        connection.execute(text("DROP OWNED BY guest"))
        connection.execute(text("DROP ROLE guest"))
    owner.dispose()


def test_a_server_without_a_place_is_busy_and_one_that_gets_a_place_is_waited_for(one_place: str) -> None:
    first, hasty, patient = Database(one_place), Database(one_place, lock_wait_s=0.05), Database(one_place)
    first.write(person)
    with pytest.raises(DatabaseBusy):
        hasty.write(add_one)
    with pytest.raises(DatabaseBusy):
        hasty.read(turn)
    hasty.close()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(patient.write, add_one)
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
        first.close()
        waiting.result(30)
    patient.close()
    # The server takes a moment to see that somebody has left.
    last = Database(one_place)
    assert last.read(turn) == 1
    last.close()


def test_a_full_disk_is_said_to_be_full(sqlite: Database) -> None:
    sqlite.write(person)

    def fill(session: Session) -> None:
        # A file that may not grow behaves as one on a full disk.
        session.connection().execute(text("PRAGMA max_page_count = 1"))
        for _ in range(100):
            free_job(session, 1, spec="x" * 10_000)

    with pytest.raises(StorageFull):
        sqlite.write(fill)
    assert sqlite.read(lambda session: jobs.recent(session, None, 1)) == ()
    sqlite.write(lambda session: session.connection().execute(text("PRAGMA max_page_count = 4294967294")))
    sqlite.write(lambda session: free_job(session, 1))


def test_sqlite_keeps_what_it_promises(sqlite: Database) -> None:
    assert pragma(sqlite, "journal_mode") == "wal"
    assert pragma(sqlite, "synchronous") == 2
    assert pragma(sqlite, "foreign_keys") == 1
    with pytest.raises(IntegrityError):
        sqlite.write(lambda session: free_job(session, 99))


def test_closing_finishes_what_was_handed_in_and_leaves_one_file(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    threads = ThreadPoolExecutor(4)
    database.write(person)
    ends = [threads.submit(database.write, add_one) for _ in range(8)]
    for end in ends:
        end.result()
    database.close()
    file = Path(str(make_url(sqlite_url).database))
    assert [found.name for found in file.parent.glob(f"{file.name}*")] == [file.name]
    threads.shutdown()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/minstrel"])
def test_a_url_we_cannot_keep_promises_for_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the database must be"):
        Database(url)


def test_plain_postgres_urls_get_our_driver() -> None:
    for url in ("postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"):
        database = Database(url)
        assert database.url.drivername == "postgresql+psycopg"
        database.close()
