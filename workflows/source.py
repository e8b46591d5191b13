"""The song made here that a request starts from: found when the request comes, brought when it is worked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from engine.spec import EngineError, Estimate, Request, Source, SourceFile, estimate
from storage import jobs, tracks
from storage.blobs import Blobs
from storage.database import Database
from storage.tables import LIVE, Job, Track, TrackFile
from workflows.pricing import STEM_TASKS
from workflows.refusal import Refusal

# The options that name a song by the number of its job.
NUMBERS = ("source_job_id", "original_job_id", "job_id")


def resolve(session: Session, spec: Request) -> Job | None:
    """The job whose song `spec` starts from, or None where it names none. Who may see it is not judged here.

    Raises a `Refusal` that says why there is nothing to start from.
    """
    given = named(dict(spec))
    if given is None:
        return None
    field, job_id = given
    job = jobs.get(session, job_id)
    if job is None:
        raise Refusal("job_not_found", field=field, value=job_id)
    if job.status in LIVE:
        raise Refusal("source_not_ready", field=field, value=job_id, status=job.status)
    if job.status != "COMPLETED":
        raise Refusal("source_without_song", field=field, value=job_id, status=job.status)
    if _first_take(session, job) is None:
        raise Refusal("source_deleted", field=field, value=job_id)
    return job


def named(values: Mapping[str, Any]) -> tuple[str, int] | None:
    """The option by which a request names a song made here, and that song's job."""
    return next(((name, int(values[name])) for name in NUMBERS if values.get(name) is not None), None)


def settled(spec: Request, source_job: Job) -> Estimate:
    """Length and takes of a request that starts from `source_job`: stems are those of one take, as long as that is."""
    return Estimate(source_job.duration, 1) if spec.task in STEM_TASKS else estimate(spec)


async def source_of(db: Database, blobs: Blobs, job: Job) -> Source | None:
    """The song that an accepted job starts from, its files on this machine; None where it names none.

    Raises `EngineError` (`source_gone`), permanent, where it was deleted since.
    """
    given = named(json.loads(job.spec))
    if given is None:
        return None
    _, job_id = given
    rows = await db.aread(lambda session: _rows(session, job_id))
    if rows is None:
        raise EngineError("source_gone", permanent=True, source=job_id)
    try:
        # A store elsewhere fetches them first.
        return await asyncio.to_thread(_source, blobs, *rows)
    except FileNotFoundError as gone:
        raise EngineError("source_gone", permanent=True, cause=str(gone), source=job_id) from gone


def _rows(session: Session, job_id: int) -> tuple[Job, Track, tuple[TrackFile, ...]] | None:
    job = jobs.get(session, job_id)
    track = _first_take(session, job) if job is not None else None
    if job is None or track is None:
        return None
    return job, track, tuple(file for file, _ in tracks.files_of(session, track.id))


def _first_take(session: Session, job: Job) -> Track | None:
    """The take of `job` that others start from, unless its owner threw it away."""
    return next(iter(tracks.of_job(session, job.id)), None) if job.deleted_at is None else None


def _source(blobs: Blobs, job: Job, track: Track, files: tuple[TrackFile, ...]) -> Source:
    plan = json.loads(job.plan or "{}")
    return Source(
        job=job.id,
        take=track.take,
        title=track.title,
        caption=plan.get("caption", ""),
        duration=track.duration,
        bpm=track.bpm,
        keyscale=track.keyscale,
        timesignature=track.timesignature,
        seed=track.seed,
        genre_preset=plan.get("genre_preset"),
        files=tuple(
            SourceFile.model_validate(
                {"kind": file.kind, "name": file.name, "format": file.format, "path": str(blobs.path(file.digest))}
            )
            for file in files
        ),
    )
