"""Sound that came from outside: kept for as long as somebody may ask for it again, and no longer."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, or_
from sqlmodel import Session, col, select, update
from sqlmodel import delete as delete_rows

from storage import blobs
from storage.blobs import KeptBlob
from storage.tables import LIVE, Blob, Job, Recording

_OF_IT = col(Job.recording_id) == col(Recording.id)
# How many go at once; the next look finds the others.
BATCH = 1000


def add(
    session: Session,
    *,
    user_id: int,
    blob: KeptBlob,
    title: str,
    artist: str,
    lyrics: str,
    kind: str,
    duration: float,
    sample_rate: int,
    channels: int,
    now: int,
) -> Recording:
    """Keep a recording, whose blob is on disk already."""
    blobs.record(session, blob, now=now)
    row = Recording(
        id=str(uuid.uuid4()),
        user_id=user_id,
        digest=blob.digest,
        title=title,
        artist=artist,
        lyrics=lyrics,
        kind=kind,
        duration=duration,
        sample_rate=sample_rate,
        channels=channels,
        created_at=now,
        used_at=now,
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, recording_id: str) -> Recording | None:
    """The recording `recording_id`."""
    return session.get(Recording, recording_id)


def of(session: Session, user_ids: Collection[int]) -> tuple[tuple[Recording, Blob], ...]:
    """The recordings that these people brought, the oldest first."""
    theirs = select(Recording, Blob).join(Blob, col(Blob.digest) == col(Recording.digest))
    rows = theirs.where(col(Recording.user_id).in_(user_ids)).order_by(col(Recording.created_at), col(Recording.id))
    return tuple(session.exec(rows))


def used(session: Session, recording_id: str, now: int) -> bool:
    """Somebody asks for something of it. False where it is gone."""
    touched = update(Recording).where(col(Recording.id) == recording_id).values(used_at=now)
    return bool(session.exec(touched).rowcount)


def any_forgotten(session: Session, *, unused_since: int, without_job_since: int) -> bool:
    """Whether `forget` would find any; reads only."""
    return (
        session.exec(select(Recording.id).where(_forgotten(unused_since, without_job_since)).limit(1)).first()
        is not None
    )


def forget(session: Session, *, unused_since: int, without_job_since: int) -> int:
    """Drop recordings nobody asked anything of since, or whose jobs were all thrown away; returns how many.

    One that has no job yet stays until `without_job_since`: it may be about to get one. Those of jobs that wait or run
    stay. Times in milliseconds since the epoch.
    """
    return _drop(session, _forgotten(unused_since, without_job_since))


def let_go(session: Session, recording_id: str) -> bool:
    """Drop a recording now, unless another job that stands, waits or runs is of it; returns whether it went."""
    return bool(_drop(session, (col(Recording.id) == recording_id) & ~_live() & ~_wanted()))


def _drop(session: Session, which: ColumnElement[bool]) -> int:
    # Locked first, and judged again behind the lock: somebody may be asking for one at this very moment (`used`).
    found = session.exec(select(Recording.id).where(which).limit(BATCH).with_for_update()).all()
    ids = session.exec(select(Recording.id).where(col(Recording.id).in_(found), which)).all() if found else ()
    if ids:
        session.exec(update(Job).where(col(Job.recording_id).in_(ids)).values(recording_id=None))
        session.exec(delete_rows(Recording).where(col(Recording.id).in_(ids)))
    return len(ids)


def _forgotten(unused_since: int, without_job_since: int) -> ColumnElement[bool]:
    used_at = col(Recording.used_at)
    return ~_live() & or_(used_at < unused_since, (used_at < without_job_since) & ~_wanted())


def _live() -> ColumnElement[bool]:
    return exists().where(_OF_IT, col(Job.status).in_(LIVE))


def _wanted() -> ColumnElement[bool]:
    """Of what was cancelled, nobody has or will have anything."""
    return exists().where(_OF_IT, col(Job.deleted_at).is_(None), col(Job.status) != "CANCELLED")
