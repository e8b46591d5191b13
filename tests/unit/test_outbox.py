"""The outbox: what is to be told is told in order, by one courier at a time, until its end is known."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from storage import outbox
from storage.database import Database
from storage.tables import Outbox
from tests.rows import free_job, person


def keep(database: Database, *keys: str, surface: str = "terminal", channel: str | None = None) -> int:
    """Keep rows about one new job in a channel of its own; returns its number."""

    def work(session: Session) -> int:
        job = free_job(session, person(session), channel=keys[0] if channel is None else channel)
        for key in keys:
            outbox.add(session, key=key, job_id=job.id, surface=surface, topic="told", payload={"n": 1}, now=10)
        return job.id

    return database.write(work)


def claim(database: Database, now: int = 10, limit: int = 10, surface: str = "terminal") -> list[str]:
    return [row.key for row in rows(database, now, limit, surface)]


def rows(database: Database, now: int = 10, limit: int = 10, surface: str = "terminal") -> tuple[Outbox, ...]:
    claimed = database.write(lambda s: outbox.claim_due(s, surfaces=[surface], now=now, lease_ms=100, limit=limit))
    return tuple(row for row, _ in claimed)


def due(database: Database, now: int) -> bool:
    return database.read(lambda s: outbox.is_due(s, surfaces=["terminal"], now=now))


def test_a_key_is_kept_once(database: Database) -> None:
    job_id = keep(database, "a", "a")
    again = database.write(
        lambda s: outbox.add(s, key="a", job_id=job_id, surface="terminal", topic="x", payload={}, now=11)
    )
    assert not again
    (row,) = database.read(lambda session: outbox.pending_for(session, job_id))
    assert (row.topic, row.payload) == ("told", {"n": 1})


def test_a_leased_row_is_nobody_elses_until_its_lease_ends(database: Database) -> None:
    keep(database, "a")
    assert claim(database, now=10) == ["a"]
    assert not due(database, 109)
    assert claim(database, now=109) == []
    assert due(database, 110)
    (row,) = rows(database, now=110)
    assert row.attempts == 2


def test_what_is_said_about_a_job_is_said_in_order(database: Database) -> None:
    keep(database, "a1", "a2")
    keep(database, "b1")
    assert claim(database) == ["a1", "b1"]
    assert claim(database) == []
    database.write(lambda s: outbox.sent(s, 1, now=20, receipt="message 5"))
    assert claim(database, now=20) == ["a2"]


def test_a_row_that_must_wait_holds_back_what_follows_about_its_job(database: Database) -> None:
    keep(database, "a1", "a2")
    claim(database)
    assert database.write(lambda s: outbox.retry_later(s, 1, due_at=500, error="busy"))
    assert claim(database, now=499) == []
    (row,) = rows(database, now=500)
    assert (row.key, row.error, row.attempts) == ("a1", "busy", 2)


def test_a_dead_row_no_longer_holds_anything_back(database: Database) -> None:
    job_id = keep(database, "a1", "a2")
    claim(database)
    assert database.write(lambda s: outbox.dead(s, 1, now=20, error="no such channel"))
    assert claim(database, now=20) == ["a2"]
    assert [row.key for row in database.read(lambda s: outbox.pending_for(s, job_id))] == ["a2"]


def test_the_first_known_end_is_the_end(database: Database) -> None:
    job_id = keep(database, "a")
    claim(database)
    assert database.write(lambda s: outbox.sent(s, 1, now=20, receipt="message 5"))
    assert not database.write(lambda s: outbox.sent(s, 1, now=30, receipt="message 6"))
    assert not database.write(lambda s: outbox.retry_later(s, 1, due_at=30, error="late"))
    assert not database.write(lambda s: outbox.dead(s, 1, now=30, error="late"))
    row = database.read(lambda session: session.get_one(Outbox, 1))
    assert (row.receipt, row.sent_at, row.dead_at) == ("message 5", 20, None)
    assert database.read(lambda s: outbox.pending_for(s, job_id)) == ()


def test_a_courier_gets_rows_of_its_surfaces_and_no_more_than_asked(database: Database) -> None:
    for number in range(3):
        keep(database, f"t{number}")
    keep(database, "d", surface="discord")
    assert claim(database, limit=2) == ["t0", "t1"]
    assert claim(database, surface="discord") == ["d"]
    assert claim(database, surface="slack") == []


def test_a_row_is_kept_with_its_job_or_not_at_all(database: Database) -> None:
    class Boom(Exception):
        pass

    def work(session: Session) -> None:
        job = free_job(session, person(session))
        outbox.add(session, key="a", job_id=job.id, surface="terminal", topic="x", payload={}, now=1)
        raise Boom

    with pytest.raises(Boom):
        database.write(work)
    assert claim(database) == []


def test_a_channel_where_much_is_to_be_said_does_not_hold_up_the_others(database: Database) -> None:
    for number in range(30):
        keep(database, f"busy{number}", channel="busy")
    keep(database, "quiet")
    assert claim(database, limit=3) == ["busy0", "quiet"]
    # What is under way in a channel comes first there, for whoever says so.
    taken = database.write(
        lambda s: outbox.claim_due(s, surfaces=["terminal"], now=10, lease_ms=100, limit=3, busy=["busy"])
    )
    assert taken == ()
