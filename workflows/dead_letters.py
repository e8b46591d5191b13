"""What failed for reasons that may have passed, and what could be posted nowhere: those in charge read and requeue it.

Trying a job again is a new round with a new hold of its owner, so it is paid once, as always.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from storage import jobs, marks, outbox, tally, users
from storage.database import Database
from storage.tables import LIVE, Job
from workflows import view
from workflows.accept import hold
from workflows.people import Requester, now_ms
from workflows.queue import MOST_UNPOSTED
from workflows.record import note
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.runs import settle
from workflows.view import JobView

# What is called an error here besides the codes of failed jobs.
UNPOSTED = "unposted"
# Digits of a number that is a job's, on every database.
LONGEST_NUMBER = 15


@dataclass(frozen=True)
class DeadLetter:
    """A job to look after. `error` is the code of its failure, or `UNPOSTED`; `cause` is not for everybody."""

    job: JobView
    error: str
    cause: str | None


@dataclass(frozen=True)
class Requeued:
    """The jobs that are tried again, and those whose owners have too few credits for that."""

    jobs: tuple[int, ...]
    short: tuple[int, ...] = ()


@dataclass(frozen=True)
class Listed:
    """Some of the dead letters, and how many `more` there are."""

    letters: tuple[DeadLetter, ...]
    more: int


async def listed(db: Database, limit: int) -> Listed:
    """The latest of them, failed jobs first; neither kind takes the other's half of the places."""

    def look(session: Session) -> Listed:
        rows = outbox.dead_letters(session, MOST_UNPOSTED)
        failed = [
            DeadLetter(view.look(session, job.id), job.error_code or "internal", job.error_cause)
            for job in jobs.dead_letters(session, max(limit - len(rows), limit - limit // 2))
        ]
        unposted = [
            DeadLetter(view.look(session, row.job_id), UNPOSTED, row.error) for row in rows[: limit - len(failed)]
        ]
        letters = (*failed, *unposted)
        return Listed(letters, tally.dead(session) + len(rows) - len(letters))

    return await db.aread(look)


async def requeue(db: Database, job_id: int, by: Requester, *, request: str | None = None) -> Requeued:
    """Try a failed job again, whoever's it is, or post once more what could be posted nowhere. Raises `Refusal`."""

    def work(session: Session) -> Requeued:
        now = now_ms()
        only_once(session, request, now)
        job = jobs.get(session, job_id)
        if job is None:
            raise Refusal("job_not_found", field="job", value=job_id)
        _again(session, job, by, now)
        return Requeued((job_id,))

    return await db.awrite(work)


async def requeue_all(db: Database, error: str, by: Requester, *, request: str | None = None) -> Requeued:
    """`requeue` for every dead letter of one error. Raises `Refusal` where there is none.

    Each in a transaction of its own, so that a long list holds nobody up and what is refused undoes nothing else.
    """
    ids = await db.awrite(lambda session: _those_of(session, error, request))
    done, short = [], []
    for job_id in ids:
        try:
            await requeue(db, job_id, by)
        except Refusal as refusal:
            if refusal.code == "owner_short":
                short.append(job_id)
            # Anything else: somebody was faster, or its tracks were thrown away meanwhile.
        else:
            done.append(job_id)
    return Requeued(tuple(done), tuple(short))


async def requeue_what(db: Database, what: str, by: Requester, *, request: str | None = None) -> Requeued:
    """`requeue` for the number of a job, `requeue_all` for an error, as people type them. Raises `Refusal`."""
    number = what.strip().removeprefix("#")
    if number.isdecimal() and len(number) <= LONGEST_NUMBER:
        return await requeue(db, int(number), by, request=request)
    return await requeue_all(db, what.strip().casefold(), by, request=request)


def _those_of(session: Session, error: str, request: str | None) -> list[int]:
    only_once(session, request, now_ms())
    if error == UNPOSTED:
        found = [row.job_id for row in outbox.dead_letters(session)]
    else:
        found = [job.id for job in jobs.dead_letters(session, error_code=error)]
    if not found:
        known = {job.error_code or "internal" for job in jobs.dead_letters(session)}
        known |= {UNPOSTED} if outbox.dead_letters(session, 1) else set()
        raise Refusal("no_such_dead_letter", field="what", value=error, allowed=_words(known))
    # The oldest first: they have waited longest.
    return found[::-1]


def _words(known: Iterable[str]) -> str | None:
    return ", ".join(sorted(known)) or None


def _again(session: Session, job: Job, by: Requester, now: int) -> None:
    times = outbox.given_up(session, job.id)
    if job.status == "FAILED" and job.deleted_at is None and not marks.hidden(session, job.id):
        _new_round(session, job, now)
    elif times and job.finished_at is not None and job.deleted_at is None:
        key = f"job:{job.id}:{job.round}:again:{times}"
        topic = job.status.lower()
        outbox.add(session, key=key, job_id=job.id, surface=job.surface, topic=topic, payload={}, now=now)
    else:
        live = job.status in LIVE or None
        raise Refusal("nothing_to_requeue", field="what", value=job.id, status=job.status, live=live)
    note(session, by, "requeue", f"job:{job.id}", now)


def _new_round(session: Session, job: Job, now: int) -> None:
    payer = users.staying(session, job.user_id)
    renewed = jobs.renew(session, job_id=job.id, now=now)
    if renewed is None:
        raise Refusal("nothing_to_requeue", field="what", value=job.id, status=job.status)
    if renewed.step_id is not None:
        settle.step_renewed(session, renewed, now)
    try:
        hold(session, payer, renewed, now)
    except Refusal as refusal:
        if refusal.code != "insufficient_credits":
            raise
        raise Refusal("owner_short", field="what", value=job.id, owner=payer.name, **refusal.params) from None
