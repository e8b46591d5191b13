"""Audio and other files, named by their content: the store that holds them and the rows that say who needs them.

A file is stored before any row names it, and its row goes before the file does. So a row never lacks its file, and
what a crash leaves behind is a file without a row, which `sweep` removes once it is old.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, Protocol

from sqlalchemy import ColumnElement, and_, exists
from sqlmodel import Session, col, delete, select

from storage.errors import StorageFull
from storage.once import insert
from storage.tables import Blob, JobMark, Recording, TrackFile

CHUNK = 1 << 20
EXTENSION = re.compile(r"[a-z0-9]{1,12}")
DIGEST = re.compile(r"[0-9a-f]{64}\.[a-z0-9]{1,12}")
INCOMING = "incoming"
FULL = (errno.ENOSPC, errno.EDQUOT)
# How many names are asked about at once; SQLite takes 32,766 parameters in a query.
BATCH = 1000


class KeptBlob(NamedTuple):
    """A stored file: its name (hex SHA-256, a dot, the extension) and its size in bytes."""

    digest: str
    size: int


class Blobs(Protocol):
    """Where files are kept. Calls MUST be safe from several threads and processes at once."""

    def put(self, path: Path, ext: str) -> KeptBlob:
        """Keep a copy of the file at `path`. Raises `StorageFull`, and `ValueError` for an unusable `ext`."""

    def path(self, digest: str) -> Path:
        """A file of this machine to read the blob from; MAY fetch it first.

        Raises `FileNotFoundError` for a blob that is not there and `ValueError` for what is no digest.
        """

    def open(self, digest: str) -> BinaryIO:
        """The blob, open for reading. Raises like `path`."""

    def delete(self, digest: str) -> None:
        """Remove the blob if it is there."""

    def sweep(self, keep: Callable[[Collection[str]], set[str]], older_than_s: float) -> int:
        """Remove what is older than that and not among the digests that `keep` picks; returns how many files."""


class FolderBlobs:
    """Blobs as files of one folder: `root/ab/abcdef….flac`. Only a whole file ever has such a name."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, path: Path, ext: str) -> KeptBlob:
        """Copy the file at `path` in. One that is there already stays, and is new again in the eyes of `sweep`."""
        if not EXTENSION.fullmatch(ext):
            raise ValueError(f"not a file extension: {ext!r}")
        incoming = self._root / INCOMING
        try:
            incoming.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=incoming, delete=False) as copy:
                try:
                    return self._keep(path, ext, copy)
                finally:
                    Path(copy.name).unlink(missing_ok=True)
        except OSError as error:
            if error.errno in FULL:
                raise StorageFull(str(error)) from error
            raise

    def path(self, digest: str) -> Path:
        """The blob's file."""
        place = self._place(digest)
        if not place.is_file():
            raise FileNotFoundError(f"no blob {digest}")
        return place

    def open(self, digest: str) -> BinaryIO:
        """The blob's file, open for reading."""
        return self._place(digest).open("rb")

    def delete(self, digest: str) -> None:
        """Remove the blob's file if it is there."""
        self._place(digest).unlink(missing_ok=True)

    def sweep(self, keep: Callable[[Collection[str]], set[str]], older_than_s: float) -> int:
        """Remove old files that `keep` does not pick, and old leftovers of copies that never ended."""
        before = time.time() - older_than_s
        removed = sum(_remove_old(file, before) for file in self._root.glob(f"{INCOMING}/*"))
        old = (file for file in self._files() if file.stat().st_mtime < before)
        while batch := {file.name: file for file in itertools.islice(old, BATCH)}:
            unwanted = batch.keys() - keep(batch.keys())
            # Looked at again: it may have been put anew since.
            removed += sum(_remove_old(batch[digest], before) for digest in unwanted)
        return removed

    def _keep(self, path: Path, ext: str, copy: IO[bytes]) -> KeptBlob:
        hashed = hashlib.sha256()
        with path.open("rb") as source:
            while chunk := source.read(CHUNK):
                hashed.update(chunk)
                copy.write(chunk)
        kept = KeptBlob(f"{hashed.hexdigest()}.{ext}", copy.tell())
        place = self._place(kept.digest)
        try:
            os.utime(place)
        except FileNotFoundError:
            copy.flush()
            os.fsync(copy.fileno())
            place.parent.mkdir(exist_ok=True)
            Path(copy.name).chmod(0o644)
            Path(copy.name).replace(place)
            _sync(place.parent)
            _sync(self._root)
        return kept

    def _place(self, digest: str) -> Path:
        # A digest may come from outside; what is none must not name a file elsewhere.
        if not DIGEST.fullmatch(digest):
            raise ValueError(f"not a blob: {digest!r}")
        return self._root / digest[:2] / digest

    def _files(self) -> Iterator[Path]:
        for file in self._root.glob("??/*"):
            if DIGEST.fullmatch(file.name):
                yield file


def record(session: Session, blob: KeptBlob, *, now: int) -> None:
    """Keep the row of a stored blob; one that is there counts as new, so that no sweep takes it meanwhile."""
    row = Blob(digest=blob.digest, size=blob.size, created_at=now)
    session.exec(insert(session, row).on_conflict_do_update(index_elements=["digest"], set_={"created_at": now}))


def unreferenced(session: Session, older_than: int) -> tuple[str, ...]:
    """Digests of blobs from before `older_than` (milliseconds since the epoch) that nothing names."""
    return tuple(
        session.exec(select(Blob.digest).where(Blob.created_at < older_than, _unnamed()).order_by(Blob.digest))
    )


def known(session: Session, digests: Collection[str]) -> set[str]:
    """Those of `digests` that have a row."""
    return set(session.exec(select(Blob.digest).where(col(Blob.digest).in_(digests))))


def unneeded(session: Session, blobs: Blobs, *, older_than_s: float) -> bool:
    """Whether `sweep` would find anything; of the database it only reads."""
    found = False

    def look(digests: Collection[str]) -> set[str]:
        nonlocal found
        found = found or len(known(session, digests)) < len(digests)
        return set(digests)

    blobs.sweep(look, older_than_s)
    return found or bool(unreferenced(session, _ms_ago(older_than_s)))


def sweep(session: Session, blobs: Blobs, *, older_than_s: float) -> int:
    """Remove blobs that nothing names and that are older than that, rows first; returns how many files.

    To be run in a write: while files go, nobody can begin to name them. Should it be rolled back, the rows that come
    back name no file, and nothing names them.
    """
    session.exec(delete(Blob).where(col(Blob.created_at) < _ms_ago(older_than_s), _unnamed()))
    return blobs.sweep(lambda digests: known(session, digests), older_than_s)


def _ms_ago(seconds: float) -> int:
    return int((time.time() - seconds) * 1000)


def _unnamed() -> ColumnElement[bool]:
    digest = col(Blob.digest)
    naming = (TrackFile.digest, Recording.digest, JobMark.picture)
    return and_(*(~exists().where(col(column) == digest) for column in naming))


def _remove_old(file: Path, before: float) -> bool:
    try:
        if file.stat().st_mtime >= before:
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
