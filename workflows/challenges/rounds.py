"""Challenges are made, once or again and again, held in further channels, and called off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from storage import challenges
from storage import schedules as schedule_rows
from storage.database import Database
from storage.tables import Challenge, Firing, Schedule
from storage.users import TERMINAL
from workflows import moderation, record, schedules
from workflows.asks.challenges import ChallengeCreate
from workflows.challenges import find, view
from workflows.challenges.state import Phase, phase
from workflows.challenges.tick import move_on
from workflows.challenges.view import ChallengeView
from workflows.challenges.wishes import opening, prizes_of, themes_of, times
from workflows.credits import welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules
from workflows.times import span

GOING: tuple[Phase, ...] = ("planned", "theme", "enter", "vote")


@dataclass(frozen=True)
class Created:
    """The challenge that was made or, for one that is held again and again, when its first round begins."""

    challenge: ChallengeView | None
    first_at: int | None = None
    zone: str = ""


@dataclass(frozen=True)
class Cancelled:
    """What was called off: the challenge `id` (None: none was under way), and (`following`) those to come."""

    id: int | None
    theme: str | None
    following: bool


async def create(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, ask: ChallengeCreate, *, request: str | None = None
) -> Created:
    """Hold a challenge. Raises `Refusal`."""
    for theme in themes_of(ask):
        moderation.check_text(rules.moderation, "theme", theme)
    prizes_of(ask)

    def work(session: Session) -> Created:
        now = now_ms()
        only_once(session, request, now)
        user = welcome(session, rules.pricing, who, now)
        zone = ask.zone or rules.zone
        opens = opening(ask, zone, now)
        if ask.every:
            row = schedules.make(
                session, user, who, where, kind="challenge", name=ask.season or themes_of(ask)[0], cron=ask.every,
                zone=zone, values=ask.model_dump(), now=now, since=opens - 1 if ask.starts else None,
            )  # fmt: skip
            record.note(session, who, "challenge create", f"schedule:{row.id}", now, name=row.name)
            first = next(iter(schedules.upcoming(row.cron, row.zone, row.since)), None)
            return Created(None, first, zone)
        made = _made(session, ask, user_id=user.id, opens=opens, zone=zone, number=1, firing=None, now=now)
        challenges.add_place(session, made.id, surface=where.surface, channel=where.channel, server=who.server)
        record.note(session, who, "challenge create", f"challenge:{made.id}", now, name=made.theme)
        move_on(session, made, now)
        return Created(view.look(session, made.id))

    return await db.awrite(work)


def open_round(session: Session, schedule: Schedule, firing: Firing, now: int) -> str:
    """Hold the round of a schedule that is due, wherever the one before it was held; returns what came of it.

    One whose time to enter is over already is not held: nobody could have entered.
    """
    ask = ChallengeCreate.model_validate(schedule.values)
    if now >= times(ask, firing.due_at, schedule.zone)["submit_until"]:
        return "missed"
    earlier = challenges.rounds(session, schedule.id)
    made = _made(
        session, ask, user_id=schedule.user_id, opens=firing.due_at, zone=schedule.zone, number=len(earlier) + 1,
        firing=firing.id, now=now,
    )  # fmt: skip
    places = challenges.places(session, earlier[0].id) if earlier else ()
    for place in places or (schedule,):
        challenges.add_place(session, made.id, surface=place.surface, channel=place.channel, server=place.server)
    move_on(session, made, now)
    return "challenge"


async def hold_here(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None, *, request: str | None = None
) -> ChallengeView:
    """Hold a challenge in this channel, too. Raises `Refusal`."""

    def work(session: Session) -> ChallengeView:
        rules.roles.require_in_charge(who, "challenge here")
        # It is somewhere else: that is what this is for.
        anywhere = replace(who, server=None)
        challenge, now = find.locked(session, number, anywhere, where, GOING)
        find.require(challenge, now, *GOING)
        only_once(session, request, now)
        if where.surface == TERMINAL:
            raise Refusal("challenge_no_channel", field="challenge", value=challenge.id)
        if challenges.add_place(
            session, challenge.id, surface=where.surface, channel=where.channel, server=who.server
        ) is None:  # fmt: skip
            raise Refusal("challenge_here_already", field="challenge", value=challenge.id)
        record.note(session, who, "challenge here", f"challenge:{challenge.id}", now, name=challenge.theme)
        move_on(session, challenge, now)
        return view.look(session, challenge.id)

    return await db.awrite(work)


async def cancel(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, number: int | None, *, why: str, following: bool,
    request: str | None = None,
) -> Cancelled:  # fmt: skip
    """Call a challenge off and, with `following`, those that would come after it. Songs stay whose they are.

    Raises `Refusal`. Of one that is over only what follows is left to be called off.
    """

    def work(session: Session) -> Cancelled:
        repeated = _between_rounds(session, where) if number is None and following else None
        if repeated is not None and not _any_here(session, where, now_ms()):
            now = now_ms()
            only_once(session, request, now)
            return _ended(session, who, repeated, now, None)
        challenge, now = find.locked(session, number, who, where, GOING)
        find.require_charge(session, rules, challenge, who, "challenge cancel")
        only_once(session, request, now)
        schedule = challenges.schedule_of(session, challenge) if following else None
        ends = schedule if schedule is not None and schedule.ended_at is None else None
        if phase(challenge, now) not in GOING:
            if ends is None:
                find.require(challenge, now, *GOING)
            return _ended(session, who, ends, now, None)
        challenges.called_off(session, challenge.id, now, why or None)
        record.note(
            session, who, "challenge cancel", f"challenge:{challenge.id}", now, name=challenge.theme, why=why or None
        )
        move_on(session, challenges.get(session, challenge.id) or challenge, now)
        return _ended(session, who, ends, now, challenge)

    return await db.awrite(work)


def _ended(
    session: Session, who: Requester, schedule: Schedule | None, now: int, challenge: Challenge | None
) -> Cancelled:
    following = schedule is not None and schedule_rows.end(session, schedule.id, now)
    if schedule is not None and following:
        record.note(session, who, "challenge cancel", f"schedule:{schedule.id}", now, name=schedule.name)
    theme = challenge.theme if challenge is not None else None
    return Cancelled(None if challenge is None else challenge.id, theme, following)


def _between_rounds(session: Session, where: ReplyTo) -> Schedule | None:
    """The one that is held in this channel again and again."""
    here = [
        one for one in schedule_rows.seen_from(session, None, where.surface, where.channel) if one.kind == "challenge"
    ]
    return here[0] if len(here) == 1 else None


def _any_here(session: Session, where: ReplyTo, now: int) -> bool:
    return any(phase(one, now) in GOING for one in challenges.held_in(session, where.surface, where.channel))


def _made(
    session: Session, ask: ChallengeCreate, *, user_id: int, opens: int, zone: str, number: int, firing: int | None,
    now: int,
) -> Challenge:  # fmt: skip
    themes = themes_of(ask)
    theme = themes[(number - 1) % len(themes)] if ask.themes == "list" else themes[0]
    return challenges.add(
        session,
        user_id=user_id,
        firing_id=firing,
        season=ask.season or str(datetime.fromtimestamp(opens / 1000, ZoneInfo(zone)).year),
        number=number,
        theme=None if ask.themes == "vote" else theme,
        themes=list(themes) if ask.themes == "vote" else [theme],
        zone=zone,
        remind_ms=span(ask.remind).about_s * 1000,
        prizes=list(prizes_of(ask)),
        each=ask.each,
        anonymous=ask.anonymous,
        review=ask.review,
        tie=ask.tie,
        created_at=now,
        **times(ask, opens, zone),
    )
