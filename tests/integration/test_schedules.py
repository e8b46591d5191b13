"""What happens by itself: begun once for each time it is due, made up for once, and told where it could not be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from bot.answers import Answer
from bot.compose import Settings
from bot.compose.house import shelf
from bot.desk import Desk
from bot.placards import draw
from storage import bulletins, departed, ledger, schedules
from storage.database import Database
from storage.tables import Firing, Run
from tests.fakes.clock import at
from tests.fakes.pool import ScriptedPool
from tests.integration.house import House, rules
from workflows import credits, firings, queue
from workflows.bulletins import Notice, look
from workflows.limits import RunLimits
from workflows.people import OPERATOR, ReplyTo, Requester
from workflows.recipes import scheduled
from workflows.refusal import Refusal
from workflows.roles import Roles
from workflows.schedules import repeat_recipe

ANN = Requester("slack", "T1:U1", "Ann", server="slack:T1")
BEN = Requester("slack", "T1:U2", "Ben", server="slack:T1")
CAT = Requester("slack", "T1:U3", "Cat", server="slack:T1", roles=("admin",))
HERE, ELSEWHERE = ReplyTo("slack", "T1/C1"), ReplyTo("slack", "T1/C2")
DAILY = '/recipe schedule song-a-day when:"daily 09:00" zone:Europe/Berlin inputs:"seconds:20"'
NO_ZONE = "UPDATE schedule SET zone = 'Mars/Olympus' WHERE id = 2"
T = TypeVar("T")


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    yield from made(tmp_path, database_url)


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """On SQLite: for what is judged before anything is kept."""
    yield from made(tmp_path, None)


def made(tmp_path: Path, url: str | None) -> Iterator[House]:
    able = ScriptedPool.capabilities.model_copy(update={"tasks": ("text2music", "simple")})
    plain = rules(capabilities=able, roles={"admin": {"in_charge": True}})
    house = House(tmp_path, rules=replace(plain, recipes=shelf(Settings(home=tmp_path), plain)), url=url)
    yield house
    house.db.close()


def done(work: Awaitable[T]) -> T:
    async def do() -> T:
        return await work

    return asyncio.run(do())


def says(house: House, text: str, who: Requester = ANN, where: ReplyTo = HERE) -> str:
    answer = done(Desk(house.db, house.rules, lambda: None).typed(who, where, text, uuid4().hex))
    assert isinstance(answer, Answer)
    return answer.text


def tick(house: House, db: Database | None = None) -> int:
    return done(firings.tick(db or house.db, {"recipe": partial(scheduled.begin, house.rules)}))


def runs(house: House) -> list[Run]:
    return house.db.read(lambda session: list(session.exec(select(Run).order_by(Run.id))))  # type: ignore[arg-type]


def outcomes(house: House) -> list[str]:
    return house.db.read(lambda session: [row.outcome for row in session.exec(select(Firing))])


def test_a_song_a_day_comes_once_each_day_at_its_hour_also_where_the_clocks_change(house: House) -> None:
    with at("2026-10-23 10:00"):
        told = says(house, DAILY)
    assert "song-a-day" in told
    assert "5 credits" in told
    queries = []
    # 09:00 in Berlin is 07:00 UTC, and 08:00 from the 25th of October on.
    for moment, fires in (
        ("2026-10-24 06:59", 0), ("2026-10-24 07:00", 1), ("2026-10-24 23:00", 0),
        ("2026-10-25 07:30", 0), ("2026-10-25 08:00", 1), ("2026-10-25 08:00", 0), ("2026-10-26 08:01", 1),
    ):  # fmt: skip
        with at(moment):
            assert tick(house) == fires
    assert [run.status for run in runs(house)] == ["RUNNING"] * 3
    for run in runs(house):
        (spec,) = house.db.read(partial(_specs, run_id=run.id))
        queries.append(spec["query"])
    # Another theme each day.
    assert len(set(queries)) == 3


def _specs(session: Session, run_id: int) -> list[dict[str, str]]:
    from storage.tables import Step

    return [dict(step.spec) for step in session.exec(select(Step).where(Step.run_id == run_id))]


def test_a_house_that_was_down_for_days_makes_up_for_one(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
    with at("2026-11-09 11:00"):
        assert tick(house) == 1
        assert tick(house) == 0
    with at("2026-11-10 08:00"):
        assert tick(house) == 1
    assert len(runs(house)) == 2


def test_two_processes_that_look_at_once_begin_it_once(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
    other = Database(str(house.url))

    async def both() -> list[int]:
        begin = {"recipe": partial(scheduled.begin, house.rules)}
        return await asyncio.gather(*(firings.tick(db, begin) for db in (house.db, other) * 3))  # type: ignore[arg-type]

    with at("2026-11-02 08:00"):
        assert sum(asyncio.run(both())) == 1
    other.close()
    assert len(runs(house)) == 1
    assert house.db.read(ledger.check) == []


def test_where_it_can_not_be_paid_its_channel_is_told_and_the_next_time_is_tried(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
        house.db.write(_spend_all)
    with at("2026-11-02 08:00"):
        assert tick(house) == 1
        assert tick(house) == 0
        assert outcomes(house) == ["insufficient_credits"]
        [notice] = house.db.write(_said)
        shown = draw(notice, house.rules)
        assert shown.title == "song-a-day"
        assert "could not run" in shown.line
        assert shown.lines == ("It costs 5 credits, more than Ann has just now.",)
        assert shown.deeds[0].name == "schedules"
        assert (notice.surface, notice.channel) == ("slack", "T1/C1")
        assert "could not run" in says(house, "/recipe schedules")
    with at("2026-11-03 08:00"):
        house.db.write(lambda session: ledger.grant(session, key="more", account="user:1", amount=100, now=1))
        assert tick(house) == 1
    assert outcomes(house) == ["insufficient_credits", "run"]


def _spend_all(session: Session) -> None:
    left = ledger.balance(session, "user:1").available
    ledger.transfer(session, key="spent", kind="revoke", debit="user:1", credit=ledger.BANK, amount=left, now=1)


def _said(session: Session) -> list[Notice]:
    due = bulletins.claim_due(session, surfaces=("slack",), now=2**60, lease_ms=1000, limit=5)
    return [look(session, row) for row in due]


def test_who_may_see_and_stop_what_runs_by_itself(small_house: House) -> None:
    with at("2026-11-01 10:00"):
        says(small_house, DAILY)
        assert "every day at 09:00 (Europe/Berlin), next" in says(small_house, "/recipe schedules", BEN)
        assert "Nothing of yours" in says(small_house, "/recipe schedules", BEN, ELSEWHERE)
        assert "those in charge" in says(small_house, "/recipe unschedule 1", BEN)
        assert "There is no 1" in says(small_house, "/recipe unschedule 1", BEN, ELSEWHERE)
        assert "no longer" in says(small_house, "/recipe unschedule 1", CAT)
        assert "There is no 1" in says(small_house, "/recipe unschedule 1")
    with at("2026-11-03 10:00"):
        assert tick(small_house) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/recipe schedule song-a-day when:hourly", "song-a-day"),
        ('/recipe schedule song-a-day when:"*/5 * * * *"', "once an hour"),
        ('/recipe schedule song-a-day when:"0 0 30 2 *"', "never comes"),
        ("/recipe schedule song-a-day when:soon", "daily 09:00"),
        ('/recipe schedule song-a-day when:"daily 9:00" zone:Nowhere', "Europe/Berlin"),
        ('/recipe schedule serenade when:"daily 9:00"', "There are song-a-day."),
        ('/recipe schedule song-a-dya when:"daily 9:00"', "Did you mean `song-a-day`?"),
        ('/recipe schedule song-a-day when:"daily 9:00" inputs:"seconds:9999"', "seconds"),
        ('/recipe schedule song-a-day when:"daily 9:00" inputs:"colour:blue"', "colour"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(small_house: House, text: str, words: str) -> None:
    with at("2026-11-01 10:00"):
        assert words in says(small_house, text)


def test_one_person_has_only_so_many(small_house: House) -> None:
    with at("2026-11-01 10:00"):
        for hour in range(small_house.rules.limits.runs.schedules):
            says(small_house, f'/recipe schedule song-a-day when:"daily {hour}:00"')
        assert "as many as one person may" in says(small_house, '/recipe schedule song-a-day when:"daily 23:00"')


def test_nothing_is_begun_for_a_server_that_removed_the_bot(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
        house.db.write(lambda session: departed.note(session, "slack:T1", 1))
    with at("2026-11-02 08:00"):
        assert tick(house) == 0
        house.db.write(lambda session: departed.returned(session, "slack:T1"))
        assert tick(house) == 1


def test_a_house_that_takes_nothing_makes_up_for_it_afterwards(small_house: House) -> None:
    with at("2026-11-01 10:00"):
        says(small_house, DAILY)
        done(queue.turn(small_house.db, "drain", OPERATOR))
    with at("2026-11-02 08:00"):
        assert tick(small_house) == 0
    with at("2026-11-02 11:00"):
        done(queue.turn(small_house.db, "resume", OPERATOR))
        assert tick(small_house) == 1
    assert outcomes(small_house) == ["run"]


def test_what_runs_by_itself_goes_by_roles_that_its_owner_still_has(house: House) -> None:
    house.rules = replace(
        house.rules,
        roles=Roles.model_validate({"roles": {"everyone": {"songs_per_day": 0}, "patron": {"songs_per_day": 9}}}),
    )
    patron = replace(ANN, roles=("patron",))
    with at("2026-10-01 10:00"):
        says(house, DAILY, patron)
        says(house, "/song blues duration:20", patron)
        assert asked_with(house) == [["patron"]]
    # Whoever was not here for a month may be a patron no more.
    with at("2026-11-20 08:00"):
        assert tick(house) == 1
        assert runs(house)[-1].requester["roles"] == []
        says(house, "/song blues duration:20", patron)
    with at("2026-11-21 08:00"):
        assert tick(house) == 1
        assert runs(house)[-1].requester["roles"] == ["patron"]
        # They ask for something without that role: from now on it counts for nothing.
        says(house, '/batch rows:"/song blues duration:20"', ANN)
    assert asked_with(house) == [[]]


def asked_with(house: House) -> list[list[str]]:
    return house.db.read(lambda session: [row.requester["roles"] for row in schedules.going(session)])


def test_who_is_banned_gets_nothing_by_itself_and_no_channel_hears_why(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
        assert "Ann" in says(house, "/ban who:Ann why:spam", CAT)
    with at("2026-11-02 08:00"):
        assert tick(house) == 1
    assert (outcomes(house), runs(house), house.db.write(_said)) == (["banned"], [], [])
    [firing] = house.db.read(lambda session: session.exec(select(Firing)).all())
    assert firing.params is None


def test_what_a_role_gives_by_the_month_comes_to_those_who_have_it(small_house: House) -> None:
    """A schedule keeps the roles of the day it was made; they may be long gone."""
    roles = Roles.model_validate({"roles": {"patron": {"monthly": 500}, "everyone": {"monthly": 20}}})
    small_house.rules = replace(small_house.rules, roles=roles)
    with at("2026-11-01 10:00"):
        says(small_house, DAILY, replace(ANN, roles=("patron",)))

    def posted() -> int:
        return small_house.db.read(lambda session: ledger.balance(session, "user:1").posted)

    with at("2026-12-01 12:00"):
        before = posted()
        assert tick(small_house) == 1
        assert posted() == before + 20


def test_a_recipe_that_is_gone_by_then_is_told(small_house: House) -> None:
    with at("2026-11-01 10:00"):
        says(small_house, DAILY)
    small_house.rules = replace(small_house.rules, recipes={})
    with at("2026-11-02 08:00"):
        assert tick(small_house) == 1
    assert outcomes(small_house) == ["unknown_recipe"]


def test_one_that_fails_keeps_no_other_waiting(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
        says(house, DAILY.replace("seconds:20", "seconds:25"), BEN)

    def begin(session: Session, row: object, firing: Firing, now: int) -> str:
        if firing.schedule_id == 1:
            raise RuntimeError("told to")
        raise Refusal("no_daily")

    with at("2026-11-02 08:00"):
        assert done(firings.tick(house.db, {"recipe": begin})) == 1
        assert outcomes(house) == ["no_daily"]
        assert tick(house) == 1
    assert outcomes(house) == ["no_daily", "run"]
    assert done(credits.check(house.db)) == []


def test_one_that_can_not_even_be_told_of_keeps_no_other_waiting(small_house: House) -> None:
    with at("2026-11-01 10:00"):
        for who in (ANN, BEN, CAT):
            says(small_house, DAILY, who)
    small_house.db.write(lambda session: session.connection().execute(text(NO_ZONE)))

    def begin(session: Session, row: object, firing: Firing, now: int) -> str:
        # Something that no row can hold as it is.
        raise Refusal("bad_value", field="day", value={date(2026, 11, 2)}, allowed="any")

    with at("2026-11-02 08:00"):
        assert done(firings.tick(small_house.db, {"recipe": begin})) == 2
    assert outcomes(small_house) == ["bad_value", "bad_value"]


def test_the_last_firing_of_each_is_found(house: House) -> None:
    with at("2026-11-01 10:00"):
        says(house, DAILY)
        says(house, DAILY, BEN)
        says(house, DAILY, CAT)

    def due(session: Session) -> dict[int, int]:
        for number, at_ms in ((1, 10), (1, 30), (1, 20), (2, 5)):
            schedules.fire(session, schedule_id=number, due_at=at_ms, now=1)
        return {number: firing.due_at for number, firing in schedules.last(session, [1, 2, 3]).items()}

    assert house.db.write(due) == {1: 30, 2: 5}


def test_two_at_one_moment_can_not_both_have_the_last_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Database(str(house.url))
    # Between the look and the row is a while.
    monkeypatch.setattr("workflows.schedules.require_sensible", lambda *_: time.sleep(0.1))
    few = replace(house.rules, limits=house.rules.limits.model_copy(update={"runs": RunLimits(schedules=1)}))
    asyncio.run(credits.account(house.db, few, ANN))

    async def one(db: Database) -> bool:
        try:
            await repeat_recipe(db, few, ANN, HERE, name="song-a-day", cron="0 9 * * *", zone="UTC", values={})
        except Refusal:
            return False
        return True

    async def all_of_them() -> int:
        return sum(await asyncio.gather(*(one(db) for db in (house.db, other) * 2)))

    assert asyncio.run(all_of_them()) == 1
    other.close()
