"""What a request is judged by, read in one statement: what somebody has, and what was asked for of late."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, Text, and_, bindparam, func, null, or_, select, text
from sqlmodel import Session

from storage.claims import JOB, LANE
from storage.prepared import Prepared
from storage.tables import Account, User, core

ACCOUNT, USER = core(Account), core(User)


@dataclass(frozen=True)
class Window:
    """At most `most` (1 or more) after `since`, in milliseconds since the epoch."""

    since: int
    most: int


class Standing(NamedTuple):
    """`available` credits; `live` jobs of theirs that wait (for a moderator, too) or run.

    The others are None where there is room for one more, and else when that was taken which has to leave its window
    first: jobs of the task, songs of the person, songs of the server. `server_full`: as many live jobs as it may have.
    """

    available: int
    live: int
    of_task: int | None
    of_person: int | None
    of_server: int | None
    server_full: bool


def look(
    session: Session,
    *,
    account: str,
    user_id: int,
    task: str,
    server: str | None = None,
    of_task: Window | None = None,
    of_person: Window | None = None,
    of_server: Window | None = None,
    server_live: int | None = None,
    no_songs: Collection[str] = (),
) -> Standing:
    """How somebody stands who asks for `task`. Windows that are None are not looked into.

    Jobs of `no_songs` count in `of_task` alone. What failed, or was cancelled before it began, is no song: nothing was
    made of it. What was cancelled later is one, because it took the time of an engine.
    """
    windows = {"task": of_task, "person": of_person, "server": of_server if server is not None else None}
    full = server_live if server is not None else None
    values: dict[str, object] = {"account": account, "user_id": user_id, "task": task, "server": server}
    for name, window in windows.items():
        if window is not None:
            values |= {f"{name}_since": window.since, f"{name}_skipped": window.most - 1}
    if full is not None:
        values["live_skipped"] = full - 1
    looked_at = tuple(name for name, window in windows.items() if window is not None)
    row = _looking(looked_at, full is not None, frozenset(no_songs)).first(session, values)
    if row is None:
        raise LookupError(f"no account {account}")
    return Standing(row[0], row[1] + row[2], row[3], row[4], row[5], row[6] is not None)


def _latest(since: str, skipped: str, *which: ColumnElement[bool]) -> Select[tuple[int]]:
    """When the job was taken that must leave the window before there is room."""
    return (
        select(JOB.c.created_at)
        .where(*which, JOB.c.created_at > bindparam(since, type_=BigInteger()))
        .order_by(JOB.c.created_at.desc())
        .offset(bindparam(skipped, type_=Integer()))
        .limit(1)
    )


@cache
def _looking(windows: tuple[str, ...], of_live: bool, no_songs: frozenset[str]) -> Prepared:
    owner = bindparam("user_id", type_=BigInteger())
    server = bindparam("server", type_=Text())
    # Whoever was joined to somebody else has asked for what they asked for, and has it, too: jobs keep their number.
    theirs = select(USER.c.id).where(or_(USER.c.id == owner, USER.c.joined == owner))
    counts = and_(
        JOB.c.status != "FAILED",
        or_(JOB.c.status != "CANCELLED", JOB.c.started_at.is_not(None)),
        *(JOB.c.task != task for task in sorted(no_songs)),
    )
    which = {
        "task": (JOB.c.user_id.in_(theirs), JOB.c.task == bindparam("task", type_=Text())),
        "person": (JOB.c.user_id.in_(theirs), counts),
        "server": (JOB.c.server == server, counts),
    }
    latest = [
        _latest(f"{name}_since", f"{name}_skipped", *which[name]).scalar_subquery() if name in windows else null()
        for name in which
    ]
    # Conditions of partial indexes are written out: only so are they used.
    in_lanes = select(func.coalesce(func.sum(LANE.c.waiting + LANE.c.running), 0)).where(LANE.c.user_id.in_(theirs))
    is_parked = text("job.status = 'PENDING' AND job.parked")
    parked = select(func.count()).select_from(JOB).where(JOB.c.user_id.in_(theirs), is_parked)
    alive = text("job.status IN ('PENDING', 'PROCESSING') AND job.server IS NOT NULL")
    last_live = (
        select(JOB.c.id)
        .where(JOB.c.server == server, alive)
        .order_by(JOB.c.id)
        .offset(bindparam("live_skipped", type_=Integer()))
        .limit(1)
    )
    found = select(
        ACCOUNT.c.posted - ACCOUNT.c.held,
        in_lanes.scalar_subquery(),
        parked.scalar_subquery(),
        *latest,
        last_live.scalar_subquery() if of_live else null(),
    ).where(ACCOUNT.c.id == bindparam("account", type_=Text()))
    return Prepared(lambda _dialect: found)
