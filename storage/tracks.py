"""Finished takes and their files."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select
from sqlmodel import delete as delete_rows

from storage import blobs
from storage.blobs import KeptBlob
from storage.once import insert_once
from storage.tables import Blob, Job, JobMark, Track, TrackFile, core

# What a file is of a track ("audio", "stem", "midi"), its name there, its format, and the blob that holds it.
NewFile = tuple[str, str, str, KeptBlob]
# The kind of a file that was made of another one of the same track since, because somebody wanted it in another format.
# It goes with the track, and otherwise nobody but who downloads it needs to know of it.
COPY = "copy"
_OF_JOBS = select(Track).where(col(Track.job_id).in_(bindparam("job_ids", expanding=True))).order_by(col(Track.take))
_FILES = (
    select(TrackFile, Blob)
    .join(Blob, col(Blob.digest) == col(TrackFile.digest))
    .where(col(TrackFile.track_id).in_(bindparam("track_ids", expanding=True)), TrackFile.kind != COPY)
    .order_by(col(TrackFile.id))
)


class There(NamedTuple):
    """A file of a track, with what has to be known of its song to hand it out. `duration` in seconds."""

    job_id: int
    user_id: int
    title: str
    take: int
    duration: float
    kind: str
    name: str
    format: str
    digest: str


_J, _T, _F, _M = core(Job), core(Track), core(TrackFile), core(JobMark)
_THERE = (
    select_columns(
        _J.c.id, _J.c.user_id, _T.c.title, _T.c.take, _T.c.duration, _F.c.kind, _F.c.name, _F.c.format, _F.c.digest
    )
    .select_from(_F.join(_T, _T.c.id == _F.c.track_id).join(_J, _J.c.id == _T.c.job_id))
    .join(_M, _M.c.job_id == _J.c.id, isouter=True)
    .where(
        _T.c.id == bindparam("track_id"), _J.c.deleted_at.is_(None), _J.c.taken_down.is_(None), _M.c.hidden_at.is_(None)
    )
    .order_by(_F.c.id)
)  # fmt: skip


def add(
    session: Session,
    *,
    job_id: int,
    take: int,
    title: str,
    seed: int,
    duration: float,
    sample_rate: int,
    channels: int,
    bpm: float,
    keyscale: str,
    timesignature: str,
    quality_score: float | None = None,
    lrc: str | None = None,
    peaks: Sequence[int] = (),
    files: Iterable[NewFile] = (),
    now: int,
) -> Track:
    """Keep a take with its files, whose blobs are on disk already. A job has one track of each take."""
    track = Track(
        id=str(uuid.uuid4()),
        job_id=job_id,
        take=take,
        title=title,
        seed=seed,
        duration=duration,
        sample_rate=sample_rate,
        channels=channels,
        bpm=bpm,
        keyscale=keyscale,
        timesignature=timesignature,
        quality_score=quality_score,
        lrc=lrc,
        peaks=list(peaks),
        created_at=now,
    )
    session.add(track)
    session.flush()
    for kind, name, format_, blob in files:
        blobs.record(session, blob, now=now)
        session.add(TrackFile(track_id=track.id, kind=kind, name=name, format=format_, digest=blob.digest))
    session.flush()
    return track


def of_job(session: Session, job_id: int) -> tuple[Track, ...]:
    """The tracks of a job, in the order of their takes."""
    return tuple(session.exec(select(Track).where(Track.job_id == job_id).order_by(col(Track.take))))


def of_jobs(session: Session, job_ids: Collection[int]) -> dict[int, list[tuple[Track, list[tuple[TrackFile, Blob]]]]]:
    """The same of several jobs, by the job, each track with its files as `files_of` has them."""
    found = session.exec(_OF_JOBS, params={"job_ids": [*job_ids]}).all()
    files: dict[str, list[tuple[TrackFile, Blob]]] = {track.id: [] for track in found}
    for file, blob in session.exec(_FILES, params={"track_ids": [*files]}) if files else ():
        files[file.track_id].append((file, blob))
    by_job: dict[int, list[tuple[Track, list[tuple[TrackFile, Blob]]]]] = {}
    for track in found:
        by_job.setdefault(track.job_id, []).append((track, files[track.id]))
    return by_job


def get(session: Session, track_id: str) -> Track | None:
    """The track `track_id`."""
    return session.get(Track, track_id)


def files_of(session: Session, track_id: str) -> tuple[tuple[TrackFile, Blob], ...]:
    """The files of a track with their blobs, in the order they were added; without copies."""
    return tuple(
        session.exec(
            select(TrackFile, Blob)
            .join(Blob, col(Blob.digest) == col(TrackFile.digest))
            .where(TrackFile.track_id == track_id, TrackFile.kind != COPY)
            .order_by(col(TrackFile.id))
        )
    )


def files_of_all(
    session: Session, track_ids: Collection[str], *, kind: str, format_: str
) -> dict[str, tuple[TrackFile, Blob]]:
    """Of many tracks at once the first file of this kind and format, by track; those that have none are left out."""
    files = session.exec(
        select(TrackFile, Blob)
        .join(Blob, col(Blob.digest) == col(TrackFile.digest))
        .where(col(TrackFile.track_id).in_(track_ids), TrackFile.kind == kind, TrackFile.format == format_)
        .order_by(col(TrackFile.id).desc())
    )
    return {file.track_id: (file, blob) for file, blob in files}


def there_of(session: Session, track_id: str) -> tuple[There, ...]:
    """The files of a track, copies too, in the order they were added.

    None where its song was thrown away or taken down, or its owner put it away.
    """
    return tuple(There(*row) for row in session.connection().execute(_THERE, {"track_id": track_id}))


def add_copy(session: Session, track_id: str, *, name: str, format_: str, blob: KeptBlob, now: int) -> bool:
    """Keep a copy, whose blob is on disk already; one that is there stays. False where its song was thrown away."""
    stands = select(Job.id).join(Track, col(Track.job_id) == col(Job.id)).where(Track.id == track_id)
    # Whoever throws it away changes the job before they look which files there are.
    if session.exec(stands.where(col(Job.deleted_at).is_(None)).with_for_update(of=Job)).first() is None:
        return False
    blobs.record(session, blob, now=now)
    row = TrackFile(track_id=track_id, kind=COPY, name=name, format=format_, digest=blob.digest)
    insert_once(session, row, by=("track_id", "kind", "name", "format"))
    return True


def delete(session: Session, track_id: str) -> bool:
    """Forget a track; blobs that nothing names any more go with the next `blobs.sweep`. False where there is none."""
    session.exec(delete_rows(TrackFile).where(col(TrackFile.track_id) == track_id))
    return session.exec(delete_rows(Track).where(col(Track.id) == track_id)).rowcount == 1
