"""Batches and recipes on the queue: what becomes of their steps, what is charged, and what may be done to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.run_words import deeds
from storage import jobs, ledger, runs
from storage.tables import Bulletin
from tests.fakes.clock import at
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from tests.fakes.pool import EditingPool, ListeningPool
from tests.integration.house import ANN
from tests.integration.run_house import (
    DEARER,
    HERE,
    PRICE,
    RunHouse,
    batch,
    dear_rules,
    recipe,
    run_rules,
    states,
    step,
)
from workflows import collection, control, dead_letters, housekeeping, link, moderators, queue, review
from workflows.incoming import Incoming
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.runs import calling_off, life
from workflows.runs.feed import Feeder
from workflows.runs.plan import PlannedStep
from workflows.runs.view import recent, show

BEN = Requester("terminal", "ben", "ben")
CAT = Requester("discord", "7", "cat", server="discord:1")
CHANNEL = ReplyTo("discord", "general")


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[RunHouse]:
    """A house on each kind of database."""
    house = RunHouse(database_url, tmp_path)
    yield house
    house.db.close()


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path) -> Iterator[RunHouse]:
    """A house on a file, where two jobs of a run may be in the queue."""
    house = RunHouse(sqlite_url, tmp_path, run_rules(runs={"at_once": 2}))
    yield house
    house.db.close()


def test_a_batch_is_made_whole_and_paid_once(house: RunHouse) -> None:
    async def story() -> None:
        proposed = await house.propose(batch("blues", "broken", "jazz"))
        assert (proposed.status, proposed.price, house.held()) == ("PROPOSED", 3 * PRICE, {})
        started = await life.start(house.db, house.rules, proposed.id, ANN, HERE)
        assert (started.status, house.held()) == ("RUNNING", {"run:1:1": 3 * PRICE})
        await house.to_the_end()
        run = await house.run(proposed.id)
        assert (run.status, states(run), run.paid) == ("COMPLETED", "DFD", 2 * PRICE)
        assert [one.error_code for one in run.steps] == [None, "lyrics_unreadable", None]
        assert run.steps[1].error_permanent
        assert [[file.kind for _, file in one.files] for one in run.steps] == [["audio", "stem"], [], ["audio", "stem"]]
        assert (run.steps[0].title, len(run.steps[0].seeds)) == ("A Title", 1)
        assert (house.held(), house.balance().available) == ({}, 1000 - 2 * PRICE)
        # Its own bulletin tells of it; its songs have no messages.
        assert house.told() == []
        (bulletin,) = house.db.read(lambda session: session.exec(select(Bulletin)).all())
        assert (bulletin.key, bulletin.version > bulletin.shown) == ("run:1", True)

    asyncio.run(story())


def test_a_step_takes_what_it_says_from_those_it_needs(sqlite_url: str, tmp_path: Path) -> None:
    given = replace(run_rules(), capabilities=EditingPool.capabilities)
    house = RunHouse(sqlite_url, tmp_path, given, pool=EditingPool())

    async def story() -> None:
        key, tempo = {"step": 1, "value": "keyscale"}, {"step": 1, "value": "bpm"}
        plan = recipe(
            step(1, "blues", lyrics="[verse]\nA grape"),
            step(2, {"join": ["in ", key, " at ", tempo]}, 1, lyrics={"step": 1, "value": "lyrics"}, bpm=tempo),
            step(3, "", 1, task="stems", source_job_id={"step": 1, "value": "job"}),
        )
        begun = await house.begin(plan)
        # What it needs is not there yet: nothing else is asked for.
        assert await house.feeder.feed() == 1
        await house.to_the_end()
        run = await house.run(begun.id)
        assert (run.status, states(run), run.paid) == ("COMPLETED", "DDD", 3 * PRICE)
        first, second, third = [await control.show(house.db, one.job or 0) for one in run.steps]
        assert (second.spec["caption"], second.spec["lyrics"], second.spec["bpm"]) == (
            "in C Major at 100", "[verse]\nA grape", 100,
        )  # fmt: skip
        assert second.parent_id == first.id == third.spec["source_job_id"]

    asyncio.run(story())
    house.db.close()


def test_what_needs_a_failed_step_is_skipped_and_its_credits_are_free_at_once(small: RunHouse) -> None:
    async def story() -> None:
        plan = recipe(step(1, "broken"), step(2, "x", 1), step(3, "y", 2, 4), step(4, "z"), step(5, "u", 4))
        run = await small.begin(plan)
        await small.feeder.feed()
        assert small.held() == {"job:1:1": PRICE, "job:2:1": PRICE, "run:1:3": 3 * PRICE}
        await small.work()
        assert states(await small.run(run.id)) == "FSSQW"
        # Two steps will not be asked for: their credits are there for something else, before the run has ended.
        assert (small.held()["run:1:4"], small.balance().available) == (PRICE, 1000 - 2 * PRICE)
        await small.to_the_end()
        ended = await small.run(run.id)
        assert (ended.status, states(ended), ended.paid, small.held()) == ("COMPLETED", "FSSDD", 2 * PRICE, {})

    asyncio.run(story())


def test_links_of_steps_are_fetched_when_their_turn_comes(sqlite_url: str, tmp_path: Path) -> None:
    given = replace(run_rules(), capabilities=ListeningPool.capabilities)
    house = RunHouse(sqlite_url, tmp_path, given, pool=ListeningPool())
    rain, slow = "https://songs.example/rain.mp3", "https://songs.example/slow.mp3"

    def cover(number: int, link: str) -> PlannedStep:
        return replace(step(number, "x", src_audio_url=link), task="cover")

    async def story() -> None:
        fetcher = ScriptedFetcher({rain: b"20 Rain", slow: b"20 Snow"}, slow=frozenset({slow}))
        door = Incoming(
            db=house.db, blobs=house.blobs, rules=given, fetcher=lambda: fetcher, decoder=ScriptedDecoder(),
            folder=tmp_path / "incoming",
        )  # fmt: skip
        house.feeder = Feeder(house.db, given, door, patience_s=0.1)
        late = await house.begin(recipe(cover(1, slow)))
        assert await house.feeder.feed() == 0
        house.feeder.patience_s = 60
        # Nobody waits for somebody's slow link, and it is fetched once.
        other = await house.begin(recipe(cover(1, "https://songs.example/gone.mp3"), step(2)), BEN)
        await house.to_the_end()
        ended = await show(house.db, other.id, OPERATOR, HERE)
        assert (ended.status, states(ended), ended.steps[0].error_code) == ("COMPLETED", "FD", "link_unknown_host")
        assert states(await house.run(late.id)) == "W"
        called: list[object] = []
        house.feeder.on_end = lambda: called.append(1)
        fetcher.released.set()
        await house.feeder.drain(5)
        await house.to_the_end()
        assert (states(await house.run(late.id)), fetcher.asked.count(slow), called) == ("D", 1, [1])
        house.check()

    asyncio.run(story())
    house.db.close()


def test_a_link_of_ours_is_good_for_a_run_that_was_begun_in_time(sqlite_url: str, tmp_path: Path) -> None:
    given = replace(run_rules(), capabilities=ListeningPool.capabilities)
    house = RunHouse(sqlite_url, tmp_path, given, pool=ListeningPool())
    door = Incoming(
        db=house.db, blobs=house.blobs, rules=given, fetcher=lambda: ScriptedFetcher({}), decoder=ScriptedDecoder(),
        folder=tmp_path / "incoming",
    )  # fmt: skip
    house.feeder = Feeder(house.db, given, door)
    file = tmp_path / "rain.mp3"
    file.write_bytes(b"20 Rain")

    async def story() -> None:
        link = await door.take_in(file, "rain", ANN, field="src_audio_url")
        run = await house.begin(recipe(replace(step(1, "x", src_audio_url=link), task="cover")))
        # Its turn comes when the link has run out.
        with at("2099-01-01 00:00"):
            assert await house.feeder.feed() == 1
            late = await house.begin(recipe(replace(step(1, "x", src_audio_url=link), task="cover")))
            await house.feeder.feed()
            assert (await house.run(late.id)).steps[0].error_code == "link_expired"
        assert states(await house.run(run.id)) == "Q"

    asyncio.run(story())
    house.db.close()


SPOILED = {
    "Run 1 (RUNNING) has 10 credits held for steps to come, but those cost 5.": (
        "UPDATE step SET price = 0 WHERE number = 4"
    ),
    "Run 1 is COMPLETED, but 3 of its steps are still to come or under way.": (
        "UPDATE run SET status = 'COMPLETED', finished_at = 1"
    ),
    "Hold run:1:3 is open, but no waiting or running job of that round keeps it, and no run.": (
        "UPDATE run SET reserved = 9"
    ),
    "Step 1 of run 1 is WAITING, which does not go with its job, or with the lack of one.": (
        "UPDATE step SET state = 'WAITING' WHERE number = 1"
    ),
    "Step 2 of run 1 is QUEUED, which does not go with its job, or with the lack of one.": (
        "UPDATE job SET step_id = NULL WHERE id = 2"
    ),
}


@pytest.mark.parametrize("sentence", SPOILED)
def test_the_check_says_what_is_wrong_with_a_run(small: RunHouse, sentence: str) -> None:
    async def story() -> None:
        await small.begin(batch("a", "b", "c", "d"))
        await small.feeder.feed()
        await small.work()
        small.check()

    asyncio.run(story())
    small.db.write(lambda session: session.connection().execute(text(SPOILED[sentence])))
    assert sentence in small.db.read(ledger.check)


def test_few_of_its_jobs_are_in_the_queue_at_once(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch(*("blues" for _ in range(5))))
        assert await small.feeder.feed() == 2
        assert await small.feeder.feed() == 0
        await small.work()
        assert await small.feeder.feed() == 1
        assert states(await small.run(run.id)) == "DQQWW"

    asyncio.run(story())


def test_nothing_is_written_while_a_run_waits(small: RunHouse) -> None:
    async def story() -> None:
        await small.begin(batch("a", "b", "c"))
        await small.feeder.feed()
        await small.work()
        await queue.turn(small.db, "drain", OPERATOR)
        writes: list[object] = []
        write, small.db.awrite = small.db.awrite, writes.append  # type: ignore[method-assign,assignment]
        assert await small.feeder.feed() == 0
        small.db.awrite = write  # type: ignore[method-assign]
        assert writes == []
        await queue.turn(small.db, "resume", OPERATOR)
        assert await small.feeder.feed() == 1

    asyncio.run(story())


def test_a_run_waits_for_limits_and_says_so(sqlite_url: str, tmp_path: Path) -> None:
    house = RunHouse(sqlite_url, tmp_path, run_rules(per_minute={"text2music": 2}))

    async def story() -> None:
        run = await house.begin(batch("a", "b", "c"))
        assert await house.feeder.feed() == 2
        held_up = await house.run(run.id)
        assert (held_up.held_up, states(held_up)) == ("rate_limited", "QQW")
        assert held_up.due_at > held_up.created_at + 30_000
        # It is not asked for again and again until then.
        before = house.version()
        assert await house.feeder.feed() == 0
        assert house.version() == before
        house.check()
        with at("2099-01-01 00:00"):
            assert await house.feeder.feed() == 1

    asyncio.run(story())
    house.db.close()


def test_more_than_somebody_may_have_waits_until_one_of_theirs_has_ended(sqlite_url: str, tmp_path: Path) -> None:
    house = RunHouse(sqlite_url, tmp_path, run_rules(live_jobs=1))

    async def story() -> None:
        run = await house.begin(batch("a", "b"))
        assert await house.feeder.feed() == 1
        held_up = await house.run(run.id)
        assert (held_up.held_up, states(held_up)) == ("too_many_jobs", "QW")
        await house.work()
        # Its own song has ended, so it is due at once.
        assert await house.feeder.feed() == 1
        assert (await house.run(run.id)).held_up is None

    asyncio.run(story())
    house.db.close()


def test_a_run_that_waits_on_and_on_is_told_of_once(sqlite_url: str, tmp_path: Path) -> None:
    house = RunHouse(sqlite_url, tmp_path, run_rules(live_jobs=1))

    async def story() -> None:
        await house.begin(batch("a", "b"))
        await house.feeder.feed()
        told = house.version()
        with at("2099-01-01 00:00"):
            assert await house.feeder.feed() == 0
        assert house.version() == told

    asyncio.run(story())
    house.db.close()


def test_a_run_that_has_enough_under_way_is_not_looked_at(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "b", "c", "d", "e"))
        at_once = small.rules.limits.runs.at_once
        assert small.db.read(lambda s: runs.due(s, small.now(), at_once)) == (run.id,)
        await small.feeder.feed()
        assert small.db.read(lambda s: runs.due(s, small.now(), at_once)) == ()
        await small.work()
        assert small.db.read(lambda s: runs.due(s, small.now(), at_once)) == (run.id,)

    asyncio.run(story())


def test_a_step_that_is_refused_fails_alone_and_costs_nothing(house: RunHouse) -> None:
    async def story() -> None:
        plan = recipe(
            step(1, "a", source_job_id=99, task="stems"), step(2, "b", duration=5000), step(3, "c"), step(4, "d", 2)
        )
        house.rules = house.feeder._rules = replace(house.rules, capabilities=EditingPool.capabilities)
        run = await house.begin(plan)
        await house.to_the_end()
        ended = await house.run(run.id)
        assert (ended.status, states(ended), ended.paid) == ("COMPLETED", "FFDS", PRICE)
        assert [(one.error_code, one.error_params.get("field"), one.job) for one in ended.steps[:2]] == [
            ("job_not_found", "source_job_id", None),
            ("bad_value", "duration", None),
        ]
        assert house.balance().available == 1000 - PRICE

    asyncio.run(story())


def test_what_turns_out_dearer_is_paid_as_long_as_there_are_credits(sqlite_url: str, tmp_path: Path) -> None:
    house = RunHouse(sqlite_url, tmp_path, dear_rules())

    async def story() -> None:
        run = await house.begin(batch(*("blues" for _ in range(30))))
        await house.to_the_end()
        ended = await house.run(run.id)
        assert ended.count("DONE") == 25
        assert {one.error_code for one in ended.steps if one.state == "FAILED"} == {"insufficient_credits"}
        assert (ended.paid, house.balance().available) == (25 * DEARER, 0)

    asyncio.run(story())
    house.db.close()


def test_cancelling_keeps_what_is_done_and_frees_the_rest(house: RunHouse) -> None:
    house.rules = house.feeder._rules = run_rules(runs={"at_once": 2})

    async def story() -> None:
        run = await house.begin(batch("a", "b", "c", "d"))
        await house.feeder.feed()
        await house.work()
        stopped = await life.cancel(house.db, run.id, ANN, HERE)
        assert (stopped.status, states(stopped), stopped.paid) == ("CANCELLED", "DCCC", PRICE)
        assert (house.held(), house.balance().available) == ({}, 1000 - PRICE)
        house.check()
        assert await house.feeder.feed() == 0
        with pytest.raises(Refusal, match="cannot_cancel_run"):
            await life.cancel(house.db, run.id, ANN, HERE)
        with pytest.raises(Refusal, match="nothing_to_retry"):
            await life.retry(house.db, house.rules, run.id, ANN, HERE)

    asyncio.run(story())


def test_a_running_song_of_a_cancelled_run_ends_when_its_engine_lets_go(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "b", "c"))
        await small.feeder.feed()
        claimed = small.db.write(
            lambda s: jobs.claim(s, worker="w", now=small.now(), lease_ms=60_000, tasks=("text2music",))
        )
        stopped = await life.cancel(small.db, run.id, ANN, HERE)
        assert (stopped.status, stopped.cancelling, states(stopped)) == ("RUNNING", True, "QCC")
        small.check()
        small.end(claimed[0], "cancelled")
        ended = await small.run(run.id)
        assert (ended.status, states(ended), small.held()) == ("CANCELLED", "CCC", {})
        small.check()

    asyncio.run(story())


def test_what_was_called_off_and_left_is_finished_by_the_feeder(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "b", "c"))
        await small.feeder.feed()
        # Whoever cancelled it died before the jobs were cancelled.
        assert small.db.write(lambda session: calling_off.stop(session, run.id, small.now()))
        assert states(await small.run(run.id)) == "QQC"
        assert await small.feeder.feed() == 0
        ended = await small.run(run.id)
        assert (ended.status, states(ended), small.held()) == ("CANCELLED", "CCC", {})

    asyncio.run(story())


def test_retrying_makes_what_failed_and_what_was_skipped_for_it(house: RunHouse) -> None:
    async def story() -> None:
        plan = recipe(step(1, "broken once"), step(2, "x", 1), step(3, "y", duration=5000), step(4, "z"))
        run = await house.begin(plan)
        await house.to_the_end()
        first = await house.run(run.id)
        assert (states(first), first.paid) == ("FSFD", PRICE)
        again = await life.retry(house.db, house.rules, run.id, ANN, HERE)
        assert (again.status, states(again), again.finished_at) == ("RUNNING", "WWWD", None)
        assert sum(house.held().values()) == 3 * PRICE
        await house.to_the_end()
        ended = await house.run(run.id)
        assert (ended.status, states(ended), ended.paid) == ("COMPLETED", "DDFD", 3 * PRICE)
        # The same job, a new round: a step is never made twice.
        assert (ended.steps[0].job, (await control.show(house.db, first.steps[0].job or 0)).round) == (1, 2)
        assert (ended.steps[2].error_code, house.balance().available) == ("bad_value", 1000 - 3 * PRICE)
        house.check()

    asyncio.run(story())


def test_what_needs_a_cancelled_song_is_not_retried(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(recipe(step(1), step(2, "x", 1), step(3, "broken once"), step(4, "y", 3)))
        await small.feeder.feed()
        await control.cancel(small.db, 1)
        await small.to_the_end()
        assert states(await small.run(run.id)) == "CSFS"
        assert states(await life.retry(small.db, small.rules, run.id, ANN, HERE)) == "CSWW"
        await small.to_the_end()
        assert states(await small.run(run.id)) == "CSDD"

    asyncio.run(story())


def test_a_retry_that_can_not_be_paid_changes_nothing(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("broken", "a"))
        await small.to_the_end()
        small.spend(small.balance().available - PRICE + 1)
        with pytest.raises(Refusal) as short:
            await life.retry(small.db, small.rules, run.id, ANN, HERE)
        assert short.value.code == "insufficient_credits"
        assert short.value.params == {"required": PRICE, "available": PRICE - 1, "daily": None, "again": True}
        assert (await small.run(run.id)).status == "COMPLETED"
        small.check()

    asyncio.run(story())


def test_one_song_of_a_run_may_be_cancelled_and_tried_again_by_its_number(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "broken once", "b"))
        await small.feeder.feed()
        await control.cancel(small.db, 1)
        assert states(await small.run(run.id)) == "CQW"
        await small.to_the_end()
        ended = await small.run(run.id)
        assert (ended.status, states(ended)) == ("COMPLETED", "CFD")
        # Not the whole run: that one song.
        await control.retry(small.db, 2, rules=small.rules)
        again = await small.run(run.id)
        assert (again.status, states(again)) == ("RUNNING", "CQD")
        small.check()
        await small.to_the_end()
        ended = await small.run(run.id)
        assert (ended.status, states(ended), ended.paid) == ("COMPLETED", "CDD", 2 * PRICE)
        with pytest.raises(Refusal, match="nothing_to_post"):
            await control.post_here(small.db, 2)

    asyncio.run(story())


def test_what_was_left_out_for_a_song_that_is_there_after_all_may_be_made(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(recipe(step(1, "broken once"), step(2, "b", 1)))
        await small.to_the_end()
        assert states(await small.run(run.id)) == "FS"
        await control.retry(small.db, 1, rules=small.rules)
        await small.to_the_end()
        ended = await small.run(run.id)
        assert (states(ended), [deed.name for deed in deeds(ended)]) == ("DS", ["run_retry", "run_show"])
        await life.retry(small.db, small.rules, run.id, ANN, HERE)
        await small.to_the_end()
        ended = await small.run(run.id)
        assert (states(ended), [deed.name for deed in deeds(ended)]) == ("DD", ["run_show"])

    asyncio.run(story())


def test_a_step_whose_song_was_thrown_away_meanwhile_fails_and_costs_nothing(sqlite_url: str, tmp_path: Path) -> None:
    given = replace(run_rules(runs={"at_once": 1}), capabilities=EditingPool.capabilities)
    house = RunHouse(sqlite_url, tmp_path, given, pool=EditingPool())

    async def story() -> None:
        values = {"caption": "x", "source_job_id": {"step": 1, "value": "job"}}
        cover = replace(step(2, "x", 1), task="cover", values=values)
        run = await house.begin(recipe(step(1), cover, step(3, "y", 2)))
        await house.feeder.feed()
        await house.work()
        await control.throw_away(house.db, 1)
        await house.to_the_end()
        ended = await house.run(run.id)
        assert (ended.status, states(ended), ended.paid, house.held()) == ("COMPLETED", "DFS", PRICE, {})
        house.check()

    asyncio.run(story())
    house.db.close()


def test_a_song_that_waits_for_its_second_try_may_be_tried_by_its_number(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("broken once", "broken once", "broken once"))
        await small.to_the_end()
        await life.retry(small.db, small.rules, run.id, ANN, HERE)
        await control.retry(small.db, 3, rules=small.rules)
        assert states(await small.run(run.id)) == "WWQ"
        small.check()
        await small.to_the_end()
        assert ((await small.run(run.id)).status, states(await small.run(run.id))) == ("COMPLETED", "DDD")

    asyncio.run(story())


def test_a_deleted_song_of_a_run_is_there_again_once_its_run_is_tried_again(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("broken once"))
        await small.to_the_end()
        await collection.discard(small.db, 1, ANN, HERE)
        await life.retry(small.db, small.rules, run.id, ANN, HERE)
        await small.to_the_end()
        assert (states(await small.run(run.id)), (await small.run(run.id)).paid) == ("D", PRICE)
        assert (await collection.one(small.db, 1, ANN, HERE)).status == "COMPLETED"
        small.check()

    asyncio.run(story())


def test_those_in_charge_requeue_a_step_like_any_failed_song(small: RunHouse) -> None:
    small.rules = small.feeder._rules = run_rules(attempts=1)

    async def story() -> None:
        run = await small.begin(batch("crash once"))
        await small.to_the_end()
        assert states(await small.run(run.id)) == "F"
        await dead_letters.requeue_what(small.db, "engine_crashed", OPERATOR)
        assert ((await small.run(run.id)).status, states(await small.run(run.id))) == ("RUNNING", "Q")
        await small.to_the_end()
        assert (await small.run(run.id)).paid == PRICE

    asyncio.run(story())


def test_a_song_of_a_stopped_run_is_not_tried_again_by_itself(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("broken", "a", "b"))
        await small.feeder.feed()
        await small.work()
        small.db.write(lambda s: jobs.claim(s, worker="w", now=small.now(), lease_ms=60_000, tasks=("text2music",)))
        await life.cancel(small.db, run.id, ANN, HERE)
        with pytest.raises(Refusal, match="run_cancelling"):
            await control.retry(small.db, 1, rules=small.rules)
        small.check()

    asyncio.run(story())


def test_a_ban_ends_the_runs_of_somebody(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "b", "c"), BEN)
        await small.feeder.feed()
        await moderators.ban(small.db, small.rules.pricing, OPERATOR, "ben", hours=1, why="spam", request=None)
        ended = await show(small.db, run.id, OPERATOR, HERE)
        assert (ended.status, states(ended), small.held()) == ("CANCELLED", "CCC", {})
        small.check()
        assert (await attempt(small.begin(batch("a"), BEN))).code == "banned"

    asyncio.run(story())


def test_somebody_in_charge_looks_at_the_steps_of_newcomers(sqlite_url: str, tmp_path: Path) -> None:
    given = run_rules()
    given = replace(given, moderation=given.moderation.model_copy(update={"review": "everybody"}))
    house = RunHouse(sqlite_url, tmp_path, given)

    async def story() -> None:
        run = await house.begin(batch("a", "b"), CAT, CHANNEL)
        await house.feeder.feed()
        shown = await show(house.db, run.id, CAT, CHANNEL)
        assert [one.parked for one in shown.steps] == [True, True]
        assert not await house.work()
        await review.approve(house.db, OPERATOR, shown.steps[0].job or 0, request=None)
        await review.reject(house.db, OPERATOR, shown.steps[1].job or 0, "no", request=None)
        await house.to_the_end()
        ended = await show(house.db, run.id, CAT, CHANNEL)
        assert (ended.status, states(ended), ended.paid) == ("COMPLETED", "DC", PRICE)
        assert (ended.steps[1].error_code, ended.steps[1].error_params) == ("rejected", {"why": "no"})

    asyncio.run(story())
    house.db.close()


def test_a_proposal_is_its_owners_and_a_run_is_seen_where_it_was_asked_for(small: RunHouse) -> None:
    dan = Requester("discord", "8", "dan", server="discord:1")

    async def story() -> None:
        run = await small.propose(batch("a"), CAT, CHANNEL)
        assert (await attempt(life.start(small.db, small.rules, run.id, dan, CHANNEL))).code == "run_not_found"
        await life.start(small.db, small.rules, run.id, CAT, ReplyTo("discord", "elsewhere"))
        assert (await show(small.db, run.id, dan, CHANNEL)).user == "cat"
        assert (await attempt(show(small.db, run.id, dan, ReplyTo("discord", "x")))).code == "run_not_found"
        denied = await attempt(life.cancel(small.db, run.id, dan, CHANNEL))
        assert (denied.code, denied.params) == ("not_your_run", {"owner": "cat"})
        again = await attempt(life.start(small.db, small.rules, run.id, CAT, CHANNEL))
        assert (again.code, again.params) == ("run_not_proposed", {"status": "RUNNING"})
        assert [one.id for one in await recent(small.db, CAT, 5)] == [run.id]
        assert await recent(small.db, dan, 5) == ()

    asyncio.run(story())


def test_too_few_credits_start_nothing(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.propose(batch(*("a" for _ in range(3))))
        small.spend(small.balance().available - 2 * PRICE)
        short = await attempt(life.start(small.db, small.rules, run.id, ANN, HERE))
        assert short.code == "insufficient_credits"
        assert (short.params["required"], short.params["available"]) == (3 * PRICE, 2 * PRICE)
        assert (await small.run(run.id)).status == "PROPOSED"
        assert await small.feeder.feed() == 0

    asyncio.run(story())


def test_proposals_are_dropped_and_forgotten(house: RunHouse) -> None:
    house.rules = house.feeder._rules = run_rules(runs={"proposed": 2, "rows": 3})

    async def story() -> None:
        _, second, third = [await house.propose(batch("a", "b")) for _ in range(3)]
        # The oldest made room.
        assert [one.id for one in await recent(house.db, ANN, 9)] == [third.id, second.id]
        assert (await life.drop(house.db, second.id, ANN, HERE)).name == "songs.csv"
        assert (await attempt(life.start(house.db, house.rules, second.id, ANN, HERE))).code == "run_not_found"
        await life.start(house.db, house.rules, third.id, ANN, HERE)
        assert (await attempt(life.drop(house.db, third.id, ANN, HERE))).code == "run_not_proposed"
        late = await house.propose(batch("a"))
        with at("2099-01-01 00:00"):
            await housekeeping.forget(house.db)
        assert [one.id for one in await recent(house.db, ANN, 9)] == [third.id]
        assert (await attempt(life.start(house.db, house.rules, late.id, ANN, HERE))).code == "run_not_found"
        many = await attempt(house.propose(batch(*"abcd")))
        assert (many.code, many.value, many.params) == ("too_many_steps", 4, {"most": 3})
        assert (await attempt(house.propose(batch()))).code == "nothing_to_make"

    asyncio.run(story())


def test_a_free_run_holds_nothing(small: RunHouse) -> None:
    given = replace(small.rules, capabilities=ListeningPool.capabilities)
    small.rules = small.feeder._rules = given
    small.pool = ListeningPool()

    async def story() -> None:
        first = await small.begin(batch("a"))
        await small.to_the_end()
        job = (await small.run(first.id)).steps[0].job
        run = await small.begin(recipe(*(step(n, task="analyze", source_job_id=job) for n in (1, 2, 3))))
        assert (run.price, small.held()) == (0, {})
        await small.to_the_end()
        assert states(await small.run(run.id)) == "DDD"

    asyncio.run(story())


def test_somebody_with_steps_to_come_can_not_become_somebody_else(small: RunHouse) -> None:
    async def story() -> None:
        await small.begin(batch("a", "b"), CAT, CHANNEL)
        await small.begin(batch("a"), ANN)
        code = await link.begin(small.db, small.rules.pricing, ANN, None)
        busy = await attempt(link.finish(small.db, small.rules.pricing, CAT, code.code, None))
        assert (busy.code, busy.params) == ("link_busy", {"live": 2})

    asyncio.run(story())


def test_music_that_is_thrown_away_later_is_shown_as_gone(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a"))
        await small.to_the_end()
        before = small.version()
        await control.throw_away(small.db, (await small.run(run.id)).steps[0].job or 0)
        gone = (await small.run(run.id)).steps[0]
        assert (gone.deleted, gone.files, gone.paid) == (True, (), PRICE)
        assert small.version() > before
        assert small.told() == []

    asyncio.run(story())


def test_how_long_it_will_take_is_told_once_speed_was_measured(small: RunHouse) -> None:
    async def story() -> None:
        run = await small.begin(batch("a", "b", "c", "d"))
        assert (await small.run(run.id)).eta_s is None
        await small.feeder.feed()
        await small.work()
        assert (await small.run(run.id)).eta_s is not None
        await queue.turn(small.db, "pause", OPERATOR, "lunch")
        paused = await small.run(run.id)
        assert (paused.eta_s, paused.pause and paused.pause.why) == (None, "lunch")

    asyncio.run(story())


async def attempt(work: Awaitable[object]) -> Refusal:
    """The refusal that `work` ends in."""
    try:
        await work
    except Refusal as refusal:
        return refusal
    raise AssertionError("it was not refused")
