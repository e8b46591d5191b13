"""The clock of the house: what is called for is done, even while it is being done."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from workflows import clock
from workflows.clock import Clock

PATIENCE_S = 20


class Duty:
    """Counts its rounds; each goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = asyncio.Semaphore(0), asyncio.Semaphore(0)
        self.fails = False

    async def do(self) -> None:
        self.begun.release()
        await self.let_go.acquire()
        if self.fails:
            raise RuntimeError("told to")

    async def begins(self) -> None:
        await asyncio.wait_for(self.begun.acquire(), PATIENCE_S)


@pytest.fixture(autouse=True)
def rare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No duty comes round by itself while a test runs."""
    monkeypatch.setattr(clock, "DUTIES", dict.fromkeys(clock.DUTIES, 3600.0))


def played(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_a_duty_begins_at_once_and_again_when_it_is_called_for() -> None:
    async def story() -> None:
        duty = Duty()
        its = Clock(dispatch=duty.do)
        its.start()
        for _ in range(3):
            await duty.begins()
            duty.let_go.release()
            await asyncio.sleep(0.05)
            its.nudge("dispatch", "outbox")
        await duty.begins()
        duty.let_go.release()
        await its.stop(PATIENCE_S)

    played(story())


def test_what_is_called_for_during_a_round_gets_a_round_of_its_own() -> None:
    async def story() -> None:
        duty = Duty()
        its = Clock(dispatch=duty.do)
        its.start()
        await duty.begins()
        # It may have looked already when this was added.
        its.nudge("dispatch")
        its.nudge("dispatch")
        duty.let_go.release()
        await duty.begins()
        duty.let_go.release()
        await asyncio.sleep(0.05)
        assert duty.begun.locked(), "one more round, however often it was called for"
        await its.stop(PATIENCE_S)

    played(story())


def test_a_round_that_fails_ends_no_duty() -> None:
    async def story() -> None:
        duty = Duty()
        its = Clock(dispatch=duty.do)
        its.start()
        await duty.begins()
        duty.fails = True
        duty.let_go.release()
        await asyncio.sleep(0.05)
        duty.fails = False
        its.nudge("dispatch")
        await duty.begins()
        duty.let_go.release()
        await its.stop(PATIENCE_S)

    played(story())


def test_what_is_under_way_at_the_end_comes_to_its_own_end(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        duty = Duty()
        done = []

        async def do() -> None:
            await duty.do()
            done.append("round")

        its = Clock(dispatch=do)
        its.start()
        await duty.begins()
        its.nudge("dispatch")
        asyncio.get_running_loop().call_later(0.05, duty.let_go.release)
        await its.stop(PATIENCE_S)
        await asyncio.sleep(0)
        assert done == ["round"], "cancelled, or begun again after its end"

    played(story())
    assert not caplog.records
