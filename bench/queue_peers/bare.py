"""The least that can be called a queue: one table and `UPDATE … RETURNING`, with no promise but the disk's.

SQLite: one connection, one step after the other; it has one writer at a time, and a second thread only waits. Postgres:
eight connections, a thread each, whose commits share the disk's syncs: 0.20 to 0.23 ms a job; four 0.23 to 0.26, two
0.41 to 0.48, one 0.55 to 0.64; twelve and sixteen beat eight only while other programs kept the disk busy. The index
over what waits (instead of status and id) saves a tenth with one connection. All jobs first or each worked at once made
no difference. Statements are prepared: by sqlite3 always, by psycopg from the first use.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg

CONNECTIONS = 8

TABLE = "CREATE TABLE job (id {serial} PRIMARY KEY, status TEXT NOT NULL, payload TEXT NOT NULL, result TEXT)"
WAITING = "CREATE INDEX waiting ON job (id) WHERE status = 'PENDING'"
SUBMIT = "INSERT INTO job (status, payload) VALUES ('PENDING', '{}')"
TAKE = """UPDATE job SET status = 'PROCESSING'
    WHERE id = (SELECT id FROM job WHERE status = 'PENDING' ORDER BY id LIMIT 1 %s) RETURNING id, payload"""
FINISH = "UPDATE job SET status = 'COMPLETED', result = '{}' WHERE id = %s AND status = 'PROCESSING' RETURNING id"
COUNT = "SELECT count(*) FROM job WHERE status = 'COMPLETED' AND result IS NOT NULL"


def life(url: str, jobs: int, connections: int = CONNECTIONS) -> float:
    """Seconds for the whole life of `jobs` jobs; SQLite has one connection."""
    return _on_sqlite(url, jobs) if url.startswith("sqlite") else _on_postgres(url, jobs, connections)


def _on_sqlite(url: str, jobs: int) -> float:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(TABLE.format(serial="INTEGER"))
    connection.execute(WAITING)
    take, finish = TAKE % "", FINISH % "?"
    begin = time.perf_counter()
    for _ in range(jobs):
        connection.execute(SUBMIT)
    # All of what is returned is fetched: only then the statement ends and is committed.
    while taken := connection.execute(take).fetchall():
        connection.execute(finish, taken[0][:1]).fetchall()
    end = time.perf_counter()
    assert connection.execute(COUNT).fetchone() == (jobs,)
    return end - begin


def _on_postgres(url: str, jobs: int, at_once: int) -> float:
    connections = [psycopg.connect(url, autocommit=True, prepare_threshold=0) for _ in range(at_once)]
    connections[0].execute(TABLE.format(serial="BIGSERIAL"))
    connections[0].execute(WAITING)
    take = TAKE % "FOR UPDATE SKIP LOCKED"

    def submit(number: int) -> None:
        for _ in range(number, jobs, at_once):
            connections[number].execute(SUBMIT)

    def work(number: int) -> None:
        while taken := connections[number].execute(take).fetchone():
            connections[number].execute(FINISH, taken[:1])

    begin = time.perf_counter()
    _side_by_side(submit, at_once)
    _side_by_side(work, at_once)
    end = time.perf_counter()
    assert connections[0].execute(COUNT).fetchone() == (jobs,)
    return end - begin


def _side_by_side(act: Callable[[int], None], at_once: int) -> None:
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(act, range(at_once)))
