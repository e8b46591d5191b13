"""The song made here that a request starts from: found when the request comes, brought when it is worked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from engine.spec import EngineError, Request, Source, SourceFile
from storage import jobs, tracks
from storage.blobs import Blobs
from storage.claims import Ticket
from storage.database import Database
from storage.tables import LIVE, Job, Track, TrackFile
from workflows.refusal import Refusal

# The options that name a song by the number of its job.
NUMBERS = ("source_job_id", "original_job_id", "job_id")


@dataclass(frozen=True)
class Named:
    """Which song: the take of a job, and the option that names the job."""

    field: str
    job: int
    take: int


@dataclass(frozen=True)
class Song:
    """A finished take that a request starts from. `field` is the option that named it, `kinds` those of its files,
    `stems` the parts that it is kept in.
    """

    field: str
    job: Job
    track: Track
    kinds: frozenset[str]
    stems: tuple[str, ...]


def resolve(session: Session, spec: Request) -> Song | None:
    """The song `spec` starts from, or None where it names none. Who may see it is not judged here.

    Raises a `Refusal` that says why there is nothing to start from.
    """
    given = named(dict(spec))
    if given is None:
        return None
    field, job_id = given.field, given.job
    job = jobs.get(session, job_id)
    if job is None:
        raise Refusal("job_not_found", field=field, value=job_id)
    if job.status in LIVE:
        raise Refusal("source_not_ready", field=field, value=job_id, status=job.status)
    if job.status != "COMPLETED":
        raise Refusal("source_without_song", field=field, value=job_id, status=job.status)
    there = () if job.deleted_at is not None else tracks.of_job(session, job.id)
    if not there:
        raise Refusal("source_deleted", field=field, value=job_id)
    track = next((track for track in there if track.take == given.take), None)
    if track is None:
        raise Refusal("no_such_take", field="source_take", value=given.take, source=job_id, takes=len(there))
    files = [file for file, _ in tracks.files_of(session, track.id)]
    stems = dict.fromkeys(file.name for file in files if file.kind == "stem")
    return Song(field, job, track, frozenset(file.kind for file in files), tuple(stems))


def named(values: Mapping[str, Any]) -> Named | None:
    """The song made here that a request names, if it does."""
    take = int(values.get("source_take") or 1)
    return next((Named(name, int(values[name]), take) for name in NUMBERS if values.get(name) is not None), None)


async def source_of(db: Database, blobs: Blobs, job: Ticket) -> Source | None:
    """The song that an accepted job starts from, its files on this machine; None where it names none.

    Raises `EngineError` (`source_gone`), permanent, where it was deleted since.
    """
    given = named(json.loads(job.spec))
    if given is None:
        return None
    job_id = given.job
    rows = await db.aread(lambda session: _rows(session, given))
    if rows is None:
        raise EngineError("source_gone", permanent=True, source=job_id)
    try:
        # A store elsewhere fetches them first.
        return await asyncio.to_thread(_source, blobs, *rows)
    except FileNotFoundError as gone:
        raise EngineError("source_gone", permanent=True, cause=str(gone), source=job_id) from gone


def _rows(session: Session, song: Named) -> tuple[Job, Track, tuple[TrackFile, ...]] | None:
    """What a song is brought from, unless its owner threw it away meanwhile."""
    job = jobs.get(session, song.job)
    if job is None or job.deleted_at is not None:
        return None
    track = next((track for track in tracks.of_job(session, job.id) if track.take == song.take), None)
    if track is None:
        return None
    return job, track, tuple(file for file, _ in tracks.files_of(session, track.id))


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
        lyrics=plan.get("lyrics", ""),
        vocal_language=plan.get("vocal_language", "unknown"),
        lyrics_by=plan.get("lyrics_by"),
        lyrics_model=plan.get("lyrics_model", ""),
        files=tuple(
            SourceFile.model_validate(
                {"kind": file.kind, "name": file.name, "format": file.format, "path": str(blobs.path(file.digest))}
            )
            for file in files
        ),
    )
