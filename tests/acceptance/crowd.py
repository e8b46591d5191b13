"""Many worker processes on one database. A nursery imports once and forks each of them, so that starting one is cheap.

Told "start" on stdin, the nursery says the number of a new process; each works until nothing is left, or is killed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlmodel import Session

from storage import jobs
from storage.database import Database
from tests.acceptance import queue_house
from tests.rows import person
from tests.statements import share

PRICE = 3
# Jobs that one process has at once, and seconds between its looks for what the dead have left. On Postgres each hand
# keeps a connection, as the rescuer's write, its read and the notices do: sixteen times as many must find a place on a
# server with a hundred, beside those of the dead who are not buried yet.
HANDS, RESCUE_S = 2, 0.3
# The share of jobs that are held on to until their lease is over.
STALLS = 0.002


def fill(database: Database, people: int, each: int) -> None:
    """`people` with as many jobs `each`, kept as the house keeps them."""

    def work(session: Session) -> None:
        now = now_ms()
        for number in range(people):
            user = person(session, f"user{number}", credits=each * PRICE)
            for _ in range(each):
                queue_house.submit(session, user_id=user.id, price=PRICE, key=None, now=now)

    database.write(work)


class Crowd:
    """The processes that work at this moment, by their numbers."""

    def __init__(self, nursery: subprocess.Popen[str]) -> None:
        self._nursery = nursery
        self.alive: list[int] = []

    def start(self) -> None:
        """One more."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write("start\n")
        self._nursery.stdin.flush()
        self.alive.append(int(self._nursery.stdout.readline()))

    def kill(self, index: int) -> None:
        """SIGKILL to one of them: it ends wherever it is."""
        os.kill(self.alive.pop(index), signal.SIGKILL)


@contextmanager
def crowd(url: str, size: int, lease_ms: int) -> Iterator[Crowd]:
    """`size` processes at work; what is left of them is killed at the end."""
    nursery = subprocess.Popen(
        [sys.executable, "-m", "tests.acceptance.crowd", url, str(lease_ms)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        its = Crowd(nursery)
        for _ in range(size):
            its.start()
        yield its
    finally:
        os.killpg(nursery.pid, signal.SIGKILL)
        nursery.communicate()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def work(url: str, lease_ms: int) -> None:
    """Work the queue until somebody kills us."""
    database = Database(url)
    await asyncio.gather(*(_hand(database, lease_ms) for _ in range(HANDS)), _rescuer(database))


async def _hand(database: Database, lease_ms: int) -> None:
    while True:
        ticket = await database.awrite(lambda s: queue_house.claim(s, now=now_ms(), lease_ms=lease_ms))
        if ticket is None:
            await asyncio.sleep(0.05)
            continue
        job_id, token = ticket.id, str(ticket.token)
        if random.random() < STALLS:
            # Somebody else has it when we come back: what we say then must change nothing.
            await asyncio.sleep(lease_ms / 1000 + 2 * RESCUE_S)
        await database.awrite(lambda s: queue_house.finish(s, job_id=job_id, token=token, now=now_ms()))  # noqa: B023


async def _rescuer(database: Database) -> None:
    nursery = os.getppid()
    # Nobody kills us where the test itself was killed.
    while os.getppid() == nursery:
        await asyncio.sleep(RESCUE_S)
        if await database.aread(lambda s: jobs.overdue(s, now=now_ms())):
            while await database.awrite(lambda s: jobs.rescue(s, now=now_ms(), most=1)):
                continue
    os._exit(1)


def practise(url: str, lease_ms: int) -> None:
    """Make the first song, so that those who are born later know all statements by heart."""
    database = Database(url)
    ticket = database.write(lambda s: queue_house.claim(s, now=now_ms(), lease_ms=lease_ms))
    assert ticket is not None
    database.write(lambda s: queue_house.finish(s, job_id=ticket.id, token=str(ticket.token), now=now_ms()))
    database.read(lambda s: jobs.overdue(s, now=now_ms()))
    # No thread and no connection may be there where a process is born.
    database.close()


def main(url: str, lease_ms: int) -> None:
    """The nursery."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    share()
    practise(url, lease_ms)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(work(url, lease_ms))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
