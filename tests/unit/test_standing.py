"""How somebody stands who asks for one more: what they have, and what was asked for of late."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, update

from storage import jobs
from storage.database import Database
from storage.standing import Standing, Window, look
from storage.tables import User
from tests.rows import account, free_job, person, priced_job


def standing(database: Database, user: int = 1, **windows: Any) -> Standing:
    return database.read(
        lambda session: look(session, account=account(user), user_id=user, task="text2music", **windows)
    )


def ended(session: Session, job_id: int, how: str) -> None:
    """End a waiting job: "cancelled", or after it was begun "stopped", "failed" or "completed"."""
    if how == "cancelled":
        jobs.request_cancel(session, job_id=job_id, now=60)
        return
    [ticket] = jobs.claim(session, worker="w", now=60, lease_ms=9, tasks=["text2music", "stems"])
    token = str(ticket.token)
    match how:
        case "stopped":
            jobs.cancelled(session, job_id=job_id, token=token, now=70)
        case "failed":
            jobs.fail(session, job_id=job_id, token=token, now=70, error_code="x")
        case _:
            jobs.complete(session, job_id=job_id, token=token, now=70)


def test_credits_on_hold_are_not_available_and_live_jobs_are_counted(database: Database) -> None:
    def fill(session: Session) -> None:
        ann = person(session, credits=100)
        priced_job(session, ann, 30)
        free_job(session, ann, priority=5)
        free_job(session, ann, parked=True)
        free_job(session, person(session, "bob"))
        ended(session, free_job(session, ann, priority=9).id, "completed")
        jobs.claim(session, worker="w", now=60, lease_ms=9, tasks=["text2music"])

    database.write(fill)
    assert standing(database) == Standing(70, 3, None, None, None, server_full=False)


def test_a_window_says_when_the_one_leaves_it_that_makes_room(database: Database) -> None:
    def fill(session: Session) -> None:
        ann, bob = person(session), person(session, "bob")
        for now in (100, 200, 300):
            free_job(session, ann, now=now)
        free_job(session, ann, now=250, task="stems")
        free_job(session, bob, now=250)

    database.write(fill)
    assert standing(database, of_task=Window(100, 3)).of_task is None
    assert standing(database, of_task=Window(99, 3)).of_task == 100
    assert standing(database, of_task=Window(100, 2)).of_task == 200
    # Somebody may have had more than is allowed now: all of them have to go first.
    assert standing(database, of_task=Window(0, 1)).of_task == 300
    assert standing(database, of_person=Window(0, 4)).of_person == 100
    assert standing(database, of_person=Window(0, 4), no_songs=("stems",)).of_person is None
    assert standing(database, 2, of_person=Window(0, 1)).of_person == 250


def test_what_came_to_nothing_is_no_song(database: Database) -> None:
    def fill(session: Session) -> None:
        ann = person(session)
        for now, how in enumerate(("cancelled", "failed", "stopped", "completed"), 10):
            ended(session, free_job(session, ann, now=now, server="discord:1").id, how)

    database.write(fill)
    for name in ("of_person", "of_server"):
        windows: dict[str, Any] = {name: Window(0, 2), "server": "discord:1"}
        assert getattr(standing(database, **windows), name) == 12, name
        assert getattr(standing(database, **{**windows, name: Window(0, 3)}), name) is None, name
    # The limit of a minute counts whatever was accepted.
    assert standing(database, of_task=Window(0, 4)).of_task == 10


def test_a_server_has_its_own_windows(database: Database) -> None:
    def fill(session: Session) -> None:
        ann, bob = person(session), person(session, "bob")
        for now, user, server in ((1, ann, "slack:A"), (2, bob, "slack:A"), (3, ann, "slack:B"), (4, ann, None)):
            free_job(session, user, now=now, server=server)

    database.write(fill)

    def full(server: str | None, most: int) -> bool:
        return standing(database, server=server, server_live=most).server_full

    assert [full("slack:A", 2), full("slack:A", 3), full("slack:B", 1), full("slack:C", 1)] == [
        True,
        False,
        True,
        False,
    ]
    assert not full(None, 1)
    assert standing(database, server="slack:A", of_server=Window(0, 2)).of_server == 1
    assert standing(database, server="slack:A", of_server=Window(1, 2)).of_server is None
    assert standing(database, server=None, of_server=Window(0, 1)).of_server is None


def test_what_somebody_asked_for_before_they_were_joined_counts_too(database: Database) -> None:
    def fill(session: Session) -> None:
        person(session)
        bob = person(session, "bob")
        ended(session, free_job(session, bob, now=5).id, "completed")
        free_job(session, bob, now=6)
        free_job(session, bob, now=7, parked=True)
        session.exec(update(User).where(col(User.id) == 2).values(joined=1))

    database.write(fill)
    assert standing(database, of_person=Window(0, 3)).of_person == 5
    assert standing(database, of_task=Window(0, 3)).of_task == 5
    assert standing(database).live == 2
