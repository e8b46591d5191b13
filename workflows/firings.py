"""Schedules whose time has come. A firing is a row, unique for its schedule and the time it was due, written in the
transaction that begins what was asked for: so it is begun once, however many processes look and whatever dies.

A house that was down makes up for the latest time that it missed, and for that one alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from storage import bulletins, departed, gate, schedules
from storage.database import Database
from storage.tables import Firing, Schedule, ScheduleKind
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.schedules import ScheduleView, missed, view_of

log = logging.getLogger(__name__)

Begin = Callable[[Session, Schedule, Firing, int], str]
"""Begins what a schedule asks for, in the transaction of its firing; returns the outcome. Raises `Refusal`."""


@dataclass(frozen=True)
class Failure:
    """A time at which a schedule could not do what it is for. `ended`: it is not tried again."""

    schedule: ScheduleView
    why: Refusal
    ended: bool


async def tick(db: Database, begin: Mapping[ScheduleKind, Begin]) -> int:
    """Begin what is due now; returns how many firings that were. Reads first: an idle house writes nothing."""
    due = await db.aread(lambda session: _due(session, now_ms()))
    fired = 0
    for schedule_id, due_at in due:
        try:
            fired += await _one(db, schedule_id, due_at, begin)
        except Exception:
            # Its firing was undone with it: it is due again at the next look, and keeps no other one waiting.
            log.exception("schedule %s, due at %s", schedule_id, due_at)
    return fired


async def _one(db: Database, schedule_id: int, due_at: int, begin: Mapping[ScheduleKind, Begin]) -> int:
    try:
        return await db.awrite(lambda session: _fire(session, schedule_id, due_at, begin))
    except Refusal as refusal:
        why = refusal
    return await db.awrite(lambda session: _refused(session, schedule_id, due_at, why))


def look(session: Session, firing_id: int) -> Failure:
    """Why a firing came to nothing. Raises `LookupError` where there is no such firing, or something came of it."""
    firing = schedules.firing(session, firing_id)
    row = None if firing is None else schedules.get(session, firing.schedule_id)
    view = None if firing is None or row is None else view_of(session, row, firing, now_ms())
    if row is None or view is None or view.failure is None:
        raise LookupError(f"no failed firing {firing_id}")
    return Failure(view, view.failure, row.ended_at is not None)


def _due(session: Session, now: int) -> list[tuple[int, int]]:
    # Where the bot was removed, nobody reads it, and somebody would pay.
    rows = schedules.going(session)
    gone = departed.of_these(session, {row.server for row in rows if row.server is not None})
    # A house that takes nothing just now makes up for it afterwards, as one that was down does.
    shut = bool(rows) and gate.get(session).state == "draining"
    rows = tuple(row for row in rows if row.server not in gone and not (shut and row.kind == "recipe"))
    lasts = schedules.last(session, [row.id for row in rows]) if rows else {}
    found = []
    for row in rows:
        after = max(row.since, lasts[row.id].due_at if row.id in lasts else row.since)
        try:
            at = missed(row.cron, row.zone, after, now)
        except (ValueError, KeyError, OSError):
            # A time zone that this machine does not know any more: the others are due all the same.
            log.exception("schedule %s: %s in %s", row.id, row.cron, row.zone)
            continue
        if at is not None:
            found.append((row.id, at))
    return found


def _fire(session: Session, schedule_id: int, due_at: int, begin: Mapping[ScheduleKind, Begin]) -> int:
    now = now_ms()
    row = schedules.get(session, schedule_id)
    if row is None or row.ended_at is not None:
        return 0
    firing = schedules.fire(session, schedule_id=schedule_id, due_at=due_at, now=now)
    if firing is None:
        return 0
    schedules.came_of(session, firing.id, begin[row.kind](session, row, firing, now))
    return 1


def _refused(session: Session, schedule_id: int, due_at: int, refusal: Refusal) -> int:
    """It could not be begun, which is noted and told like any other outcome; the next time is the next time."""
    now = now_ms()
    row = schedules.get(session, schedule_id)
    firing = None if row is None else schedules.fire(session, schedule_id=schedule_id, due_at=due_at, now=now)
    if row is None or firing is None:
        return 0
    if refusal.code == "banned":
        # That, and why, is between them and those in charge; nothing of it is said in the channel.
        schedules.came_of(session, firing.id, refusal.code)
        return 1
    schedules.came_of(session, firing.id, refusal.code, refusal.told)
    bulletins.put_up(
        session,
        key=f"firing:{firing.id}",
        kind="schedule",
        subject=firing.id,
        topic="refused",
        surface=row.surface,
        channel=row.channel,
        server=row.server,
        user_id=row.user_id,
        now=now,
    )
    return 1
