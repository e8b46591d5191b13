"""Delivers to the terminal's channel, which is a folder: the finished files, under names a person understands."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot.names import slug
from workflows.deliver import DeliveryFailed, Parcel
from workflows.view import FileView, JobView, TrackView

# Its files are gone, so their copies go, too.
GONE = ("deleted", "taken_down")


class FolderCourier:
    """Copies each file to its place by way of a temp file, so a folder never shows half a song.

    What was thrown away goes from our own folder as well, as far as it is what we put there; a folder that somebody
    named is theirs.
    """

    surface = "terminal"

    def __init__(self, blob: Callable[[str], Path], songs: Path) -> None:
        self._blob = blob
        self._songs = songs

    async def deliver(self, parcel: Parcel) -> str:
        """Delivering again writes the same bytes to the same names. The receipt is the folder."""
        folder = folder_of(parcel.job, self._songs)
        try:
            if parcel.topic == "completed":
                for _, file, place in placed(parcel.job, self._songs):
                    await asyncio.to_thread(_copy, self._blob(file.digest), place)
                return str(folder)
            if parcel.topic in GONE and not parcel.job.channel:
                await asyncio.to_thread(_take_back, folder, slug(parcel.job.title), parcel.payload)
        except OSError as error:
            raise DeliveryFailed(repr(error), permanent=False) from error
        return parcel.topic

    def elsewhere(self, job: JobView) -> str | None:
        """There is no other place: a folder that can't be written to may be one day."""
        del job
        return None


def folder_of(job: JobView, songs: Path) -> Path:
    """Where the files of `job` go: the folder that was asked for, or one of its own below `songs`."""
    return Path(job.channel) if job.channel else songs / f"{job.id}-{slug(job.title)}"


def placed(job: JobView, songs: Path) -> list[tuple[TrackView, FileView, Path]]:
    """Every file of `job` with its track and the path it is delivered to; the score is for edits, not for people."""
    folder = folder_of(job, songs)
    # A folder somebody named holds one song; in our own the file carries the title into any player.
    base = "song" if job.channel else slug(job.title)
    return [
        (track, file, _place(folder, base, track.take, file))
        for track in job.tracks
        for file in track.files
        if file.kind != "score"
    ]


def _place(folder: Path, base: str, take: int, file: FileView) -> Path:
    suffix = "" if take == 1 else f"-{take}"
    if file.kind == "stem":
        return folder / f"stems{suffix}" / f"{file.name}.{file.format}"
    return folder / f"{base}{suffix}.{file.format}"


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, half)
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)


def _take_back(folder: Path, base: str, payload: Mapping[str, Any]) -> None:
    """Remove the copies of what is gone, and the folders that are empty then. What was changed since stays."""
    for values in payload.get("files", ()):
        file = FileView(**{name: value for name, value in values.items() if name != "take"})
        place = _place(folder, base, values["take"], file)
        if place.is_file() and not place.is_symlink() and _digest(place) == file.digest.partition(".")[0]:
            place.unlink()
    for emptied in (*folder.glob("stems*"), folder):
        with contextlib.suppress(OSError):
            emptied.rmdir()


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
