"""Brings a checkpoint's files here: whole, checked, and going on where an earlier try was cut.

The hub's library throws half a file away when its download ends early. So each file is fetched into one beside it
that bears its checksum, and only a whole and right one gets its name.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from engine.acestep import checksums
from engine.acestep.checksums import Checksums
from engine.acestep.hub import File, Listing, Quiet, endpoint, reaching
from engine.spec import EngineError

INCOMPLETE = ".incomplete"
MARK = 12
# The songs and the database want some room, too.
SPARE_BYTES = 10**9

# Hears which file is coming, and how many bytes of all are here.
OnBytes = Callable[[str, int], None]


@dataclass(frozen=True)
class Missing:
    """What of a listing is not in a folder yet; `begun` bytes of it are."""

    files: tuple[File, ...]
    begun: int

    @property
    def size(self) -> int:
        """Bytes still to come."""
        return sum(file.size for file in self.files) - self.begun


def require_room(listing: Listing, lacking: Missing, folder: Path) -> None:
    """Raise `EngineError` (`hub_no_room`: need and free in bytes) where the disk is too small for what is lacking."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    free, need = shutil.disk_usage(there).free, lacking.size + SPARE_BYTES
    if lacking.files and need > free:
        raise EngineError("hub_no_room", permanent=False, fetch=listing.fetch, need=need, free=free, folder=str(folder))


def missing(listing: Listing, folder: Path) -> Missing:
    """What a fetch of `listing` into `folder` would bring. Reads every file: one that is damaged comes again."""
    files = tuple(file for file in listing.files if not _is_here(folder, file))
    return Missing(files, sum(_begun(_half(folder, file), file) for file in files))


def fetch(listing: Listing, lacking: Missing, folder: Path, on_bytes: OnBytes) -> None:
    """Bring what `folder` is `lacking` of `listing`, and write down the checksums.

    What has come stays, however this ends; the next try goes on from there. Raises `EngineError`, passing: `hub_away`,
    `hub_damaged` (file), `hub_no_room` (need and free in bytes, folder), `hub_disk_full`, `hub_busy`, `hub_unwritable`
    (folder, reason); and as `hub.listed` does.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, listing.fetch), reaching(listing.fetch):
            _fetch(listing, lacking, folder, on_bytes)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EngineError("hub_unwritable", permanent=False, folder=str(folder), reason=reason) from error


def _fetch(listing: Listing, lacking: Missing, folder: Path, on_bytes: OnBytes) -> None:
    before = checksums.read(folder) or Checksums()
    require_room(listing, lacking, folder)
    sums = Checksums(listing.name, listing.revision, dict(before.files))
    done = listing.size - sum(file.size for file in lacking.files)
    for file in listing.files:
        if file in lacking.files:
            _bring(listing, file, folder, partial(_tell, on_bytes, file.path, done))
            done += file.size
        sums = replace(sums, files={**sums.files, file.path: file.sha256 or checksums.sha256(folder / file.path)})
        checksums.write(folder, sums)
    _drop(folder, set(before.files) - {file.path for file in listing.files})
    wanted = {file.path for file in listing.files}
    checksums.write(folder, replace(sums, files={path: sums.files[path] for path in sums.files if path in wanted}))


def _tell(on_bytes: OnBytes, path: str, before: int, here: int) -> None:
    on_bytes(path, before + here)


def _bring(listing: Listing, file: File, folder: Path, on_here: Callable[[int], None]) -> None:
    """Bring one file. Raises `EngineError` (`hub_damaged`), and what the library raises."""
    import httpx2
    from huggingface_hub.file_download import hf_hub_url

    whole, half = folder / file.path, _half(folder, file)
    whole.parent.mkdir(parents=True, exist_ok=True)
    for other in whole.parent.glob(f"{_literal(whole.name)}.*{INCOMPLETE}"):
        # Half of what the file was at another commit.
        if other != half:
            other.unlink()
    url = hf_hub_url(listing.name, file.path, revision=listing.revision, endpoint=endpoint())
    with half.open("ab") as out:
        if out.tell() > file.size:
            out.truncate(0)
        while True:
            here = out.tell()
            try:
                _receive(url, out, file, on_here)
                break
            except httpx2.NetworkError:
                # Each try that gets further is worth another one.
                if out.tell() == here:
                    raise
            except OSError as error:
                if type(error) is not OSError or error.errno:
                    raise
                # More has come, or less, than belongs to it.
                break
        os.fsync(out.fileno())
    if not _is_right(half, file):
        half.unlink()
        raise EngineError("hub_damaged", permanent=False, fetch=listing.fetch, file=file.path)
    half.replace(whole)


def _receive(url: str, out: IO[bytes], file: File, on_here: Callable[[int], None]) -> None:
    """The rest of `file`, to the end of `out`."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    class Meter(Quiet):
        def update(self, arrived: float) -> None:
            here = out.tell() + int(arrived)
            if here > file.size:
                # It might go on until the disk is full. Heard before it is written.
                raise OSError(f"more than {file.size} bytes")
            on_here(here)

    # Packed on the way, its size could not be told, and half of it could not be gone on from.
    headers: dict[str, Any] = {**build_hf_headers(), "Accept-Encoding": "identity"}
    try:
        http_get(
            url, out, resume_size=out.tell(), headers=headers, expected_size=file.size,  # type: ignore[arg-type]
            tqdm_class=Meter,
        )  # fmt: skip
    finally:
        out.flush()


def _is_here(folder: Path, file: File) -> bool:
    try:
        return _is_right(folder / file.path, file)
    except OSError:
        return False


def _is_right(path: Path, file: File) -> bool:
    if path.stat().st_size != file.size:
        return False
    if file.sha256:
        return checksums.sha256(path) == file.sha256
    return not file.git or checksums.git_id(path) == file.git


def _half(folder: Path, file: File) -> Path:
    whole = folder / file.path
    return whole.with_name(f"{whole.name}.{file.mark[:MARK]}{INCOMPLETE}")


def _begun(half: Path, file: File) -> int:
    try:
        return min(half.stat().st_size, file.size)
    except OSError:
        return 0


def _literal(name: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _drop(folder: Path, paths: set[str]) -> None:
    """Let go what an earlier commit had: we brought it, and the loader might take it for a part."""
    for path in paths:
        inside = (folder / path).resolve()
        if inside.is_relative_to(folder.resolve()):
            inside.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path, repository: str) -> Iterator[None]:
    """Nobody else fetches into `folder` meanwhile: two would write to the same half of a file."""
    with (folder / ".fetching").open("a") as sign:
        try:
            fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise EngineError("hub_busy", permanent=False, fetch=repository) from busy
        yield
