"""Lanes: who is served next, how many at once, and counts that are exact whatever happens to jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from storage import gate, jobs, ledger
from storage.claims import Ticket
from storage.database import Database
from storage.tables import Job, Lane
from tests.conftest import Postgres
from tests.rows import free_job, person

TASKS = ("text2music", "stems")
SEVERAL = settings(
    max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def claim(database: Database, most: int = 1, now: int = 10, **more: Any) -> list[Ticket]:
    given = {"worker": "w", "now": now, "lease_ms": 100, "tasks": TASKS, "most": most, **more}
    return list(database.write(partial(jobs.claim, **given)))


def fill(database: Database, *rows: tuple[str, dict[str, Any]]) -> list[int]:
    """Waiting jobs, each by the name of its owner and what else it is; returns their numbers."""
    return database.write(lambda s: [free_job(s, person(s, name, credits=0), **more).id for name, more in rows])


def ids(tickets: list[Ticket]) -> list[int]:
    return [ticket.id for ticket in tickets]


def end(database: Database, ticket: Ticket) -> bool:
    return database.write(partial(jobs.complete, job_id=ticket.id, token=ticket.token or "", now=20))


# Counts.

MOVES = ("claim", "complete", "fail", "postpone", "hand_back", "cancelled", "request_cancel", "rescue", "give_up",
         "renew", "release")  # fmt: skip
Counts = dict[tuple[int, int], tuple[int, int, int]]
INSERT = st.fixed_dictionaries(
    {
        "name": st.sampled_from("ab"),
        "priority": st.sampled_from([0, 0, 5]),
        "server": st.sampled_from([None, "s", "t"]),
        "parked": st.sampled_from([False, False, True]),
        "duration": st.sampled_from([0.0, 7.5, 30.0, 600.0]),
        "takes": st.integers(0, 4),
    }
)


@SEVERAL
@given(st.lists(st.one_of(INSERT, st.tuples(st.sampled_from(MOVES), st.integers(0, 9))), min_size=10, max_size=30))
def test_counts_are_exact_whatever_becomes_of_jobs(database: Database, steps: list[Any]) -> None:
    for step in steps:
        database.write(partial(_insert, **step) if isinstance(step, dict) else partial(_move, *step))
    assert database.read(ledger.check) == []
    assert database.read(_shown) == database.read(_counted)


def _insert(session: Session, *, name: str, **more: Any) -> None:
    free_job(session, person(session, name, credits=0), **more)


def _move(move: str, which: int, session: Session) -> None:
    """Something that happens to one of the latest jobs, or fails to."""
    latest = jobs.recent(session, None, 10)
    if not latest:
        return
    job = latest[which % len(latest)]
    running: dict[str, Any] = {"job_id": job.id, "token": job.token or ""}
    wrong: dict[str, Any] = {"error_code": "internal"}
    acts: dict[str, Callable[[], object]] = {
        "claim": lambda: jobs.claim(session, worker="w", now=10, lease_ms=which, tasks=TASKS, most=1 + which % 3),
        "complete": lambda: jobs.complete(session, **running, now=20),
        "fail": lambda: jobs.fail(session, **running, now=20, **wrong),
        "postpone": lambda: jobs.postpone(session, **running, run_after=5, **wrong),
        "hand_back": lambda: jobs.hand_back(session, **running),
        "cancelled": lambda: jobs.cancelled(session, **running, now=20),
        "request_cancel": lambda: jobs.request_cancel(session, job_id=job.id, now=20),
        "rescue": lambda: jobs.rescue(session, now=15),
        "give_up": lambda: jobs.give_up(session, job_id=job.id, now=20, **wrong),
        "renew": lambda: jobs.renew(session, job_id=job.id, now=5),
        "release": lambda: jobs.release(session, job_id=job.id, now=5),
    }
    acts[move]()


def _shown(session: Session) -> Counts:
    lanes = session.exec(select(Lane)).all()
    return {(lane.user_id, lane.priority): (lane.waiting, lane.running, lane.music_ms) for lane in lanes}


def _counted(session: Session) -> Counts:
    lanes: Counts = {}
    for job in session.exec(select(Job)):
        waits, runs = job.status == "PENDING" and not job.parked, job.status == "PROCESSING"
        waiting, running, music = lanes.get((job.user_id, job.priority), (0, 0, 0))
        music += waits * round(job.duration * 1000) * job.takes
        lanes[job.user_id, job.priority] = (waiting + waits, running + runs, music)
    return lanes


@pytest.mark.parametrize("statement", ["UPDATE job SET priority = 9", "UPDATE job SET server = 's'"])
def test_a_job_stays_in_its_lane(database: Database, statement: str) -> None:
    fill(database, ("ann", {}))
    with pytest.raises(IntegrityError, match="keeps its lane"):
        database.write(lambda session: session.connection().execute(text(statement)))


SPOILED = {
    "Lane 1 (0) shows 2, 1 and 60000 ms, not 1, 1 and 60000.": "UPDATE lane SET waiting = waiting + 1",
    "Lane 1 (0) shows 1, 0 and 60000 ms, not 1, 1 and 60000.": "UPDATE lane SET running = 0",
    "Lane 1 (0) shows 1, 1 and 1 ms, not 1, 1 and 60000.": "UPDATE lane SET music_ms = 1",
    "Job 2 is PENDING, but its owner has no lane of priority 0.": "DELETE FROM lane",
}


@pytest.mark.parametrize("sentence", SPOILED)
def test_check_says_which_count_is_wrong(database: Database, sentence: str) -> None:
    fill(database, ("ann", {}), ("ann", {}))
    claim(database)
    assert database.read(ledger.check) == []
    database.write(lambda session: session.connection().execute(text(SPOILED[sentence])))
    assert sentence in database.read(ledger.check)


# Turns.


@SEVERAL
@given(
    queue=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 0, 5, 9])), min_size=1, max_size=12),
    served=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 5])), max_size=4),
    parked=st.lists(st.sampled_from("abcd"), max_size=2),
)
def test_the_position_shown_is_the_order_served(
    database: Database, queue: list[tuple[str, int]], served: list[tuple[str, int]], parked: list[str]
) -> None:
    def prepare(session: Session) -> None:
        for job in session.exec(select(Job).where(Job.status == "PENDING")):
            jobs.request_cancel(session, job_id=job.id, now=1)
        for name, priority in served:
            _insert(session, name=name, priority=priority)
            jobs.claim(session, worker="w", now=1, lease_ms=1, tasks=TASKS)
        for name in parked:
            _insert(session, name=name, parked=True)
        for name, priority in queue:
            _insert(session, name=name, priority=priority)

    def positions(session: Session) -> dict[int, int]:
        waiting = session.exec(select(Job.id).where(Job.status == "PENDING", Job.parked.is_(False))).all()  # type: ignore[attr-defined]
        return {number: jobs.position(session, number) for number in waiting}

    database.write(prepare)
    shown = database.read(positions)
    assert [shown[ticket.id] for ticket in claim(database, most=len(queue) + 1)] == list(range(len(queue)))


def test_people_of_one_priority_take_turns_and_higher_ones_go_first(database: Database) -> None:
    paid = {"priority": 5}
    fill(database, *[("ann", {})] * 3, ("bob", {}), *[("cleo", paid)] * 2, ("dora", paid), ("ann", paid))
    served = claim(database, most=8)
    ann, bob, cleo, dora = 1, 2, 3, 4
    assert [(ticket.user_id, ticket.priority) for ticket in served] == [
        (ann, 5), (cleo, 5), (dora, 5), (cleo, 5), (ann, 0), (bob, 0), (ann, 0), (ann, 0),
    ]  # fmt: skip


def test_somebody_new_is_served_before_the_second_job_of_anybody(database: Database) -> None:
    fill(database, *[("greedy", {})] * 5)
    assert ids(claim(database, most=2)) == [1, 2]
    (new,) = fill(database, ("new", {}))
    assert database.read(partial(jobs.position, job_id=new)) == 0
    assert ids(claim(database, most=2)) == [new, 3]


def test_a_job_that_is_not_due_holds_up_nobody(database: Database) -> None:
    fill(database, ("ann", {"run_after": 1000}), ("ann", {}), ("bob", {"task": "lrc"}), ("cleo", {}))
    assert ids(claim(database, most=9)) == [2, 4]
    assert ids(claim(database, most=9, now=1000)) == [1]


# How many at once.


def test_nobody_has_more_running_than_allowed(database: Database) -> None:
    fill(database, *[("ann", {})] * 4, ("bob", {}))
    first = claim(database, most=9, per_user=2)
    assert ids(first) == [1, 5, 2]
    assert claim(database, per_user=2) == []
    assert not database.read(partial(jobs.waiting, now=10, tasks=TASKS, per_user=2))
    assert end(database, first[0])
    assert database.read(partial(jobs.waiting, now=10, tasks=TASKS, per_user=2))
    assert ids(claim(database, most=9, per_user=2)) == [3]


def test_no_server_has_more_running_than_allowed(database: Database) -> None:
    here = {"server": "s"}
    fill(database, ("ann", here), ("bob", here), ("bob", {"server": "t"}), ("cleo", here), ("cleo", {}))
    first = claim(database, most=9, per_server=1)
    assert sorted(ids(first)) == [1, 3, 5]
    assert claim(database, per_server=1) == []
    assert not database.read(partial(jobs.waiting, now=10, tasks=TASKS, per_server=1))
    assert end(database, first[0])
    assert len(claim(database, most=9, per_server=1)) == 1


@pytest.fixture
def houses(postgres: Postgres) -> Iterator[tuple[Database, Database]]:
    """Two houses on one Postgres database."""
    url = postgres.migrated()
    databases = Database(url), Database(url)
    yield databases
    for database in databases:
        database.close()


@pytest.mark.parametrize("limit", [{"per_user": 2}, {"per_server": 2}])
def test_houses_that_race_for_the_last_place_keep_the_limit(
    houses: tuple[Database, Database], limit: dict[str, int]
) -> None:
    names = ["ann"] * 6 if "per_user" in limit else list("abcdef")
    fill(houses[0], *((name, {"server": "s"}) for name in names))
    start = threading.Barrier(6)

    def race(number: int) -> list[Ticket]:
        start.wait(10)
        return claim(houses[number % 2], **limit)

    with ThreadPoolExecutor(6) as threads:
        while houses[0].read(partial(jobs.waiting, now=10, tasks=TASKS)):
            running = [ticket for tickets in threads.map(race, range(6)) for ticket in tickets]
            # A lane that somebody else is in is passed over; whoever looks again gets what is left.
            while last := claim(houses[0], **limit):
                running += last
            assert len(running) == 2
            assert len({ticket.id for ticket in running}) == 2
            assert all(end(houses[1], ticket) for ticket in running)
    assert houses[0].read(ledger.check) == []


@pytest.mark.parametrize("first_of_bob", ["s", "t"])
def test_the_last_place_of_a_server_is_given_once(houses: tuple[Database, Database], first_of_bob: str) -> None:
    """The other one has chosen its job already when the first takes the place."""
    here, there = {"server": "s"}, {"server": "t"}
    others = [here, there] if first_of_bob == "s" else [there, here]
    fill(houses[0], ("ann", here), *(("bob", server) for server in others))
    claimed, go_on = threading.Event(), threading.Event()

    def take_and_wait(session: Session) -> tuple[Ticket, ...]:
        tickets = jobs.claim(session, worker="a", now=10, lease_ms=9, tasks=TASKS, per_server=1)
        claimed.set()
        assert go_on.wait(10)
        return tickets

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(houses[0].write, take_and_wait)
        assert claimed.wait(10)
        second = threads.submit(claim, houses[1], most=3, per_server=1)
        while not houses[0].read(_somebody_waits_for_a_lock):
            time.sleep(0.01)
        go_on.set()
        # Bob's song for the full server is left where it was, and his other one is made.
        assert ids(list(first.result(10))) == [1]
        assert ids(second.result(10)) == [3 if first_of_bob == "s" else 2]
    assert len(houses[0].read(jobs.live_tokens)) == 2
    assert houses[0].read(ledger.check) == []


def _somebody_waits_for_a_lock(session: Session) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(session.connection().execute(waiting).scalar_one())


def test_a_lane_that_somebody_claims_from_is_passed_over(houses: tuple[Database, Database]) -> None:
    fill(houses[0], *[("ann", {})] * 2, ("bob", {}))

    def both(session: Session) -> tuple[list[int], list[int]]:
        mine = jobs.claim(session, worker="a", now=10, lease_ms=9, tasks=TASKS)
        return [ticket.id for ticket in mine], ids(claim(houses[1], most=9))

    assert houses[0].write(both) == ([1], [3])
    assert ids(claim(houses[1], most=9)) == [2]


# What is not begun.


def test_a_parked_job_waits_until_it_is_released(database: Database) -> None:
    parked, cancelled = fill(database, ("ann", {"parked": True}), ("ann", {"parked": True}))
    release = partial(jobs.release, job_id=parked, now=50)
    assert claim(database) == []
    assert not database.read(partial(jobs.waiting, now=10, tasks=TASKS))
    assert database.read(partial(jobs.position, job_id=parked)) == 0
    assert database.write(release)
    assert not database.write(release)
    assert ids(claim(database, most=2, now=50)) == [parked]
    assert database.write(partial(jobs.request_cancel, job_id=cancelled, now=60)) is not None
    assert not database.write(partial(jobs.release, job_id=cancelled, now=60))
    assert claim(database) == []
    assert database.read(ledger.check) == []


def test_nothing_begins_behind_a_shut_gate_and_what_runs_goes_on(database: Database) -> None:
    fill(database, *[("ann", {})] * 2)
    (running,) = claim(database)
    for state in ("paused", "draining"):
        turn = partial(gate.turn, state=state, by="ann", why="cleaning", now=30)
        assert database.write(turn)
        assert not database.write(turn)
        shut = database.read(gate.get)
        assert (shut.state, shut.by, shut.why, shut.since) == (state, "ann", "cleaning", 30)
        assert claim(database) == []
        assert not database.read(partial(jobs.waiting, now=10, tasks=TASKS))
    assert end(database, running)
    assert database.write(partial(gate.turn, state="open", by="ann", why=None, now=40))
    assert ids(claim(database)) == [2]


def test_an_engine_takes_several_jobs_of_one_bucket(database: Database) -> None:
    short, long = {"bucket": "30 s"}, {"bucket": "60 s"}
    fill(database, ("ann", short), ("ann", long), ("ann", short), ("bob", long), ("bob", short), ("cleo", long))
    assert ids(claim(database, most=2, bucket="30 s")) == [1, 5]
    assert ids(claim(database, most=9, bucket="30 s")) == [3]
    assert claim(database, bucket="30 s") == []
    tickets = claim(database, most=9)
    assert sorted(ids(tickets)) == [2, 4, 6]
    assert len({ticket.token for ticket in tickets}) == 3


def test_dead_letters_are_those_that_might_work_after_all(database: Database) -> None:
    fill(database, *[("ann", {})] * 4)
    for ticket, (code, permanent) in zip(
        claim(database, most=4),
        (("internal", False), ("bad_lyrics", True), ("disk_full", False), ("internal", False)),
        strict=True,
    ):
        failed = partial(jobs.fail, job_id=ticket.id, token=ticket.token or "", now=100 + ticket.id)
        assert database.write(partial(failed, error_code=code, error_permanent=permanent))
    dead = partial(jobs.dead_letters, limit=2)
    assert [(job.id, job.error_code) for job in database.read(dead)] == [(4, "internal"), (3, "disk_full")]
    assert database.write(partial(jobs.renew, job_id=4, now=200)) is not None
    assert [job.id for job in database.read(dead)] == [3, 1]
