"""Somebody is forgotten: their rows go, and of those that the house needs only numbers stay.

What there is about people is listed in `storage.personal`; that nothing is left, tests/acceptance/test_privacy.py
finds out by looking for it everywhere.
"""

from __future__ import annotations

import itertools

from sqlalchemy import ColumnElement, and_, delete, func, null, select, update
from sqlmodel import Session

from storage import clearing, tombstones
from storage.clearing import BULLETIN, FIRING, RUN, SCHEDULE, TAKEN_DOWN
from storage.personal import Person, moved, noted, signed
from storage.tables import Table as Base
from storage.tombstones import JOB

_T = Base.metadata.tables
NOBODY = "deleted-"
USER, HOLD, REPORT, AUDIT, TRANSFER = _T["user"], _T["hold"], _T["report"], _T["audit"], _T["transfer"]
ENDPOINT = _T["webhook_endpoint"]

# Rows that are about nobody else, and of no use to anybody.
GOES = (
    "identity", "link_code", "ban", "draft", "asked", "vote", "theme_vote", "api_key", "ordered", "webhook_endpoint",
)  # fmt: skip
# Who decided something about others, by their name.
SIGNED = ("ban", "review", "gate", "audit")
TAKES_PART = ("entry", "vote", "theme_vote")


def songs(session: Session, who: Person) -> int:
    """How many songs of theirs are there."""
    made = select(func.count()).where(JOB.c.user_id.in_(who.numbers), JOB.c.status == "COMPLETED")
    return int(session.connection().execute(made.where(JOB.c.deleted_at.is_(None))).scalar_one())


def end(session: Session, who: Person, now: int) -> None:
    """Cancel everything of `who`; nothing of theirs is held afterwards."""
    tombstones.end(session, JOB.c.user_id.in_(who.numbers), now)
    held = update(HOLD).where(HOLD.c.account_id.in_(who.accounts), HOLD.c.state == "open")
    session.connection().execute(held.values(state="voided", settled_at=now))


def erase(session: Session, who: Person, now: int) -> None:
    """Forget `who`, for whom everything has come to its `end`, and who does nothing else until this transaction ends.

    Their messages in chats are taken down by couriers; what has to be known for that goes with `finish`.
    """
    run, mine = session.connection().execute, JOB.c.user_id.in_(who.numbers)
    tombstones.take_down(session, mine, now)
    tombstones.strip(session, mine, now)
    tombstones.drop_recordings(session, _T["recording"].c.user_id.in_(who.numbers))
    clearing.runs(session, RUN.c.user_id.in_(who.numbers), now, told=True)
    recipes = and_(SCHEDULE.c.user_id.in_(who.numbers), SCHEDULE.c.kind == "recipe")
    clearing.schedules(session, recipes, now, told=True)
    _hand_over_challenges(session, who)
    for table in map(_T.__getitem__, TAKES_PART):
        clearing.refresh_challenges(session, select(table.c.challenge_id).where(table.c.user_id.in_(who.numbers)), now)
    _unsay(session, who)
    sent_there = select(ENDPOINT.c.id).where(ENDPOINT.c.user_id.in_(who.numbers))
    run(delete(_T["webhook_delivery"]).where(_T["webhook_delivery"].c.endpoint_id.in_(sent_there)))
    for name in GOES:
        run(delete(_T[name]).where(_T[name].c.user_id.in_(who.numbers)))
    for number in who.numbers:
        run(update(USER).where(USER.c.id == number).values(name=_nobody(session, number), erased_at=now))


def any_left(session: Session) -> bool:
    """Whether `finish` would find anything; reads only."""
    left = (select(JOB.c.id).where(_told()), select(BULLETIN.c.id).where(TAKEN_DOWN))
    return any(session.connection().execute(found.limit(1)).first() is not None for found in left)


def finish(session: Session) -> int:
    """Forget where the messages were that couriers have taken down by now, or never can; returns how many."""
    gone = session.connection().execute(delete(BULLETIN).where(TAKEN_DOWN)).rowcount
    return gone + tombstones.bare(session, _told())


def _told() -> ColumnElement[bool]:
    forgotten = select(USER.c.id).where(USER.c.erased_at.is_not(None))
    return and_(JOB.c.user_id.in_(forgotten), tombstones.has_place())


def _hand_over_challenges(session: Session, who: Person) -> None:
    """The challenges they held belong to everybody else, too: those go on, in nobody's name."""
    columns = (SCHEDULE.c.id, SCHEDULE.c.user_id, SCHEDULE.c.surface, SCHEDULE.c.server)
    theirs = select(*columns).where(SCHEDULE.c.user_id.in_(who.numbers))
    for number, user_id, surface, server in session.connection().execute(theirs).all():
        nobody = {
            "surface": surface, "external_id": "", "name": f"{NOBODY}{user_id}", "locale": "en", "server": server,
            "roles": [],
        }  # fmt: skip
        session.connection().execute(update(SCHEDULE).where(SCHEDULE.c.id == number).values(requester=nobody))
        session.connection().execute(update(FIRING).where(FIRING.c.schedule_id == number).values(params=null()))


def _unsay(session: Session, who: Person) -> None:
    """What was said to them and by them goes; what was paid and done stays, by nobody and to a number."""
    run = session.connection().execute
    run(update(TRANSFER).where(moved(who), TRANSFER.c.note.is_not(None)).values(note=None))
    run(update(AUDIT).where(noted(who)).values(details=null()))
    run(update(REPORT).where(REPORT.c.user_id.in_(who.numbers)).values(why=""))
    run(update(_T["gate"]).where(signed("gate", who)).values(why=None))
    for name in SIGNED:
        run(update(_T[name]).where(signed(name, who)).values(by=f"{NOBODY}{who.numbers[0]}"))


def _nobody(session: Session, number: int) -> str:
    """A name for whoever had this number; somebody may have called themselves the first one for fun."""
    names = (f"{NOBODY}{number}{end}" for end in itertools.chain([""], (f"-{more}" for more in itertools.count(2))))
    taken = select(USER.c.id)
    return next(
        name for name in names if session.connection().execute(taken.where(USER.c.name == name)).first() is None
    )
