"""Connections as both dialects need them, and their errors under our own names."""

from __future__ import annotations

import contextlib
import functools
import math
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError

from storage.errors import DatabaseBusy, StorageFull

LOCK_WAIT_S = 30.0
# Transactions of one process at once on Postgres.
POSTGRES_AT_ONCE = 8
# A connection of Postgres that rested for so long is asked whether it still works before it is used.
IDLE_S = 1.0
# Seconds between two looks for a place on a server whose connections are all taken.
PLACE_S = 0.1

# https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization_failure, deadlock_detected,
# lock_not_available; and disk_full.
POSTGRES_CONFLICT, POSTGRES_BUSY, POSTGRES_FULL = ("40001", "40P01"), ("40001", "40P01", "55P03"), "53100"
# too_many_connections of the server, the database, the role; the driver has no code for what ends before it begins.
NO_PLACE = ("too many clients", "too many connections", "connection slots are reserved")


def settled(url: str) -> URL:
    """`url` with the driver we use. Raises `ValueError` for what is neither a SQLite file nor Postgres."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    name = parsed.get_backend_name()
    if name == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ValueError("the database must be a file (sqlite:///var/minstrel.db): several connections share it")
    if name not in ("sqlite", "postgresql"):
        raise ValueError(f"the database must be sqlite:///FILE or postgresql://…, not {name}")
    return parsed


def open_engine(url: URL, *, read_only: bool = False, lock_wait_s: float = LOCK_WAIT_S) -> Engine:
    """An engine whose transactions keep what they promise: see DESIGN.md on SQLite. Makes the file's folder."""
    if url.get_backend_name() == "postgresql":
        waits = f"-c lock_timeout={int(lock_wait_s * 1000)}"
        if read_only:
            waits += " -c default_transaction_read_only=on"
        engine = create_engine(
            url,
            # What people asked for is no business of the log's.
            hide_parameters=True,
            connect_args={"options": waits},
            # A read sees one snapshot however many queries it makes; a write sees what it waited for.
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
            # As many as write at once stay open; mostly few do, and those used last are used again.
            pool_size=POSTGRES_AT_ONCE,
            pool_use_lifo=True,
        )
        event.listen(engine, "do_connect", functools.partial(_connect_in_turn, lock_wait_s))
        event.listen(engine, "checkin", _note_use)
        event.listen(engine, "checkout", functools.partial(_ping_if_idle, engine))
        return engine
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    # isolation_level None: the driver never begins by itself, so that our BEGIN below is the only one.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": lock_wait_s, "check_same_thread": False},
    )
    event.listen(engine, "connect", functools.partial(_prepare, read_only=read_only))
    event.listen(engine, "begin", functools.partial(_begin, statement="BEGIN" if read_only else "BEGIN IMMEDIATE"))
    return engine


def _connect_in_turn(wait_s: float, dialect: Any, _record: object, place: Any, given: Any) -> Any:
    """Wait for a place as for a lock: whoever has it works, and will be done."""
    until = time.monotonic() + wait_s
    while True:
        try:
            return dialect.connect(*place, **given)
        except dialect.loaded_dbapi.OperationalError as error:
            if not _is_without_place(error) or time.monotonic() >= until:
                raise
        time.sleep(PLACE_S)


def _is_without_place(error: object) -> bool:
    return any(words in str(error) for words in NO_PLACE)


def _note_use(_connection: object, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_if_idle(engine: Engine, connection: Any, record: Any, _proxy: object) -> None:
    """Find out that the server was restarted before a transaction needs it; a busy connection shows that by itself."""
    if time.monotonic() - record.info.get("used_at", math.inf) < IDLE_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as gone:
        raise DisconnectionError(str(gone)) from gone


def _prepare(connection: sqlite3.Connection, _record: object, *, read_only: bool) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Without it, INSERT OR REPLACE would slip past the triggers that forbid deletion.
    connection.execute("PRAGMA recursive_triggers = ON")
    # Its own knows the letters of English alone.
    connection.create_function("lower", 1, _lower, deterministic=True)
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        # What was deleted can't be read off the file any more.
        connection.execute("PRAGMA secure_delete = ON")


def _lower(text: object) -> str | None:
    return None if text is None else str(text).lower()


def _begin(connection: Connection, *, statement: str) -> None:
    connection.exec_driver_sql(statement)


def is_conflict(error: BaseException) -> bool:
    """Whether Postgres undid a transaction for the sake of another, so that the same one may work now."""
    cause = error.__cause__ if isinstance(error, DatabaseBusy) else error
    return getattr(getattr(cause, "orig", None), "sqlstate", None) in POSTGRES_CONFLICT


@contextlib.contextmanager
def named_errors() -> Iterator[None]:
    """Raise `DatabaseBusy` and `StorageFull` in place of what the drivers call them."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause: Any = error.orig if isinstance(error, DBAPIError) else error
        # The lower byte is the kind of error, the upper ones its variety.
        code = getattr(cause, "sqlite_errorcode", None)
        kind = None if code is None else code & 0xFF
        state = getattr(cause, "sqlstate", None)
        busy = kind in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or state in POSTGRES_BUSY
        if busy or (isinstance(error, OperationalError) and _is_without_place(cause)):
            raise DatabaseBusy(str(cause)) from error
        if kind == sqlite3.SQLITE_FULL or state == POSTGRES_FULL:
            raise StorageFull(str(cause)) from error
        raise
