"""What somebody made, as they keep it: wherever they asked for it, whichever surface they look from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field
from sqlmodel import Session

from engine.spec import InvalidSpec, Request, parse_as
from engine.spec.fields import Link, Text
from storage import collection, marks
from storage.collection import Order, SongType, Wanted
from storage.database import Database
from storage.tables import LIVE, Job
from workflows import control, moderation, pictures, view
from workflows.incoming import Incoming
from workflows.limits import NO_SONGS
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.view import JobView

__all__ = ["Change", "Order", "Page", "SongType", "Sums", "Wanted", "change", "discard", "drop", "find", "one", "sums"]


class Change(Request):
    """What the owner of a song may say about it. Without a picture of its own it shows the one that was drawn."""

    task: Literal["change"] = "change"
    display_name: Annotated[str | None, Text(1, 120)] = Field(None, description="What it is called from now on")
    thumbnail_url: Link = Field(None, description="Its picture from now on; null for the one that was drawn")
    liked: bool | None = Field(None, description="Whether you like it")
    main: ClassVar[str | None] = None


@dataclass(frozen=True)
class Page:
    """Some of the jobs that were looked for, and how many there are in `total`."""

    jobs: tuple[JobView, ...]
    total: int


@dataclass(frozen=True)
class Sums:
    """How many jobs there are by their status and task, and how many of those are liked; of finished songs how many
    there are by type, language, genre and mood.
    """

    total: int
    liked: int
    status: Mapping[str, int]
    task: Mapping[str, int]
    song_type: Mapping[str, int]
    language: Mapping[str, int]
    genre: Mapping[str, int]
    emotion: Mapping[str, int]


async def one(db: Database, job_id: int, by: Requester, where: ReplyTo) -> JobView:
    """One of their jobs, unless they threw it away. Raises `Refusal` (`job_not_found`)."""
    return _there(await control.owned(db, job_id, by, where))


async def find(
    db: Database, user_id: int, wanted: Wanted, *, by: Order = "created_at", rising: bool = False, skip: int, limit: int
) -> Page:
    """Those of a person's jobs that are `wanted`, from `skip` on, at most `limit`; the newest first."""

    def look(session: Session) -> Page:
        rows, total = collection.find(
            session, user_id, wanted, by=by, rising=rising, skip=skip, limit=limit, no_songs=NO_SONGS
        )
        return Page(view.of_several(session, rows), total)

    return await db.aread(look)


async def sums(db: Database, user_id: int) -> Sums:
    """How many jobs of what kind a person has."""
    counted = await db.aread(lambda session: collection.tally(session, user_id, no_songs=NO_SONGS))
    moods: Counter[str] = Counter()
    for listed, count in counted["emotion"].items():
        moods.update({str(mood): count for mood in json.loads(listed)})
    return Sums(
        total=sum(counted["status"].values()),
        liked=sum(counted["liked"].values()),
        emotion=dict(moods.most_common()),
        **{name: counted[name] for name in ("status", "task", "song_type", "language", "genre")},
    )


async def change(
    db: Database, rules: Rules, door: Incoming, job_id: int, by: Requester, where: ReplyTo, values: Mapping[str, Any]
) -> JobView:
    """Change what is kept of a job beside its music. Raises `Refusal`, for a name that may not be written here, too."""
    asked = judge(rules, values)
    given = asked.model_fields_set
    await one(db, job_id, by, where)
    portrait = None if asked.thumbnail_url is None else await pictures.fetched(door, asked.thumbnail_url, by, asked)

    def work(session: Session, job: Job, now: int) -> None:
        _there(view.look(session, job.id))
        if asked.display_name is not None:
            if job.status in LIVE:
                # Its plan is about to name it.
                raise Refusal("source_not_ready", field="display_name", value=job_id, status=job.status)
            collection.rename(session, job.id, asked.display_name)
        if "liked" in given:
            marks.change(session, job.id, liked_at=now if asked.liked else None)
        if portrait is not None:
            portrait.keep(session, job.id, now)
        elif "thumbnail_url" in given:
            marks.drop_picture(session, job.id)

    return await control.changed(db, job_id, by, where, work)


def judge(rules: Rules, values: Mapping[str, Any]) -> Change:
    """What is to be changed. Raises `Refusal`."""
    try:
        asked = parse_as(Change, values)
        if reworded := moderation.reworded(rules.moderation, asked):
            asked = parse_as(Change, {**asked.model_dump(exclude={"task"}, exclude_unset=True), **reworded})
    except InvalidSpec as invalid:
        raise Refusal.of(invalid) from None
    moderation.check(rules.moderation, asked)
    return asked


async def discard(db: Database, job_id: int, by: Requester, where: ReplyTo) -> None:
    """Throw a job away, in whatever state it is: afterwards it is not there for its owner. Raises `Refusal`."""

    def work(session: Session, job: Job, now: int) -> None:
        _there(view.look(session, job.id))
        drop(session, job, now)

    await control.changed(db, job_id, by, where, work)


def drop(session: Session, job: Job, now: int) -> None:
    """The same in the caller's transaction, whoever's it is: what waits or runs is called off, music is deleted."""
    if job.status not in LIVE or not control.call_off(session, job, now):
        control.remove_music(session, job, "deleted", now)
    marks.drop_picture(session, job.id)
    marks.change(session, job.id, hidden_at=now)


def _there(job: JobView) -> JobView:
    if job.gone:
        raise Refusal("job_not_found", field="job", value=job.id)
    return job
