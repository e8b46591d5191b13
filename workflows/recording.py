"""The sound from outside that a job starts from: named by a link, brought when the job is worked."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from sqlmodel import Session

from engine.spec import EngineError, Recording, Request
from storage import jobs, recordings, seal
from storage.blobs import Blobs
from storage.claims import Ticket
from storage.database import Database
from workflows import signed_links
from workflows.people import now_ms
from workflows.signed_links import GOOD_FOR_S, Sound
from workflows.view import JobView

# The options that name sound by a link.
LINKS = ("src_audio_url", "reference_audio_url", "audio_url")
# Stands in a link for sound that was forgotten: whoever follows it is told so.
GONE = "gone"


async def recording_of(db: Database, blobs: Blobs, job: Ticket) -> Recording | None:
    """The sound from outside that an accepted job starts from, on this machine; None where it names none.

    Raises `EngineError` (`recording_gone`), permanent, where it was forgotten since.
    """
    if job.recording_id is None:
        # Forgotten by now, or there never was any: the request tells.
        if link_of(job.spec) is not None:
            raise EngineError("recording_gone", permanent=True)
        return None
    row = await db.aread(lambda session: recordings.get(session, str(job.recording_id)))
    if row is None:
        raise EngineError("recording_gone", permanent=True)
    try:
        path = await asyncio.to_thread(blobs.path, row.digest)
    except FileNotFoundError as gone:
        raise EngineError("recording_gone", permanent=True, cause=str(gone)) from gone
    return Recording(
        id=row.id, title=row.title, artist=row.artist, lyrics=row.lyrics, duration=row.duration, path=str(path)
    )


def as_ours(session: Session, job: JobView) -> JobView:
    """`job` for the eyes of somebody else than its owner: a link of ours to the same sound stands for theirs.

    Theirs may open more than they meant to share: the whole file, for whoever has it.
    """
    field = next((name for name in LINKS if job.spec.get(name)), None)
    if field is None:
        return job
    row = jobs.get(session, job.id)
    there = None if row is None or row.deleted_at is not None else row.recording_id
    sound = Sound("recording", there or GONE)
    link = signed_links.link(seal.key(session), None, sound, until_s=now_ms() // 1000 + GOOD_FOR_S)
    return replace(job, spec={**job.spec, field: link})


def link_of(spec: str) -> str | None:
    """The link by which a kept request (JSON text) names sound, if it does."""
    values = json.loads(spec)
    return next((values[name] for name in LINKS if values.get(name)), None)


def link_field(spec: Request) -> str | None:
    """The option by which `spec` names sound with a link, if it does."""
    return next((name for name in LINKS if getattr(spec, name, None)), None)
