"""Claims: whose job is made next, and by whom. Fair, because the lane it comes from is locked with it.

These statements run for every job. They are built once and walk the lanes by index: a claim costs the same whether ten
jobs wait or a hundred thousand.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, TextClause, bindparam, exists, func, or_, select, text, update
from sqlmodel import Session

from storage.prepared import Prepared
from storage.tables import Gate, Job, Lane, core

JOB, LANE, GATE = core(Job), core(Lane), core(Gate)

# Written out: a database that is told a value only when the statement runs can't see that an index has such rows alone.
IS_WAITING = text("job.status = 'PENDING' AND NOT job.parked")
IS_RUNNING = text("job.status = 'PROCESSING'")
HAS_WAITING = text("lane.waiting > 0")
# Any number of our own, with a server's hash beside it: whoever has the lock counts that server's jobs.
SERVER_LOCK = 5_873_511
# What counts are compared with where nothing is limited.
UNLIMITED = 2**31 - 1
# How often another job is looked for where somebody else was faster.
TRIES = 2


class Ticket(NamedTuple):
    """A job as those who work it need it. `token` is the fence of its attempt, None before the first claim."""

    id: int
    user_id: int
    surface: str
    server: str | None
    task: str
    spec: str
    duration: float
    takes: int
    seed: int
    price: int
    priority: int
    bucket: str
    round: int
    attempt: int
    cancel_requested: bool
    token: str | None
    recording_id: str | None
    step_id: int | None


TICKET = tuple(JOB.c[name] for name in Ticket._fields)


def claim(
    session: Session,
    *,
    worker: str,
    now: int,
    lease_ms: int,
    tasks: Collection[str],
    engine: str = "",
    most: int = 1,
    bucket: str | None = None,
    per_user: int = UNLIMITED,
    per_server: int = UNLIMITED,
) -> tuple[Ticket, ...]:
    """Take up to `most` waiting jobs of `tasks`, each with a new token, a lease and one more attempt.

    Which: the highest priority first, then whoever's last claim is longest ago (so one user's 500 jobs never delay
    another's first), then the oldest of theirs. With `bucket` only jobs of that bucket, which an engine makes together.
    Nobody has more than `per_user` jobs of a priority running, no server more than `per_server`; none begins while the
    gate is shut. On Postgres, lanes that another claim has locked at this instant are passed over.
    """
    build = (frozenset(tasks), bucket is not None, per_server < UNLIMITED)
    given: dict[str, Any] = {
        "now": now,
        "most_of_user": per_user,
        "its_worker": worker,
        "its_engine": engine,
        "its_lease": now + lease_ms,
    }
    given |= {"its_bucket": bucket} if bucket is not None else {}
    given |= {"most_of_server": per_server} if per_server < UNLIMITED else {}
    # On Postgres somebody else may take or cancel the job between the look and the claim: then there is another.
    tries = most + (TRIES if session.get_bind().dialect.name == "postgresql" else 0)
    taken: list[Ticket] = []
    for _ in range(tries if tasks else 0):
        ticket = _take(session, build, {**given, "its_token": uuid.uuid4().hex})
        if ticket is not None:
            taken.append(ticket)
        if len(taken) == most or (ticket is None and tries == most):
            break
    return tuple(taken)


def waiting(
    session: Session,
    *,
    now: int,
    tasks: Collection[str],
    per_user: int = UNLIMITED,
    per_server: int = UNLIMITED,
) -> bool:
    """Whether `claim` would find anything; reads only."""
    if not tasks:
        return False
    # Which servers are full is looked into only where any can be.
    limited = per_server < UNLIMITED
    given = {"now": now, "most_of_user": per_user} | ({"most_of_server": per_server} if limited else {})
    return _looking(frozenset(tasks), limited).first(session, given) is not None


def _take(session: Session, build: tuple[frozenset[str], bool, bool], values: dict[str, Any]) -> Ticket | None:
    """Claim one job; None where there is none, or somebody was faster."""
    if not build[2] or session.get_bind().dialect.name == "sqlite":
        return _ticket(_taking(*build).first(session, values))
    with session.begin_nested() as last_place:
        # The savepoint is set here: a prepared statement asks for the connection once in a session and never again.
        session.connection()
        ticket = _ticket(_taking(*build).first(session, values))
        if ticket is not None and ticket.server is not None and not _fits(session, ticket.server, values):
            last_place.rollback()
            return None
    return ticket


def _fits(session: Session, server: str, values: dict[str, Any]) -> bool:
    """Whether, now that we count too, a server has not too many running.

    Two claims may have taken its last place at one moment. Behind this lock each sees what the other did; it is of
    the claims alone, so that the ends of jobs wait for nobody.
    """
    connection = session.connection()
    connection.execute(select(func.pg_advisory_xact_lock(SERVER_LOCK, func.hashtext(server))))
    running = select(func.count()).where(IS_RUNNING, JOB.c.server == server)
    return int(connection.execute(running).scalar_one()) <= int(values["most_of_server"])


def _ticket(row: tuple[Any, ...] | None) -> Ticket | None:
    if row is None:
        return None
    ticket = Ticket._make(row)
    return ticket._replace(cancel_requested=bool(ticket.cancel_requested))


def _ready(tasks: frozenset[str], of_bucket: bool, of_servers: bool) -> list[ColumnElement[bool] | TextClause]:
    """What a job must be to begin now."""
    ready: list[ColumnElement[bool] | TextClause] = [
        IS_WAITING,
        JOB.c.run_after <= bindparam("now"),
        or_(*(JOB.c.task == task for task in sorted(tasks))),
    ]
    if of_bucket:
        ready.append(JOB.c.bucket == bindparam("its_bucket"))
    if of_servers:
        others = JOB.alias("other")
        full = (
            select(others.c.server)
            .where(text("other.status = 'PROCESSING' AND other.server IS NOT NULL"))
            .group_by(others.c.server)
            .having(func.count() >= bindparam("most_of_server"))
        )
        ready.append(or_(JOB.c.server.is_(None), JOB.c.server.not_in(full)))
    return ready


def _next(tasks: frozenset[str], of_bucket: bool, of_servers: bool) -> Select[Any]:
    """The job that is served next: the first one of the lane whose turn it is."""
    first = (
        select(JOB.c.id)
        .where(
            JOB.c.user_id == LANE.c.user_id,
            JOB.c.priority == LANE.c.priority,
            *_ready(tasks, of_bucket, of_servers),
        )
        .order_by(JOB.c.id)
        .limit(1)
        .correlate(LANE)
        .scalar_subquery()
    )
    return (
        select(first)
        # Compared as a value, not by EXISTS: that Postgres would make a join over every job that waits.
        .where(
            HAS_WAITING,
            LANE.c.running < bindparam("most_of_user"),
            first.is_not(None),
            ~exists().where(GATE.c.state != "open"),
        )
        .order_by(LANE.c.priority.desc(), LANE.c.turn, LANE.c.user_id)
        .limit(1)
    )


@cache
def _looking(tasks: frozenset[str], of_servers: bool) -> Prepared:
    found = _next(tasks, of_bucket=False, of_servers=of_servers)
    return Prepared(lambda _dialect: found)


@cache
def _taking(tasks: frozenset[str], of_bucket: bool, of_servers: bool) -> Prepared:
    """The claim of the next job, with its lane locked: jobs refer to users, so nothing but claims waits for that."""
    found = _next(tasks, of_bucket, of_servers).with_for_update(of=LANE, skip_locked=True).scalar_subquery()
    claimed = (
        update(JOB)
        # A parameter here: where an index has nothing else, Postgres would walk that instead of looking up the number.
        .where(JOB.c.id == found, JOB.c.status == "PENDING")
        .values(
            status="PROCESSING",
            token=bindparam("its_token"),
            worker=bindparam("its_worker"),
            engine=bindparam("its_engine"),
            lease_until=bindparam("its_lease"),
            attempt=JOB.c.attempt + 1,
            started_at=bindparam("now"),
        )
        .returning(*TICKET)
    )
    return Prepared(lambda _dialect: claimed)
