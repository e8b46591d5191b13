"""How much is taken of one person, and of one server: what is one too many is refused, and told when to come back."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from bot.answers import refusal_words
from storage import asked, jobs, ledger
from storage.database import Database
from storage.tables import Job
from tests.fakes.clock import at
from tests.fakes.pool import EditingPool
from tests.integration.house import House, rules
from tests.integration.test_desk import ANN, BEN, Room
from tests.rows import free_job, person
from workflows import control, housekeeping, limits, review
from workflows.moderation import Moderation
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.submit import submit

HERE = ReplyTo("chat", "room")
SERVER = "discord:1"
KNOWN = Requester("terminal", "ann", "ann")
NOON = "2026-11-21 12:00"


def ask(db: Database, rules: Rules, who: Requester = ANN, task: str = "text2music", **more: Any) -> int:
    values = {"caption": "blues", "duration": 30, **more}
    return asyncio.run(submit(db, rules, who, HERE, task, values)).job_id


def refused(db: Database, rules: Rules, who: Requester = ANN, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask(db, rules, who, **more)
    return caught.value


def daily(most: int) -> Rules:
    """A house where everybody has `most` songs a day, and fans have four."""
    return rules(roles={"everyone": {"songs_per_day": most}, "fan": {"songs_per_day": 4}})


def test_songs_of_a_day_are_counted_over_24_hours(database: Database) -> None:
    house = daily(2)
    for moment in ("2026-11-20 13:00", "2026-11-20 20:00"):
        with at(moment):
            ask(database, house)
    with at(NOON):
        refusal = refused(database, house)
        assert (refusal.code, refusal.retry_after) == ("songs_of_day", 3600)
        assert refusal_words(refusal) == (
            "You had 2 songs in the last 24 hours, as many as you can have. Ask for the next one in 60 minutes."
        )
        ask(database, house, BEN)
    with at("2026-11-21 12:59:59"):
        assert refused(database, house).retry_after == 1
    with at("2026-11-21 13:00"):
        ask(database, house)
        assert refused(database, house).retry_after == 7 * 3600


def test_nobody_is_told_to_wait_longer_than_what_is_counted(database: Database) -> None:
    house = daily(1)
    # Taken while the other one waited for its turn, so by its clock in a second.
    with at("2026-11-21 12:00:01"):
        ask(database, house)
    with at(NOON):
        assert refused(database, house).retry_after == 24 * 3600


def test_a_better_role_has_more_songs_and_a_lost_one_waits_longer(database: Database) -> None:
    house, fan = daily(2), replace(ANN, roles=("Fan",))
    for hour in (8, 9, 10, 11):
        with at(f"2026-11-21 {hour:02}:00"):
            ask(database, house, fan)
    with at(NOON):
        assert refused(database, house, fan).retry_after == 20 * 3600
        # Back to two a day: three of the four have to be a day old.
        assert refused(database, house).retry_after == 22 * 3600


def test_a_role_may_be_what_it_takes_to_have_songs_at_all(database: Database) -> None:
    house = daily(0)
    refusal = refused(database, house)
    assert (refusal.code, refusal.retry_after) == ("no_songs_for_role", None)
    ask(database, house, replace(ANN, roles=("fan",)))


def test_songs_that_came_to_nothing_are_not_counted(database: Database) -> None:
    house = daily(1)
    for _ in range(3):
        asyncio.run(control.cancel(database, ask(database, house), ANN, HERE))
    ask(database, house)
    assert refused(database, house).code == "songs_of_day"


def test_what_failed_does_not_slip_by_the_limit_when_it_is_tried_again(database: Database) -> None:
    house = daily(1)
    failed = ask(database, house)

    def fail(session: Session) -> None:
        (ticket,) = jobs.claim(session, worker="w", now=10**15, lease_ms=1, tasks=("text2music",))
        jobs.fail(session, job_id=ticket.id, token=str(ticket.token), now=10**15, error_code="internal")
        ledger.void(session, key=jobs.hold_key(ticket), now=10**15)

    database.write(fail)
    ask(database, house)
    with pytest.raises(Refusal) as caught:
        asyncio.run(control.retry(database, failed, ANN, HERE, rules=house))
    assert caught.value.code == "songs_of_day"
    assert asyncio.run(control.retry(database, failed, ANN, HERE, rules=daily(2))).status == "PENDING"


def test_stems_of_a_song_are_no_songs(tmp_path: Path) -> None:
    once = rules(roles={"everyone": {"songs_per_day": 1}}, capabilities=EditingPool.capabilities)
    house = House(tmp_path, rules=once, pool=EditingPool())
    asyncio.run(house.ask(who=ANN))
    asyncio.run(house.work())
    stems = {"source_job_id": 1}
    asyncio.run(submit(house.db, once, ANN, ReplyTo("terminal"), "stems", stems))
    assert refused(house.db, once).code == "songs_of_day"
    asyncio.run(submit(house.db, once, ANN, ReplyTo("terminal"), "stems", stems))
    house.db.close()


def test_stems_of_songs_of_others_make_no_newcomer_known(tmp_path: Path) -> None:
    watched = replace(
        rules(capabilities=EditingPool.capabilities), moderation=Moderation(review="newcomers", review_first=1)
    )
    house = House(tmp_path, rules=watched, pool=EditingPool())

    def made(who: Requester, task: str, **values: Any) -> bool:
        looked_at = asyncio.run(submit(house.db, watched, who, HERE, task, values)).review
        asyncio.run(house.work())
        return looked_at

    assert made(BEN, "text2music", caption="rock", duration=30)
    asyncio.run(review.approve(house.db, OPERATOR, 1, request=None))
    asyncio.run(house.work())
    assert not made(ANN, "stems", source_job_id=1)
    assert made(ANN, "text2music", caption="blues", duration=30)
    assert not made(BEN, "text2music", caption="blues", duration=30)
    house.db.close()


@pytest.mark.parametrize(
    ("most", "code", "retry_after"),
    [({"live_jobs": 2}, "server_full", None), ({"songs_per_day": 2}, "songs_of_server", 86_400)],
)
def test_a_server_has_a_limit_of_its_own(
    database: Database, most: dict[str, int], code: str, retry_after: int | None
) -> None:
    house = rules(limits={"per_server": most})
    ann, ben = (replace(who, server=SERVER) for who in (ANN, BEN))
    with at(NOON):
        ask(database, house, ann)
        ask(database, house, ben)
        refusal = refused(database, house, ann)
        assert (refusal.code, refusal.retry_after, refusal.params["most"]) == (code, retry_after, 2)
        # Elsewhere, and in private, there is room.
        ask(database, house, replace(ANN, server="discord:2"))
        ask(database, house)
    if code == "server_full":
        asyncio.run(control.cancel(database, 1, ANN, HERE))
        ask(database, house, ann)


@pytest.mark.parametrize("task", ["retake", "repaint", "extend", "edit", "analyze", "text2music"])
def test_a_minute_has_so_many_of_a_task_and_refused_ones_do_not_count(database: Database, task: str) -> None:
    house = rules(limits={"per_minute": {task: 3}})

    def take(session: Any) -> None:
        user = person(session)
        now = now_ms()
        limits.check(session, house.limits, house.roles, user_id=user.id, account="user:1", who=ANN, task=task, now=now)
        free_job(session, user, task=task, now=now)
        free_job(session, user, task="text2rap", now=now)

    def one_too_many() -> Refusal:
        with pytest.raises(Refusal) as caught:
            database.write(take)
        return caught.value

    for second in (0, 10, 20):
        with at(f"2026-11-21 12:00:{second:02}"):
            database.write(take)
    with at("2026-11-21 12:00:30"):
        for _ in range(5):
            refusal = one_too_many()
            assert (refusal.code, refusal.retry_after, refusal.params["most"]) == ("rate_limited", 30, 3)
    with at("2026-11-21 12:01:00"):
        database.write(take)
        assert one_too_many().retry_after == 10


def test_the_words_of_a_song_are_read_so_often_a_minute(tmp_path: Path) -> None:
    thrice = rules(limits={"per_minute": {"lrc": 3}}, capabilities=EditingPool.capabilities)
    house = House(tmp_path, rules=thrice, pool=EditingPool())
    room = Room(house)

    async def read(text: str = "/lrc 1", who: Requester = ANN) -> str:
        return await room.told(text, who)

    async def story() -> None:
        await room.told(r'/song caption:"slow blues" duration:30 lyrics:"[verse]\nOh well"')
        await house.work()
        with at("2026-11-21 12:00:00"):
            assert "The lyrics of" in await read()
            # What can't be answered counts for nothing.
            for _ in range(5):
                assert "There is no job #7" in await read("/lrc 7")
        with at("2026-11-21 12:00:20"):
            assert "The lyrics of" in await room.press("lrc", 1)
            assert "The lyrics of" in await read()
            assert await read() == "That is enough for now: `/lrc` works 3 times a minute. Try again in 40 seconds."
            assert await room.press("lrc", 1) == await read()
            assert "The lyrics of" in await read(who=BEN)
        with at("2026-11-21 12:01:00"):
            assert "The lyrics of" in await read()

    asyncio.run(story())
    house.db.close()


def test_what_was_counted_is_forgotten(database: Database) -> None:
    house = rules(limits={"per_minute": {"lrc": 3}})
    with at("2026-11-18 12:00"):
        ask(database, house)
        database.write(lambda session: asked.note(session, 1, "lrc", now_ms()))
    with at(NOON):
        database.write(lambda session: asked.note(session, 1, "lrc", now_ms()))
        asyncio.run(housekeeping.forget(database))
    assert not database.read(lambda session: asked.any_before(session, now_ms() - 86_400_000 * 2))
    assert database.read(lambda session: asked.last(session, 1, "lrc", since=0, most=1)) is not None


RACES: list[tuple[dict[str, Any], dict[str, Any], Callable[[int], Requester]]] = [
    ({"live_jobs": 3}, {}, lambda _: KNOWN),
    ({"per_minute": {"text2music": 3}}, {}, lambda _: KNOWN),
    ({}, {"everyone": {"songs_per_day": 3}}, lambda _: KNOWN),
    ({"per_server": {"live_jobs": 3}}, {}, lambda n: Requester("chat", f"u{n}", f"p{n}", server=SERVER)),
    ({"per_server": {"songs_per_day": 3}}, {}, lambda n: Requester("chat", f"u{n}", f"p{n}", server=SERVER)),
]


@pytest.mark.parametrize("race", RACES, ids=["live", "minute", "day", "server live", "server day"])
def test_requests_of_one_moment_never_take_one_place_too_many(
    database_url: str, database: Database, race: tuple[dict[str, Any], dict[str, Any], Callable[[int], Requester]]
) -> None:
    limited, roles, who = race
    house, other = rules(limits=limited, roles=roles), Database(database_url)

    start = threading.Barrier(8)
    database.write(lambda session: person(session, "ann"))

    def one(number: int) -> str:
        start.wait()
        try:
            ask((database, other)[number % 2], house, who(number))
        except Refusal as refusal:
            return refusal.code
        return "taken"

    with ThreadPoolExecutor(8) as threads:
        told = Counter(threads.map(one, range(8)))
    other.close()
    assert told["taken"] == 3, told
    assert len(told) == 2, told
    kept: tuple[Job, ...] = database.read(lambda session: jobs.recent(session, None, 20))
    assert len(kept) == 3
