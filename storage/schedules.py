"""Schedules and their firings: what happens again and again, and the times it was begun."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select, update

from storage.once import insert_once
from storage.tables import Firing, Schedule, ScheduleKind
from storage.users import everyone


def add(
    session: Session,
    *,
    user_id: int,
    kind: ScheduleKind,
    name: str,
    cron: str,
    zone: str,
    values: Mapping[str, Any],
    requester: Mapping[str, Any],
    surface: str,
    channel: str,
    server: str | None,
    since: int,
    now: int,
) -> Schedule:
    """Keep a new schedule; nothing that was due at or before `since` is made up for."""
    row = Schedule(
        user_id=user_id,
        kind=kind,
        name=name,
        cron=cron,
        zone=zone,
        values=dict(values),
        requester=dict(requester),
        surface=surface,
        channel=channel,
        server=server,
        since=since,
        seen_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, schedule_id: int) -> Schedule | None:
    """The schedule `schedule_id`, as it is now."""
    return session.get(Schedule, schedule_id, populate_existing=True)


def going(session: Session) -> tuple[Schedule, ...]:
    """Every schedule that goes on."""
    return tuple(session.exec(select(Schedule).where(col(Schedule.ended_at).is_(None)).order_by(col(Schedule.id))))


def of_person(session: Session, user_id: int) -> tuple[Schedule, ...]:
    """The schedules of somebody, by any of their numbers, that go on."""
    theirs = col(Schedule.user_id).in_(everyone(user_id))
    rows = select(Schedule).where(theirs, col(Schedule.ended_at).is_(None))
    return tuple(session.exec(rows.order_by(col(Schedule.id))))


def seen(session: Session, schedule_id: int, requester: Mapping[str, Any], now: int) -> None:
    """Its owner was here, as `requester`."""
    known = update(Schedule).where(col(Schedule.id) == schedule_id)
    session.exec(known.values(requester=dict(requester), seen_at=now))


def seen_from(session: Session, user_id: int | None, surface: str, channel: str) -> tuple[Schedule, ...]:
    """Those that go on and are somebody's, or of this channel."""
    here = (col(Schedule.surface) == surface) & (col(Schedule.channel) == channel)
    theirs = here if user_id is None else or_(here, col(Schedule.user_id).in_(everyone(user_id)))
    rows = select(Schedule).where(theirs, col(Schedule.ended_at).is_(None))
    return tuple(session.exec(rows.order_by(col(Schedule.id))))


def end(session: Session, schedule_id: int, now: int) -> bool:
    """It goes on no longer. False where it ended before."""
    going_on = update(Schedule).where(col(Schedule.id) == schedule_id, col(Schedule.ended_at).is_(None))
    return session.exec(going_on.values(ended_at=now)).rowcount == 1


def fire(session: Session, *, schedule_id: int, due_at: int, now: int) -> Firing | None:
    """Note that it was due then; None where that was noted before, by whichever process."""
    row = Firing(schedule_id=schedule_id, due_at=due_at, fired_at=now, outcome="begun")
    return insert_once(session, row, by=["schedule_id", "due_at"])


def came_of(session: Session, firing_id: int, outcome: str, params: Mapping[str, Any] | None = None) -> None:
    """What came of a firing: see `Firing.outcome`."""
    told = {"outcome": outcome, "params": None if params is None else dict(params)}
    session.exec(update(Firing).where(col(Firing.id) == firing_id).values(**told))


def last(session: Session, schedule_ids: Collection[int]) -> dict[int, Firing]:
    """The latest firing of each of these schedules that was ever due."""
    # By the index, one look for each schedule: in some years there will be very many firings.
    other = aliased(Firing)
    latest = (
        select(func.max(other.due_at)).where(other.schedule_id == Schedule.id).correlate(Schedule).scalar_subquery()
    )
    its = (col(Firing.schedule_id) == col(Schedule.id)) & (col(Firing.due_at) == latest)
    rows = select(Firing).join(Schedule, its).where(col(Schedule.id).in_(schedule_ids))
    return {firing.schedule_id: firing for firing in session.exec(rows)}


def count(session: Session, schedule_id: int) -> int:
    """How often it was due so far, as far as it was noted."""
    return int(session.exec(select(func.count()).where(col(Firing.schedule_id) == schedule_id)).one())


def firing(session: Session, firing_id: int) -> Firing | None:
    """The firing `firing_id`."""
    return session.get(Firing, firing_id)
