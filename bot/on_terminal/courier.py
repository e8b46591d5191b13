"""Delivers to the terminal's channel, which is a folder: the finished files, under names a person understands."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.names import slug
from bot.placard import Placard
from bot.placards import draw
from bot.run_files import name_of_bundle
from workflows.bulletins import Notice
from workflows.deliver import DeliveryFailed, Parcel
from workflows.rules import Rules
from workflows.runs.view import RunView
from workflows.view import FileView, JobView, TrackView

# Its files are gone, so their copies go, too.
GONE = ("deleted", "taken_down", "expired")


# What lies in a run's folder because we put it there, with the digests of its files.
PLACED = ".placed.json"


class FolderCourier:
    """Copies each file to its place by way of a temp file, so a folder never shows half a song.

    What was thrown away goes from our own folder as well, as far as it is what we put there; a folder that somebody
    named is theirs.
    """

    surface = "terminal"

    def __init__(self, blob: Callable[[str], Path], songs: Path, rules: Rules) -> None:
        self._blob = blob
        self._songs = songs
        self._rules = rules

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

    async def put_up(self, notice: Notice) -> str | None:
        """The files of a run, once it has ended; no other bulletin is for a folder. The receipt is the folder."""
        run, ours = notice.about, not notice.channel
        try:
            if notice.withdrawn and notice.kind == "run" and ours:
                await asyncio.to_thread(_clear, self._songs, notice.subject)
            if not isinstance(run, RunView) or not (shown := draw(notice, self._rules)).ended:
                return None
            folder = run_folder(run, self._songs)
            await asyncio.to_thread(self._lay_out, folder, shown, ours=ours)
        except OSError as error:
            raise DeliveryFailed(repr(error), permanent=False) from error
        return str(folder)

    def elsewhere(self, told: JobView | Notice) -> str | None:
        """There is no other place: a folder that can't be written to may be one day."""
        del told
        return None

    def _lay_out(self, folder: Path, shown: Placard, *, ours: bool) -> None:
        """Everything that was handed over before and is no longer goes from our own folder, as a song's copies do."""
        files = {} if shown.bundle is None else {name: digest for name, digest, _ in shown.bundle.files}
        texts = [*(shown.bundle.texts if shown.bundle else ()), *([shown.sheet] if shown.sheet else [])]
        for name, digest in files.items():
            _copy(self._blob(digest), folder / name)
        for name, text in texts:
            _write(text, folder / name)
        if ours and (files or folder.is_dir()):
            for name, digest in _placed(folder).items():
                if name not in files:
                    _take_away(folder / name, digest)
            _write(json.dumps(files), folder / PLACED)


def folder_of(job: JobView, songs: Path) -> Path:
    """Where the files of `job` go: the folder that was asked for, or one of its own below `songs`."""
    return Path(job.channel) if job.channel else songs / f"{job.id}-{slug(job.title)}"


def run_folder(run: RunView, songs: Path) -> Path:
    """Where the files of `run` go: the folder that was asked for, or one of its own below `songs`."""
    return Path(run.channel) if run.channel else songs / f"run-{run.id}-{name_of_bundle(run)}"


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
    with _half(place) as half:
        shutil.copyfile(source, half)


def _write(text: str, place: Path) -> None:
    with _half(place) as half:
        half.write_text(text, "utf-8", newline="")


@contextlib.contextmanager
def _half(place: Path) -> Iterator[Path]:
    """Where to write what is to be at `place`, whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    half = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        yield half
        half.replace(place)
    finally:
        half.unlink(missing_ok=True)


def _take_back(folder: Path, base: str, payload: Mapping[str, Any]) -> None:
    """Remove the copies of what is gone, and the folders that are empty then. What was changed since stays."""
    for values in payload.get("files", ()):
        file = FileView(**{name: value for name, value in values.items() if name != "take"})
        place = _place(folder, base, values["take"], file)
        _take_away(place, file.digest)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _take_away(place: Path, digest: str) -> None:
    """Remove one copy, and the folder that is empty then."""
    if place.is_file() and not place.is_symlink() and _digest(place) == digest.partition(".")[0]:
        place.unlink()
        with contextlib.suppress(OSError):
            place.parent.rmdir()


def _placed(folder: Path) -> dict[str, str]:
    """What we put into a run's folder before."""
    try:
        there = json.loads((folder / PLACED).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(digest) for name, digest in there.items()} if isinstance(there, dict) else {}


def _clear(songs: Path, run: int) -> None:
    """Remove everything of a run that nobody is to find any more."""
    for folder in songs.glob(f"run-{run}-*"):
        shutil.rmtree(folder)


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
