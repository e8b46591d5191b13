"""Writes that wait together: each stands alone, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from storage import jobs, ledger, users
from storage.database import Database, StorageFull
from storage.engines import POSTGRES_AT_ONCE
from storage.ledger import InsufficientCredits
from storage.tables import User
from tests.conftest import Postgres
from tests.rows import account, free_job, person, priced_job

Work = Callable[[Session], Any]


class Boom(Exception):
    pass


def together(database: Database, works: list[Work]) -> list[Future[Any]]:
    """Hand in `works` while every writer is busy, so that all of them wait when it is their turn."""
    busy, go_on = threading.Barrier(1 + (1 if grouped(database) else POSTGRES_AT_ONCE)), threading.Event()

    def block(_session: Session) -> None:
        busy.wait(10)
        assert go_on.wait(10)

    with ThreadPoolExecutor(len(works) + POSTGRES_AT_ONCE) as threads:
        blockers = [threads.submit(database.write, block) for _ in range(busy.parties - 1)]
        busy.wait(10)
        ends = []
        for work in works:
            before = waiting(database)
            ends.append(threads.submit(database.write, work))
            while waiting(database) == before:
                time.sleep(0.001)
        go_on.set()
        for end in blockers:
            end.result(10)
    return ends


def grouped(database: Database) -> bool:
    return database.url.get_backend_name() == "sqlite"


def waiting(database: Database) -> int:
    return database._writer._calls.qsize()


def names(database: Database) -> set[str]:
    return set(database.read(lambda session: session.exec(select(User.name)).all()))


def meet(name: str) -> Work:
    return lambda session: person(session, name).id


def raise_after(work: Work) -> Work:
    def both(session: Session) -> None:
        work(session)
        raise Boom

    return both


def same_name_twice(session: Session) -> None:
    """What the database refuses only when the session hands it in."""
    session.add(User(name="twin", created_at=1))
    session.add(User(name="twin", created_at=1))


def against_a_trigger(session: Session) -> None:
    person(session, "rich")
    session.connection().execute(text("UPDATE transfer SET amount = 1000000"))


def without_credits(session: Session) -> None:
    priced_job(session, person(session, "poor", credits=1), price=50)


SPOILERS: dict[str, tuple[Work, type[Exception]]] = {
    "its own error": (raise_after(meet("gone")), Boom),
    "a constraint, at the end": (same_name_twice, IntegrityError),
    "a trigger": (against_a_trigger, IntegrityError),
    "too few credits": (without_credits, InsufficientCredits),
    "a job of nobody": (lambda session: free_job(session, 99), IntegrityError),
}


@pytest.mark.parametrize("spoiler", SPOILERS)
def test_a_write_that_raises_among_others_undoes_itself_alone(database: Database, spoiler: str) -> None:
    spoil, error = SPOILERS[spoiler]
    good = [meet(name) for name in ("ann", "bob", "cleo", "dora", "eve")]
    ends = together(database, [*good[:3], spoil, *good[3:]])
    with pytest.raises(error):
        ends.pop(3).result()
    assert len({end.result() for end in ends}) == 5
    assert names(database) == {"ann", "bob", "cleo", "dora", "eve"}
    assert database.read(ledger.check) == []


def test_a_write_finds_nothing_of_one_that_was_undone(database: Database) -> None:
    def change(session: Session) -> None:
        session.get_one(User, 1).created_at = 99

    database.write(person)
    ends = together(database, [raise_after(change), lambda session: session.get_one(User, 1).created_at, meet("bob")])
    assert [end.exception() is not None for end in ends] == [True, False, False]
    assert ends[1].result() == 1


def test_writes_to_sqlite_keep_their_order(sqlite: Database) -> None:
    sqlite.write(person)
    ends = together(sqlite, [lambda session: free_job(session, 1).id for _ in range(40)])
    assert [end.result() for end in ends] == list(range(1, 41))


def test_a_disk_that_is_full_for_one_is_not_for_the_others(sqlite: Database) -> None:
    def fill(session: Session) -> None:
        for _ in range(100):
            free_job(session, 1, spec="x" * 10_000)

    def limit(session: Session) -> None:
        pages = session.connection().execute(text("PRAGMA page_count")).scalar_one()
        session.connection().execute(text(f"PRAGMA max_page_count = {pages + 20}"))

    sqlite.write(person)
    sqlite.write(limit)
    ends = together(sqlite, [meet("bob"), fill, meet("cleo")])
    assert [type(end.exception()) for end in ends] == [type(None), StorageFull, type(None)]
    assert names(sqlite) == {"ann", "bob", "cleo"}
    assert sqlite.read(lambda session: jobs.recent(session, None, 1)) == ()


def test_a_caller_whose_event_loop_has_ended_does_not_stop_the_writer(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        begun.set()
        assert go_on.wait(10)
        person(session, "ann")

    async def ask_and_leave() -> None:
        asking = asyncio.create_task(database.awrite(slow))
        await asyncio.to_thread(begun.wait, 10)
        asking.cancel()

    asyncio.run(ask_and_leave())
    go_on.set()
    assert [end.result() for end in together(database, [meet("bob"), meet("cleo")])]
    assert names(database) == {"ann", "bob", "cleo"}


def test_writes_that_lock_each_other_out_are_both_done(postgres: Postgres) -> None:
    database = Database(postgres.migrated())
    database.write(lambda session: [person(session, name) for name in ("ann", "bob")])
    met = threading.Barrier(2)
    tries: list[str] = []

    def cross(first: int, second: int) -> Work:
        def work(session: Session) -> None:
            tries.append(f"{first} {second}")
            users_first = session.get_one(User, first, with_for_update=True)
            if len(tries) <= 2:
                met.wait(10)
            users_first.created_at += 1
            session.get_one(User, second, with_for_update=True).created_at += 1

        return work

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(database.write, [cross(1, 2), cross(2, 1)]))
    # One of them lost, was undone as a whole, and tried again.
    assert len(tries) == 3
    assert database.read(lambda s: [users.get(s, number).created_at for number in (1, 2)]) == [3, 3]
    database.close()


def test_gifts_in_both_directions_at_once_are_all_given(database_url: str, database: Database) -> None:
    database.write(lambda session: [person(session, name) for name in ("ann", "bob")])
    other = Database(database_url)

    def give(number: int) -> None:
        giver, taker = (account(1), account(2)) if number % 2 else (account(2), account(1))
        (database, other)[number // 2 % 2].write(
            lambda s: ledger.transfer(s, key=f"g{number}", kind="gift", debit=giver, credit=taker, amount=1, now=2)
        )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(give, range(40)))
    assert [database.read(lambda s, who=who: ledger.balance(s, account(who)).posted) for who in (1, 2)] == [100, 100]  # type: ignore[misc]
    assert len(database.read(lambda s: ledger.statement(s, account(1), 100))) == 41
    assert database.read(ledger.check) == []
    other.close()
