"""One person's 500 jobs delay nobody else's first (acceptance 2)."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlmodel import Session

from storage.claims import Ticket
from storage.database import Database
from tests.acceptance import queue_house
from tests.rows import person

MANY, OTHERS = 500, 20
# Each of the others is served before anybody's third job.
WITHIN = 42


def greedy(session: Session) -> int:
    """Somebody with 500 jobs."""
    user = person(session, "greedy", credits=MANY)
    for _ in range(MANY):
        queue_house.submit(session, user_id=user.id, price=1, key=None, now=1)
    return user.id


def others(session: Session) -> set[int]:
    """Twenty who come after that with one job each."""
    found = set()
    for number in range(OTHERS):
        user = person(session, f"other{number}", credits=1)
        queue_house.submit(session, user_id=user.id, price=1, key=None, now=2)
        found.add(user.id)
    return found


def starts(url: str, workers: int) -> Generator[list[int], None, None]:
    """Whose jobs are begun, by as many claims at one moment as there are workers, each with its own connections.

    What was begun is finished before the next ones are claimed.
    """

    def claim(database: Database) -> Ticket | None:
        return database.write(lambda session: queue_house.claim(session, now=3, lease_ms=60_000))

    def finish(database: Database, ticket: Ticket) -> bool:
        token = str(ticket.token)
        return database.write(lambda session: queue_house.finish(session, job_id=ticket.id, token=token, now=4))

    with ExitStack() as stack:
        databases = [Database(url) for _ in range(workers)]
        for database in databases:
            stack.callback(database.close)
        threads = stack.enter_context(ThreadPoolExecutor(workers))
        while True:
            tickets = list(threads.map(claim, databases))
            begun = [(database, ticket) for database, ticket in zip(databases, tickets, strict=True) if ticket]
            yield [ticket.user_id for _, ticket in begun]
            assert all(threads.map(lambda pair: finish(*pair), begun))


@pytest.mark.parametrize("before", [0, 100])
@pytest.mark.parametrize("workers", [1, 4])
def test_twenty_people_with_one_job_start_among_the_first_42(
    database: Database, database_url: str, workers: int, before: int
) -> None:
    hog = database.write(greedy)
    its = starts(database_url, workers)
    served = 0
    while served < before:
        begun = next(its)
        assert set(begun) == {hog}
        served += len(begun)
    waiting = database.write(others)
    begun_since = 0
    while waiting:
        begun = next(its)
        begun_since += len(begun)
        assert begun_since <= WITHIN, f"{len(waiting)} still wait"
        waiting -= set(begun)
    its.close()
