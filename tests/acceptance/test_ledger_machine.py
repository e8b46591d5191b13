"""Whatever happens to a house, it keeps its promises; and the test of that finds out every house that does not.

The machine is `house_machine`. The same test is run on houses that were broken on purpose (`house_mutants`), each of
which it has to catch. Real processes are killed in the middle of what they do.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

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
# These two find most faults, and so they are tried before the others.
FIRST = (19, 23)
# A promise that is not kept, a constraint that holds against the fault, a call that should have been refused, or one
# that should not. Anything else is a mutant that does not even run.
SPOKEN = (jobs.KeyTaken, AlreadySettled, InsufficientCredits, KeyReused, ValueError)
CAUGHT = (AssertionError, IntegrityError, *SPOKEN)

Fresh = Callable[[], str]


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
    for seed in sorted(range(WALKS), key=lambda seed: seed not in FIRST):
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
    doomed, *others = (
        subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.queue_house", database_url, "1500", role],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for role in (moment, "work", "work")
    )
    for worker in (doomed, *others):
        assert _heard(worker) == "ready"
    _start(doomed)
    assert _heard(doomed) == moment
    for worker in others:
        _start(worker)
    # It dies while the others work; they find its job when the lease is over.
    doomed.kill()
    doomed.communicate()
    answers = [worker.communicate(timeout=120)[0] for worker in others]
    assert [worker.returncode for worker in others] == [0, 0]
    finished = Counter(job_id for answer in answers for job_id in json.loads(answer))
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


def _start(worker: subprocess.Popen[str]) -> None:
    assert worker.stdin is not None
    worker.stdin.write("go\n")
    worker.stdin.flush()


def _heard(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()
