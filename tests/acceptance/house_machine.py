"""Ledger, queue and outbox together under everything that can happen to a house, against a model kept in memory.

Workers die holding jobs, come back too late, transactions break off half way, people press every button twice, give
credits away under keys that were used before, moderators let jobs wait, the queue is paused, clocks are set back and
receipts get lost. After each step the books are sound, every row is what the model says, and nobody paid twice.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, col, select

from storage import jobs, ledger, outbox
from storage.claims import Ticket
from storage.database import Database
from storage.ledger import BANK, AlreadySettled, InsufficientCredits, KeyReused
from storage.tables import Account, GateState, Outbox, Track, Transfer
from tests.acceptance import queue_house as house
from tests.acceptance.house_events import EVENTS, LATER_MS, LEASE_MS, MINUTE_MS, OFTEN, PRICES, VALUES, Event
from tests.acceptance.house_model import JOBS, Expected, Lane, Served
from tests.acceptance.intruder import Undone, try_everything
from tests.rows import account, person
from workflows.refusal import Refusal

T = TypeVar("T")

NAMES = ("ann", "bob", "cleo")
CREDITS = 30


class Crash(Exception):
    """The process dies inside a transaction."""


class HouseMachine(RuleBasedStateMachine):
    """A house with three people. `fresh` gives the URL of an empty one."""

    fresh: ClassVar[Callable[[], str]]

    def __init__(self) -> None:
        super().__init__()
        self.url = type(self).fresh()
        self.db = Database(self.url)
        self.sound = False
        self.now = self.latest = 100 * MINUTE_MS
        self.gate: GateState = "open"
        self.jobs: dict[int, Expected] = {}
        self.turns: dict[Lane, int] = {}
        self.keys: dict[tuple[int, str], int] = {}
        self.moved: dict[str, tuple[str, str, str, int]] = {}
        self.claims: list[tuple[int, str]] = []
        self.expected_parcels: list[str] = []
        self.posted: set[str] = set()
        self.delivered: set[str] = set()
        self.leased: dict[str, int] = {}
        self.people = self.db.write(lambda s: [person(s, name, CREDITS).id for name in NAMES])

    def teardown(self) -> None:
        try:
            # A run that failed has failed already; what it did to the outbox is not worth another word.
            if self.sound:
                self.intrude()
                self._deliver_the_rest()
        finally:
            self.db.close()

    @initialize(prices=st.lists(st.sampled_from(PRICES), min_size=2, max_size=4))
    def open(self, prices: list[int]) -> None:
        for number, price in enumerate(prices):
            self.submit(number % len(NAMES), price, None, 0, None, parked=False, crash=False)

    @rule(event=EVENTS)
    def step(self, event: Event) -> None:
        self.sound = False
        name, values = event
        getattr(self, name)(**values)
        self.latest = max(self.latest, self.now)

    # What people do.

    def submit(
        self, who: int, price: int, key: str | None, priority: int, server: str | None, *, parked: bool, crash: bool
    ) -> None:
        user_id = self.people[who]
        known = self.keys.get((user_id, key)) if key else None
        more: dict[str, Any] = {"priority": priority, "server": server, "parked": parked}
        ask = partial(house.submit, user_id=user_id, price=price, key=key, now=self.now, **more)
        try:
            job = self._write(ask, crash)
        except Refusal:
            assert self.gate == "draining"
            return
        except InsufficientCredits as short:
            self._refused(short, price, user_id)
            assert known is None
            return
        except Crash:
            return
        assert self.gate != "draining"
        if known is not None:
            assert job.id == known
            return
        assert price <= self._available(user_id)
        assert job.id not in self.jobs
        self.jobs[job.id] = Expected(user_id, price, self.now, **more)
        self.turns.setdefault((user_id, priority), 0)
        self._expect_parcel(job.id, "accepted")
        if key:
            self.keys[user_id, key] = job.id

    def cancel(self, pick: int, crash: bool) -> None:
        if not self.jobs:
            return
        job_id, expected = self._latest(pick, list(self.jobs))
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
        job_id, expected = self._latest(pick, failed)
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
        job_id, expected = self._latest(pick, ended)
        key = f"job:{job_id}:{expected.round}"
        capture = partial(ledger.capture, key=key, amount=expected.price, now=self.now)
        void = partial(ledger.void, key=key, now=self.now)
        again, refused = (capture, void) if expected.status == "COMPLETED" else (void, capture)
        self.db.write(again)
        try:
            self.db.write(refused)
        except AlreadySettled:
            return
        raise AssertionError("a hold settled twice")

    def move(self, kind: str, who: int, whom: int, amount: int, key: str, crash: bool) -> None:
        """Credits are granted, given away or taken back, under a key that may stand for something already."""
        giver, taker = self.people[who], self.people[(who + whom) % len(NAMES)]
        debit = BANK if kind == "grant" else account(giver)
        credit = BANK if kind == "revoke" else account(taker)
        known = self.moved.get(key)
        try:
            self._write(
                partial(house.move, kind=kind, key=key, debit=debit, credit=credit, amount=amount, now=self.now), crash
            )
        except KeyReused:
            assert known not in (None, (kind, debit, credit, amount))
            return
        except InsufficientCredits as short:
            self._refused(short, amount, giver)
            assert known is None
            assert debit != BANK
            return
        except Crash:
            return
        assert known in (None, (kind, debit, credit, amount))
        assert known is not None or debit == BANK or amount <= self._available(giver)
        self.moved[key] = (kind, debit, credit, amount)

    # What those in charge do.

    def review(self, pick: int, approved: bool, crash: bool) -> None:
        if not self.jobs:
            return
        parked = [job_id for job_id, job in self.jobs.items() if job.parked and job.status == "PENDING"]
        job_id, expected = self._latest(pick, parked or list(self.jobs))
        try:
            decided = self._write(partial(house.review, job_id=job_id, approved=approved, now=self.now), crash)
        except Crash:
            return
        assert decided == (expected.parked and expected.status == "PENDING")
        if decided and approved:
            expected.parked, expected.run_after = False, self.now
        elif decided:
            self._end(job_id, "CANCELLED")

    def turn(self, state: GateState, crash: bool) -> None:
        try:
            assert self._write(partial(house.turn, state=state, now=self.now), crash) == (state != self.gate)
        except Crash:
            return
        self.gate = state

    # What workers do; each may hold a claim that was taken from it long ago.

    def claim(self, most: int, per_user: int, per_server: int, crash: bool) -> None:
        served = Served(self.jobs, dict(self.turns))
        while self.gate == "open" and len(served.taken) < most and served.next(self.now, per_user, per_server):
            pass
        limits = {"per_user": per_user, "per_server": per_server}
        given: dict[str, Any] = {"now": self.now, "tasks": house.TASKS, **limits}
        assert self.db.read(partial(jobs.waiting, **given)) == bool(served.taken)
        take = partial(jobs.claim, worker="w", lease_ms=LEASE_MS, most=most, **given)
        try:
            tickets = self._write(take, crash)
        except Crash:
            return
        assert [ticket.id for ticket in tickets] == served.taken
        self.turns = served.turns
        for ticket in tickets:
            self._begun(ticket)

    def _begun(self, ticket: Ticket) -> None:
        assert ticket.token is not None
        assert ticket.token not in {token for _, token in self.claims}
        expected = self.jobs[ticket.id]
        expected.status, expected.token, expected.lease_until = "PROCESSING", ticket.token, self.now + LEASE_MS
        expected.attempt += 1
        self.claims.append((ticket.id, ticket.token))

    def heartbeat(self, pick: int, wait: int, crash: bool) -> None:
        self.now += wait
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

        if self._settle(pick, postpone, crash, wanted=True):
            expected = self.jobs[self._claim(pick)[0]]
            expected.end("PENDING")
            expected.run_after = later

    def hand_back(self, pick: int, crash: bool) -> None:
        def hand_back(session: Session, *, job_id: int, token: str, now: int) -> bool:
            assert now
            return jobs.hand_back(session, job_id=job_id, token=token)

        if self._settle(pick, hand_back, crash, wanted=True):
            expected = self.jobs[self._claim(pick)[0]]
            expected.end("PENDING")
            expected.attempt -= 1

    def rescue(self, wait: int, crash: bool) -> None:
        self.now += wait
        lost = [
            job_id for job_id, job in self.jobs.items() if job.lease_until is not None and job.lease_until <= self.now
        ]
        assert self.db.read(partial(jobs.overdue, now=self.now)) == bool(lost)
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
        try:
            rows = self._write(self._parcels(limit), crash)
        except Crash:
            return
        for row, _ in rows:
            assert self.leased.get(row.key, 0) <= self.now, "two couriers have one parcel"
            self.leased[row.key] = self.now + LEASE_MS
            self._carry(row, fate)

    # What nobody should.

    def intrude(self) -> None:
        """Somebody who has the database tries whatever would spoil it."""
        succeeded: list[str] = []
        try:
            self.db.write(partial(try_everything, succeeded=succeeded))
        except Undone:
            assert succeeded == []

    def jump(self, by: int) -> None:
        """The clock is set, `by` minutes."""
        self.now += by * MINUTE_MS

    def restart(self) -> None:
        """All that was in memory is gone; whoever still holds a token is a stranger now."""
        self.db.close()
        self.db = Database(self.url)

    # What must be true at every moment.

    @invariant()
    def everything_is_as_promised(self) -> None:
        self.db.read(self._look)
        self.sound = True

    def _look(self, session: Session) -> None:
        assert ledger.check(session) == []
        rows = session.connection().execute(JOBS)
        assert {number: Expected(*seen) for number, *seen in rows} == self.jobs
        assert list(session.exec(select(Outbox.key).order_by(col(Outbox.id)))) == self.expected_parcels
        self._everybody_paid_once_for_each_song(session)

    def _everybody_paid_once_for_each_song(self, session: Session) -> None:
        completed = {job_id: job for job_id, job in self.jobs.items() if job.status == "COMPLETED"}
        assert Counter(session.exec(select(Track.job_id)).all()) == Counter(completed.keys())
        moved = session.exec(select(Transfer).where(col(Transfer.key).not_like("welcome:%")))
        captures: dict[str, int] = {}
        others: dict[str, tuple[str, str, str, int]] = {}
        for row in moved:
            if row.kind == "capture":
                captures[row.key] = row.amount
            else:
                others[row.key] = (row.kind, row.debit_id, row.credit_id, row.amount)
        assert others == self.moved
        assert captures == {
            f"capture:job:{job_id}:{job.round}": job.price for job_id, job in completed.items() if job.price
        }
        balances = session.exec(select(Account.id, Account.posted, Account.held).where(Account.kind == "user")).all()
        assert {name: (posted - held, held) for name, posted, held in balances} == {
            account(who): (self._available(who), self._held(who)) for who in self.people
        }
        assert all(posted >= held >= 0 for _, posted, held in balances)

    def _write(self, work: Callable[[Session], T], crash: bool) -> T:
        """One transaction; with `crash` the process dies just before it is committed."""

        def wrapped(session: Session) -> T:
            result = work(session)
            if crash:
                session.flush()
                raise Crash
            return result

        return self.db.write(wrapped)

    def _settle(self, pick: int, act: Callable[..., bool], crash: bool, *, wanted: bool = False) -> bool:
        """Let a worker end its attempt, and say whether it could: only while the job was still its own.

        `wanted`: and nobody had cancelled it, for this end lets it begin again.
        """
        if not self.claims:
            return False
        job_id, token, expected, live = self._claim(pick)
        live = live and not (wanted and expected.cancel_requested)
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

    def _latest(self, pick: int, numbers: list[int]) -> tuple[int, Expected]:
        job_id = numbers[-1 - pick % len(numbers)]
        return job_id, self.jobs[job_id]

    def _available(self, user_id: int) -> int:
        name = account(user_id)
        given = sum(amount for _, _, credit, amount in self.moved.values() if credit == name)
        taken = sum(amount for _, debit, _, amount in self.moved.values() if debit == name)
        mine = [job for job in self.jobs.values() if job.user_id == user_id]
        spent = sum(job.price for job in mine if job.live or job.status == "COMPLETED")
        return CREDITS + given - taken - spent

    def _held(self, user_id: int) -> int:
        return sum(job.price for job in self.jobs.values() if job.user_id == user_id and job.live)

    def _refused(self, short: InsufficientCredits, price: int, user_id: int) -> None:
        assert price > self._available(user_id)
        assert (short.required, short.available) == (price, self._available(user_id))

    def _end(self, job_id: int, status: str) -> None:
        self.jobs[job_id].end(status)
        self._expect_parcel(job_id, status.lower())

    def _expect_parcel(self, job_id: int, topic: str) -> None:
        self.expected_parcels.append(f"job:{job_id}:{self.jobs[job_id].round}:{topic}")

    def _parcels(self, limit: int) -> Callable[[Session], tuple[tuple[Outbox, str], ...]]:
        return partial(outbox.claim_due, surfaces=["terminal"], now=self.now, lease_ms=LEASE_MS, limit=limit)

    def _carry(self, row: Outbox, fate: str) -> None:
        """A courier looks before it posts; its receipt may get lost on the way back."""
        of_job = [key for key in self.expected_parcels if key.startswith(f"job:{row.job_id}:")]
        untold = [key for key in of_job if key not in self.delivered]
        assert row.key in untold[:1], "told twice, or out of order"
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
        # However the clock was set: this is later than all of it.
        self.now = self.latest
        while self.delivered != set(self.expected_parcels):
            self.now += LEASE_MS
            rows = self.db.write(self._parcels(100))
            assert rows, "what is left to tell is never told"
            for row, _ in rows:
                self._carry(row, "sent")
        assert self.posted == self.delivered
        assert self.db.write(self._parcels(100)) == ()


def walk(machine: type[HouseMachine], seed: int, steps: int, look_each: int) -> None:
    """What Hypothesis does without Hypothesis, which takes its time: a way through `EVENTS` that is always the same.

    Looks closer after every `look_each` steps. Raises what a house that is broken makes it raise.
    """
    chance = random.Random(seed)
    house = machine()
    try:
        house.open(prices=chance.choices(PRICES, k=4))
        for number in range(steps):
            name = chance.choice(OFTEN)
            house.step(event=(name, {value: chance.choice(choices) for value, choices in VALUES[name].items()}))
            if number % look_each == 0:
                house.everything_is_as_promised()
        house.everything_is_as_promised()
    finally:
        house.teardown()
