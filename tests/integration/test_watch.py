"""Progress in the chat: what moved is shown, at most every three seconds, and a channel is not flooded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.integration.house import ANN, House
from workflows import watch
from workflows.deliver import Parcel, deliver_due
from workflows.people import ReplyTo
from workflows.submit import submit
from workflows.view import JobView
from workflows.watch import Watch


@dataclass
class Wall:
    """A chat that shows what it is given."""

    surface: str = "chat"
    shown: list[tuple[int, str, float | None]] = field(default_factory=list)
    broken: bool = False
    full: bool = False

    async def deliver(self, parcel: Parcel) -> str:
        return f"post {parcel.job.id}"

    def elsewhere(self, job: JobView) -> str | None:
        return None

    async def show(self, job: JobView) -> bool:
        if self.broken:
            raise ConnectionError
        if self.full:
            return False
        self.shown.append((job.id, job.status, job.progress))
        return True


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock of our own for the watch."""
    now = {"s": 1000.0}
    monkeypatch.setattr(watch, "monotonic", lambda: now["s"])
    return now


async def ask(house: House, caption: str, channel: str = "room") -> int:
    values = {"caption": caption, "duration": 30}
    return (await submit(house.db, house.rules, ANN, ReplyTo("chat", channel), "text2music", values)).job_id


async def look(watching: Watch) -> None:
    await watching.look()
    # On a busy machine an edit takes as long as it takes.
    while any(task.get_name().startswith("show job") for task in asyncio.all_tasks()):
        await asyncio.sleep(0.005)


async def written_down(house: House, *running: int) -> None:
    """Wait until a heartbeat has written down how far these jobs are."""
    for job in running:
        while (await house.job(job)).progress is None:
            await asyncio.sleep(0.05)


def test_a_running_job_is_shown_when_it_moved_and_three_seconds_passed(house: House, time: dict[str, float]) -> None:
    async def story() -> list[tuple[int, str, float | None]]:
        wall = Wall()
        watching = Watch(house.db, {"chat": wall})
        await ask(house, "wait")
        await look(watching)  # not posted yet: there is nothing to edit
        await deliver_due(house.db, {"chat": wall})
        await look(watching)
        worker = await house.work(until=lambda: house.pool.running > 0)
        await written_down(house, 1)
        await look(watching)  # it moved, but was posted less than three seconds ago
        assert wall.shown == []
        for _ in range(5):
            time["s"] += 1
            await look(watching)
        # Once: nothing has moved since.
        shown = list(wall.shown)
        house.pool.release.set()
        await house.work(worker)
        time["s"] += 60
        await look(watching)
        assert wall.shown == shown, "the end of a job is not progress"
        return shown

    assert asyncio.run(story()) == [(1, "PROCESSING", 0.5)]


def test_a_channel_gets_one_edit_a_second_and_running_jobs_come_first(house: House, time: dict[str, float]) -> None:
    async def story() -> list[tuple[int, str]]:
        wall = Wall()
        watching = Watch(house.db, {"chat": wall})
        for caption in ("wait", "wait", "later", "later"):
            await ask(house, caption)
        while await deliver_due(house.db, {"chat": wall}):
            pass
        await look(watching)
        worker = await house.work(until=lambda: house.pool.running == 2)
        await written_down(house, 1, 2)
        time["s"] += 20
        seen = []
        for _ in range(6):
            await look(watching)
            seen.append(len(wall.shown))
            time["s"] += 1
        assert seen == [1, 2, 3, 4, 4, 4]
        house.pool.release.set()
        await house.work(worker)
        return [(job, status) for job, status, _ in wall.shown]

    assert asyncio.run(story()) == [(1, "PROCESSING"), (2, "PROCESSING"), (3, "PENDING"), (4, "PENDING")]


def test_a_chat_that_is_down_does_not_stop_the_watch(house: House, time: dict[str, float]) -> None:
    async def story() -> int:
        wall = Wall(broken=True)
        watching = Watch(house.db, {"chat": wall})
        await ask(house, "later")
        await deliver_due(house.db, {"chat": wall})
        await look(watching)
        time["s"] += 20
        await look(watching)
        wall.broken = False
        time["s"] += 20
        await look(watching)
        await watching.close()
        return len(wall.shown)

    assert asyncio.run(story()) == 1


def test_a_place_in_line_that_did_not_change_is_not_said_again(house: House, time: dict[str, float]) -> None:
    async def story() -> list[int]:
        wall = Wall()
        watching = Watch(house.db, {"chat": wall})
        await ask(house, "first", "one")
        await ask(house, "second", "two")
        while await deliver_due(house.db, {"chat": wall}):
            pass
        await look(watching)
        counts = []
        for _ in range(3):
            time["s"] += 20
            await look(watching)
            counts.append(len(wall.shown))
        await house.work()
        return counts

    # Once each, for what was posted may be out of date; then nothing moves.
    assert asyncio.run(story()) == [2, 2, 2]


def test_what_had_no_room_is_shown_as_soon_as_there_is(house: House, time: dict[str, float]) -> None:
    async def story() -> tuple[int, int]:
        wall = Wall(full=True)
        watching = Watch(house.db, {"chat": wall})
        await ask(house, "later")
        await deliver_due(house.db, {"chat": wall})
        await look(watching)
        time["s"] += 20
        await look(watching)
        before = len(wall.shown)
        wall.full = False
        time["s"] += 1.5
        await look(watching)
        return before, len(wall.shown)

    assert asyncio.run(story()) == (0, 1)
