"""The queue: who is served when, who may still end a job, and what people are told meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from storage import jobs, users
from storage.claims import Ticket
from storage.database import Database
from storage.tables import Identity, Job, User
from tests.rows import free_job, person, ticket

TASKS = ["text2music", "stems"]


def claim(database: Database, now: int = 10, lease_ms: int = 100) -> Ticket:
    (job,) = database.write(lambda s: jobs.claim(s, worker="w1", now=now, lease_ms=lease_ms, tasks=TASKS))
    return job


def look(database: Database, job_id: int) -> Job:
    job = database.read(lambda session: jobs.get(session, job_id))
    assert job is not None
    return job


def running(database: Database) -> tuple[int, str]:
    database.write(lambda session: free_job(session, person(session)))
    job = claim(database)
    assert job.token is not None
    return job.id, job.token


def test_a_claimed_job_has_a_token_a_lease_and_one_more_attempt(database: Database) -> None:
    database.write(lambda session: free_job(session, person(session)))
    ours = claim(database, now=10, lease_ms=100)
    job = look(database, ours.id)
    assert (job.status, job.worker, job.lease_until, job.attempt, job.started_at) == ("PROCESSING", "w1", 110, 1, 10)
    assert job.token
    assert ours == ticket(job)
    assert database.write(lambda s: jobs.claim(s, worker="w2", now=10, lease_ms=100, tasks=TASKS)) == ()


def test_only_jobs_that_are_due_and_can_be_done_are_claimed(database: Database) -> None:
    database.write(lambda session: free_job(session, person(session), run_after=50))

    for now, tasks in ((49, ["text2music"]), (50, ["stems"]), (50, [])):
        assert not database.read(partial(jobs.waiting, now=now, tasks=tasks))
        assert database.write(partial(jobs.claim, worker="w", now=now, lease_ms=1, tasks=tasks)) == ()
    assert database.read(partial(jobs.waiting, now=50, tasks=TASKS))
    assert len(database.write(partial(jobs.claim, worker="w", now=50, lease_ms=1, tasks=TASKS))) == 1
    assert not database.read(partial(jobs.waiting, now=50, tasks=TASKS))


def test_many_jobs_of_one_user_delay_nobody_elses_first(database: Database) -> None:
    def fill(session: Session) -> None:
        greedy, late, later = (person(session, name) for name in ("greedy", "late", "later"))
        for owner in [greedy] * 5 + [late] * 2 + [later]:
            free_job(session, owner)

    database.write(fill)
    assert [claim(database).user_id for _ in range(8)] == [1, 2, 3, 1, 2, 1, 1, 1]


def test_priority_goes_before_turns(database: Database) -> None:
    def fill(session: Session) -> None:
        ann, bob = person(session, "ann"), person(session, "bob")
        free_job(session, ann)
        free_job(session, bob, priority=5)
        free_job(session, bob, priority=5)

    database.write(fill)
    assert [claim(database).id for _ in range(3)] == [2, 3, 1]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(
    queue=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    served=st.lists(st.integers(0, 3), max_size=4),
)
def test_the_position_shown_is_the_order_served(sqlite: Database, queue: list[int], served: list[int]) -> None:
    def fill(session: Session) -> None:
        for job in session.exec(select(Job).where(Job.status == "PENDING")):
            jobs.request_cancel(session, job_id=job.id, now=1)
        people = [person(session, name, credits=0) for name in "abcd"]
        for owner in served:
            free_job(session, people[owner])
            jobs.claim(session, worker="w", now=1, lease_ms=1, tasks=TASKS)
        for owner in queue:
            free_job(session, people[owner])

    def positions(session: Session) -> dict[int, int]:
        waiting = session.exec(select(Job).where(Job.status == "PENDING")).all()
        return {job.id: jobs.position(session, job.id) for job in waiting}

    sqlite.write(fill)
    shown = sqlite.read(positions)
    assert [shown[claim(sqlite).id] for _ in queue] == list(range(len(queue)))


def test_a_job_that_does_not_wait_has_no_one_before_it(database: Database) -> None:
    database.write(lambda session: [free_job(session, person(session)) for _ in range(3)])
    job = claim(database)
    assert database.read(lambda session: jobs.position(session, job.id)) == 0


def test_music_ahead_counts_what_is_left_of_running_jobs(database: Database) -> None:
    def fill(session: Session) -> Ticket:
        ann, bob = person(session, "ann"), person(session, "bob")
        free_job(session, ann, duration=40.0, takes=1)
        free_job(session, ann, duration=10.0, takes=2)
        free_job(session, bob, duration=30.0, takes=2)
        return free_job(session, ann, duration=99.0, takes=1)

    last = database.write(fill)
    job = claim(database)
    token = job.token or ""
    database.write(
        lambda s: jobs.heartbeat(s, job_id=job.id, token=token, now=1, lease_ms=9, stage="rendering", progress=0.75)
    )
    seconds, engines = database.read(lambda session: jobs.audio_ahead(session, last.id))
    assert seconds == pytest.approx(10 + 20 + 60)
    assert engines == 1


def test_speed_is_measured_over_the_latest_jobs_of_the_task(database: Database) -> None:
    def measured(task: str = "text2music", samples: int = 2) -> float | None:
        return database.read(lambda session: jobs.measured_speed(session, task, samples))

    assert measured() is None
    for started, finished in ((1_000, 99_000), (100_000, 106_000), (200_000, 212_000)):
        database.write(lambda session: free_job(session, person(session), duration=30.0, takes=2))
        job = claim(database, now=started)
        database.write(partial(jobs.complete, job_id=job.id, token=job.token or "", now=finished))
    # 6 and 12 seconds of work for 60 seconds of music each; the first, slow one is too long ago.
    assert measured() == pytest.approx(18 / 120)
    assert measured("stems") is None


def test_a_heartbeat_extends_the_lease_and_shows_progress(database: Database) -> None:
    job_id, token = running(database)

    def beat(now: int, **shown: object) -> str:
        return database.write(
            lambda s: jobs.heartbeat(s, job_id=job_id, token=token, now=now, lease_ms=100, **shown)  # type: ignore[arg-type]
        )

    assert beat(20, stage="rendering", progress=0.5) == "ok"
    job = look(database, job_id)
    assert (job.lease_until, job.stage, job.progress) == (120, "rendering", 0.5)
    assert beat(30) == "ok"
    assert beat(30, stage="rendering") == "ok"
    job = look(database, job_id)
    assert (job.lease_until, job.stage, job.progress) == (130, "rendering", 0.5)
    assert beat(40, stage="encoding") == "ok"
    job = look(database, job_id)
    assert (job.stage, job.progress) == ("encoding", None)


def test_a_plan_is_shown_as_soon_as_it_is_there(database: Database) -> None:
    job_id, token = running(database)
    assert database.write(lambda s: jobs.set_plan(s, job_id=job_id, token=token, plan='{"bpm": 96}', title="Rain"))
    job = look(database, job_id)
    assert (job.plan, job.title, job.status) == ('{"bpm": 96}', "Rain", "PROCESSING")


Act = Callable[[Session, int, str], object]
ENDS: dict[str, Act] = {
    "complete": lambda s, job_id, token: jobs.complete(s, job_id=job_id, token=token, now=500),
    "fail": lambda s, job_id, token: jobs.fail(s, job_id=job_id, token=token, now=500, error_code="internal"),
    "postpone": lambda s, job_id, token: jobs.postpone(
        s, job_id=job_id, token=token, run_after=500, error_code="internal"
    ),
    "hand_back": lambda s, job_id, token: jobs.hand_back(s, job_id=job_id, token=token),
    "cancelled": lambda s, job_id, token: jobs.cancelled(s, job_id=job_id, token=token, now=500),
    "set_plan": lambda s, job_id, token: jobs.set_plan(s, job_id=job_id, token=token, plan="{}", title="late"),
    "heartbeat": lambda s, job_id, token: (
        jobs.heartbeat(s, job_id=job_id, token=token, now=500, lease_ms=1, stage="late") != "lost"
    ),
}


@pytest.mark.parametrize("act", ENDS)
def test_a_worker_that_lost_its_job_changes_nothing(database: Database, act: str) -> None:
    job_id, old = running(database)
    assert [job.id for job in database.write(lambda s: jobs.rescue(s, now=110))] == [job_id]
    second = claim(database, now=111)
    assert second.token != old
    before = look(database, job_id)
    assert database.write(lambda s: ENDS[act](s, job_id, old)) is False
    assert look(database, job_id) == before
    assert database.write(lambda s: ENDS[act](s, job_id, second.token or "")) is True


def test_rescue_finds_jobs_whose_lease_ran_out(database: Database) -> None:
    job_id, _ = running(database)
    assert not database.read(lambda session: jobs.overdue(session, now=109))
    assert database.write(lambda s: jobs.rescue(s, now=109)) == ()
    assert database.read(lambda session: jobs.overdue(session, now=110))
    (job,) = database.write(lambda s: jobs.rescue(s, now=110))
    assert (job.id, job.status, job.token, job.lease_until, job.attempt) == (job_id, "PENDING", None, None, 1)
    assert database.read(jobs.live_tokens) == set()


def test_giving_up_ends_only_a_waiting_job(database: Database) -> None:
    job_id, _ = running(database)

    def give_up() -> bool:
        return database.write(lambda s: jobs.give_up(s, job_id=job_id, now=120, error_code="engine_crashed"))

    assert not give_up()
    database.write(lambda s: jobs.rescue(s, now=110))
    assert give_up()
    job = look(database, job_id)
    assert (job.status, job.error_code, job.finished_at) == ("FAILED", "engine_crashed", 120)


def test_postponing_counts_the_attempt_and_handing_back_does_not(database: Database) -> None:
    job_id, token = running(database)
    database.write(
        lambda s: jobs.postpone(
            s,
            job_id=job_id,
            token=token,
            run_after=300,
            error_code="internal",
            error_params={"device": "cpu"},
            error_permanent=False,
            error_cause="OSError()",
        )
    )
    job = look(database, job_id)
    assert (job.status, job.attempt, job.run_after, job.token) == ("PENDING", 1, 300, None)
    assert (job.error_code, job.error_params, job.error_cause) == ("internal", {"device": "cpu"}, "OSError()")
    second = claim(database, now=300)
    assert second.attempt == 2
    database.write(lambda s: jobs.hand_back(s, job_id=job_id, token=second.token or ""))
    job = look(database, job_id)
    assert (job.status, job.attempt) == ("PENDING", 1)


def test_a_completed_job_shows_no_error_of_an_earlier_attempt(database: Database) -> None:
    job_id, token = running(database)
    database.write(lambda s: jobs.postpone(s, job_id=job_id, token=token, run_after=20, error_code="internal"))
    second = claim(database, now=20)
    assert database.write(lambda s: jobs.complete(s, job_id=job_id, token=second.token or "", now=30))
    job = look(database, job_id)
    assert (job.status, job.error_code, job.error_params, job.token, job.finished_at) == (
        "COMPLETED",
        None,
        None,
        None,
        30,
    )


def test_cancelling_a_waiting_job_is_at_once_and_a_running_one_soon(database: Database) -> None:
    waiting = database.write(lambda session: free_job(session, person(session), run_after=1000))
    job_id, token = running(database)

    def cancel(which: int) -> Job | None:
        return database.write(lambda s: jobs.request_cancel(s, job_id=which, now=50))

    ended = cancel(waiting.id)
    assert ended is not None
    assert (ended.status, ended.finished_at) == ("CANCELLED", 50)
    assert cancel(waiting.id) is None
    asked = cancel(job_id)
    assert asked is not None
    assert (asked.status, asked.cancel_requested) == ("PROCESSING", True)
    assert database.write(lambda s: jobs.heartbeat(s, job_id=job_id, token=token, now=60, lease_ms=100)) == "cancel"
    assert database.write(lambda s: jobs.cancelled(s, job_id=job_id, token=token, now=70))
    assert look(database, job_id).status == "CANCELLED"
    assert cancel(99) is None


def test_a_failed_job_starts_over_in_a_new_round(database: Database) -> None:
    job_id, token = running(database)
    first = jobs.hold_key(look(database, job_id))
    assert database.write(lambda s: jobs.renew(s, job_id=job_id, now=90)) is None
    database.write(lambda s: jobs.fail(s, job_id=job_id, token=token, now=80, error_code="internal"))
    job = database.write(lambda s: jobs.renew(s, job_id=job_id, now=90))
    assert job is not None
    assert (job.status, job.round, job.attempt, job.run_after) == ("PENDING", 2, 0, 90)
    assert (job.error_code, job.finished_at) == (None, None)
    assert jobs.hold_key(job) != first
    assert claim(database, now=90).attempt == 1


@pytest.mark.parametrize("end", ["complete", "cancelled"])
def test_a_job_that_ended_stays_as_it_ended(database: Database, end: str) -> None:
    job_id, token = running(database)
    database.write(lambda s: ENDS[end](s, job_id, token))
    status = look(database, job_id).status
    assert database.write(lambda s: jobs.renew(s, job_id=job_id, now=90)) is None
    assert database.write(lambda s: jobs.request_cancel(s, job_id=job_id, now=90)) is None

    def force(session: Session) -> None:
        job = session.get_one(Job, job_id)
        job.status, job.finished_at = "PENDING", None

    with pytest.raises(IntegrityError):
        database.write(force)
    assert look(database, job_id).status == status


def test_the_same_key_finds_the_first_job_of_its_user(database: Database) -> None:
    first = database.write(lambda session: free_job(session, person(session, "ann"), key="k"))
    with pytest.raises(jobs.KeyTaken):
        database.write(lambda session: free_job(session, person(session, "ann"), key="k"))
    found = database.read(lambda session: jobs.by_key(session, first.user_id, "k"))
    assert found is not None
    assert found.id == first.id
    other = database.write(lambda session: free_job(session, person(session, "bob"), key="k"))
    assert other.id != first.id
    assert database.read(lambda session: jobs.by_key(session, first.user_id, "another")) is None


def test_jobs_without_a_key_are_all_kept(database: Database) -> None:
    database.write(lambda session: [free_job(session, person(session)) for _ in range(3)])
    assert len(database.read(lambda session: jobs.recent(session, 1, 10))) == 3


def test_the_latest_jobs_are_of_everybody_or_of_one(database: Database) -> None:
    def fill(session: Session) -> None:
        ann, bob = person(session, "ann"), person(session, "bob")
        for user in (ann, ann, ann, ann, bob):
            free_job(session, user)

    database.write(fill)
    assert [job.id for job in database.read(lambda s: jobs.recent(s, None, 2))] == [5, 4]
    assert [job.id for job in database.read(lambda s: jobs.recent(s, 1, 2))] == [4, 3]


def test_people_of_one_name_on_two_surfaces_are_two_people(database: Database) -> None:
    def meet(surface: str, external_id: str, name: str) -> User:
        return database.write(lambda s: users.ensure(s, surface=surface, external_id=external_id, name=name, now=1))

    ann = meet("terminal", "ann", "ann")
    assert meet("terminal", "ann", "ann").id == ann.id
    discord, other = meet("discord", "1", "ann"), meet("discord", "2", "ann")
    assert [discord.name, other.name] == ["ann@discord", "ann@discord-2"]
    assert meet("discord", "1", "renamed").name == "ann@discord"
    # The terminal belongs to the operator: a name given there is the name that `grant` takes.
    assert meet("terminal", "ann@discord", "ann@discord").id == discord.id
    found = database.read(lambda session: users.by_name(session, "ann@discord"))
    assert found is not None
    assert found.id == discord.id
    assert database.read(lambda session: users.by_name(session, "nobody")) is None
    with pytest.raises(LookupError):
        database.read(lambda session: users.get(session, 99))
    assert len(database.read(lambda session: session.exec(select(Identity)).all())) == 4


def test_two_houses_that_meet_people_at_once_agree_on_them(database_url: str, database: Database) -> None:
    other = Database(database_url)
    start = threading.Barrier(2)

    def meet(house: Database) -> list[int]:
        ids = []
        for number in range(20):
            start.wait()
            ensure = partial(users.ensure, surface="discord", external_id=str(number), name="ann", now=1)
            ids.append(house.write(ensure).id)
        return ids

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(meet, (database, other))
    assert first == second
    assert len(set(first)) == len(database.read(lambda session: session.exec(select(User)).all())) == 20
    other.close()


@pytest.mark.parametrize("act", ["postpone", "hand_back"])
def test_what_was_cancelled_does_not_go_back_into_the_queue(database: Database, act: str) -> None:
    job_id, token = running(database)
    database.write(lambda s: jobs.request_cancel(s, job_id=job_id, now=20))
    assert database.write(lambda s: ENDS[act](s, job_id, token)) is False
    assert database.write(lambda s: jobs.cancelled(s, job_id=job_id, token=token, now=30))
    assert look(database, job_id).status == "CANCELLED"
