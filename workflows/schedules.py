"""What happens again and again: who asked for it, when it is due, and when it was due last (`workflows.firings`)."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from storage import schedules, users
from storage.database import Database
from storage.locks import one_at_a_time
from storage.tables import Firing, Schedule, ScheduleKind, User
from workflows import bans
from workflows.credits import account_of, welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

log = logging.getLogger(__name__)

# Songs cost credits and time: nobody needs one every minute by itself.
LEAST_APART_S = 3600
LOOKED_AT = 3
# Roles are what a chat said of somebody when they were last here: how long that counts for what runs by itself, and how
# often it is noted again where nothing of it changed.
ROLES_MS, NOTED_MS = 31 * 86_400_000, 86_400_000
# What comes of a firing that is no failure.
BEGUN = ("begun", "run", "challenge", "missed")
LOOKED_BACK_MS = (2 * 86_400_000, 32 * 86_400_000, 10 * 366 * 86_400_000)


@dataclass(frozen=True)
class ScheduleView:
    """A schedule as people see it. `next_at` is when it is due next (milliseconds since the epoch), `failure` why it
    came to nothing the last time, if it did; `owner` is the name of who made it.
    """

    id: int
    kind: ScheduleKind
    name: str
    cron: str
    zone: str
    owner: str
    next_at: int | None
    failure: Refusal | None


# Asked every few seconds about what stays the same until it is due.
@lru_cache(maxsize=1024)
def upcoming(cron: str, zone: str, after_ms: int, count: int = 1) -> tuple[int, ...]:
    """The next `count` times after `after_ms`, milliseconds since the epoch.

    A time of day that the clock shows twice comes once, the first time; one that it skips comes as much later as it
    skips. What comes every so many minutes goes by the minutes.
    """
    trigger = _trigger(cron, zone)
    by_the_hour = any(sign in cron.split()[1] for sign in "*/-,")
    found: list[int] = []
    at = datetime.fromtimestamp(after_ms / 1000, UTC) + timedelta(milliseconds=1)
    while len(found) < count:
        due = trigger.get_next_fire_time(None, at)
        if due is None:
            break
        at = due.astimezone(UTC) + timedelta(milliseconds=1)
        if by_the_hour or not _shown_before(due):
            found.append(round(due.timestamp() * 1000))
    return tuple(found)


def missed(cron: str, zone: str, after_ms: int, now: int) -> int | None:
    """The latest time after `after_ms` that is not after `now`; None where there is none."""
    first = upcoming(cron, zone, after_ms)
    if not first or first[0] > now:
        return None
    # From near the end first: a house may have been away for a year, from what is due every hour.
    for back_ms in LOOKED_BACK_MS:
        latest, begin = None, max(after_ms, now - back_ms)
        while (later := upcoming(cron, zone, begin)) and later[0] <= now:
            begin = latest = later[0]
        if latest is not None:
            return latest
    return first[0]


@lru_cache(maxsize=256)
def _trigger(cron: str, zone: str) -> CronTrigger:
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger.from_crontab(cron, timezone=ZoneInfo(zone))


def _shown_before(due: datetime) -> bool:
    """Whether the clock shows this time of day for the second time today: it was put back meanwhile."""
    earlier = due.replace(fold=0)
    return due.fold == 1 and earlier.utcoffset() != due.utcoffset()


def require_sensible(cron: str, zone: str, now: int) -> None:
    """Raise a `Refusal` for what would never happen, or too often."""
    times = upcoming(cron, zone, now, LOOKED_AT)
    if not times:
        raise Refusal("never_due", field="when", value=cron)
    if any(later - earlier < LEAST_APART_S * 1000 for earlier, later in itertools.pairwise(times)):
        raise Refusal("too_often", field="when", value=cron, least=LEAST_APART_S)


def make(
    session: Session, user: User, who: Requester, where: ReplyTo, *, kind: ScheduleKind, name: str, cron: str,
    zone: str, values: Mapping[str, Any], now: int, since: int | None = None,
) -> Schedule:  # fmt: skip
    """Keep a schedule in the caller's transaction; raises a `Refusal` for one that makes no sense."""
    require_sensible(cron, zone, now)
    return schedules.add(
        session,
        user_id=user.id,
        kind=kind,
        name=name,
        cron=cron,
        zone=zone,
        values=values,
        requester=asdict(who),
        surface=where.surface,
        channel=where.channel,
        server=who.server,
        since=now if since is None else since,
        now=now,
    )


