"""The queue in the hands of those in charge: paused, drained, opened; what failed is read and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlmodel import Session

from bot.answers import Answer, refusal_words
from bot.card import card
from bot.desk import Desk
from bot.queue_words import requeued_words
from storage import audit, jobs, ledger, outbox
from storage.database import Database
from storage.tables import Job
from tests.integration.house import ANN, House, rules
from workflows import control, credits, dead_letters, queue
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import Repeated

T = TypeVar("T")

EVE = Requester("chat", "u9", "eve", roles=("admin",))
BEN = Requester("chat", "u2", "ben")
ROOM = ReplyTo("chat", "room")


@pytest.fixture
def place(tmp_path: Path, database_url: str) -> Iterator[House]:
    """A house whose admins are in charge, once on each database."""
    place = House(tmp_path, rules=rules(roles={"admin": {"in_charge": True}}))
    place.db.close()
    place.db = Database(database_url)
    yield place
    place.db.close()


class Chat:
    """What people say to the house, and what they are told."""

    def __init__(self, house: House) -> None:
        self.woken = 0
        self._desk = Desk(house.db, house.rules, self._wake)
        self._said = 0

    def _wake(self) -> None:
        self.woken += 1

    async def says(self, who: Requester, text: str) -> str:
        self._said += 1
        answer = await self._desk.typed(who, ROOM, text, f"request {self._said}")
        assert isinstance(answer, Answer)
        return answer.text

    async def says_twice(self, who: Requester, text: str) -> tuple[str, object]:
        return await self.says(who, text), await self._desk.typed(who, ROOM, text, f"request {self._said}")


def played(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


def acts(house: House) -> list[tuple[str, str, str, str]]:
    notes = house.db.read(lambda session: audit.latest(session, 50))
    return [(note.by, note.surface, note.act, note.subject) for note in reversed(notes)]


def owns(house: House, who: Requester = ANN) -> tuple[int, int]:
    balance = asyncio.run(credits.balance(house.db, house.rules.pricing, who))
    assert asyncio.run(credits.check(house.db)) == []
    return balance.posted, balance.held


def test_what_is_asked_for_during_a_pause_waits_and_is_made_afterwards(place: House) -> None:
    async def story() -> None:
        running = await place.ask("wait")
        worker = await place.work(until=lambda: place.pool.running == 1)
        changed, state = await queue.turn(place.db, "pause", OPERATOR, "new disk")
        assert changed
        assert (state.state, state.why, state.running) == ("paused", "new disk", 1)
        waiting = await place.ask()
        place.pool.release.set()
        await place.work(worker)
        assert (await place.job(running.job_id)).status == "COMPLETED", "what runs is finished"
        assert (await place.job(waiting.job_id)).status == "PENDING"
        assert (await queue.turn(place.db, "resume", OPERATOR))[0]
        await place.work(worker)
        assert (await place.job(waiting.job_id)).status == "COMPLETED"

    played(story())
    assert acts(place) == [
        ("operator", "terminal", "pause", "queue"),
        ("operator", "terminal", "resume", "queue"),
    ]


def test_draining_takes_nothing_new_and_what_waits_keeps_its_place(place: House) -> None:
    async def story() -> int:
        job = (await place.ask()).job_id
        await queue.turn(place.db, "drain", OPERATOR, "moving house")
        with pytest.raises(Refusal) as refused:
            await place.ask()
        assert (refused.value.code, refused.value.params) == ("house_closing", {"why": "moving house"})
        worker = await place.work()
        assert (await place.job(job)).status == "PENDING"
        assert owns_now(place) == 5
        await queue.turn(place.db, "resume", OPERATOR)
        await place.work(worker)
        return job

    def owns_now(house: House) -> int:
        return house.db.read(lambda session: ledger.balance(session, "user:1").held)

    assert played(place.job(played(story()))).status == "COMPLETED"
    assert owns(place) == (995, 0)


def test_turning_it_where_it_stands_says_so_and_changes_nothing(place: House) -> None:
    async def story() -> None:
        assert not (await queue.turn(place.db, "resume", OPERATOR))[0]
        assert (await queue.turn(place.db, "pause", OPERATOR, "one"))[0]
        changed, state = await queue.turn(place.db, "pause", EVE, "two")
        assert not changed
        assert (state.by, state.why) == ("operator", "one")
        # From paused to drained is a change.
        assert (await queue.turn(place.db, "drain", EVE))[0]

    played(story())
    assert [act for *_, act, _ in acts(place)] == ["pause", "drain"]


def test_only_those_in_charge_turn_it_and_everybody_sees_it(place: House) -> None:
    chat = Chat(place)

    async def story() -> None:
        assert await chat.says(BEN, "/queue pause") == "`/queue pause` is for those who run this place."
        assert await chat.says(BEN, "/dead") == "`/dead` is for those who run this place."
        assert await chat.says(BEN, "/requeue 12") == "`/requeue` is for those who run this place."
        assert await chat.says(BEN, "/queue") == "Nothing is in line and nothing is being made."
        said, again = await chat.says_twice(EVE, '/queue pause why:"new disk"')
        assert said.startswith("Paused: requests are taken and wait.")
        assert again is None, "the same request twice is answered once"
        assert "by eve/u9 (new disk)" in await chat.says(EVE, "/queue pause")
        assert chat.woken
        await chat.says(BEN, "/song slow blues duration:30")
        shown = await chat.says(BEN, "/queue")
        assert shown.splitlines()[0] == "The queue is paused (new disk): requests are taken and wait."
        assert shown.splitlines()[1:] == ["1 job waiting, 0 being made."]
        assert "The oldest has waited" in await chat.says(EVE, "/queue")
        assert await chat.says(EVE, "/queue resume") == "The queue is open again, 1 job in line."

    played(story())
    assert [act for *_, act, _ in acts(place)] == ["pause", "resume"]


def test_the_reason_may_simply_follow(place: House) -> None:
    chat = Chat(place)

    async def story() -> None:
        await chat.says(EVE, "/queue pause new disk, back at eight")
        assert "(new disk, back at eight)" in await chat.says(BEN, "/queue")

    played(story())


def test_an_admin_of_a_server_that_is_not_listed_is_told_what_would_help(place: House) -> None:
    boss = Requester("discord", "u7", "zoe", server="discord:7", roles=("admin",))
    chat = Chat(place)

    async def story() -> None:
        for text in ("/queue pause", "/grant @ben 5", "/help grant"):
            assert '`"discord:7"`' in await chat.says(boss, text), text
        assert await chat.says(BEN, "/help grant") == "`/grant` is for those who run this place."

    played(story())


def test_songs_that_wait_for_a_look_are_no_secret(place: House) -> None:
    chat = Chat(place)

    async def story() -> None:
        job = (await place.ask()).job_id
        place.db.write(lambda session: setattr(session.get_one(Job, job), "parked", True))
        said = "Nothing is in line and nothing is being made.\n"
        assert await chat.says(BEN, "/queue") == said + "1 song waiting until somebody in charge has had a look."
        assert await chat.says(EVE, "/queue") == said + "1 job waiting for a moderator: `/review`."

    played(story())


def _give_up(session: Session, job_id: int) -> None:
    job = session.get_one(Job, job_id)
    job.status, job.finished_at, job.error_code, job.error_permanent = "FAILED", now_ms(), "disk_full", False


def test_a_long_list_says_what_it_leaves_out_and_has_places_for_either_kind(place: House) -> None:
    chat = Chat(place)

    async def story() -> None:
        lost = (await place.ask()).job_id
        await place.work()
        for row in place.db.read(lambda session: outbox.pending_for(session, lost)):
            place.db.write(lambda session, row=row: outbox.dead(session, row.id, 9, "401"))  # type: ignore[misc]
        for _ in range(12):
            job = (await place.ask()).job_id
            place.db.write(lambda session, job=job: _give_up(session, job))  # type: ignore[misc]
        lines = (await chat.says(EVE, "/dead")).splitlines()
        assert len([line for line in lines if line.startswith("`#")]) == 10
        assert f"`#{lost}` A Title, of ann: could be posted nowhere" in "\n".join(lines)
        assert lines[-2] == "Not shown here: 3 songs more."
        assert "12 jobs failed though another try might help: `/dead`." in await chat.says(EVE, "/queue")
        assert "1 song made that could be posted nowhere: `/dead`." in await chat.says(EVE, "/queue")

    played(story())


def test_people_are_told_that_the_pause_is_what_they_wait_for(place: House) -> None:
    chat = Chat(place)

    async def story() -> None:
        await place.ask()
        worker = await place.work()
        await chat.says(EVE, '/queue pause why:"new disk"')
        assert "The queue is paused (new disk), so it waits" in await chat.says(BEN, "/song slow blues duration:30")
        [job] = await control.recent(place.db, 1, BEN)
        assert "the queue is paused (new disk)" in await chat.says(BEN, "/jobs")
        assert "the queue is paused (new disk)" in line(job)
        assert "about" not in line(job), "nobody knows how long a pause takes"
        await chat.says(EVE, "/queue resume")
        [job] = await control.recent(place.db, 1, BEN)
        assert "paused" not in line(job)
        await place.work(worker)

    def line(job: Any) -> str:
        return card(job, place.rules.capabilities, file_limit=1 << 20, most_files=4).line

    played(story())


def test_the_state_counts_what_there_is(place: House) -> None:
    async def story() -> queue.QueueState:
        await place.ask()
        worker = await place.work()
        for caption in ("crash", "wait"):
            await place.ask(caption)
        await place.work(worker, until=lambda: place.pool.running == 1 and worker.busy == 1)
        for _ in range(3):
            await place.ask("wait")
        await queue.turn(place.db, "pause", OPERATOR)
        state = await queue.status(place.db)
        place.pool.release.set()
        await place.work(worker)
        return state

    state = played(story())
    assert (state.waiting, state.running, state.parked, state.dead, state.unposted) == (3, 1, 0, 1, 0)
    assert len(state.workers) == 1
    assert state.oldest is not None
    assert [(speed.engine, speed.task) for speed in state.speeds] == [("studio", "text2music")]
    assert state.eta_s is not None


def test_all_that_a_dead_worker_had_is_put_back(place: House) -> None:
    async def story() -> list[str]:
        asked = [(await place.ask(who=who)).job_id for who in (ANN, BEN, EVE) for _ in range(2)]
        place.db.write(
            lambda session: jobs.claim(session, worker="w", now=now_ms(), lease_ms=0, tasks=("text2music",), most=6)
        )
        assert (await queue.status(place.db)).running == 6
        await place.worker().rescue()
        return [(await place.job(job)).status for job in asked]

    assert played(story()) == ["PENDING"] * 6


async def failed(house: House, caption: str = "crash", who: Requester = ANN) -> int:
    job = (await house.ask(caption, who=who)).job_id
    worker = house.worker()
    for _ in range(4):
        await house.work(worker)
    assert (await house.job(job)).status == "FAILED"
    return job


def test_a_dead_letter_is_read_and_made_after_all(place: House) -> None:
    chat = Chat(place)

    async def story() -> int:
        job = await failed(place)
        await failed(place, "broken")
        told = await chat.says(EVE, "/dead")
        assert told.splitlines()[0] == f"`#{job}` A Title, of ann: `engine_crashed` after 3 tries (told to)"
        assert len(told.splitlines()) == 2, "what can't be helped is not listed"
        assert await chat.says(EVE, f"/requeue #{job}") == f"1 job back in line: #{job}."
        assert (await place.job(job)).round == 2
        assert owns_held(place) == 5, "a new hold of its owner"
        await control.cancel(place.db, job)
        return job

    def owns_held(house: House) -> int:
        return house.db.read(lambda session: ledger.balance(session, "user:1").held)

    job = played(story())
    assert acts(place) == [("eve/u9", "chat", "requeue", f"job:{job}")]
    assert owns(place) == (1000, 0)


def test_all_of_one_error_are_tried_again_but_nobody_is_charged_what_they_lack(place: House) -> None:
    async def story() -> None:
        first, second = await failed(place), await failed(place)
        poor = await failed(place, who=BEN)
        disk = await failed(place, "disk")
        now = now_ms()
        place.db.write(
            lambda session: ledger.transfer(
                session, key="revoke", kind="revoke", debit="user:2", credit="bank", amount=998, now=now
            )
        )
        done = await dead_letters.requeue_all(place.db, "engine_crashed", OPERATOR)
        assert (done.jobs, done.short) == ((first, second), (poor,))
        assert [(await place.job(job)).status for job in (first, second, poor, disk)] == [
            "PENDING", "PENDING", "FAILED", "FAILED",
        ]  # fmt: skip
        assert requeued_words(dead_letters.Requeued((), (poor,))).startswith("1 job not tried, for want of the owner")
        with pytest.raises(Refusal) as refused:
            await dead_letters.requeue(place.db, poor, OPERATOR)
        assert refused.value.code == "owner_short"
        assert refused.value.params.items() >= {"owner": "ben", "required": 5, "available": 2}.items()
        with pytest.raises(Refusal) as refused:
            await dead_letters.requeue_what(place.db, "engine_crash", OPERATOR)
        assert (refused.value.code, refused.value.allowed) == ("no_such_dead_letter", "disk_full, engine_crashed")

    played(story())
    assert owns(place) == (1000, 10)
    assert owns(place, BEN) == (2, 0)


def test_what_could_be_posted_nowhere_is_posted_once_more(place: House) -> None:
    async def story() -> int:
        job = (await place.ask()).job_id
        await place.work()
        for row in place.db.read(lambda session: outbox.pending_for(session, job)):
            place.db.write(lambda session, row=row: outbox.dead(session, row.id, 9, "401 Unauthorized"))  # type: ignore[misc]
        [letter] = (await dead_letters.listed(place.db, 10)).letters
        assert (letter.job.id, letter.error, letter.cause) == (job, "unposted", "401 Unauthorized")
        assert (await queue.status(place.db)).unposted == 1
        assert (await dead_letters.requeue_what(place.db, "unposted", OPERATOR)).jobs == (job,)
        assert await dead_letters.listed(place.db, 10) == dead_letters.Listed((), 0)
        return job

    job = played(story())
    assert [row.topic for row in place.db.read(lambda session: outbox.pending_for(session, job))] == ["completed"]
    assert owns(place) == (995, 0)


@pytest.mark.parametrize("what", ["99", "9" * 40, "#12", "no such error"])
def test_what_is_not_there_is_refused_by_name(place: House, what: str) -> None:
    with pytest.raises(Refusal) as refused:
        played(dead_letters.requeue_what(place.db, what, OPERATOR))
    assert refused.value.code in ("job_not_found", "no_such_dead_letter")
    assert acts(place) == []


def test_a_song_that_is_there_is_not_made_again(place: House) -> None:
    async def story() -> None:
        job = (await place.ask()).job_id
        with pytest.raises(Refusal) as refused:
            await dead_letters.requeue(place.db, job, OPERATOR)
        assert refused.value.code == "nothing_to_requeue"
        assert "still on its way" in refusal_words(refused.value)
        await place.work()
        with pytest.raises(Refusal) as refused:
            await dead_letters.requeue(place.db, job, OPERATOR)
        assert refused.value.code == "nothing_to_requeue"

    played(story())
    assert owns(place) == (995, 0)


def test_one_press_that_arrives_twice_requeues_once(place: House) -> None:
    async def story() -> None:
        job = await failed(place)
        await dead_letters.requeue(place.db, job, EVE, request="press")
        for again in (
            dead_letters.requeue(place.db, job, EVE, request="press"),
            queue.turn(place.db, "pause", EVE, request="press"),
            dead_letters.requeue_all(place.db, "engine_crashed", EVE, request="press"),
        ):
            with pytest.raises(Repeated):
                await again

    played(story())
    assert [act for *_, act, _ in acts(place)] == ["requeue"]
