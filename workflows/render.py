"""One attempt at a job: from its row to finished files in the blob store. Charges nothing, decides nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from engine.spec import EnginePool, Event, Order, Recording, Source, TrackResult
from storage.blobs import Blobs, KeptBlob
from storage.claims import Ticket


@dataclass(frozen=True)
class KeptFile:
    """A file of a track and the blob that holds it."""

    kind: str
    name: str
    format: str
    blob: KeptBlob


@dataclass(frozen=True)
class KeptTrack:
    """A finished take whose files are safe in the blob store, though no row speaks of them yet."""

    result: TrackResult
    files: tuple[KeptFile, ...]


async def render(
    job: Ticket,
    source: Source | None,
    recording: Recording | None,
    picture: Path | None,
    *,
    pool: EnginePool,
    blobs: Blobs,
    workdir: Path,
    on_event: Callable[[Event], Awaitable[None]],
    cancelled: asyncio.Event,
) -> tuple[KeptTrack, ...]:
    """Render `job`, which may start from `source` or `recording` and have a `picture` of its own, in `workdir`.

    Raises `EngineError`, `Cancelled`, `StorageFull`.
    """
    order = Order(
        job=job.id,
        spec=json.loads(job.spec),
        duration=job.duration,
        takes=job.takes,
        seed=job.seed,
        workdir=str(workdir),
        source=source,
        recording=recording,
        picture=None if picture is None else str(picture),
    )
    results = await pool.run(order, on_event=on_event, cancelled=cancelled)
    return tuple([await asyncio.to_thread(_keep, blobs, result) for result in results])


def _keep(blobs: Blobs, result: TrackResult) -> KeptTrack:
    files = tuple(
        KeptFile(file.kind, file.name, file.format, blobs.put(Path(file.path), file.format)) for file in result.files
    )
    return KeptTrack(result, files)
