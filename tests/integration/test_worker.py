"""What happens to an accepted job: worked, retried, cancelled, rescued; charged once or not at all."""

from __future__ import annotations

import asyncio

import pytest

from storage import jobs, outbox
from tests.fakes.pool import ScriptedPool
from tests.integration.house import ANN, House, rules
from workflows import control, credits
from workflows.people import now_ms
from workflows.refusal import Refusal


def money(house: House) -> tuple[int, int]:
    balance = asyncio.run(credits.balance(house.db, house.rules.pricing, ANN))
    assert asyncio.run(credits.check(house.db)) == []
    return balance.posted, balance.held


def topics(house: House, job_id: int) -> list[str]:
    return [row.topic for row in house.db.read(lambda session: outbox.pending_for(session, job_id))]


def test_a_job_is_made_charged_and_announced(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask(batch_size=2)
        await house.work()
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert job.status == "COMPLETED"
    assert job.title == "A Title"
    assert job.plan is not None
    assert [track.take for track in job.tracks] == [1, 2]
    assert {file.kind for file in job.tracks[0].files} == {"audio", "stem"}
    for file in job.tracks[0].files:
        assert house.blobs.path(file.digest).stat().st_size == file.size
    assert money(house) == (990, 0)
    assert topics(house, job.id) == ["accepted", "completed"]
    assert not list((house.folder / "work").iterdir())


def test_a_passing_failure_is_tried_again_by_itself(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask("crash once")
        worker = await house.work()
        await house.work(worker)
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert (job.status, job.attempt) == ("COMPLETED", 2)
    assert money(house) == (995, 0)
    assert len({order.seed for order in house.pool.orders}) == 1, "the second attempt makes the same song"


@pytest.mark.parametrize(
    ("caption", "code", "attempts"),
    [("broken", "lyrics_unreadable", 1), ("crash", "engine_crashed", 3), ("disk", "disk_full", 3)],
)
def test_a_failure_ends_with_a_code_and_without_a_charge(house: House, caption: str, code: str, attempts: int) -> None:
    async def story() -> int:
        accepted = await house.ask(caption)
        worker = await house.work()
        for _ in range(3):
            await house.work(worker)
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert (job.status, job.error_code, job.attempt) == ("FAILED", code, attempts)
    assert money(house) == (1000, 0)
    assert topics(house, job.id) == ["accepted", "failed"]


def test_a_failed_job_can_be_retried_and_is_paid_once(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask("broken once")
        await house.work()
        assert (await house.job(accepted.job_id)).status == "FAILED"
        assert (await control.retry(house.db, accepted.job_id)).status == "PENDING"
        await house.work()
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert (job.status, job.error_code) == ("COMPLETED", None)
    assert money(house) == (995, 0)
    assert topics(house, job.id) == ["accepted", "failed", "completed"]


def test_only_failed_jobs_are_retried(house: House) -> None:
    accepted = asyncio.run(house.ask())
    for job_id, code in ((accepted.job_id, "not_failed"), (999, "job_not_found")):
        with pytest.raises(Refusal) as caught:
            asyncio.run(control.retry(house.db, job_id))
        assert caught.value.code == code
    assert money(house) == (1000, 5)


def test_a_waiting_job_is_cancelled_at_once(house: House) -> None:
    accepted = asyncio.run(house.ask())
    job = asyncio.run(control.cancel(house.db, accepted.job_id))
    assert job.status == "CANCELLED"
    assert money(house) == (1000, 0)
    with pytest.raises(Refusal) as caught:
        asyncio.run(control.cancel(house.db, accepted.job_id))
    assert caught.value.code == "cannot_cancel"


def test_a_running_job_is_cancelled_at_its_next_breath(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        await control.cancel(house.db, accepted.job_id)
        await house.work(worker)
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert job.status == "CANCELLED"
    assert money(house) == (1000, 0)
    assert topics(house, job.id) == ["accepted", "cancelled"]


def test_what_is_cancelled_just_before_the_house_closes_is_not_made_by_the_next(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        await control.cancel(house.db, accepted.job_id)
        await worker.drain(5)
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert job.status == "CANCELLED"
    assert money(house) == (1000, 0)
    assert topics(house, job.id) == ["accepted", "cancelled"]


def test_progress_and_stage_can_be_seen(house: House) -> None:
    async def story() -> None:
        accepted = await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        for _ in range(100):
            job = await house.job(accepted.job_id)
            if job.progress is not None:
                break
            await asyncio.sleep(0.05)
        assert (job.status, job.stage, job.progress) == ("PROCESSING", "rendering", 0.5)
        await control.cancel(house.db, accepted.job_id)
        await house.work(worker)

    asyncio.run(story())


def test_a_job_whose_worker_died_is_rescued_and_the_late_one_changes_nothing(house: House) -> None:
    house.lease_ms = 100

    async def story() -> int:
        accepted = await house.ask()
        (dead,) = house.db.write(
            lambda session: jobs.claim(
                session, worker="dead", now=now_ms(), lease_ms=100, tasks=ScriptedPool.capabilities.tasks
            )
        )
        await asyncio.sleep(0.15)
        worker = house.worker()
        await worker.rescue()
        await house.work(worker)
        late = house.db.write(
            lambda session: jobs.complete(session, job_id=dead.id, token=str(dead.token), now=now_ms())
        )
        assert not late
        return accepted.job_id

    assert asyncio.run(house.job(asyncio.run(story()))).status == "COMPLETED"
    assert money(house) == (995, 0)


def test_a_job_that_kills_its_workers_is_given_up(house: House) -> None:
    house.rules = rules(limits={"rescues": 2})
    house.lease_ms = 10

    async def story() -> int:
        accepted = await house.ask()
        for _ in range(2):
            house.db.write(
                lambda session: jobs.claim(
                    session, worker="dead", now=now_ms(), lease_ms=10, tasks=ScriptedPool.capabilities.tasks
                )
            )
            await asyncio.sleep(0.03)
            await house.worker().rescue()
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert (job.status, job.error_code) == ("FAILED", "engine_crashed")
    assert money(house) == (1000, 0)


def test_a_closing_house_hands_back_what_is_not_nearly_done(house: House) -> None:
    async def story() -> int:
        accepted = await house.ask("wait")
        worker = await house.work(until=lambda: house.pool.running == 1)
        await worker.drain(0.2)
        assert worker.busy == 0
        return accepted.job_id

    job = asyncio.run(house.job(asyncio.run(story())))
    assert (job.status, job.attempt) == ("PENDING", 0)
    assert money(house) == (1000, 5)


def test_no_more_jobs_run_than_there_are_engines(house: House) -> None:
    async def story() -> None:
        for _ in range(6):
            await house.ask()
        await house.work()

    asyncio.run(story())
    assert len(house.pool.orders) == 6
    assert house.pool.most_running <= house.pool.size
