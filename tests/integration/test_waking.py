"""Who adds work wakes the processes that do it, and what waits for its time comes back without anybody's looking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.compose import is_worked, open_house
from config.settings import Settings
from storage.database import Database
from storage.wake import Topic
from tests.integration.house import House, rules
from workflows import control, queue
from workflows.deliver import Deliveries, DeliveryFailed, Parcel
from workflows.people import OPERATOR
from workflows.refusal import Refusal
from workflows.view import JobView

PATIENCE_S = 20


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[House]:
    """A house on each database, where a failed attempt is tried again after a while."""
    place = House(tmp_path, rules=rules(limits={"back_off_s": (0.3,)}))
    place.db.close()
    place.db = Database(database_url)
    yield place
    place.db.close()


class Listening:
    """Another process of the same database, and what it was woken for since it was last asked."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._woken: asyncio.Queue[Topic] = asyncio.Queue()
        self._block = self._database.listening(self._woken.put_nowait)

    async def __aenter__(self) -> Listening:
        await self._block.__aenter__()
        await self.hears("queue", "outbox")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._block.__aexit__(None, None, None)
        self._database.close()

    async def hears(self, *topics: Topic) -> None:
        missing = set(topics)
        while missing:
            missing.discard(await asyncio.wait_for(self._woken.get(), PATIENCE_S))

    def heard(self) -> set[Topic]:
        found = set()
        while not self._woken.empty():
            found.add(self._woken.get_nowait())
        return found


def test_everything_that_gives_work_wakes_those_who_do_it(place: House, database_url: str) -> None:
    async def story() -> None:
        async with Listening(database_url) as others:
            accepted = await place.ask("wait")
            await others.hears("queue", "outbox")
            worker = await place.work(until=lambda: place.pool.running == 1)
            # Its worker sees it by itself; but who has too many running may have another now.
            await control.cancel(place.db, accepted.job_id)
            await place.work(worker)
            await others.hears("queue", "outbox")
            await queue.turn(place.db, "pause", OPERATOR)
            await others.hears("queue")

    asyncio.run(story())


def test_what_was_refused_wakes_nobody(place: House, database_url: str) -> None:
    async def story() -> None:
        await queue.turn(place.db, "drain", OPERATOR)
        async with Listening(database_url) as others:
            with pytest.raises(Refusal):
                await place.ask()
            # What comes now would come after it.
            await queue.turn(place.db, "resume", OPERATOR)
            await others.hears("queue")
            assert "outbox" not in others.heard()

    asyncio.run(story())


def test_an_attempt_that_is_put_off_is_looked_for_when_its_time_has_come(place: House) -> None:
    async def story() -> JobView:
        accepted = await place.ask("crash once")
        worker = place.worker()
        called = asyncio.Event()
        worker.on_end = called.set
        await worker.dispatch()
        for _ in range(3):
            await asyncio.wait_for(called.wait(), PATIENCE_S)
            called.clear()
            await worker.dispatch()
            if (await place.job(accepted.job_id)).status == "COMPLETED":
                break
        return await place.job(accepted.job_id)

    job = asyncio.run(story())
    assert (job.status, job.attempt) == ("COMPLETED", 2)


class Shy:
    """A courier that fails the first time."""

    surface = "terminal"

    def __init__(self) -> None:
        self.tries = 0

    async def deliver(self, parcel: Parcel) -> str | None:
        del parcel
        self.tries += 1
        if self.tries == 1:
            raise DeliveryFailed("told to", permanent=False)
        return "here"

    def elsewhere(self, job: JobView) -> str | None:
        del job
        return None


def test_a_parcel_that_is_put_off_is_looked_for_when_its_time_has_come(place: House) -> None:
    async def story() -> int:
        await place.ask()
        courier = Shy()
        deliveries = Deliveries(place.db, {"terminal": courier})
        called = asyncio.Event()
        deliveries.on_end = called.set
        await deliveries.dispatch()
        while courier.tries < 2:
            await asyncio.wait_for(called.wait(), PATIENCE_S)
            called.clear()
            await deliveries.dispatch()
        await deliveries.drain(PATIENCE_S)
        return courier.tries

    assert asyncio.run(story()) == 2


def test_a_worker_of_another_machine_is_seen_for_as_long_as_it_is_there(tmp_path: Path, request: Any) -> None:
    url, other = (request.getfixturevalue("postgres").migrated() for _ in range(2))

    async def story() -> None:
        with open_house(Settings(home=tmp_path / "here", database_url=url)) as house:
            assert not is_worked(house)
            elsewhere, neighbour = Database(url), Database(other)
            async with elsewhere.listening(lambda _: None):
                assert not is_worked(house), "a front that listens works nothing"
            async with neighbour.listening(lambda _: None, works=True):
                assert not is_worked(house), "that is another queue"
            async with elsewhere.listening(lambda _: None, works=True):
                assert is_worked(house)
            while is_worked(house):
                # Its connection is being closed.
                await asyncio.sleep(0.01)
            elsewhere.close()
            neighbour.close()

    asyncio.run(asyncio.wait_for(story(), 3 * PATIENCE_S))
