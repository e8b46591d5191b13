"""Sound that comes in from outside: fetched, made ours and kept before anything is accepted (promise 1).

Nobody pays for a link that leads nowhere, and what was accepted needs that link no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from engine.spec import Decoded, Decoder, EngineError, Request
from storage import jobs, recordings, seal, tracks
from storage.blobs import FULL, Blobs, KeptBlob
from storage.database import Database
from storage.errors import StorageFull
from workflows import bans, downloads, moderation, reach, signed_links
from workflows.credits import welcome
from workflows.door import Door, Fetcher
from workflows.people import ReplyTo, Requester, now_ms
from workflows.recording import link_field, link_of
from workflows.refusal import Refusal
from workflows.rules import Rules
from workflows.signed_links import GOOD_FOR_S, Piece, Sound

FLAC = "flac"


@dataclass(frozen=True)
class Brought:
    """Sound that a request starts from: a recording that is there (`id`), or one that is kept with the job.

    `spec` is the request as it is kept: a link to a song made here has become its number.
    """

    spec: Request
    field: str
    duration: float
    id: str | None = None
    blob: KeptBlob | None = None
    decoded: Decoded | None = None

    def keep(self, session: Session, user_id: int, now: int) -> str | None:
        """The id of its row, in the transaction that keeps the job; None where the request starts from a song here.

        Raises `Refusal` where it was forgotten this very moment.
        """
        if self.blob is not None and self.decoded is not None:
            return _add(session, user_id, self.blob, self.decoded, now)
        if self.id is not None and not recordings.used(session, self.id, now):
            raise Refusal("recording_gone", field=self.field)
        return self.id


@dataclass(frozen=True)
class Received:
    """A file that was taken in: one of our own links to it, and until when (seconds since the epoch) that is good.

    `title` is what it is called, `duration` is in seconds.
    """

    link: str
    until_s: int
    title: str
    duration: float


class Incoming(Door):
    """The door for sound. `decoder` makes it ours."""

    def __init__(
        self, *, db: Database, blobs: Blobs, rules: Rules, fetcher: Callable[[], Fetcher], decoder: Decoder,
        folder: Path, house: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(db=db, blobs=blobs, rules=rules, fetcher=fetcher, folder=folder, house=house)
        self.decoder = decoder

    async def bring(
        self, spec: Request, who: Requester, where: ReplyTo, *, parent_id: int | None = None,
        asked_at: int | None = None,
    ) -> Brought | None:  # fmt: skip
        """The sound that `spec` names by a link, ready to be kept; None where it names none. Raises `Refusal`.

        A link of ours has to be good now or, for what waited for its turn, when it was `asked_at`.
        """
        field = link_field(spec)
        if field is None:
            return None
        url = str(getattr(spec, field))
        again = await self.db.aread(lambda session: self._again(session, spec, field, who, where, parent_id))
        if again is not None:
            return again
        at_s = (now_ms() if asked_at is None else asked_at) // 1000
        if signed_links.is_ours(url, self.house):
            return await self.db.aread(lambda session: self._ours(session, spec, field, url, at_s))
        piece = await self.db.aread(
            lambda session: signed_links.file_of(seal.key(session), url, field=field, now_s=at_s)
        )
        if piece is not None:
            return await self._of_file(spec, field, piece, who)
        if signed_links.is_file(url, self.house):
            raise Refusal("link_forged", field=field)
        await self.db.awrite(lambda session: self.require_may_bring(session, who, spec))
        async with self.room(who) as room:
            fetched = await self.fetcher.fetch(url, room / "fetched", field=field)
            decoded, blob = await self._made_ours(room / "fetched", room, field, fetched.name)
            return Brought(spec, field, decoded.duration, blob=blob, decoded=decoded)

    async def take_in(self, file: Path, name: str, who: Requester, *, field: str) -> str:
        """`receive` for a `file` that is on this machine, where it stays; returns the link."""

        async def there(_room: Path) -> Path:
            return file

        return (await self.receive(there, name, who, field=field)).link

    async def receive(
        self, get: Callable[[Path], Awaitable[Path]], name: str, who: Requester, *, field: str
    ) -> Received:
        """Keep the sound of an uploaded file, called `name`.

        `get` puts the file into the folder that it is given, and says where it is. It is not asked while something else
        of the same person comes in, nor where they may bring nothing. Raises `Refusal` that names `field`.
        """
        await self.db.awrite(lambda session: self.require_may_bring(session, who))
        async with self.room(who) as room:
            try:
                file = await get(room)
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise Refusal("disk_full", field=field) from error
            decoded, blob = await self._made_ours(file, room, field, name)

        def keep(session: Session) -> Received:
            now = now_ms()
            until_s = now // 1000 + GOOD_FOR_S
            user = welcome(session, self.rules.pricing, who, now)
            bans.require_welcome(session, user.id, now)
            sound = Sound("recording", _add(session, user.id, blob, decoded, now))
            link = signed_links.link(seal.key(session), self.house, sound, until_s=until_s)
            return Received(link, until_s, decoded.title, decoded.duration)

        return await self.db.awrite(keep)

    async def close(self) -> None:
        """End what is under way."""
        await super().close()
        await self.decoder.close()

    def _ours(self, session: Session, spec: Request, field: str, url: str, at_s: int) -> Brought:
        """What lies here already. The link itself is the leave to use it."""
        sound = signed_links.read(seal.key(session), url, field=field, now_s=at_s)
        if sound.kind == "recording":
            row = recordings.get(session, sound.id)
            if row is None:
                raise Refusal("recording_gone", field=field)
            return Brought(spec, field, row.duration, id=row.id)
        track = tracks.get(session, sound.id)
        if track is None:
            raise Refusal("recording_gone", field=field)
        return _of_song(spec, field, track.job_id, track.take, track.duration)

    async def _of_file(self, spec: Request, field: str, piece: Piece, who: Requester) -> Brought:
        """What a link to a file of ours names: the whole song by its number, else the sound in that file."""
        found = await self.db.aread(lambda session: downloads.find(session, piece))
        if found is None:
            raise Refusal("recording_gone", field=field)
        if found.whole:
            return _of_song(spec, field, found.job_id, found.take, found.duration)
        if found.source is None:
            raise Refusal("audio_unknown", field=field)
        await self.db.awrite(lambda session: self.require_may_bring(session, who, spec))
        async with self.room(who) as room:
            try:
                file = await asyncio.to_thread(self.blobs.path, found.source)
            except FileNotFoundError:
                raise Refusal("recording_gone", field=field) from None
            decoded, blob = await self._made_ours(file, room, field, found.title)
            return Brought(spec, field, decoded.duration, blob=blob, decoded=decoded)

    def _again(
        self, session: Session, spec: Request, field: str, who: Requester, where: ReplyTo, parent_id: int | None
    ) -> Brought | None:
        """What the job that this one is made from started from: its link may be long dead."""
        if parent_id is None or not reach.may_see(session, parent_id, who, where):
            return None
        parent = jobs.get(session, parent_id)
        if parent is None or parent.recording_id is None or parent.deleted_at is not None:
            return None
        row = recordings.get(session, parent.recording_id)
        same = link_of(parent.spec) == str(getattr(spec, field))
        return Brought(spec, field, row.duration, id=row.id) if row is not None and same else None

    async def _made_ours(self, file: Path, room: Path, field: str, name: str) -> tuple[Decoded, KeptBlob]:
        made = room / f"ours.{FLAC}"
        try:
            decoded = await self.decoder.decode(file, made)
        except EngineError as error:
            raise Refusal(error.code, field=field, **error.params) from error
        try:
            blob = await asyncio.to_thread(self.blobs.put, made, FLAC)
        except StorageFull as full:
            raise Refusal("disk_full", field=field) from full
        return self._named(decoded, name), blob

    def _named(self, decoded: Decoded, name: str) -> Decoded:
        """It is shown to everybody what it calls itself, or its file: not with words that nobody may write here."""

        def fit(text: str) -> str:
            return "" if moderation.is_blocked(self.rules.moderation, text) else text

        named = {"title": fit(decoded.title) or fit(name), "artist": fit(decoded.artist), "lyrics": fit(decoded.lyrics)}
        return decoded.model_copy(update=named)


def _of_song(spec: Request, field: str, job_id: int, take: int, duration: float) -> Brought:
    """A song that was made here: its number stands for the link in `field`."""
    number = {field: None, "source_job_id": job_id, "source_take": take}
    return Brought(spec.model_copy(update=number), "source_job_id", duration)


def clear(folder: Path, older_than_s: float) -> None:
    """Remove what a process that was killed left of sound on its way in."""
    before = time.time() - older_than_s
    for room in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            if room.stat().st_mtime < before:
                shutil.rmtree(room, ignore_errors=True)


def _add(session: Session, user_id: int, blob: KeptBlob, decoded: Decoded, now: int) -> str:
    row = recordings.add(
        session,
        user_id=user_id,
        blob=blob,
        title=decoded.title,
        artist=decoded.artist,
        lyrics=decoded.lyrics,
        kind=decoded.kind,
        duration=decoded.duration,
        sample_rate=decoded.sample_rate,
        channels=decoded.channels,
        now=now,
    )
    return row.id
