"""Runs, schedules and challenges that go with somebody, or with a server: their rows, and what refers to those."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlmodel import Session

from storage import bulletins
from storage.tables import (
    Bulletin,
    BulletinKind,
    Challenge,
    ChallengePlace,
    Entry,
    Firing,
    Hold,
    Job,
    Run,
    Schedule,
    Step,
    ThemeVote,
    Vote,
    core,
)

BULLETIN, RUN, STEP, HOLD, JOB = core(Bulletin), core(Run), core(Step), core(Hold), core(Job)
SCHEDULE, FIRING, CHALLENGE, PLACE = core(Schedule), core(Firing), core(Challenge), core(ChallengePlace)
OF_CHALLENGE = (core(Vote), core(ThemeVote), core(Entry), PLACE)

# Nothing of it ever was in a chat, or it can't be reached there any more.
NOWHERE = or_(
    BULLETIN.c.dead_at.is_not(None),
    and_(BULLETIN.c.shown == 0, BULLETIN.c.attempts == 0, BULLETIN.c.lease_until.is_(None)),
)
# A courier has taken it down, or never can.
TAKEN_DOWN = and_(BULLETIN.c.withdrawn, or_(BULLETIN.c.shown >= BULLETIN.c.version, BULLETIN.c.dead_at.is_not(None)))


def runs(session: Session, which: ColumnElement[bool], now: int, *, told: bool) -> None:
    """Forget these runs, whose jobs have ended; what was reserved for them is free.

    `told`: what chats show of them is taken down; else nobody can be told anything there.
    """
    run, ids = session.connection().execute, select(RUN.c.id).where(which)
    _take_down(session, "run", ids, now, told=told)
    _release(session, ids, now)
    steps = select(STEP.c.id).where(STEP.c.run_id.in_(ids))
    run(update(JOB).where(JOB.c.step_id.in_(steps)).values(step_id=None))
    run(delete(STEP).where(STEP.c.run_id.in_(ids)))
    run(delete(RUN).where(which))


def schedules(session: Session, which: ColumnElement[bool], now: int, *, told: bool) -> None:
    """Forget these schedules and when they were due; what came of that stays. `told` as above."""
    run = session.connection().execute
    firings = select(FIRING.c.id).where(FIRING.c.schedule_id.in_(select(SCHEDULE.c.id).where(which)))
    _take_down(session, "schedule", firings, now, told=told)
    for table in (RUN, CHALLENGE):
        run(update(table).where(table.c.firing_id.in_(firings)).values(firing_id=None))
    run(delete(FIRING).where(FIRING.c.id.in_(firings)))
    run(delete(SCHEDULE).where(which))


def challenges(session: Session, which: ColumnElement[bool]) -> None:
    """Forget these challenges with entries and votes. Prizes stay paid."""
    run = session.connection().execute
    for number in run(select(CHALLENGE.c.id).where(which)).scalars().all():
        run(delete(BULLETIN).where(BULLETIN.c.kind == "challenge", BULLETIN.c.subject == number))
        for table in OF_CHALLENGE:
            run(delete(table).where(table.c.challenge_id == number))
        run(delete(CHALLENGE).where(CHALLENGE.c.id == number))


def refresh_challenges(session: Session, ids: Any, now: int) -> None:
    """What chats show of these challenges is shown anew."""
    for number in session.connection().execute(ids).scalars().unique().all():
        bulletins.bump(session, "challenge", number, now, at_once=True)


def _take_down(session: Session, kind: BulletinKind, subjects: Any, now: int, *, told: bool) -> None:
    run, about = session.connection().execute, and_(BULLETIN.c.kind == kind, BULLETIN.c.subject.in_(subjects))
    run(delete(BULLETIN).where(about, NOWHERE) if told else delete(BULLETIN).where(about))
    for number in run(select(BULLETIN.c.subject).where(about)).scalars().unique().all():
        bulletins.withdraw(session, kind, number, now)


def _release(session: Session, ids: Any, now: int) -> None:
    """Void what is still reserved for these runs: the open hold of each has its number."""
    for number in session.connection().execute(ids).scalars().all():
        theirs = HOLD.c.key.startswith(f"run:{number}:", autoescape=True)
        settled = update(HOLD).where(theirs, HOLD.c.state == "open").values(state="voided", settled_at=now)
        session.connection().execute(settled)
