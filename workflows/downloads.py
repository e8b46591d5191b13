"""Files that people download: what is kept of a song, and every other format, made when it is first asked for.

What was made stays for as long as the song does. Many who ask for the same at one moment wait for one conversion, and
whoever goes away meanwhile loses it for nobody.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlmodel import Session

from engine.spec import EngineError
from storage import tracks, users
from storage.blobs import FULL, Blobs
from storage.database import Database
from storage.errors import StorageFull
from storage.tracks import There
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.signed_links import Piece

log = logging.getLogger(__name__)

# What sound is converted from, the best first, and what it is converted to.
FROM = ("flac", "wav", "m4a", "ogg", "mp3")
TO = frozenset(FROM)
# Formats that are to be had at these bit rates, in kbit/s.
RATES: Mapping[str, frozenset[str]] = dict.fromkeys(("mp3", "m4a"), frozenset({"128", "160", "192", "256", "320"}))
# Conversions that wait for their turn; nobody would wait for the last of more.
MOST = 64
LATER_S = 10


class Converter(Protocol):
    """Makes another format of sound that was made here."""

    async def convert(self, source: Path, target: Path, form: str, bit_rate: int | None) -> None:
        """Write `source` as `form` to `target`, at `bit_rate` (kbit/s) or the usual one. Raises `EngineError`."""

    async def close(self) -> None:
        """End what is under way, and leave no process behind."""


@dataclass(frozen=True)
class Download:
    """A file to send: where it is and what its content is called (`digest`), and what it is of."""

    path: Path
    digest: str
    title: str
    take: int


@dataclass(frozen=True)
class Found:
    """What there is of a piece: `kept`, the blob that is it, or `source`, the blob that it can be made from.

    `whole`: it is the sound of take `take` of song `job_id` as a whole. `title` is that of the song, `user_id` made it.
    """

    title: str
    job_id: int
    user_id: int
    take: int
    duration: float
    whole: bool
    kept: str | None
    source: str | None


def find(session: Session, piece: Piece) -> Found | None:
    """What there is of `piece`. None where there is nothing, or nothing any more that anybody may have."""
    files = tracks.there_of(session, piece.track)
    song = next(iter(files), None)
    if song is None:
        return None
    rate = piece.name if piece.kind == "audio" else ""
    there = {file.format: file.digest for file in _fitting(files, piece)}
    kept = None if rate else there.get(piece.format)
    source = next((there[form] for form in FROM if form in there), None) if _to_be_had(piece, rate) else None
    if kept is None and source is not None:
        made = (tracks.COPY, _name(piece), piece.format)
        kept = next((file.digest for file in files if (file.kind, file.name, file.format) == made), None)
    if kept is None and source is None:
        return None
    whole = piece.kind == "audio" and any(file.kind == "audio" for file in files)
    return Found(song.title, song.job_id, song.user_id, song.take, song.duration, whole, kept, source)


def _fitting(files: Sequence[There], piece: Piece) -> list[There]:
    """The files that are `piece` in some format."""
    if piece.kind != "audio":
        return [file for file in files if (file.kind, file.name) == (piece.kind, piece.name)]
    songs = [file for file in files if file.kind == "audio"]
    stems = [file for file in files if file.kind == "stem"]
    # One stem of another song, and nothing else, is the sound of its take.
    return songs or (stems if len({file.name for file in stems}) == 1 else [])


def _to_be_had(piece: Piece, rate: str) -> bool:
    sound = piece.kind in ("audio", "stem") and piece.format in TO
    return sound and (not rate or rate in RATES.get(piece.format, ()))


def _name(piece: Piece) -> str:
    """What a copy goes by among the files of its track."""
    return f"{piece.kind}-{piece.name}" if piece.name else piece.kind


class Downloads:
    """`folder` holds what is being made."""

    def __init__(self, *, db: Database, blobs: Blobs, converter: Converter, folder: Path) -> None:
        self._db, self._blobs, self._converter, self._folder = db, blobs, converter, folder
        self._making: dict[Piece, asyncio.Task[str]] = {}

    async def get(self, piece: Piece) -> Download:
        """The file of `piece`, made now if need be.

        Raises `Refusal`: `file_gone`, and what soon is better: `disk_full`, `converter_busy`, `converter_failed`.
        """
        found = await self._db.aread(lambda session: find(session, piece))
        if found is None:
            raise Refusal("file_gone")
        digest = found.kept
        if digest is None:
            if (making := self._making.get(piece)) is None:
                making = self._begun(piece, str(found.source), found.user_id)
            digest = await asyncio.shield(making)
        return Download(await self._path(digest), digest, found.title, found.take)

    async def close(self) -> None:
        """End what is under way."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)
        await self._converter.close()

    def _begun(self, piece: Piece, source: str, user_id: int) -> asyncio.Task[str]:
        if len(self._making) >= MOST:
            raise Refusal("converter_busy", retry_after=LATER_S)

        def ended(task: asyncio.Task[str]) -> None:
            del self._making[piece]
            # Perhaps nobody waits for it any more to hear what was wrong.
            if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, Refusal):
                log.error("no %s of track %s could be made", piece.format, piece.track, exc_info=error)

        task = self._making[piece] = asyncio.create_task(self._made(piece, source, user_id))
        task.add_done_callback(ended)
        return task

    async def _made(self, piece: Piece, source: str, user_id: int) -> str:
        """The blob of `piece`, made from the blob `source` and kept with the song of `user_id`."""
        room = await asyncio.to_thread(self._room)
        try:
            target = room / f"made.{piece.format}"
            await self._convert(await self._path(source), target, piece)
            blob = await asyncio.to_thread(self._blobs.put, target, piece.format)
        except StorageFull as full:
            raise Refusal("disk_full") from full
        finally:
            await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

        def keep(session: Session) -> bool:
            # Whoever has them forgotten at this moment waits, and takes this file with the others.
            users.staying(session, user_id)
            return tracks.add_copy(
                session, piece.track, name=_name(piece), format_=piece.format, blob=blob, now=now_ms()
            )

        if not await self._db.awrite(keep):
            raise Refusal("file_gone")
        return blob.digest

    async def _convert(self, source: Path, target: Path, piece: Piece) -> None:
        bit_rate = int(piece.name) if piece.kind == "audio" and piece.name else None
        try:
            await self._converter.convert(source, target, piece.format, bit_rate)
        except EngineError as error:
            if error.code == "disk_full":
                raise Refusal("disk_full") from error
            if not source.is_file():
                # The song was thrown away meanwhile.
                raise Refusal("file_gone") from error
            log.warning("no %s of track %s could be made: %s", piece.format, piece.track, error)
            raise Refusal("converter_failed") from error

    def _room(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._folder))
        except OSError as error:
            if error.errno in FULL:
                raise Refusal("disk_full") from error
            raise

    async def _path(self, digest: str) -> Path:
        try:
            return await asyncio.to_thread(self._blobs.path, digest)
        except FileNotFoundError:
            raise Refusal("file_gone") from None
