"""Jobs of which only numbers remain: what was asked for, made and told is gone; what was paid stays sound.

Such a job keeps its row, because holds, charges and other people's songs refer to its number.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, delete, exists, func, null, or_, select, update
from sqlmodel import Session

from storage import clearing, ledger, outbox
from storage.attempts import IDLE
from storage.tables import (
    LIVE,
    Challenge,
    Entry,
    Job,
    JobMark,
    Ordered,
    Outbox,
    Recording,
    Report,
    Review,
    Track,
    TrackFile,
    Vote,
    WebhookDelivery,
    core,
)
from storage.users import TERMINAL
from storage.wake import remember

JOB, TRACK, FILE, OUTBOX, RECORDING = core(Job), core(Track), core(TrackFile), core(Outbox), core(Recording)
ENTRY, VOTE, CHALLENGE = core(Entry), core(Vote), core(Challenge)
# What else is said of a job, and to whom.
SAID = tuple(core(said) for said in (Review, Report, JobMark, Ordered, WebhookDelivery))

# All that stays of one. Everything else goes, whatever columns a later version adds.
KEPT = frozenset(
    {
        "id", "user_id", "surface", "server", "task", "duration", "takes", "price", "status", "priority", "parked",
        "round", "attempt", "run_after", "engine", "cancel_requested", "error_permanent", "created_at", "started_at",
        "finished_at", "deleted_at",
    }
)  # fmt: skip
# Where its message is, until that is taken down; at the terminal its folder is called by its title.
PLACE = ("channel", "message", "post")
NOTHING: dict[str, Any] = {"spec": "{}", "channel": "", "bucket": "", "seed": 0}

UNTOLD = and_(OUTBOX.c.sent_at.is_(None), OUTBOX.c.dead_at.is_(None))
NEVER_BEGUN = and_(UNTOLD, OUTBOX.c.attempts == 0, OUTBOX.c.lease_until.is_(None))
WAITS_FOR_COURIER = exists().where(OUTBOX.c.job_id == JOB.c.id, UNTOLD)


def end(session: Session, which: ColumnElement[bool], now: int) -> None:
    """Cancel what waits or runs, and give back what was held for it.

    Whoever works one has lost it with its token: what comes of it is nobody's.
    """
    live = update(JOB).where(which, JOB.c.status.in_(LIVE))
    ended = live.values(status="CANCELLED", finished_at=now, cancel_requested=True, **IDLE)
    rows = session.connection().execute(ended.returning(JOB.c.id, JOB.c.round, JOB.c.price)).all()
    for number, round_, price in rows:
        if price:
            ledger.void(session, key=f"job:{number}:{round_}", now=now)
    if rows:
        remember(session, "queue")


def take_down(session: Session, which: ColumnElement[bool], now: int) -> None:
    """Have the messages of these jobs removed from their chats, and copies of their files from our own folder.

    To be called before they are `strip`ped. What was said in the outbox and begun by nobody is said no more.
    """
    run = session.connection().execute
    run(delete(OUTBOX).where(OUTBOX.c.job_id.in_(select(JOB.c.id).where(which)), or_(~UNTOLD, NEVER_BEGUN)))
    in_our_folder = and_(JOB.c.surface == TERMINAL, JOB.c.channel == "", JOB.c.status == "COMPLETED")
    shown = or_(JOB.c.post.is_not(None), in_our_folder, WAITS_FOR_COURIER)
    found = run(select(JOB.c.id, JOB.c.surface).where(which, JOB.c.step_id.is_(None), shown)).all()
    copies = _copies(session, and_(which, in_our_folder))
    for number, surface in found:
        payload = {"files": copies.get(number, [])}
        outbox.add(
            session, key=f"job:{number}:gone", job_id=number, surface=surface, topic="deleted", payload=payload, now=now
        )


def strip(session: Session, which: ColumnElement[bool], now: int) -> None:
    """Forget what was made of these ended jobs, said about them and asked for; not yet where their messages are."""
    run, jobs = session.connection().execute, select(JOB.c.id).where(which)
    run(delete(FILE).where(FILE.c.track_id.in_(select(TRACK.c.id).where(TRACK.c.job_id.in_(jobs)))))
    run(delete(TRACK).where(TRACK.c.job_id.in_(jobs)))
    for table in SAID:
        run(delete(table).where(table.c.job_id.in_(jobs)))
    _leave_challenges(session, jobs, now)
    values = {column.name: _nothing(column) for column in JOB.columns if column.name not in {*KEPT, *PLACE}}
    title = case((JOB.c.surface == TERMINAL, JOB.c.title), else_=null())
    run(update(JOB).where(which).values({**values, "title": title, "deleted_at": func.coalesce(JOB.c.deleted_at, now)}))


def bare(session: Session, which: ColumnElement[bool]) -> int:
    """Forget where the messages of these stripped jobs were, and that there were any; returns how many jobs."""
    run = session.connection().execute
    numbers = run(select(JOB.c.id).where(which)).scalars().all()
    run(delete(OUTBOX).where(OUTBOX.c.job_id.in_(select(JOB.c.id).where(which))))
    places = {column.name: _nothing(column) for column in JOB.columns if column.name in (*PLACE, "title")}
    for number in numbers:
        run(update(JOB).where(JOB.c.id == number).values(places))
    return len(numbers)


def has_place() -> ColumnElement[bool]:
    """Whether there is something for `bare` to forget, and no courier needs it any more."""
    known = or_(
        JOB.c.channel != "",
        *(JOB.c[name].is_not(None) for name in ("message", "post", "title")),
        exists().where(OUTBOX.c.job_id == JOB.c.id),
    )
    return and_(known, ~WAITS_FOR_COURIER)


def drop_recordings(session: Session, which: ColumnElement[bool]) -> None:
    """Sound from outside goes now, whoever asked for something of it: what waits for it fails, uncharged."""
    ids = select(RECORDING.c.id).where(which)
    session.connection().execute(update(JOB).where(JOB.c.recording_id.in_(ids)).values(recording_id=None))
    session.connection().execute(delete(RECORDING).where(which))


def _copies(session: Session, which: ColumnElement[bool]) -> dict[int, list[dict[str, Any]]]:
    """The files of these jobs that a courier has put into a folder, as it takes them back."""
    found = (
        select(JOB.c.id, TRACK.c.take, FILE.c.kind, FILE.c.name, FILE.c.format, FILE.c.digest)
        .join_from(JOB, TRACK, TRACK.c.job_id == JOB.c.id)
        .join(FILE, FILE.c.track_id == TRACK.c.id)
        .where(which)
    )
    of_job: dict[int, list[dict[str, Any]]] = {}
    for number, take, kind, name, form, digest in session.connection().execute(found):
        file = {"take": take, "kind": kind, "name": name, "format": form, "digest": digest, "size": 0}
        of_job.setdefault(number, []).append(file)
    return of_job


def _leave_challenges(session: Session, jobs: Any, now: int) -> None:
    """Songs leave the challenges that go on, with the votes for them; of those that are over, numbers stay."""
    run, theirs = session.connection().execute, ENTRY.c.job_id.in_(jobs)
    on = select(CHALLENGE.c.id).where(CHALLENGE.c.tallied_at.is_(None), CHALLENGE.c.cancelled_at.is_(None))
    entered = and_(theirs, ENTRY.c.challenge_id.in_(on))
    run(delete(VOTE).where(VOTE.c.entry_id.in_(select(ENTRY.c.id).where(entered))))
    run(update(ENTRY).where(entered).values(state="withdrawn"))
    run(update(ENTRY).where(theirs).values(why=None))
    clearing.refresh_challenges(session, select(ENTRY.c.challenge_id).where(theirs), now)


def _nothing(column: Column[Any]) -> Any:
    return null() if column.nullable else NOTHING[column.name]
