"""Ledger, queue and outbox together under everything that can happen to a house, against a model kept in memory.

Workers die holding jobs, come back too late, transactions break off half way, people press every button twice and
receipts get lost. After each step the books are sound, every row is what the model says, and nobody paid twice. Then
the same test is run on houses that were broken on purpose, each of which it has to catch.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from _pytest.outcomes import Failed
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import and_, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from storage import jobs, ledger, outbox
from storage.database import Database
from storage.ledger import AlreadySettled, Balance, InsufficientCredits
from storage.tables import Hold, Job, Outbox, Track, Transfer
from tests.acceptance import queue_house as house
from tests.conftest import Postgres
from tests.rows import account, person, priced_job

T = TypeVar("T")

NAMES = ("ann", "bob", "cleo")
CREDITS = 50
LEASE_MS = 50
LATER_MS = 30

CRASHES = st.sampled_from([False] * 7 + [True])
RECENT = st.integers(0, 3)
PRICES = st.sampled_from([0, 5, 20, 30])

# One event a step, the common ones more often. They are one rule, because Hypothesis leaves out some rules in each
# run, and a house without claims, or without requests, has nothing to show.
EVENTS = st.one_of(
    *[
        st.tuples(st.just(name), st.fixed_dictionaries(values))
        for name, often, values in (
            (
                "submit",
                4,
                {
                    "who": st.integers(0, 2),
                    "price": PRICES,
                    "key": st.sampled_from([None, None, "a", "b"]),
                    "crash": CRASHES,
                },
            ),
            ("claim", 6, {"crash": CRASHES}),
            ("finish", 4, {"pick": RECENT, "crash": CRASHES}),
            ("fail", 3, {"pick": RECENT, "crash": CRASHES}),
            ("stop", 1, {"pick": RECENT, "crash": CRASHES}),
            ("postpone", 1, {"pick": RECENT, "crash": CRASHES}),
            ("hand_back", 1, {"pick": RECENT, "crash": CRASHES}),
            ("heartbeat", 1, {"pick": RECENT, "crash": CRASHES}),
            ("rescue", 4, {"wait": st.sampled_from([0, LATER_MS, LEASE_MS, LEASE_MS]), "crash": CRASHES}),
            ("cancel", 2, {"pick": RECENT, "crash": CRASHES}),
            ("retry", 3, {"pick": RECENT, "crash": CRASHES}),
            ("settle_again", 1, {"pick": RECENT}),
            (
                "deliver",
                3,
                {
                    "limit": st.integers(1, 3),
                    "fate": st.sampled_from(["sent", "sent", "lost", "later"]),
                    "crash": CRASHES,
                },
            ),
            ("restart", 1, {}),
        )
        for _ in range(often)
    ]
)


class Crash(Exception):
    """The process dies inside a transaction."""


@dataclass
class Expected:
    """What the row of a job has to say."""

    user_id: int
    price: int
    status: str = "PENDING"
    round: int = 1
    attempt: int = 0
    token: str | None = None
    lease_until: int | None = None
    cancel_requested: bool = False
    run_after: int = field(default=0, compare=False)

    @property
    def live(self) -> bool:
        return self.status in ("PENDING", "PROCESSING")

    def end(self, status: str) -> None:
        self.status, self.token, self.lease_until = status, None, None


class HouseMachine(RuleBasedStateMachine):
    """A house with three people; `spoiled` is SQL that breaks it beforehand."""

    fresh: ClassVar[Callable[[], str]]
    spoiled: ClassVar[str | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.url = type(self).fresh()
        self.db = Database(self.url)
        self.sound = False
        self.now = 1_000
        self.jobs: dict[int, Expected] = {}
        self.keys: dict[tuple[int, str], int] = {}
        self.claims: list[tuple[int, str]] = []
        self.expected_parcels: list[str] = []
        self.posted: set[str] = set()
        self.delivered: set[str] = set()
        self.leased: dict[str, int] = {}
        self.people = self.db.write(lambda s: [person(s, name, CREDITS).id for name in NAMES])
        if self.spoiled:
            spoil = text(self.spoiled)
            self.db.write(lambda s: s.connection().execute(spoil))

    def teardown(self) -> None:
        try:
            # A run that failed has failed already; what it did to the outbox is not worth another word.
            if self.sound:
                self._deliver_the_rest()
        finally:
            self.db.close()

    @initialize(prices=st.lists(PRICES, min_size=2, max_size=4))
    def open(self, prices: list[int]) -> None:
        for number, price in enumerate(prices):
            self.submit(number % len(NAMES), price, None, crash=False)

    @rule(event=EVENTS)
    def step(self, event: tuple[str, dict[str, Any]]) -> None:
        self.sound = False
        name, values = event
        getattr(self, name)(**values)

    # What people do.

    def submit(self, who: int, price: int, key: str | None, crash: bool) -> None:
        user_id = self.people[who]
        known = self.keys.get((user_id, key)) if key else None
        try:
            job = self._write(partial(house.submit, user_id=user_id, price=price, key=key, now=self.now), crash)
        except InsufficientCredits as short:
            self._refused(short, price, user_id)
            assert known is None
            return
        except Crash:
            return
        if known is not None:
            assert job.id == known
            return
        assert price <= self._available(user_id)
        assert job.id not in self.jobs
        self.jobs[job.id] = Expected(user_id, price)
        self._expect_parcel(job.id, "accepted")
        if key:
            self.keys[user_id, key] = job.id

    def cancel(self, pick: int, crash: bool) -> None:
        if not self.jobs:
            return
        job_id = list(self.jobs)[-1 - pick % len(self.jobs)]
        expected = self.jobs[job_id]
        try:
            answer = self._write(partial(house.cancel, job_id=job_id, now=self.now), crash)
        except Crash:
            return
        assert (answer is not None) == expected.live
        if expected.live:
            expected.cancel_requested = True
        if expected.status == "PENDING":
            self._end(job_id, "CANCELLED")

    def retry(self, pick: int, crash: bool) -> None:
        failed = [job_id for job_id, job in self.jobs.items() if job.status == "FAILED"]
        if not failed:
            return
        job_id = failed[-1 - pick % len(failed)]
        expected = self.jobs[job_id]
        try:
            job = self._write(partial(house.retry, job_id=job_id, now=self.now), crash)
        except InsufficientCredits as short:
            self._refused(short, expected.price, expected.user_id)
            return
        except Crash:
            return
        assert job is not None
        assert expected.price <= self._available(expected.user_id)
        expected.status, expected.round, expected.attempt = "PENDING", expected.round + 1, 0
        expected.cancel_requested, expected.run_after = False, self.now

    def settle_again(self, pick: int) -> None:
        """A capture or void that is repeated changes nothing; the other one is refused."""
        ended = [job_id for job_id, job in self.jobs.items() if job.price and not job.live]
        if not ended:
            return
        job_id = ended[-1 - pick % len(ended)]
        expected = self.jobs[job_id]
        key = f"job:{job_id}:{expected.round}"
        capture = partial(ledger.capture, key=key, amount=expected.price, now=self.now)
        void = partial(ledger.void, key=key, now=self.now)
        again, refused = (capture, void) if expected.status == "COMPLETED" else (void, capture)
        self.db.write(lambda session: again(session) and None)
        with pytest.raises(AlreadySettled):
            self.db.write(lambda session: refused(session) and None)

    # What workers do; each may hold a claim that was taken from it long ago.

    def claim(self, crash: bool) -> None:
        waiting = [job_id for job_id, job in self.jobs.items() if job.status == "PENDING" and job.run_after <= self.now]
        try:
            job = self._write(partial(house.claim, now=self.now, lease_ms=LEASE_MS), crash)
        except Crash:
            return
        assert (job is not None) == bool(waiting)
        if job is None:
            return
        assert job.id in waiting
        assert job.token is not None
        assert job.token not in {token for _, token in self.claims}
        expected = self.jobs[job.id]
        expected.status, expected.token, expected.lease_until = "PROCESSING", job.token, self.now + LEASE_MS
        expected.attempt += 1
        self.claims.append((job.id, job.token))

    def heartbeat(self, pick: int, crash: bool) -> None:
        if not self.claims:
            return
        job_id, token, expected, live = self._claim(pick)
        beat = partial(
            jobs.heartbeat, job_id=job_id, token=token, now=self.now, lease_ms=LEASE_MS, stage="rendering", progress=0.5
        )
        try:
            answer = self._write(beat, crash)
        except Crash:
            return
        assert answer == (("cancel" if expected.cancel_requested else "ok") if live else "lost")
        if live:
            expected.lease_until = self.now + LEASE_MS

    def finish(self, pick: int, crash: bool) -> None:
        if self._settle(pick, house.finish, crash):
            self.jobs[self._claim(pick)[0]].cancel_requested = False
            self._end(self._claim(pick)[0], "COMPLETED")

    def fail(self, pick: int, crash: bool) -> None:
        if self._settle(pick, house.fail, crash):
            self._end(self._claim(pick)[0], "FAILED")

    def stop(self, pick: int, crash: bool) -> None:
        if self._settle(pick, house.stop, crash):
            self._end(self._claim(pick)[0], "CANCELLED")

    def postpone(self, pick: int, crash: bool) -> None:
        later = self.now + LATER_MS

        def postpone(session: Session, *, job_id: int, token: str, now: int) -> bool:
            assert now < later
            return jobs.postpone(session, job_id=job_id, token=token, run_after=later, error_code="internal")

        if self._settle(pick, postpone, crash):
            expected = self.jobs[self._claim(pick)[0]]
            expected.end("PENDING")
            expected.run_after = later

    def hand_back(self, pick: int, crash: bool) -> None:
        def hand_back(session: Session, *, job_id: int, token: str, now: int) -> bool:
            assert now
            return jobs.hand_back(session, job_id=job_id, token=token)

        if self._settle(pick, hand_back, crash):
            expected = self.jobs[self._claim(pick)[0]]
            expected.end("PENDING")
            expected.attempt -= 1

    def rescue(self, wait: int, crash: bool) -> None:
        self.now += wait
        lost = [
            job_id for job_id, job in self.jobs.items() if job.lease_until is not None and job.lease_until <= self.now
        ]
        try:
            found = self._write(partial(house.rescue, now=self.now), crash)
        except Crash:
            return
        assert [job.id for job in found] == lost
        for job_id in lost:
            expected = self.jobs[job_id]
            expected.end("PENDING")
            expected.run_after = self.now
            if expected.cancel_requested:
                self._end(job_id, "CANCELLED")
            elif expected.attempt >= house.MOST_ATTEMPTS:
                self._end(job_id, "FAILED")

    # What couriers do.

    def deliver(self, limit: int, fate: str, crash: bool) -> None:
        take = partial(outbox.claim_due, surfaces=["terminal"], now=self.now, lease_ms=LEASE_MS, limit=limit)
        try:
            rows = self._write(take, crash)
        except Crash:
            return
        for row, _ in rows:
            assert row.key not in self.delivered
            assert self.leased.get(row.key, 0) <= self.now, "two couriers have one parcel"
            self.leased[row.key] = self.now + LEASE_MS
            self._carry(row, fate)

    def restart(self) -> None:
        """All that was in memory is gone; whoever still holds a token is a stranger now."""
        self.db.close()
        self.db = Database(self.url)

    # What must be true at every moment.

    @invariant()
    def everything_is_as_promised(self) -> None:
        self.the_books_are_sound()
        self.every_row_is_as_expected()
        self.everybody_paid_once_for_each_song()
        self.everything_is_told_once()
        self.sound = True

    def the_books_are_sound(self) -> None:
        assert self.db.read(ledger.check) == []

    def every_row_is_as_expected(self) -> None:
        rows = self.db.read(lambda session: session.exec(select(Job)).all())
        assert {row.id: _seen(row) for row in rows} == self.jobs

    def everybody_paid_once_for_each_song(self) -> None:
        completed = {job_id: job for job_id, job in self.jobs.items() if job.status == "COMPLETED"}

        def look(session: Session) -> tuple[Counter[int], dict[str, int], list[Balance]]:
            tracks = Counter(session.exec(select(Track.job_id)).all())
            captures = session.exec(select(Transfer.key, Transfer.amount).where(Transfer.kind == "capture")).all()
            return tracks, dict(captures), [ledger.balance(session, account(who)) for who in self.people]

        tracks, captures, balances = self.db.read(look)
        assert tracks == Counter(completed.keys())
        assert captures == {
            f"capture:job:{job_id}:{job.round}": job.price for job_id, job in completed.items() if job.price
        }
        for who, balance in zip(self.people, balances, strict=True):
            paid = sum(job.price for job in completed.values() if job.user_id == who)
            held = sum(job.price for job in self.jobs.values() if job.user_id == who and job.live)
            assert balance == Balance(CREDITS - paid, held, CREDITS - paid - held)

    def everything_is_told_once(self) -> None:
        keys = self.db.read(lambda session: session.exec(select(Outbox.key).order_by(col(Outbox.id))).all())
        assert list(keys) == self.expected_parcels

    def _write(self, work: Callable[[Session], T], crash: bool) -> T:
        """One transaction; with `crash` the process dies just before it is committed."""

        def wrapped(session: Session) -> T:
            result = work(session)
            if crash:
                session.flush()
                raise Crash
            return result

        return self.db.write(wrapped)

    def _settle(self, pick: int, act: Callable[..., bool], crash: bool) -> bool:
        """Let a worker end its attempt, and say whether it could: only while the job was still its own."""
        if not self.claims:
            return False
        job_id, token, _, live = self._claim(pick)
        try:
            settled = self._write(partial(act, job_id=job_id, token=token, now=self.now), crash)
        except Crash:
            return False
        assert settled == live
        return settled

    def _claim(self, pick: int) -> tuple[int, str, Expected, bool]:
        """One of the latest claims, and whether its token is still the job's."""
        job_id, token = self.claims[-1 - pick % len(self.claims)]
        return job_id, token, self.jobs[job_id], self.jobs[job_id].token == token

    def _available(self, user_id: int) -> int:
        mine = [job for job in self.jobs.values() if job.user_id == user_id]
        return CREDITS - sum(job.price for job in mine if job.live or job.status == "COMPLETED")

    def _refused(self, short: InsufficientCredits, price: int, user_id: int) -> None:
        assert price > self._available(user_id)
        assert (short.required, short.available) == (price, self._available(user_id))

    def _end(self, job_id: int, status: str) -> None:
        self.jobs[job_id].end(status)
        self._expect_parcel(job_id, status.lower())

    def _expect_parcel(self, job_id: int, topic: str) -> None:
        self.expected_parcels.append(f"job:{job_id}:{self.jobs[job_id].round}:{topic}")

    def _carry(self, row: Outbox, fate: str) -> None:
        """A courier looks before it posts; its receipt may get lost on the way back."""
        if fate == "later":
            due_at = self.now + LATER_MS
            assert self.db.write(lambda s: outbox.retry_later(s, row.id, due_at=due_at, error="busy"))
            self.leased[row.key] = due_at
            return
        self.posted.add(row.key)
        if fate == "sent":
            assert self.db.write(lambda s: outbox.sent(s, row.id, now=self.now, receipt="message"))
            self.delivered.add(row.key)

    def _deliver_the_rest(self) -> None:
        """In the end all there was to tell has been told, and in order."""
        for _ in range(len(self.expected_parcels)):
            self.now += LEASE_MS
            for row, _ in self.db.write(
                lambda s: outbox.claim_due(s, surfaces=["terminal"], now=self.now, lease_ms=LEASE_MS, limit=100)
            ):
                self._carry(row, "sent")
        assert self.posted == self.delivered == set(self.expected_parcels)


