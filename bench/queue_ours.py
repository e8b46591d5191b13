"""Our queue with all its promises on, as `bench/queue.py` measures it. Each measure runs in a process of its own.

One process, as a small house has it: what people and workers do at the same time are tasks of one event loop.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median

from sqlalchemy import insert, select, text
from sqlmodel import Session, col

from storage import jobs, ledger
from storage.claims import Ticket
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import Hold, Job, User
from tests.rows import account, person
from workflows.attempt import announce

# So many people submit, and so many workers work, at the same time.
AT_ONCE = 16
PRICE, CREDITS = 5, 1_000_000
TASKS = ("text2music", "text2rap", "prompt2instrumental")
PER_USER = 100
LEASE_MS = 600_000
# Rows that are inserted at a time.
CHUNK = 5_000
EMPTY_S = 0.001


def life(url: str, jobs: int, at_once: int = AT_ONCE) -> float:
    """Seconds for the whole life of `jobs` jobs on an empty database, `at_once` people and then workers at a time."""
    upgrade(url)
    database = Database(url)
    people = database.write(partial(_move_in, people=at_once))
    taken = asyncio.run(_life(database, people, jobs))
    database.close()
    return taken


def fill(url: str, queued: int, people: int) -> float:
    """Make the tables, and `queued` waiting jobs with their holds, evenly of `people`; seconds."""
    begin = time.perf_counter()
    upgrade(url)
    database = Database(url)
    users = database.write(partial(_move_in, people=people))
    database.write(partial(_queue, users=users, queued=queued))
    database.close()
    return time.perf_counter() - begin


def submit_to_claim(url: str, pairs: int) -> float:
    """Median seconds of a submit and the claim after it, in a database that `fill` has made."""
    database = Database(url)
    people = database.read(_people)
    taken = asyncio.run(_submit_to_claim(database, people, pairs))
    database.close()
    return taken


async def _life(database: Database, people: list[int], jobs: int) -> float:
    finished = 0

    async def ask(number: int) -> None:
        for _ in range(number, jobs, len(people)):
            await _submit(database, people[number])

    async def work() -> None:
        nonlocal finished
        while finished < jobs:
            claimed = await _claim(database)
            if claimed is None:
                # The last ones are in other hands, or every lane is locked at this instant.
                await asyncio.sleep(EMPTY_S)
                continue
            assert await _finish(database, claimed)
            finished += 1

    begin = time.perf_counter()
    await asyncio.gather(*map(ask, range(len(people))))
    await asyncio.gather(*(work() for _ in people))
    taken = time.perf_counter() - begin
    assert finished == jobs
    return taken


async def _submit_to_claim(database: Database, people: list[int], pairs: int) -> float:
    times = []
    for number in range(pairs):
        begin = time.perf_counter()
        await _submit(database, people[number % len(people)])
        # As a worker does, which writes nothing where there is nothing.
        assert await database.aread(partial(jobs.waiting, now=_now(), tasks=TASKS, per_user=PER_USER))
        claimed = await _claim(database)
        times.append(time.perf_counter() - begin)
        assert claimed is not None
        # So that as many wait, and none runs, when the next one comes.
        assert await _finish(database, claimed)
    return median(times)


async def _submit(database: Database, user_id: int) -> None:
    await database.awrite(partial(_keep, user_id=user_id, now=_now()))


async def _claim(database: Database) -> Ticket | None:
    claim = partial(
        jobs.claim, worker="bench", engine="none", now=_now(), lease_ms=LEASE_MS, tasks=TASKS, per_user=PER_USER
    )
    return next(iter(await database.awrite(claim)), None)


async def _finish(database: Database, ticket: Ticket) -> bool:
    return await database.awrite(partial(_end, ticket=ticket, now=_now()))


def _keep(session: Session, user_id: int, now: int) -> None:
    """A request as `workflows.submit` keeps it: the job, its hold, and what is to be told, in one transaction."""
    ticket = jobs.insert(
        session,
        user_id=user_id,
        surface="terminal",
        channel="",
        server="discord:1",
        task=TASKS[0],
        spec="{}",
        duration=30.0,
        takes=1,
        price=PRICE,
        seed=7,
        now=now,
    )
    ledger.hold(session, key=jobs.hold_key(ticket), account=account(user_id), amount=PRICE, now=now)
    announce(session, ticket, "accepted", now)


def _end(session: Session, ticket: Ticket, now: int) -> bool:
    """The end of a job that made nothing, as `workflows.attempt` writes it: the fence, the charge, what is told."""
    assert ticket.token is not None
    if not jobs.complete(session, job_id=ticket.id, token=ticket.token, now=now):
        return False
    ledger.capture(session, key=jobs.hold_key(ticket), amount=ticket.price, now=now)
    announce(session, ticket, "completed", now)
    return True


def _move_in(session: Session, people: int) -> list[int]:
    return [person(session, f"person-{number}", CREDITS).id for number in range(people)]


def _people(session: Session) -> list[int]:
    return list(session.scalars(select(col(User.id))).all())


def _queue(session: Session, users: list[int], queued: int) -> None:
    """Rows as `_keep` leaves them, but not one by one; what is told of them has long been told."""
    now = _now()
    shared = {
        "surface": "terminal", "channel": "", "server": "discord:1", "task": TASKS[0], "spec": "{}",
        "duration": 30.0, "takes": 1, "price": PRICE, "seed": 7, "run_after": now, "created_at": now,
    }  # fmt: skip
    connection = session.connection()
    for begin in range(0, queued, CHUNK):
        numbers = range(begin, min(begin + CHUNK, queued))
        connection.execute(insert(Job), [{**shared, "user_id": users[number % len(users)]} for number in numbers])
    waiting = connection.execute(select(col(Job.id), col(Job.user_id), col(Job.round))).all()
    for begin in range(0, queued, CHUNK):
        holds = [
            {"key": f"job:{job}:{turn}", "account_id": account(user), "amount": PRICE, "created_at": now}
            for job, user, turn in waiting[begin : begin + CHUNK]
        ]
        connection.execute(insert(Hold), holds)
    if connection.dialect.name == "postgresql":
        # As its own vacuum does within a minute.
        connection.execute(text("ANALYZE"))


def _now() -> int:
    return time.time_ns() // 1_000_000
