"""What people do to a job after it was taken: look, cancel, retry, throw away.

`request` is the chat's own id of what somebody pressed: the same one again raises `Repeated` and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from sqlmodel import Session

from storage import jobs, marks, outbox, recordings, tracks, users
from storage.database import Database
from storage.tables import LIVE, Job
from workflows import bans, limits, queue, reach, recording, view
from workflows.accept import hold, renew
from workflows.attempt import announce, end_unpaid
from workflows.challenges.announce import song_gone
from workflows.credits import account_of, daily_waiting
from workflows.people import OPERATOR, ReplyTo, Requester, now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules
from workflows.runs import settle
from workflows.view import JobView

HERE = ReplyTo(OPERATOR.surface)
# As what another try is counted, whatever is tried.
RETRY = "retry"


async def show(db: Database, job_id: int, by: Requester = OPERATOR, where: ReplyTo = HERE) -> JobView:
    """One job; what its owner linked to is theirs alone, so others see a link of ours. Raises `Refusal`."""

    def look(session: Session) -> JobView:
        job = reach.seen(session, job_id, by, where)
        shown = view.look(session, job.id)
        return shown if reach.owns(session, job, by) else recording.as_ours(session, shown)

    return await db.aread(look)


async def owned(db: Database, job_id: int, by: Requester, where: ReplyTo) -> JobView:
    """One job of this person. Raises `Refusal`."""
    return await db.aread(lambda session: view.of(session, reach.owned(session, job_id, by, where)))


async def recent(db: Database, limit: int, of: Requester | None = None) -> list[JobView]:
    """The latest jobs of one person or, without `of`, of everybody; newest first."""
    return await db.aread(lambda session: view.recent(session, limit, of))


async def cancel(
    db: Database, job_id: int, by: Requester = OPERATOR, where: ReplyTo = HERE, *, request: str | None = None
) -> JobView:
    """Cancel a waiting job at once, a running one at its next breath; nothing is charged for either."""

    def change(session: Session, job: Job, now: int) -> None:
        if job.status not in LIVE:
            raise Refusal("cannot_cancel", field="job", value=job_id, status=job.status)
        call_off(session, job, now)

    return await changed(db, job_id, by, where, change, request=request)


def call_off(session: Session, job: Job, now: int) -> bool:
    """Cancel a job that waits, or have one that runs stop soon. False where it has ended since it was looked at."""
    wanted = jobs.request_cancel(session, job_id=job.id, now=now)
    if wanted is not None and wanted.status == "CANCELLED":
        end_unpaid(session, wanted, "cancelled", now)
    return wanted is not None


async def retry(
    db: Database, job_id: int, by: Requester = OPERATOR, where: ReplyTo = HERE, *, rules: Rules | None = None,
    request: str | None = None,
) -> JobView:  # fmt: skip
    """Try a failed job again, with a new hold: the failed round's was voided, so it is paid once.

    With `rules` its owner is judged as for a new request: what failed counted no longer, and would slip by the limits.
    """

    def change(session: Session, job: Job, now: int) -> None:
        queue.require_open(session)
        if view.look(session, job_id).gone:
            raise Refusal("job_not_found", field="job", value=job_id)
        payer = users.staying(session, job.user_id)
        person = users.present(session, by.surface, by.external_id)
        own = rules if person is not None and person.id == payer.id else None
        if own is not None and job.status == "FAILED":
            account = account_of(payer)
            limits.check(
                session, own.limits, own.roles, user_id=payer.id, account=account, who=by, task=job.task, now=now
            )
            if RETRY in own.limits.per_minute:
                limits.note(session, own.limits, user_id=payer.id, account=account, task=RETRY, now=now)
        renewed = renew(session, job_id, now)
        if renewed is None:
            raise Refusal("not_failed", field="job", value=job_id, status=job.status)
        if renewed.step_id is not None:
            settle.step_renewed(session, renewed, now)
        daily = daily_waiting(session, own.roles, payer, by, now) if own is not None else None
        hold(session, payer, renewed, now, daily=daily, again=True)

    return await changed(db, job_id, by, where, change, request=request)


async def throw_away(
    db: Database, job_id: int, by: Requester = OPERATOR, where: ReplyTo = HERE, *, request: str | None = None
) -> JobView:
    """Delete the tracks of a finished job for good, and its post. What it cost stays paid: the work was done."""

    def change(session: Session, job: Job, now: int) -> None:
        if not remove_music(session, job, "deleted", now):
            raise Refusal("nothing_to_delete", field="job", value=job_id, status=job.status)

    return await changed(db, job_id, by, where, change, request=request)


def remove_music(session: Session, job: Job, topic: str, now: int) -> bool:
    """Delete the tracks of a finished job for good, and its post. False where there are none, or none any more."""
    if not jobs.thrown_away(session, job.id, now):
        return False
    gone = view.look(session, job.id).tracks
    for track in gone:
        tracks.delete(session, track.id)
    marks.drop_picture(session, job.id)
    if job.recording_id is not None:
        # At once, where nobody else needs it: what was taken down may have been wrong with the sound itself.
        recordings.let_go(session, job.recording_id)
    # Whoever delivered copies has to know which.
    files = [{"take": track.take, **asdict(file)} for track in gone for file in track.files]
    announce(session, job, topic, now, files=files)
    song_gone(session, job.id, now)
    return True


async def post_here(
    db: Database, job_id: int, by: Requester = OPERATOR, where: ReplyTo = HERE, *, request: str | None = None
) -> JobView:
    """Tell of a job that could be told of nowhere in the channel where its owner asks for it now."""

    def change(session: Session, job: Job, now: int) -> None:
        times = outbox.given_up(session, job_id)
        if not times or job.status in LIVE:
            raise Refusal("nothing_to_post", field="job", value=job_id, status=job.status)
        if (job.surface, job.channel) != (where.surface, where.channel):
            jobs.readdress(session, job_id, where.surface, where.channel)
        outbox.add(
            session,
            key=f"job:{job_id}:{job.round}:here:{times}",
            job_id=job_id,
            surface=where.surface,
            topic=job.status.lower(),
            payload={},
            now=now,
        )

    return await changed(db, job_id, by, where, change, request=request)


async def changed(
    db: Database,
    job_id: int,
    by: Requester,
    where: ReplyTo,
    change: Callable[[Session, Job, int], None],
    *,
    request: str | None = None,
) -> JobView:
    """Do `change` to a job of this person, once for each request, and show what came of it."""

    def work(session: Session) -> JobView:
        now = now_ms()
        only_once(session, request, now)
        person = users.present(session, by.surface, by.external_id)
        if person is not None:
            bans.require_welcome(session, person.id, now)
        change(session, reach.owned(session, job_id, by, where), now)
        return view.look(session, job_id)

    return await db.awrite(work)
