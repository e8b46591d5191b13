"""DBOS on either database. Its commits: the enqueued workflow, the claim, the outcome.

`life` claims one job at a time, so that each has its three commits (seen in SQLite's log: 123 for 40 jobs, three of
them DBOS's own). One queue, one worker, a look every millisecond: on SQLite 4.3 to 5.2 ms a job; two such queues 4.6,
four 5.2 to 5.8, eight 7 to 12. On Postgres one takes 5.2 to 5.4, four 4.5, eight 5.1, sixteen 5.4.

`life_in_batches` lets it claim all that waits with one commit, as it does unless told otherwise: two commits a job and
some. Best on Postgres: 0.72 to 0.86 ms a job, alike for three to eight threads and 0.1 to 0.5 s between looks; 1.35
with 0.01 s, for looking costs too, and 1.2 with coroutines instead of threads. On SQLite 1.17 to 1.25, best with one
thread.

On SQLite the file is set to WAL beforehand, which DBOS does not do by itself: 2.1 instead of 3.3, both in batches.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS
from sqlalchemy import create_engine, text

LOOK_S, BATCH_LOOK_S = 0.001, 0.1
PRODUCERS = 4
DONE_LOOK_S = 0.01
QUEUE = "bench"


def life(url: str, jobs: int) -> float:
    """Seconds for the whole life of `jobs` jobs, each claimed by itself."""
    return _life(url, jobs, running=1, look_s=LOOK_S)


def life_in_batches(url: str, jobs: int) -> float:
    """Seconds for the whole life of `jobs` jobs, claimed by as many as wait."""
    return _life(url, jobs, running=None, look_s=BATCH_LOOK_S)


def _life(url: str, jobs: int, *, running: int | None, look_s: float) -> float:
    on_sqlite = url.startswith("sqlite")
    if on_sqlite:
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    DBOS(
        config={
            "name": "bench-queue",
            "application_version": "1",
            "system_database_url": url,
            "log_level": "CRITICAL",
            "max_executor_threads": 1 if on_sqlite else 4,
        }
    )
    task = DBOS.workflow()(_nothing)
    DBOS.launch()
    queue = DBOS.register_queue(QUEUE, worker_concurrency=running, polling_interval_sec=look_s)
    # Queues that are new are looked at within a second: the first job shows that ours is.
    queue.enqueue(task, 0).get_result()

    def produce(producer: int) -> None:
        for number in range(producer, jobs, producers):
            queue.enqueue(task, number)

    producers = 1 if on_sqlite else PRODUCERS
    with ThreadPoolExecutor(producers) as threads:
        begin = time.perf_counter()
        list(threads.map(produce, range(producers)))
    return _done(url, jobs + 1) - begin


def _done(url: str, jobs: int) -> float:
    """The moment when `jobs` outcomes are kept: asked of the database, for waiting on each result costs DBOS more."""
    table = "workflow_status" if url.startswith("sqlite") else "dbos.workflow_status"
    # Both names are our own.
    count = text(f"SELECT count(*) FROM {table} WHERE status = 'SUCCESS'")  # noqa: S608
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(count).scalar_one() < jobs:
            time.sleep(DONE_LOOK_S)
    return time.perf_counter()


def _nothing(number: int) -> int:
    return number
