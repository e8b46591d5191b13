"""What makes a job of a request that was judged, in the caller's transaction: weighed, kept, held for.

Whoever asks comes by here, a person as well as a run for one of its steps.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlmodel import Session

from engine.spec import Estimate, Request, estimate
from engine.spec.estimate import bucket
from storage import jobs, ledger, marks, recordings, reviews
from storage.claims import Ticket
from storage.standing import Standing
from storage.tables import QUICK, Job, User
from workflows import bans, edits, limits, queue, reach, recording, review, source
from workflows.credits import account_of, welcome
from workflows.incoming import Brought
from workflows.people import ReplyTo, Requester
from workflows.pricing import price
from workflows.queue import Pause
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.source import Song


@dataclass(frozen=True)
class Priced:
    """How long a request will be, in how many takes, for how many `credits`. `origin`: the song it starts from."""

    origin: Song | None
    settled: Estimate
    credits: int


@dataclass(frozen=True)
class Weighed:
    """A request that may be kept now. `looked_at`: somebody in charge looks at it first."""

    who: Requester
    where: ReplyTo
    spec: Request
    brought: Brought | None
    user: User
    priced: Priced
    standing: Standing
    looked_at: bool


def enter(session: Session, rules: Rules, who: Requester, now: int) -> tuple[User, Pause | None]:
    """Who asks, who may, and whether what they ask for has to wait for those in charge. Raises `Refusal`."""
    pause = queue.require_open(session)
    user = welcome(session, rules.pricing, who, now)
    bans.require_welcome(session, user.id, now)
    return user, pause


def priced(
    session: Session, rules: Rules, who: Requester, where: ReplyTo, spec: Request, brought: Brought | None = None
) -> Priced:
    """What a request would be that starts from a song here, from sound that was `brought`, or from none.

    Reads only. Raises a `Refusal` where it can't be made of that, or that may not be seen from here.
    """
    # Whether they may see it comes first: what is wrong with a stranger's song is nobody's business.
    if brought is None and (given := source.named(dict(spec))) is not None:
        reach.seen(session, given.job, who, where, field=given.field)
    origin = source.resolve(session, spec)
    start = None if origin is None else edits.of_song(origin)
    if origin is None and brought is not None:
        start = edits.of_recording(brought.field, brought.duration)
    if start is not None:
        edits.check_start(spec, start, rules.capabilities)
    settled = estimate(spec, None if start is None else start.duration)
    # What was made here has free stems, whoever of the engines made it and keeps them or not.
    foreign = start is not None and origin is None
    return Priced(origin, settled, price(rules.pricing, spec, settled, foreign=foreign))


def weigh(
    session: Session, rules: Rules, user: User, who: Requester, where: ReplyTo, spec: Request,
    brought: Brought | None, now: int,
) -> Weighed:  # fmt: skip
    """What a request of `user` comes to, or a `Refusal`. To be called before anything of it is written."""
    found = priced(session, rules, who, where, spec, brought)
    standing = limits.check(
        session,
        rules.limits,
        rules.roles,
        user_id=user.id,
        account=account_of(user),
        who=who,
        task=spec.task,
        now=now,
    )
    looked_at = review.needs_look(session, rules, who, user, spec)
    return Weighed(who, where, spec, brought, user, found, standing, looked_at)


def keep(
    session: Session, rules: Rules, it: Weighed, now: int, *, key: str | None = None, fingerprint: str | None = None,
    parent_id: int | None = None, step_id: int | None = None,
) -> Ticket:  # fmt: skip
    """Keep the job of what was weighed; its price is still to be held."""
    who, where, found = it.who, it.where, it.priced
    job = jobs.insert(
        session,
        user_id=it.user.id,
        surface=where.surface,
        channel=where.channel,
        server=who.server,
        priority=rules.roles.priority(who) + (QUICK if it.spec.task in rules.capabilities.quick else 0),
        bucket=bucket(it.spec, found.settled),
        message=where.message,
        task=it.spec.task,
        spec=it.spec.model_dump_json(),
        duration=found.settled.duration,
        takes=found.settled.takes,
        price=found.credits,
        seed=_seed(it.spec),
        key=key,
        fingerprint=fingerprint,
        parked=it.looked_at,
        parent_id=_parent(session, parent_id, who, where) if found.origin is None else found.origin.job.id,
        recording_id=None if it.brought is None else it.brought.keep(session, it.user.id, now),
        step_id=step_id,
        now=now,
    )
    if it.looked_at:
        reviews.ask(session, job.id, now)
    return job


def renew(session: Session, job_id: int, now: int) -> Job | None:
    """Begin a new round of a failed job, whose price is still to be held. None where it is not FAILED.

    Raises a `Refusal` where the sound it starts from was forgotten.
    """
    renewed = jobs.renew(session, job_id=job_id, now=now)
    if renewed is not None and recording.link_of(renewed.spec) is not None:
        there = renewed.recording_id is not None and recordings.used(session, renewed.recording_id, now)
        if not there:
            raise Refusal("recording_gone", field="job", value=job_id)
    if renewed is not None and marks.hidden(session, job_id):
        # A step of a run that is tried again: its owner wants it after all.
        marks.change(session, job_id, hidden_at=None)
    return renewed


def hold(
    session: Session, user: User, job: Job | Ticket, now: int, *, daily: int | None = None, again: bool = False
) -> None:
    """Reserve the price of this round of `job`; a price of 0 places no hold.

    Raises `Refusal` where it can't be paid; `daily` is what `/daily` would give towards it, `again` that this very song
    was asked for before, so that it can't be a shorter one.
    """
    if job.price == 0:
        return
    try:
        ledger.hold(session, key=jobs.hold_key(job), account=account_of(user), amount=job.price, now=now)
    except ledger.InsufficientCredits as short:
        raise too_few(short, daily=daily, again=again) from None


def too_few(short: ledger.InsufficientCredits, *, daily: int | None = None, again: bool = False) -> Refusal:
    """What is said to somebody who has too few credits."""
    return Refusal(
        "insufficient_credits",
        required=short.required,
        available=short.available,
        daily=daily,
        again=True if again else None,
    )


def _parent(session: Session, job_id: int | None, who: Requester, where: ReplyTo) -> int | None:
    """The job a form was opened from. A number made up by somebody who may not see that job tells them nothing."""
    return job_id if job_id is not None and reach.may_see(session, job_id, who, where) else None


def _seed(spec: Request) -> int:
    """The seed the whole job keeps, so that an attempt that is tried again makes the same song."""
    given = getattr(spec, "seed", -1)
    return secrets.randbelow(2**31) if given == -1 else int(given)
