"""Finished takes and their files."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence

from sqlmodel import Session, col, select
from sqlmodel import delete as delete_rows

from storage import blobs
from storage.blobs import KeptBlob
from storage.tables import Blob, Track, TrackFile

# What a file is of a track ("audio", "stem", "midi"), its name there, its format, and the blob that holds it.
NewFile = tuple[str, str, str, KeptBlob]


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


def get(session: Session, track_id: str) -> Track | None:
    """The track `track_id`."""
    return session.get(Track, track_id)


def files_of(session: Session, track_id: str) -> tuple[tuple[TrackFile, Blob], ...]:
    """The files of a track with their blobs, in the order they were added."""
    return tuple(
        session.exec(
            select(TrackFile, Blob)
            .join(Blob, col(Blob.digest) == col(TrackFile.digest))
            .where(TrackFile.track_id == track_id)
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


def delete(session: Session, track_id: str) -> bool:
    """Forget a track; blobs that nothing names any more go with the next `blobs.sweep`. False where there is none."""
    session.exec(delete_rows(TrackFile).where(col(TrackFile.track_id) == track_id))
    return session.exec(delete_rows(Track).where(col(Track.id) == track_id)).rowcount == 1
