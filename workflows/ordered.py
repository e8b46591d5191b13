"""The second API: one or two tracks are ordered by words, and known by names of their own (rows E1 to E15)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from engine.spec import Notice
from storage import jobs, ledger, ordered, tracks, users
from storage.claims import Ticket
from storage.database import Database
from storage.errors import DatabaseBusy
from storage.tables import Job, Ordered
from workflows import bans, collection, order_form, view
from workflows.challenges.announce import song_gone
from workflows.credits import account_of
from workflows.people import ReplyTo, Requester, now_ms
from workflows.refusal import in_words_of
from workflows.rules import Rules
from workflows.signed_links import ALWAYS_S, GOOD_FOR_S, Piece
from workflows.submit import submit
from workflows.view import JobView, TrackView


@dataclass(frozen=True)
class OrderedTrack:
    """A track of an order by its own name `id`: a take of the job `job_id`, and `made` once there is any.

    `job` is None for what was kept this moment. `seed` is what the take is, or will be, made from. Times in
    milliseconds since the epoch.
    """

    id: str
    job_id: int
    name: str | None
    tags: tuple[str, ...]
    format: str
    bit_rate: int | None
    stored: bool
    seed: int
    created_at: int
    job: JobView | None = None
    made: TrackView | None = None

    @property
    def status(self) -> str:
        """What the reference calls how it stands."""
        status = "PENDING" if self.job is None else self.job.status
        return {"COMPLETED": "ready", "FAILED": "failed", "CANCELLED": "failed"}.get(status, "pending")

    @property
    def until_s(self) -> int | None:
        """Until when its link is good, in seconds since the epoch: for as long as the track is there, or for a day
        after it was ready. None before."""
        ended = None if self.job is None else self.job.finished_at
        return ALWAYS_S if self.stored else None if ended is None else ended // 1000 + GOOD_FOR_S

    @property
    def over(self) -> bool:
        """Whether its link was good for long enough."""
        return self.until_s is not None and self.until_s < now_ms() // 1000

    @property
    def piece(self) -> Piece | None:
        """What its link leads to, once there is anything."""
        if self.made is None:
            return None
        return Piece(self.made.id, "audio", self.format, "" if self.bit_rate is None else str(self.bit_rate))


@dataclass(frozen=True)
class Placed:
    """An order that was kept: its tracks, what is held for them, and the credits that are left.

    `left` is None where nobody could look any more; the order stands all the same. `notices`: what of it does less than
    somebody may think.
    """

    tracks: tuple[OrderedTrack, ...]
    price: int
    left: int | None
    notices: tuple[Notice, ...]


async def place(
    db: Database, rules: Rules, who: Requester, where: ReplyTo, values: Mapping[str, Any], *, key: str | None = None,
    fingerprint: str | None = None,
) -> Placed:  # fmt: skip
    """Order what `values` say. One job makes all its tracks. Raises `Refusal`, in the words of the second API."""
    order = order_form.read(values)
    asked = order_form.asked(order)
    made: dict[int, tuple[OrderedTrack, ...]] = {}

    def named(session: Session, job: Ticket, now: int) -> None:
        rows = ordered.add(
            session,
            user_id=job.user_id,
            job_id=job.id,
            takes=job.takes,
            name=order.name,
            tags=order.tags or (),
            format_=order.output_format,
            bit_rate=None if order.output_bit_rate is None else int(order.output_bit_rate),
            stored=order.store_audio,
            now=now,
        )
        made[job.id] = tuple(_track(row, job.seed) for row in rows)

    with in_words_of(order_form.THEIR_NAMES):
        accepted = await submit(
            db, rules, who, where, asked.task, asked.values, key=key, fingerprint=fingerprint, also=named
        )

    # Nothing may go wrong any more for an order that was just kept: whoever is told so orders again.
    left = None
    with suppress(DatabaseBusy):
        left = await db.aread(lambda session: _left(session, who))
    placed = made.get(accepted.job_id)
    if placed is None:
        placed = await db.aread(lambda session: _of_job(session, accepted.job_id))
    return Placed(placed, accepted.price, left, asked.notices)


def renamed(job: JobView) -> JobView:
    """`job` whose notices name its options as the second API does."""
    plan = job.plan or {}
    told = [{**note, "params": _in_their_words(note["params"])} for note in plan.get("notices", ())]
    return replace(job, plan={**plan, "notices": told})


async def look(db: Database, who: Requester, track_id: str) -> OrderedTrack | None:
    """One track that `who` ordered; None where there is none, or none any more."""

    def find(session: Session) -> OrderedTrack | None:
        row, job = _found(session, who, track_id)
        if row is None or job is None:
            return None
        shown = view.look(session, job.id)
        track = _track(row, job.seed, shown)
        lost = shown.status == "COMPLETED" and track.made is None and not (shown.taken_down or shown.expired)
        return None if lost or shown.hidden else track

    return await db.aread(find)


async def forget(db: Database, who: Requester, track_id: str) -> bool:
    """Delete a track for good. The job goes with the last of its tracks: what is still to be made never is.

    False where there is none. Raises `Refusal` for somebody who is banned.
    """

    def drop(session: Session) -> bool:
        row, job = _found(session, who, track_id)
        if row is None or job is None:
            return False
        now = now_ms()
        # Alone, so that of two tracks that are deleted at once one is the last.
        bans.require_welcome(session, users.staying(session, job.user_id, alone=True).id, now)
        if not ordered.remove(session, row.id):
            return False
        if not ordered.of_job(session, job.id):
            collection.drop(session, job, now)
        for track in tracks.of_job(session, job.id):
            if track.take == row.take:
                tracks.delete(session, track.id)
                song_gone(session, job.id, now)
        return True

    return await db.awrite(drop)


def _in_their_words(params: Mapping[str, Any]) -> dict[str, Any]:
    fields = params.get("fields")
    named = {} if fields is None else {"fields": [order_form.THEIR_NAMES.get(name, name) for name in fields]}
    return {**params, **named}


def _found(session: Session, who: Requester, track_id: str) -> tuple[Ordered | None, Job | None]:
    user = users.known(session, who.surface, who.external_id)
    found = None if user is None else ordered.find(session, track_id, user.id)
    return found or (None, None)


def _left(session: Session, who: Requester) -> int | None:
    user = users.known(session, who.surface, who.external_id)
    return None if user is None else ledger.balance(session, account_of(user)).available


def _of_job(session: Session, job_id: int) -> tuple[OrderedTrack, ...]:
    """What an order that was sent again has become by now."""
    job, rows = jobs.get(session, job_id), ordered.of_job(session, job_id)
    if job is None:
        return ()
    shown = view.look(session, job_id)
    return tuple(_track(row, job.seed, shown) for row in rows)


def _track(row: Ordered, seed: int, job: JobView | None = None) -> OrderedTrack:
    there = () if job is None or job.deleted else job.tracks
    made = next((track for track in there if track.take == row.take), None)
    return OrderedTrack(
        id=row.id,
        job_id=row.job_id,
        name=row.name,
        tags=tuple(row.tags),
        format=row.format,
        bit_rate=row.bit_rate,
        stored=row.stored,
        # Each take of a job is made from the seed after the one before.
        seed=seed + row.take - 1 if made is None else made.seed,
        created_at=row.created_at,
        job=job,
        made=made,
    )