def known_now(session: Session, user: User, who: Requester, now: int) -> None:
    """`who` is here: their schedules go by the roles that they have now."""
    for row in schedules.of_person(session, user.id):
        kept, fresh = row.requester, {**asdict(who), "roles": [*who.roles]}
        same = all(kept.get(name) == fresh[name] for name in ("surface", "external_id", "server"))
        if same and (sorted(kept["roles"]) != sorted(who.roles) or row.seen_at <= now - NOTED_MS):
            schedules.seen(session, row.id, fresh, now)


def requester_of(row: Schedule, now: int) -> Requester:
    """Who a schedule asks for. Roles of somebody who was not here for a month may be gone: they count no more."""
    roles = tuple(row.requester["roles"]) if row.seen_at > now - ROLES_MS else ()
    return Requester(**{**row.requester, "roles": roles})


async def repeat_recipe(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, *, name: str, cron: str, zone: str,
    values: Mapping[str, Any], request: str | None = None,
) -> ScheduleView:  # fmt: skip
    """Run a recipe again and again, from its next time on. Raises `Refusal`."""

    def keep(session: Session) -> ScheduleView:
        now = now_ms()
        only_once(session, request, now)
        user = welcome(session, rules.pricing, who, now)
        bans.require_welcome(session, user.id, now)
        # Two at one moment can't both have the last place.
        one_at_a_time(session, account_of(user))
        there = [row for row in schedules.of_person(session, user.id) if row.kind == "recipe"]
        if len(there) >= rules.limits.runs.schedules:
            raise Refusal("too_many_schedules", field="name", value=name, most=rules.limits.runs.schedules)
        row = make(
            session, user, who, where, kind="recipe", name=name, cron=cron, zone=zone or rules.zone, values=values,
            now=now,
        )  # fmt: skip
        return view_of(session, row, None, now)

    return await db.awrite(keep)


async def listed(db: Database, who: Requester, where: ReplyTo) -> list[ScheduleView]:
    """What happens by itself that is somebody's, or in this channel."""

    def look(session: Session) -> list[ScheduleView]:
        now = now_ms()
        user = users.known(session, who.surface, who.external_id)
        rows = schedules.seen_from(session, None if user is None else user.id, where.surface, where.channel)
        lasts = schedules.last(session, [row.id for row in rows])
        return [view_of(session, row, lasts.get(row.id), now) for row in rows]

    return await db.aread(look)


async def stop(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int, *, request: str | None = None
) -> ScheduleView:
    """End a schedule: one's own or, for those in charge, one of this channel. Raises `Refusal`."""

    def work(session: Session) -> ScheduleView:
        now = now_ms()
        only_once(session, request, now)
        row = schedules.get(session, number)
        user = users.known(session, who.surface, who.external_id)
        own = row is not None and user is not None and users.person(session, row.user_id).id == user.id
        here = row is not None and (row.surface, row.channel) == (where.surface, where.channel)
        if row is None or not (own or here or who.surface == users.TERMINAL):
            raise Refusal("schedule_not_found", field="number", value=number)
        if not own and not rules.roles.in_charge(who):
            raise Refusal("not_your_schedule", field="number", value=number)
        if not schedules.end(session, number, now):
            raise Refusal("schedule_not_found", field="number", value=number)
        return view_of(session, row, None, now)

    return await db.awrite(work)


def view_of(session: Session, row: Schedule, last: Firing | None, now: int) -> ScheduleView:
    """A schedule, and what came of its `last` firing."""
    return ScheduleView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        cron=row.cron,
        zone=row.zone,
        owner=users.person(session, row.user_id).name,
        next_at=next(iter(upcoming(row.cron, row.zone, now)), None),
        failure=None if last is None or last.outcome in BEGUN else Refusal(last.outcome, **(last.params or {})),
    )
