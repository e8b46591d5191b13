"""What is on its way to webhooks: one attempt at a time, until its end is known, and nothing of it is lost."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from storage import webhook_deliveries, webhooks
from storage.database import Database
from storage.tables import WebhookDelivery
from tests.rows import free_job, person

Rows = tuple[WebhookDelivery, ...]


@pytest.fixture
def owner(database: Database) -> int:
    return database.write(lambda session: person(session).id)


def endpoint(database: Database, owner: int) -> int:
    return database.write(
        lambda s: webhooks.add(
            s, user_id=owner, url="https://a.example", events=["*"], description="", secret="whsec_x", now=1
        )
    ).id


def keep(database: Database, endpoint_id: int, *names: str, now: int = 10) -> None:
    def work(session: Session) -> None:
        for name in names:
            webhook_deliveries.add(session, endpoint_id=endpoint_id, event="webhook.test", event_id=name, now=now)

    database.write(work)


def claim(database: Database, now: int = 10, *, limit: int = 10, busy: tuple[int, ...] = ()) -> Rows:
    claimed = database.write(lambda s: webhook_deliveries.claim_due(s, now=now, lease_ms=100, limit=limit, busy=busy))
    return tuple(row for row, _ in claimed)


def names(rows: Rows) -> list[str]:
    return sorted(row.event_id for row in rows)


def due(database: Database, now: int) -> bool:
    return database.read(lambda session: webhook_deliveries.is_due(session, now))


def test_one_thing_an_endpoint_the_oldest_first_and_nobody_elses_until_its_lease_ends(
    database: Database, owner: int
) -> None:
    one, other = endpoint(database, owner), endpoint(database, owner)
    keep(database, one, *(f"a{number}" for number in range(30)))
    keep(database, other, "b0", "b1")
    assert not due(database, 9)
    assert names(claim(database, busy=(one,))) == ["b0"]
    assert names(claim(database, limit=1)) == ["a0"]
    assert names(claim(database)) == ["a1", "b1"]
    # Whoever had them was killed.
    assert due(database, 110)
    again = claim(database, 110)
    assert (names(again), [row.attempts for row in again]) == (["a0", "b0"], [2, 2])


def test_what_comes_back_late_changes_nothing_but_that_it_was_taken(database: Database, owner: int) -> None:
    keep(database, endpoint(database, owner), "a")
    (late,) = claim(database, 10)
    (ours,) = claim(database, 110)
    assert not database.write(lambda s: webhook_deliveries.extend(s, late, 999))
    assert not database.write(lambda s: webhook_deliveries.retry_later(s, late, 999, 500, "late"))
    assert not database.write(lambda s: webhook_deliveries.give_up(s, late, 999, 500, "late"))
    assert database.write(lambda s: webhook_deliveries.extend(s, ours, 300))
    assert claim(database, 299) == ()
    assert database.write(lambda s: webhook_deliveries.delivered(s, late, 120, 200))
    assert not database.write(lambda s: webhook_deliveries.retry_later(s, ours, 200, 500, "busy"))
    assert not database.write(lambda s: webhook_deliveries.delivered(s, ours, 200, 200))
    assert not due(database, 10_000)


def test_what_is_put_off_waits_and_what_is_given_up_is_sent_only_if_somebody_says_so(
    database: Database, owner: int
) -> None:
    keep(database, endpoint(database, owner), "a")
    (row,) = claim(database)
    assert database.write(lambda s: webhook_deliveries.retry_later(s, row, 500, 503, "busy"))
    assert not due(database, 499)
    (row,) = claim(database, 500)
    assert (row.attempts, row.status, row.error) == (2, 503, "busy")
    assert database.write(lambda s: webhook_deliveries.give_up(s, row, 510, None, "slow"))
    assert not due(database, 10_000)
    again = database.write(lambda s: webhook_deliveries.send_again(s, row.id, owner, 600))
    assert again is not None
    assert (again.attempts, again.dead_at, again.error, again.event_id) == (0, None, None, "a")
    assert names(claim(database, 600)) == ["a"]
    assert database.write(lambda s: webhook_deliveries.send_again(s, row.id, owner + 1, 700)) is None


def test_what_is_sent_is_settled_once(database: Database, owner: int) -> None:
    keep(database, endpoint(database, owner), "a")
    (row,) = claim(database)
    assert database.write(lambda s: webhook_deliveries.keep_body(s, row.id, "first")) == "first"
    assert database.write(lambda s: webhook_deliveries.keep_body(s, row.id, "second")) == "first"
    assert database.write(lambda s: webhook_deliveries.keep_body(s, 99, "first")) is None


def test_what_waits_for_a_disabled_endpoint_waits_until_it_is_enabled(database: Database, owner: int) -> None:
    one = endpoint(database, owner)
    keep(database, one, "a")
    database.write(lambda s: webhooks.change(s, one, owner, disabled_at=5))
    assert not due(database, 10_000)
    assert claim(database, 10_000) == ()
    assert database.write(lambda s: webhooks.listening(s, owner)) == ()
    database.write(lambda s: webhooks.change(s, one, owner, disabled_at=None))
    assert names(claim(database, 10_000)) == ["a"]


def test_an_endpoint_goes_with_all_that_was_sent_there(database: Database, owner: int) -> None:
    one, other = endpoint(database, owner), endpoint(database, owner)
    keep(database, one, "a")
    keep(database, other, "b")
    assert not database.write(lambda s: webhooks.remove(s, one, owner + 1))
    assert database.write(lambda s: webhooks.remove(s, one, owner))
    assert names(claim(database)) == ["b"]
    assert [row.id for row in database.read(lambda s: webhooks.listed(s, owner))] == [other]


def test_what_is_old_goes_and_nothing_else(database: Database, owner: int) -> None:
    one = endpoint(database, owner)
    keep(database, one, "old", now=10)
    keep(database, one, "new", now=20)
    assert not database.read(lambda s: webhook_deliveries.any_before(s, 10))
    assert database.read(lambda s: webhook_deliveries.any_before(s, 20))
    assert database.write(lambda s: webhook_deliveries.forget(s, 20)) == 1
    assert names(claim(database, 20)) == ["new"]


def test_it_is_kept_with_what_happened_or_not_at_all(database: Database, owner: int) -> None:
    class Boom(Exception):
        pass

    one = endpoint(database, owner)

    def work(session: Session) -> None:
        job = free_job(session, owner)
        webhook_deliveries.add(session, endpoint_id=one, event="job.completed", event_id="a", job_id=job.id, now=1)
        raise Boom

    with pytest.raises(Boom):
        database.write(work)
    assert not due(database, 10_000)
