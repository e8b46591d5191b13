"""Who may see a job, and who may do something to it.

A song is seen where it was posted and, from anywhere, by the person who asked for it: numbers are easy to guess, and
what was made in a private conversation, or on another server, stays there. The other channels of the same server are
elsewhere too: some are for a few people only, and who may look into which channel neither chat tells us without rights
that a music bot has no business with. What can't be seen is refused as if it did not exist. The terminal is the house's
own: it may do everything.
"""

from __future__ import annotations

from sqlmodel import Session

from storage import jobs, users
from storage.tables import Job
from storage.users import TERMINAL
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal


def seen(session: Session, job_id: int, who: Requester, where: ReplyTo, *, field: str = "job") -> Job:
    """The job, if this person may see it from here. Raises `Refusal` as if it did not exist; `field` named it."""
    job = jobs.get(session, job_id)
    if job is not None and (owns(session, job, who) or (job.surface, job.channel) == (where.surface, where.channel)):
        return job
    raise Refusal("job_not_found", field=field, value=job_id)


def may_see(session: Session, job_id: int, who: Requester, where: ReplyTo) -> bool:
    """Whether there is such a job, as far as this person may know from here."""
    try:
        seen(session, job_id, who, where)
    except Refusal:
        return False
    return True


def owned(session: Session, job_id: int, who: Requester, where: ReplyTo) -> Job:
    """The job, if it is this person's. Raises `Refusal`, which names the owner to those who see the job."""
    job = jobs.get(session, job_id)
    if job is not None and owns(session, job, who):
        return job
    owner = users.person(session, seen(session, job_id, who, where).user_id).name
    raise Refusal("not_yours", field="job", value=job_id, owner=owner)


def owns(session: Session, job: Job, who: Requester) -> bool:
    """Whether it is this person's, or they are at the terminal."""
    if who.surface == TERMINAL:
        return True
    user = users.known(session, who.surface, who.external_id)
    return user is not None and user.id == users.person(session, job.user_id).id
