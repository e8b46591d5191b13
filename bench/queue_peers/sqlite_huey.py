"""Huey on SQLite. Its three commits: the row of the task, its deletion when it is taken, the row of its result.

`fsync=True` is its synchronous=FULL, and the journal is WAL by itself. One worker thread, all jobs submitted first:
0.46 to 0.49 ms a job. Submitted beside the worker 0.51 to 0.55, then from two or four threads 0.51. Two worker threads
0.53 to 0.58, four 0.54, a worker in a process of its own 1.2. Pauses between looks at an empty queue, 0.5 ms to 0.1 s:
0.53 to 0.64 beside the producer, and no matter where all is there before. A page cache of 64 MB instead of 8 changed
nothing.
"""

from __future__ import annotations

import logging
import time

from huey import SqliteHuey

LOOK_S = 0.002


def life(url: str, jobs: int) -> float:
    """Seconds for the whole life of `jobs` jobs."""
    logging.disable(logging.CRITICAL)
    huey = SqliteHuey(filename=url.removeprefix("sqlite:///"), fsync=True, results=True)
    # It returns something, for Huey keeps no result of None.
    task = huey.task()(_nothing)
    consumer = huey.create_consumer(
        workers=1,
        periodic=False,
        initial_delay=0.001,
        max_delay=0.01,
        check_worker_health=False,
        scheduler_interval=60,
    )
    begin = time.perf_counter()
    for number in range(jobs):
        task(number)
    consumer.start()
    while huey.result_count() < jobs:
        time.sleep(LOOK_S)
    return time.perf_counter() - begin


def _nothing(number: int) -> int:
    return number
