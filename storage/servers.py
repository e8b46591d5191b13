"""Everything of a Discord server or Slack workspace goes: what was asked for there, and what was held there."""

from __future__ import annotations

from sqlalchemy import and_, delete, exists, null, select, update
from sqlmodel import Session

from storage import clearing, personal, tombstones
from storage.clearing import BULLETIN, CHALLENGE, PLACE, RUN, SCHEDULE
from storage.tables import Audit, core
from storage.tombstones import JOB

AUDIT, ELSEWHERE = core(Audit), PLACE.alias("elsewhere")
HAVE_SERVERS = (JOB, RUN, SCHEDULE, BULLETIN, PLACE)


def known(session: Session) -> frozenset[str]:
    """The servers that anything is of."""
    found = (select(table.c.server).where(table.c.server.is_not(None)).distinct() for table in HAVE_SERVERS)
    return frozenset(name for each in found for name in session.connection().execute(each).scalars())


def clear(session: Session, server: str, now: int) -> None:
    """Forget everything of a server. Nobody is told: nothing can be posted there any more."""
    run, theirs = session.connection().execute, JOB.c.server == server
    tombstones.end(session, theirs, now)
    run(update(AUDIT).where(AUDIT.c.subject.in_(personal.as_subjects(theirs))).values(details=null()))
    tombstones.strip(session, theirs, now)
    tombstones.bare(session, theirs)
    clearing.runs(session, RUN.c.server == server, now, told=False)
    there = PLACE.c.challenge_id == CHALLENGE.c.id
    elsewhere = and_(ELSEWHERE.c.challenge_id == CHALLENGE.c.id, ELSEWHERE.c.server.is_distinct_from(server))
    only_there = and_(exists().where(there, PLACE.c.server == server), ~exists().where(elsewhere))
    clearing.challenges(session, only_there)
    run(delete(PLACE).where(PLACE.c.server == server))
    clearing.schedules(session, SCHEDULE.c.server == server, now, told=False)
    run(delete(BULLETIN).where(BULLETIN.c.server == server))
    run(update(JOB).where(theirs).values(server=None))
