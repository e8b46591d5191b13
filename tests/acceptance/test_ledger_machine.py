"""Whatever happens to a house, it keeps its promises; and the test of that finds out every house that does not.

The machine is `house_machine`. The same test is run on houses that were broken on purpose (`house_mutants`), each of
which it has to catch. Real processes are killed in the middle of what they do.
"""

from __future__ import annotations

import itertools
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, func, select

from storage import jobs, ledger
from storage.database import Database
from storage.ledger import AlreadySettled, Balance, InsufficientCredits, KeyReused
from storage.tables import Hold, Job, Track
from tests.acceptance import house_mutants as mutants
from tests.acceptance import house_spoiling as spoiling
from tests.acceptance import queue_house
from tests.acceptance.house_machine import CREDITS, NAMES, HouseMachine, walk
from tests.conftest import Postgres
from tests.rows import account, person, priced_job
from tests.schema import lay

SETTINGS = settings(
    max_examples=10,
    stateful_step_count=50,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# A broken house is found out within a few walks; which ones is not left to luck.
WALKS, STEPS, LOOK_EACH = 40, 60, 4
# These find most faults, and soonest, and so they are tried before the others.
FIRST = (23, 19, 7)
# A promise that is not kept, a constraint that holds against the fault, a call that should have been refused, or one
# that should not. Anything else is a mutant that does not even run.
SPOKEN = (jobs.KeyTaken, AlreadySettled, InsufficientCredits, KeyReused, ValueError)
CAUGHT = (AssertionError, IntegrityError, *SPOKEN)

Fresh = Callable[[], str]

# Processes are born of one that has imported what they need.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([queue_house.__name__])


@pytest.fixture
def fresh_file(tmp_path: Path) -> Fresh:
    """Makes SQLite databases with all tables."""
    numbers = itertools.count()
    return lambda: lay(tmp_path / f"{next(numbers)}.db")


@pytest.fixture
def fresh_postgres(postgres: Postgres) -> Fresh:
    """Empties a Postgres database with all tables."""
    return partial(spoiling.emptied, postgres.migrated())


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest) -> tuple[str, Fresh]:
    """The name of a dialect, and what gives an empty database of it."""
    return request.param, request.getfixturevalue("fresh_file" if request.param == "sqlite" else "fresh_postgres")


def house(fresh: Fresh) -> type[HouseMachine]:
    return type("House", (HouseMachine,), {"fresh": staticmethod(fresh)})


def is_caught(fresh: Fresh) -> bool:
    for seed in dict.fromkeys((*FIRST, *range(WALKS))):
        try:
            walk(house(fresh), seed, STEPS, LOOK_EACH)
        except CAUGHT:
            return True
    return False


def test_the_house_keeps_its_promises_whatever_happens(fresh: tuple[str, Fresh]) -> None:
    run_state_machine_as_test(house(fresh[1]), settings=SETTINGS)


def test_a_house_that_is_not_broken_passes(fresh: tuple[str, Fresh]) -> None:
    for seed in range(3):
        walk(house(fresh[1]), seed, STEPS, LOOK_EACH)


@pytest.mark.parametrize("fault", mutants.QUERIES)
def test_a_wrong_query_is_caught(fresh_file: Fresh, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    with spoiling.misread(mutants.QUERIES[fault], monkeypatch) as changed:
        assert is_caught(fresh_file)
    assert changed, "no query is like that any more"


@pytest.mark.parametrize("fault", mutants.CODE)
def test_wrong_code_is_caught(fresh_file: Fresh, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(*mutants.CODE[fault])
    assert is_caught(fresh_file)


@pytest.mark.parametrize("trigger", sorted({name for names in mutants.TRIGGERS.values() for name, _ in names}))
def test_a_missing_trigger_is_caught(fresh: tuple[str, Fresh], trigger: str) -> None:
    dialect, make = fresh
    assert is_caught_when_spoiled(make, spoiling.taken_away(dialect, trigger))


@pytest.mark.parametrize("fault", mutants.WEAKER)
def test_a_weaker_trigger_is_caught(fresh: tuple[str, Fresh], fault: str) -> None:
    dialect, make = fresh
    assert is_caught_when_spoiled(make, spoiling.weakened(dialect, mutants.WEAKER[fault]))


def is_caught_when_spoiled(fresh: Fresh, statements: tuple[str, ...]) -> bool:
    spoiled: set[str] = set()

    def spoiled_once() -> str:
        url = fresh()
        if url not in spoiled:
            spoiling.spoil(url, statements)
            spoiled.add(url)
        return url

    return is_caught(spoiled_once)


@pytest.mark.parametrize("moment", ["claiming", "claimed", "finishing"])
def test_processes_finish_every_job_once_though_one_is_killed(
    database_url: str, database: Database, moment: str
) -> None:
    each, price = 20, 1

    def fill(session: Session) -> None:
        for name in NAMES:
            user = person(session, name, CREDITS)
            for _ in range(each):
                priced_job(session, user, price)

    database.write(fill)
    doomed, *others = (Worker(database_url, role) for role in (moment, "work", "work"))
    for worker in (doomed, *others):
        assert worker.said() == "ready"
    doomed.line.send("go")
    assert doomed.said() == moment
    for worker in others:
        worker.line.send("go")
    # It dies while the others work; they find its job when the lease is over.
    doomed.process.kill()
    doomed.process.join()
    finished = Counter(job_id for worker in others for job_id in worker.said())
    for worker in others:
        worker.process.join(10)
    assert [worker.process.exitcode for worker in (doomed, *others)] == [-signal.SIGKILL, 0, 0]
    jobs_there = each * len(NAMES)
    assert finished == Counter(range(1, jobs_there + 1))

    def count(session: Session, table: type[Track | Hold]) -> int:
        return session.exec(select(func.count()).select_from(table)).one()

    statuses = database.read(lambda session: session.exec(select(Job.status)).all())
    assert Counter(statuses) == {"COMPLETED": jobs_there}
    assert database.read(partial(count, table=Track)) == jobs_there
    assert database.read(ledger.check) == []
    left = CREDITS - each * price
    for user_id in range(1, len(NAMES) + 1):
        assert database.read(partial(ledger.balance, account=account(user_id))) == Balance(left, 0, left)


class Worker:
    """A process that works the queue, and the line to it."""

    def __init__(self, url: str, role: str) -> None:
        self.line, its = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=queue_house.serve, args=(its, url, 1500, role), daemon=True)
        self.process.start()
        its.close()

    def said(self) -> Any:
        assert self.line.poll(120), "it says nothing"
        return self.line.recv()
