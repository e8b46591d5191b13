"""Progress never paints over a result."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot import turns
from bot.turns import Turns
from tests.unit.test_card import WAITING as LIVE

ENDED = replace(LIVE, status="COMPLETED")


def test_progress_waits_for_the_end_that_is_being_told_and_is_not_shown_after_it() -> None:
    async def story() -> list[str]:
        told: list[str] = []
        ours = Turns()
        async with ours.progress(LIVE) as wanted:
            told.append(f"progress {wanted}")

        async def end() -> None:
            async with ours.last(ENDED):
                await asyncio.sleep(0.01)
                told.append("end")

        async def late() -> None:
            async with ours.progress(LIVE) as wanted:
                told.append(f"progress {wanted}")

        await asyncio.gather(end(), late())
        async with ours.progress(replace(LIVE, round=2)) as wanted:
            told.append(f"next round {wanted}")
        return told

    assert asyncio.run(story()) == ["progress True", "end", "progress False", "next round True"]


def test_an_end_that_could_not_be_told_still_ends_progress() -> None:
    async def story() -> bool:
        ours = Turns()
        try:
            async with ours.last(ENDED):
                raise OSError
        except OSError:
            pass
        async with ours.progress(LIVE) as wanted:
            return wanted

    assert asyncio.run(story()) is False


def test_only_the_latest_jobs_are_remembered(monkeypatch: object) -> None:
    async def story() -> int:
        ours = Turns()
        for job in range(turns.REMEMBERED + 50):
            async with ours.progress(replace(LIVE, id=job)):
                pass
        return len(ours._turns)

    assert asyncio.run(story()) == turns.REMEMBERED


def test_the_end_of_a_round_before_the_one_that_is_under_way_leaves_its_progress_alone() -> None:
    async def story() -> list[bool]:
        ours = Turns()
        again = replace(LIVE, round=2)
        async with ours.last(again):
            pass
        async with ours.progress(again) as wanted:
            before = wanted
        async with ours.last(replace(again, status="FAILED")):
            pass
        async with ours.progress(again) as wanted:
            return [before, wanted]

    assert asyncio.run(story()) == [True, False]
