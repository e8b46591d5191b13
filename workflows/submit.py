"""Take a request: judge it, price it, and keep it. Accepted means kept (promise 1)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from engine.spec import Generation, InvalidSpec, Request, estimate, parse
from storage import jobs, ledger, outbox
from storage.database import Database
from storage.tables import Job, User
from workflows import edits, eta, limits, moderation, reach, source
from workflows.credits import account_of, welcome
from workflows.people import ReplyTo, Requester, now_ms
from workflows.pricing import price
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules


@dataclass(frozen=True)
class Accepted:
    """A kept request. `position` counts the jobs before it; `eta_s` is None until speed has been measured."""

    job_id: int
    price: int
    duration: float
    position: int
    eta_s: float | None


def judge(rules: Rules, task: str, values: Mapping[str, Any]) -> Request:
    """The frozen spec of a request, or a `Refusal`. Reads nothing but its arguments."""
    try:
        spec = parse(task, values, rules.known)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None
    if task not in rules.capabilities.tasks:
        raise Refusal("task_not_available", task=task, engine=rules.capabilities.name)
    if getattr(spec, "src_audio_url", None):
        raise Refusal("no_foreign_audio", field="src_audio_url", engine=rules.capabilities.name)
    moderation.check(rules.moderation, spec)
    edits.check(spec, rules.capabilities)
    if isinstance(spec, Generation) and spec.duration > rules.capabilities.max_duration:
        longest = rules.capabilities.max_duration
        raise Refusal("bad_value", field="duration", value=spec.duration, allowed=f"at most {longest:g} seconds")
    return spec


async def submit(
    db: Database,
    rules: Rules,
    requester: Requester,
    reply_to: ReplyTo,
    task: str,
    values: Mapping[str, Any],
    *,
    key: str | None = None,
    request: str | None = None,
    parent_id: int | None = None,
) -> Accepted:
    """Keep one job with its hold and its outbox row in one transaction, or raise a `Refusal` and keep nothing.

    `key` makes a request that is sent again find the first job; the same key with another request is refused.
    `request` is a chat's own id of the request: the same one again raises `Repeated`. `parent_id` is the job this one
    was made from; a spec that names its source needs none.
    """
    spec = judge(rules, task, values)

    def keep(session: Session) -> Accepted:
        now = now_ms()
        only_once(session, request, now)
        user = welcome(session, rules.pricing, requester, now)
        if key is not None and (first := jobs.by_key(session, user.id, key)) is not None:
            return _again(session, first, spec)
        # Whether they may see it comes first: what is wrong with a stranger's song is nobody's business.
        if (given := source.named(dict(spec))) is not None:
            reach.seen(session, given.job, requester, reply_to)
        origin = source.resolve(session, spec)
        if origin is not None:
            edits.check_song(spec, origin, rules.capabilities)
        settled = estimate(spec, None if origin is None else origin.job.duration)
        credits = price(rules.pricing, spec, settled)
        limits.check(session, rules.limits, user_id=user.id, task=task, now=now)
        job = jobs.insert(
            session,
            user_id=user.id,
            surface=reply_to.surface,
            channel=reply_to.channel,
            message=reply_to.message,
            task=task,
            spec=spec.model_dump_json(),
            title=None,
            duration=settled.duration,
            takes=settled.takes,
            price=credits,
            seed=_seed(spec),
            key=key,
            parent_id=parent_id if origin is None else origin.job.id,
            now=now,
        )
        hold(session, user, job, now)
        accepted = _accepted(session, job)
        outbox.add(
            session,
            key=f"job:{job.id}:accepted",
            job_id=job.id,
            surface=reply_to.surface,
            topic="accepted",
            payload={"position": accepted.position, "eta_s": accepted.eta_s},
            now=now,
        )
        return accepted

    try:
        return await db.awrite(keep)
    except jobs.KeyTaken:
        # The same request arrived twice at one moment; the second time round it finds the first.
        return await db.awrite(keep)


def hold(session: Session, user: User, job: Job, now: int) -> None:
    """Reserve the price of this round of `job`; a price of 0 places no hold."""
    if job.price == 0:
        return
    try:
        ledger.hold(session, key=jobs.hold_key(job), account=account_of(user), amount=job.price, now=now)
    except ledger.InsufficientCredits as short:
        raise Refusal("insufficient_credits", required=short.required, available=short.available) from None


def _again(session: Session, first: Job, spec: Request) -> Accepted:
    if first.spec != spec.model_dump_json():
        raise Refusal("key_reused", field="key", value=first.key)
    return _accepted(session, first)


def _accepted(session: Session, job: Job) -> Accepted:
    return Accepted(job.id, job.price, job.duration, jobs.position(session, job), eta.seconds(session, job))


def _seed(spec: Request) -> int:
    """The seed the whole job keeps, so that an attempt that is tried again makes the same song."""
    given = getattr(spec, "seed", -1)
    return secrets.randbelow(2**31) if given == -1 else int(given)