def _seen(row: Job) -> Expected:
    """The row in the model's words. `run_after` shows in who is claimed and when."""
    return Expected(
        row.user_id,
        row.price,
        row.status,
        row.round,
        row.attempt,
        row.token,
        row.lease_until,
        row.cancel_requested,
    )


SETTINGS = settings(
    max_examples=25,
    stateful_step_count=50,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def fresh_file(tmp_path: Path, migrated_file: Path) -> Callable[[], str]:
    """Makes SQLite databases with all tables."""
    numbers = itertools.count()
    return lambda: f"sqlite:///{shutil.copy(migrated_file, tmp_path / f'{next(numbers)}.db')}"


def test_the_house_keeps_its_promises_whatever_happens(fresh_file: Callable[[], str]) -> None:
    run_state_machine_as_test(_machine(fresh_file), settings=SETTINGS)


def test_the_house_keeps_its_promises_on_postgres(postgres: Postgres) -> None:
    run_state_machine_as_test(_machine(postgres.migrated), settings=settings(SETTINGS, max_examples=5))


def _machine(fresh: Callable[[], str], spoiled: str | None = None) -> type[HouseMachine]:
    return type("House", (HouseMachine,), {"fresh": staticmethod(fresh), "spoiled": spoiled})


def _void_nothing(_session: Session, **_call: Any) -> None:
    """A void that forgets to."""


def _unfenced(job_id: int, _token: str) -> Any:
    return and_(col(Job.id) == job_id, col(Job.status) == "PROCESSING")


def _one_round(job: Job) -> str:
    return f"job:{job.id}:1"


def _unleased(surfaces: Any, now: int) -> Any:
    return and_(
        col(Outbox.sent_at).is_(None),
        col(Outbox.dead_at).is_(None),
        col(Outbox.surface).in_(surfaces),
        col(Outbox.due_at) <= now,
    )


def _keep_what_is_left(session: Session, *, key: str, amount: int, now: int) -> Transfer:
    return CAPTURE(session, key=key, amount=max(1, amount - 1), now=now)


def _any_hold(session: Session, *, key: str, account: str, amount: int, now: int) -> Hold | None:
    """A hold that looks before it locks the row, and trusts what it saw."""
    try:
        return HOLD(session, key=key, account=account, amount=amount, now=now)
    except InsufficientCredits:
        return None


CAPTURE, HOLD = ledger.capture, ledger.hold

BROKEN_CODE: dict[str, tuple[Any, str, Any]] = {
    "attempts end without a fence": (jobs, "_running", _unfenced),
    "voids do nothing": (ledger, "void", _void_nothing),
    "a retry uses the hold of the round before": (jobs, "hold_key", _one_round),
    "songs are charged too little": (ledger, "capture", _keep_what_is_left),
    "jobs without credits are taken": (ledger, "hold", _any_hold),
    "parcels are given to two couriers": (outbox, "_due", _unleased),
    "keys are forgotten": (jobs, "by_key", lambda _session, _user_id, _key: None),
}
BROKEN_SCHEMA = {
    "holds reserve nothing": "DROP TRIGGER hold_reserve",
    "holds release nothing": "DROP TRIGGER hold_release",
    "transfers post nothing": "DROP TRIGGER transfer_post",
}
# A promise that is not kept, a constraint that holds against the fault, or a call that should have been refused.
CAUGHT = (AssertionError, IntegrityError, jobs.KeyTaken, Failed)
# A broken house is found out within a few examples; which ones is not left to luck.
SEARCH = settings(SETTINGS, max_examples=200, phases=(Phase.generate,), derandomize=True, report_multiple_bugs=False)


@pytest.mark.parametrize("fault", BROKEN_CODE)
def test_broken_code_is_caught(fresh_file: Callable[[], str], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(*BROKEN_CODE[fault])
    with pytest.raises(Exception):  # noqa: B017
        run_state_machine_as_test(_machine(fresh_file), settings=SEARCH)


@pytest.mark.parametrize("fault", BROKEN_SCHEMA)
def test_a_missing_trigger_is_caught(fresh_file: Callable[[], str], fault: str) -> None:
    with pytest.raises(Exception):  # noqa: B017
        run_state_machine_as_test(_machine(fresh_file, BROKEN_SCHEMA[fault]), settings=SEARCH)


def test_processes_finish_every_job_once_though_one_is_killed(database_url: str, database: Database) -> None:
    each, price = 20, 2

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
        for role in ("stall", "work", "work")
    )
    for worker in (doomed, *others):
        assert _heard(worker) == "ready"
    _start(doomed)
    assert _heard(doomed) == "claimed"
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
