"""Pictures that people give their songs by a link (row B28): fetched, made ours and kept like sound from outside."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from engine.spec import EngineError, Request
from storage import blobs, jobs, marks
from storage.blobs import Blobs, KeptBlob
from storage.claims import Ticket
from storage.database import Database
from storage.errors import StorageFull
from workflows import reach
from workflows.incoming import Incoming
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal

FIELD, FORM = "thumbnail_url", "png"
MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Portrait:
    """The picture of a song: the link that was given, and what it led to."""

    url: str
    digest: str
    new: KeptBlob | None = None

    def keep(self, session: Session, job_id: int, now: int) -> None:
        """Give it to a job, in the caller's transaction."""
        if self.new is not None:
            blobs.record(session, self.new, now=now)
        marks.change(session, job_id, thumbnail_url=self.url, picture=self.digest)


async def of_request(
    door: Incoming | None, spec: Request, who: Requester, where: ReplyTo, *, parent_id: int | None = None
) -> Portrait | None:
    """The picture that `spec` asks for, ready to be kept; None where it asks for none. Raises `Refusal`.

    What the job that this one is made from was given by the same link needs no fetching.
    """
    url = getattr(spec, FIELD, None)
    if not url:
        return None
    if door is None:
        raise Refusal("no_pictures", field=FIELD)
    if parent_id is not None:
        had = await door.db.aread(lambda session: _had(session, str(url), parent_id, who, where))
        if had is not None:
            return had
    return await fetched(door, str(url), who, spec)


async def fetched(door: Incoming, url: str, who: Requester, spec: Request | None = None) -> Portrait:
    """The picture behind `url`, made ours. Raises `Refusal` that names `thumbnail_url`."""
    await door.db.awrite(lambda session: door.require_may_bring(session, who, spec))
    async with door.room(who) as room:
        await door.fetcher.fetch(url, room / "fetched", field=FIELD, picture_of=MOST_BYTES)
        made = room / f"ours.{FORM}"
        try:
            await door.decoder.picture(room / "fetched", made)
            kept = await asyncio.to_thread(door.blobs.put, made, FORM)
        except EngineError as error:
            raise Refusal(error.code, field=FIELD, **error.params) from error
        except StorageFull as full:
            raise Refusal("disk_full", field=FIELD) from full
    return Portrait(url, kept.digest, kept)


async def picture_of(db: Database, store: Blobs, job: Ticket) -> Path | None:
    """The picture that a job was given, on this machine; None where it was given none, or that is gone."""
    mark = await db.aread(lambda session: marks.of(session, job.id))
    if mark is None or mark.picture is None:
        return None
    try:
        return await asyncio.to_thread(store.path, mark.picture)
    except FileNotFoundError:
        return None


def _had(session: Session, url: str, parent_id: int, who: Requester, where: ReplyTo) -> Portrait | None:
    parent = jobs.get(session, parent_id) if reach.may_see(session, parent_id, who, where) else None
    mark = None if parent is None or parent.deleted_at is not None else marks.of(session, parent_id)
    if mark is None or mark.picture is None or mark.thumbnail_url != url:
        return None
    return Portrait(url, mark.picture)
