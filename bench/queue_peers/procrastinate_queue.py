"""procrastinate on Postgres. Its three commits: the deferred job, the fetched job, the finished job, which stays.

Eight tasks defer, then four workers of concurrency 2 share a pool of ten connections: 0.92 ms a job. Four workers of
concurrency 1 take 1.10, of 4 0.97, eight of 8 1.01. One worker fetches one job after the other: 2.09 with concurrency
1, 1.26 with 4, 1.21 with 8; two of 4 1.28. Deferring beside the workers 1.18 to 1.33. Statements are prepared at their
second use: at their fifth, as psycopg does by itself, makes 1.17 of 0.97, and at their first fails. Without LISTEN,
which does nothing for a queue that is full: 1.07 with it.
"""

from __future__ import annotations

import asyncio
import logging
import time

from procrastinate import App, PsycopgConnector

QUEUE = "bench"
PRODUCERS, WORKERS, CONCURRENCY, POOL = 8, 4, 2, 10


def life(url: str, jobs: int) -> float:
    """Seconds for the whole life of `jobs` jobs."""
    logging.disable(logging.CRITICAL)
    return asyncio.run(_life(url, jobs))


async def _life(url: str, jobs: int) -> float:
    connector = PsycopgConnector(conninfo=url, kwargs={"prepare_threshold": 1}, min_size=POOL, max_size=POOL)
    app = App(connector=connector)
    task = app.task(queue=QUEUE, name="nothing")(_nothing)

    async def produce(producer: int) -> None:
        for number in range(producer, jobs, PRODUCERS):
            await task.defer_async(number=number)

    async def work(worker: int) -> None:
        await app.run_worker_async(
            queues=[QUEUE],
            name=f"worker-{worker}",
            concurrency=CONCURRENCY,
            wait=False,
            listen_notify=False,
            install_signal_handlers=False,
            delete_jobs="never",
        )

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        begin = time.perf_counter()
        await asyncio.gather(*map(produce, range(PRODUCERS)))
        await asyncio.gather(*map(work, range(WORKERS)))
        end = time.perf_counter()
        finished = await app.job_manager.list_jobs_async(status="succeeded")
        assert len(list(finished)) == jobs
    return end - begin


async def _nothing(number: int) -> int:
    return number
