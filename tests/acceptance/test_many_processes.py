"""Many processes on one database, killed at random: no job is lost and none is finished twice (acceptance 3)."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from sqlmodel import Session, func, select

from storage import ledger
from storage.database import Database
from storage.tables import Account, Job, Lane, Outbox, Track, Transfer
from tests.acceptance.crowd import PRICE, crowd, fill

PEOPLE, EACH = 100, 100
# SQLite has one writer at a time: more processes only wait for each other.
PROCESSES = {"sqlite": 4, "postgresql": 16}
FEWEST_KILLS = 10
LEASE_MS = 2_000


def left(session: Session) -> int:
    """How many jobs wait or run."""
    return int(session.exec(select(func.coalesce(func.sum(Lane.waiting + Lane.running), 0))).one())


@pytest.mark.waits
@pytest.mark.timeout(300)
def test_ten_thousand_jobs_survive_processes_that_are_killed(database: Database) -> None:
    fill(database, PEOPLE, EACH)
    size = PROCESSES[database.url.get_backend_name()]
    dice = random.Random(5)
    kills = 0
    with crowd(database.url.render_as_string(hide_password=False), size, LEASE_MS) as workers:
        while database.read(left):
            time.sleep(dice.uniform(0.3, 0.9))
            workers.kill(dice.randrange(size))
            workers.start()
            kills += 1
    assert kills >= FEWEST_KILLS
    database.read(everything_is_done_once)


def everything_is_done_once(session: Session) -> None:
    jobs = PEOPLE * EACH
    assert Counter(session.exec(select(Job.status))) == {"COMPLETED": jobs}
    assert max(session.exec(select(Job.attempt))) > 1, "no kill hit a job that ran"
    topics = Counter(session.exec(select(Outbox.topic)))
    assert topics == {"accepted": jobs, "completed": jobs}
    assert len(set(session.exec(select(Outbox.job_id).where(Outbox.topic == "completed")))) == jobs
    assert len(set(session.exec(select(Track.job_id)))) == len(session.exec(select(Track.id)).all()) == jobs
    charges = session.exec(select(Transfer).where(Transfer.kind == "capture")).all()
    assert len({charge.hold_key for charge in charges}) == len(charges) == jobs
    assert {charge.amount for charge in charges} == {PRICE}
    people = session.exec(select(Account).where(Account.kind == "user")).all()
    assert {(one.posted, one.held) for one in people} == {(0, 0)}
    lanes = session.exec(select(Lane)).all()
    assert {(lane.waiting, lane.running, lane.music_ms) for lane in lanes} == {(0, 0, 0)}
    assert ledger.check(session) == []
