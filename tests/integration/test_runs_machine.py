"""Whatever becomes of a run and whoever dies on the way: each step is made once, paid once and only if it is there."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from storage import jobs, ledger
from storage.database import Database
from storage.tables import Job, Step, Transfer
from tests.fakes.pool import ListeningPool
from tests.integration.house import ANN
from tests.integration.run_house import HERE, PRICE, RunHouse, batch, recipe, run_rules, states, step
from workflows import control
from workflows.attempt import end_unpaid
from workflows.credits import welcome
from workflows.people import now_ms
from workflows.pricing import Pricing, Tier
from workflows.refusal import Refusal
from workflows.runs import life
from workflows.runs.feed import Feeder
from workflows.runs.plan import PlannedStep
from workflows.runs.view import RunView

# What a step comes to: it is made; it fails always, or at first; it is refused; it costs more than was told.
FATES = ("made", "made", "made", "broken", "broken once", "refused", "dearer")
MADE = ("made", "dearer")
# What may happen on the way, and what of it somebody does.
HAPPENS = ("feed", "work", "work", "both feed", "die before", "die after")
BY_HAND = ("cancel a song", "retry a song", "retry", "cancel")


class Killed(BaseException):
    """A process ends: nothing of it goes on."""


class Dying:
    """A database by the way of a process that is killed at one of its writes, just before or just after the commit."""

    def __init__(self, db: Database, at: int, *, after: bool) -> None:
        self._db, self._left, self._after = db, at, after
        self.died = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def awrite(self, work: Callable[[Session], Any]) -> Any:
        if self.died:
            raise Killed
        self.died = self._left == 0
        self._left -= 1
        if self.died and not self._after:
            raise Killed
        made = await self._db.awrite(work)
        if self.died:
            raise Killed
        return made


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[RunHouse]:
    house = RunHouse(database_url, tmp_path, run_rules(runs={"at_once": 2}))

    def rich(session: Session) -> None:
        welcome(session, house.rules.pricing, ANN, 1)
        ledger.grant(session, key="rich", account="user:1", amount=10**6, now=1)

    house.db.write(rich)
    yield house
    house.db.close()


@st.composite
def plans(draw: st.DrawFn) -> tuple[tuple[PlannedStep, str], ...]:
    """Steps that need others, in any order, and what each comes to."""
    numbers = draw(st.permutations(range(1, draw(st.integers(1, 6)) + 1)))
    steps = []
    for place, number in enumerate(numbers):
        needs = draw(st.sets(st.sampled_from(numbers[:place]), max_size=2)) if place else ()
        fate = draw(st.sampled_from(FATES))
        planned = step(number, fate, *sorted(needs), batch_size=99 if fate == "refused" else 1)
        steps.append((replace(planned, price=1) if fate == "dearer" else planned, fate))
    return tuple(sorted(steps, key=lambda pair: pair[0].number))


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    derandomize=True,
    # Found is enough: made smaller, it would take minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans(), acts=st.lists(st.tuples(st.sampled_from(HAPPENS + BY_HAND), st.integers(1, 6)), max_size=12))
def test_each_step_is_made_once_and_paid_only_if_it_is_there(
    house: RunHouse, plan: tuple[tuple[PlannedStep, str], ...], acts: list[tuple[str, int]]
) -> None:
    asyncio.run(_story(house, plan, acts))


async def _story(house: RunHouse, plan: tuple[tuple[PlannedStep, str], ...], acts: list[tuple[str, int]]) -> None:
    had = house.balance().available
    run = await house.begin(recipe(*(planned for planned, _ in plan)))
    most = sum(PRICE if fate == "dearer" else planned.price for planned, fate in plan)
    for act, which in acts:
        await _act(house, run, act, which)
        house.check()
        assert had - house.balance().available <= most
        assert (await house.run(run.id)).count("QUEUED") <= 2 or any(act == "retry a song" for act, _ in acts)
    await house.to_the_end()
    house.check()
    ended = await house.run(run.id)
    assert ended.ended
    assert house.held() == {}
    assert had - house.balance().posted == ended.paid == PRICE * ended.count("DONE")
    _made_once(house, ended)
    fates = {planned.number: fate for planned, fate in plan}
    there = {one.number for one in ended.steps if one.state == "DONE"}
    for planned, _ in plan:
        if planned.number in there:
            assert there.issuperset(planned.needs)
            assert fates[planned.number] in (*MADE, "broken once")
    if not any(act in BY_HAND for act, _ in acts):
        assert states(ended) == _expected(plan)


async def _act(house: RunHouse, run: RunView, act: str, which: int) -> None:
    step_of = (await house.run(run.id)).steps[(which - 1) % len(run.steps)]
    match act:
        case "feed":
            await house.feeder.feed()
        case "work":
            await house.work()
        case "both feed":
            await asyncio.gather(Feeder(house.db, house.rules).feed(), house.feeder.feed())
        case "die before" | "die after":
            await _die(house, which - 1, after=act == "die after")
        case "cancel a song" if step_of.job is not None:
            await _tried(control.cancel(house.db, step_of.job))
        case "retry a song" if step_of.job is not None:
            await _tried(control.retry(house.db, step_of.job, rules=house.rules))
        case "retry":
            await _tried(life.retry(house.db, house.rules, run.id, ANN, HERE))
        case "cancel" if which == 1:
            await _tried(life.cancel(house.db, run.id, ANN, HERE))


async def _die(house: RunHouse, at: int, *, after: bool) -> bool:
    """Feed until the one who feeds is killed at their write number `at`; whether they got so far."""
    dying = Dying(house.db, at, after=after)
    await Feeder(dying, house.rules).feed()  # type: ignore[arg-type]
    return dying.died


async def _tried(work: Awaitable[object]) -> None:
    try:
        await work
    except Refusal:
        return


def _expected(plan: tuple[tuple[PlannedStep, str], ...]) -> str:
    """How the steps of a plan stand in the end, if nobody does anything."""
    stand = {planned.number: "D" if fate in MADE else "F" for planned, fate in plan}
    for _ in plan:
        for planned, _ in plan:
            if any(stand[number] != "D" for number in planned.needs):
                stand[planned.number] = "S"
    return "".join(stand[number] for number in sorted(stand))


def _made_once(house: RunHouse, run: RunView) -> None:
    """Each job of a run was charged at most once, whatever its round. A step never has two: the database sees to it."""

    def look(session: Session) -> Counter[str]:
        jobs = session.exec(
            select(col(Job.id)).join(Step, col(Step.id) == col(Job.step_id)).where(Step.run_id == run.id)
        )
        ours = {f"job:{number}" for number in jobs}
        keys = session.exec(select(Transfer.hold_key).where(Transfer.kind == "capture"))
        return Counter(of for key in keys if (of := str(key).rpartition(":")[0]) in ours)

    assert max(house.db.read(look).values(), default=1) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before it is kept", "just after"])
def test_a_feeder_may_be_killed_at_any_of_its_writes(house: RunHouse, after: bool) -> None:
    plan = recipe(step(1), step(2, "no", batch_size=99), step(3, "x", 2), step(4, "y", 1), step(5, "broken"))

    async def story(at: int) -> bool:
        had = house.balance().available
        run = await house.begin(plan)
        dying = Dying(house.db, at, after=after)
        feeder = Feeder(dying, house.rules)  # type: ignore[arg-type]
        while not dying.died and not (await house.run(run.id)).ended:
            await feeder.feed()
            house.check()
            await house.work()
        await house.to_the_end()
        ended = await house.run(run.id)
        assert (states(ended), ended.paid) == ("DFSDF", 2 * PRICE)
        assert had - house.balance().available == 2 * PRICE
        _made_once(house, ended)
        return dying.died

    # It has four steps to ask for or refuse; there is no fifth write to be killed at.
    assert [asyncio.run(story(at)) for at in range(5)] == [True, True, True, True, False]


def test_two_who_feed_the_same_runs_at_once_ask_for_each_step_once(database_url: str, tmp_path: Path) -> None:
    ours = RunHouse(database_url, tmp_path, run_rules(runs={"at_once": 5}))
    theirs = Database(database_url)

    async def story() -> None:
        begun = [await ours.begin(batch(*"abcdef")) for _ in range(3)]
        feeders = [ours.feeder, Feeder(theirs, ours.rules)]
        asked = await asyncio.gather(*(feeder.feed() for feeder in feeders))
        ours.check()
        assert sum(asked) == 15
        stand = [await ours.run(run.id) for run in begun]
        assert [(states(run), run.held_up) for run in stand] == [("QQQQQW", None)] * 3
        # And while somebody calls them off.
        stopping = [life.cancel(ours.db, run.id, ANN, HERE) for run in begun]
        await asyncio.gather(*stopping, *(feeder.feed() for feeder in feeders))
        ours.check()
        assert (ours.held(), ours.balance().available) == ({}, 1000)

    asyncio.run(story())
    theirs.close()
    ours.db.close()


def test_two_last_steps_that_end_at_one_moment_end_their_run(database_url: str, tmp_path: Path) -> None:
    pricing = Pricing(welcome=0, tiers=(Tier(up_to_s=600, credits=0),))
    free = replace(run_rules(), pricing=pricing, capabilities=ListeningPool.capabilities)
    ours, theirs = RunHouse(database_url, tmp_path, free, pool=ListeningPool()), Database(database_url)

    async def prepare() -> RunView:
        await ours.begin(recipe(replace(step(1), price=0)))
        await ours.to_the_end()
        # Free, and of two lanes: neither an account nor a lane keeps them from ending together.
        run = await ours.begin(recipe(replace(step(1), price=0), step(2, task="analyze", source_job_id=1)))
        await ours.feeder.feed()
        return await ours.run(run.id)

    run = asyncio.run(prepare())
    numbers = [one.job or 0 for one in run.steps]
    begun, ended = threading.Event(), threading.Event()

    def end(session: Session, job_id: int) -> None:
        job = jobs.request_cancel(session, job_id=job_id, now=now_ms())
        assert job is not None
        end_unpaid(session, job, "cancelled", now_ms())

    def first(session: Session) -> None:
        end(session, numbers[0])
        begun.set()
        # The other one can't come to its end before this one has.
        assert not ended.wait(0.3)

    def second() -> None:
        begun.wait(5)
        theirs.write(lambda session: end(session, numbers[1]))
        ended.set()

    other = threading.Thread(target=second)
    other.start()
    ours.db.write(first)
    other.join()
    run = asyncio.run(ours.run(run.id))
    assert (run.status, states(run)) == ("COMPLETED", "CC")
    theirs.close()
    ours.db.close()
