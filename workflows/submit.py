"""Take a request: judge it, price it, and keep it. Accepted means kept (promise 1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from engine.spec import Capabilities, Generation, InvalidSpec, Request, parse
from storage import heard, jobs, outbox, users
from storage.claims import Ticket
from storage.database import Database
from storage.tables import Job
from workflows import edits, eta, moderation, pictures, schedules, signed_links, view
from workflows.accept import enter, hold, keep, weigh
from workflows.credits import allowance, daily_waiting
from workflows.incoming import Incoming
from workflows.people import ReplyTo, Requester, now_ms
from workflows.queue import Pause
from workflows.recording import link_field
from workflows.refusal import Refusal
from workflows.repeated import only_once
from workflows.rules import Rules


@dataclass(frozen=True)
class Low:
    """`left` credits are too few for the same again; `daily`: what `/daily` would give now, if it gives anything."""

    left: int
    daily: int | None


@dataclass(frozen=True)
class Accepted:
    """A kept request. `position` counts the jobs before it; `eta_s` is None until speed has been measured.

    `pause`: it waits for those in charge, too. `review`: one of them looks at it before it gets a place. `low`: what is
    left would not pay for it once more.
    """

    job_id: int
    price: int
    duration: float
    position: int
    eta_s: float | None
    pause: Pause | None = None
    review: bool = False
    low: Low | None = None


def judge(rules: Rules, task: str, values: Mapping[str, Any]) -> Request:
    """The frozen spec of a request, or a `Refusal`. Reads nothing but its arguments."""
    spec = _parsed(rules, task, values)
    if changed := moderation.reworded(rules.moderation, spec):
        spec = _parsed(rules, task, {**spec.model_dump(exclude={"task"}, exclude_unset=True), **changed})
    if task not in rules.capabilities.tasks:
        raise Refusal("task_not_available", task=task, engine=rules.capabilities.name)
    _outside(spec, rules.capabilities)
    moderation.check(rules.moderation, spec)
    edits.check(spec, rules.capabilities)
    if isinstance(spec, Generation) and spec.duration > rules.capabilities.max_duration:
        longest = rules.capabilities.max_duration
        raise Refusal("bad_value", field="duration", value=spec.duration, allowed=f"at most {longest:g} seconds")
    return spec


def _outside(spec: Request, capabilities: Capabilities) -> None:
    """Refuse sound from outside where the engine can't work on it, or not as asked."""
    if getattr(spec, "audio_codes", None):
        raise Refusal("no_audio_codes", field="audio_codes", engine=capabilities.name)
    field = link_field(spec)
    if field is None:
        return
    if spec.task not in capabilities.from_outside:
        raise Refusal("no_foreign_audio", field=field, engine=capabilities.name)
    # A song made here may have parts that nobody could find in mixed sound.
    if not signed_links.may_be_file(str(getattr(spec, field))):
        edits.check_stem(spec, capabilities)


def _parsed(rules: Rules, task: str, values: Mapping[str, Any]) -> Request:
    try:
        return parse(task, values, rules.known)
    except InvalidSpec as invalid:
        raise Refusal.of(invalid, task) from None


async def submit(
    db: Database,
    rules: Rules,
    requester: Requester,
    reply_to: ReplyTo,
    task: str,
    values: Mapping[str, Any],
    *,
    key: str | None = None,
    fingerprint: str | None = None,
    request: str | None = None,
    parent_id: int | None = None,
    incoming: Incoming | None = None,
    also: Callable[[Session, Ticket, int], None] | None = None,
) -> Accepted:
    """Keep one job with its hold and its outbox row in one transaction, or raise a `Refusal` and keep nothing.

    Sound that a link leads to is brought first, by `incoming`; without it there is no door for any.

    `key` makes a request that is sent again find the first job; the same key with another request is refused. Requests
    are the same where their specs are or, for those that say more than that, where the `fingerprint` is. `also` keeps
    what else belongs to a new job (and now, in milliseconds since the epoch), in its transaction.
    `request` is a chat's own id of the request: the same one again raises `Repeated`. `parent_id` is the job this one
    was made from; a spec that names its source needs none.
    """
    asked = judge(rules, task, values)
    brought, portrait = None, None
    from_outside = link_field(asked) is not None
    brings = from_outside or bool(getattr(asked, pictures.FIELD, None))
    if brings and not await db.aread(lambda session: _known(session, requester, key, request)):
        if from_outside and incoming is None:
            raise Refusal("no_foreign_audio", field=link_field(asked), engine=rules.capabilities.name)
        # The picture first: it is small, and may be what is wrong.
        portrait = await pictures.of_request(incoming, asked, requester, reply_to, parent_id=parent_id)
        if incoming is not None:
            brought = await incoming.bring(asked, requester, reply_to, parent_id=parent_id)
    spec = asked if brought is None else brought.spec

    def keep_it(session: Session) -> Accepted:
        now = now_ms()
        only_once(session, request, now)
        user, pause = enter(session, rules, requester, now)
        schedules.known_now(session, user, requester, now)
        if key is not None and (first := jobs.by_key(session, user.id, key)) is not None:
            return _again(session, first, spec, fingerprint, pause)
        weighed = weigh(session, rules, user, requester, reply_to, spec, brought, now)
        job = keep(session, rules, weighed, now, key=key, fingerprint=fingerprint, parent_id=parent_id)
        if portrait is not None:
            portrait.keep(session, job.id, now)
        if also is not None:
            also(session, job, now)
        left = weighed.standing.available + allowance(session, rules.roles, user, requester, now) - job.price
        low = None
        if left < job.price:
            low = Low(left, daily_waiting(session, rules.roles, user, requester, now))
        hold(session, user, job, now, daily=None if low is None else low.daily)
        accepted = replace(_accepted(session, job, pause, review=weighed.looked_at), low=low)
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
        return await db.awrite(keep_it)
    except jobs.KeyTaken:
        # The same request arrived twice at one moment; the second time round it finds the first.
        return await db.awrite(keep_it)


def _known(session: Session, who: Requester, key: str | None, request: str | None) -> bool:
    """Whether this very request was taken before: then nothing needs to be fetched to say so."""
    if request is not None and heard.known(session, request):
        return True
    user = None if key is None else users.known(session, who.surface, who.external_id)
    return user is not None and jobs.by_key(session, users.person(session, user.id).id, str(key)) is not None


def _again(session: Session, first: Job, spec: Request, fingerprint: str | None, pause: Pause | None) -> Accepted:
    same = first.fingerprint == fingerprint if fingerprint is not None else first.spec == spec.model_dump_json()
    if not same:
        raise Refusal("key_reused", field="key", value=first.key)
    if view.look(session, first.id).gone:
        raise Refusal("key_of_deleted", field="key", value=first.key)
    return _accepted(session, first, pause, review=view.awaits_look(first))


def _accepted(session: Session, job: Job | Ticket, pause: Pause | None, *, review: bool) -> Accepted:
    eta_s = None if pause or review else eta.seconds(session, job)
    return Accepted(job.id, job.price, job.duration, jobs.position(session, job.id), eta_s, pause, review)
