"""Files named by their content: whole or not there, and gone only when nothing needs them."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from storage import blobs, tracks
from storage.blobs import FolderBlobs, KeptBlob
from storage.database import Database
from storage.errors import StorageFull
from storage.tables import Track
from tests.rows import free_job, person

TAKE: dict[str, Any] = {
    "take": 0,
    "title": "Rain",
    "seed": 7,
    "duration": 30.0,
    "sample_rate": 48_000,
    "channels": 2,
    "bpm": 96.0,
    "keyscale": "A Minor",
    "timesignature": "3/4",
    "quality_score": 0.83,
    "lrc": "[00:01.00]rain",
    "peaks": (1, 5, 2),
}


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return written(tmp_path / "song.flac", b"la" * 1_500_000)


def written(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def aged(store: FolderBlobs, digest: str, seconds: float = 100) -> None:
    then = time.time() - seconds
    os.utime(store.path(digest), (then, then))


def names(tmp_path: Path) -> list[str]:
    return sorted(file.name for file in (tmp_path / "blobs").rglob("*") if file.is_file())


def keep_track(database: Database, *files: tuple[str, str, str, KeptBlob], now: int = 5) -> Track:
    def work(session: Session) -> Track:
        job = free_job(session, person(session))
        return tracks.add(session, job_id=job.id, now=now, files=files, **TAKE)

    return database.write(work)


def test_a_file_is_found_by_its_content(store: FolderBlobs, song: Path) -> None:
    kept = store.put(song, "flac")
    content = song.read_bytes()
    assert kept == (hashlib.sha256(content).hexdigest() + ".flac", len(content))
    assert store.path(kept.digest).read_bytes() == content
    with store.open(kept.digest) as file:
        assert file.read(2) == b"la"
    assert song.exists()


def test_the_same_content_is_kept_once(store: FolderBlobs, song: Path, tmp_path: Path) -> None:
    copy = written(tmp_path / "copy.flac", song.read_bytes())
    assert store.put(song, "flac") == store.put(copy, "flac")
    assert len(names(tmp_path)) == 1


def test_many_at_once_keep_one_whole_file(store: FolderBlobs, song: Path, tmp_path: Path) -> None:
    start = threading.Barrier(6)

    def put(_: int) -> KeptBlob:
        start.wait()
        return store.put(song, "flac")

    with ThreadPoolExecutor(6) as threads:
        (kept,) = set(threads.map(put, range(6)))
    assert names(tmp_path) == [kept.digest]
    assert store.path(kept.digest).stat().st_size == song.stat().st_size


def test_a_copy_that_fails_leaves_nothing_to_be_seen(
    store: FolderBlobs, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(StorageFull):
            store.put(song, "flac")
    assert names(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        store.put(tmp_path / "missing.flac", "flac")
    assert names(tmp_path) == []


@pytest.mark.parametrize("digest", ["../../etc/passwd", "a" * 64, f"{'a' * 64}.", f"{'A' * 64}.flac", "", "ab/cd.flac"])
def test_only_digests_name_blobs(store: FolderBlobs, digest: str) -> None:
    for act in (store.path, store.open, store.delete):
        with pytest.raises(ValueError, match="not a blob"):
            act(digest)


@pytest.mark.parametrize("ext", ["", "../x", "FLAC", "a" * 13, "tar.gz"])
def test_an_extension_is_short_and_plain(store: FolderBlobs, song: Path, ext: str) -> None:
    with pytest.raises(ValueError, match="extension"):
        store.put(song, ext)


def test_a_blob_that_is_not_there_is_said_to_be_missing(store: FolderBlobs, song: Path) -> None:
    kept = store.put(song, "flac")
    store.delete(kept.digest)
    store.delete(kept.digest)
    with pytest.raises(FileNotFoundError):
        store.path(kept.digest)
    with pytest.raises(FileNotFoundError):
        store.open(kept.digest)


def test_sweeping_takes_what_is_old_and_not_needed(store: FolderBlobs, tmp_path: Path) -> None:
    needed, young, old = (
        store.put(written(tmp_path / name, name.encode()), "txt").digest for name in ("needed", "young", "old")
    )
    aged(store, needed)
    aged(store, old)
    half = written(tmp_path / "blobs" / "incoming" / "tmphalf", b"half")
    os.utime(half, (1, 1))
    written(tmp_path / "blobs" / "incoming" / "tmpbusy", b"busy")
    assert store.sweep(lambda digests: {needed} & set(digests), older_than_s=50) == 2
    assert names(tmp_path) == sorted([needed, young, "tmpbusy"])


def test_a_file_put_again_while_a_sweep_decides_is_kept(store: FolderBlobs, song: Path) -> None:
    kept = store.put(song, "flac")
    aged(store, kept.digest)

    def decide(_digests: object) -> set[str]:
        store.put(song, "flac")
        return set()

    assert store.sweep(decide, older_than_s=50) == 0
    assert store.path(kept.digest).exists()


def test_a_track_is_kept_with_its_files(database: Database, store: FolderBlobs, song: Path) -> None:
    kept = store.put(song, "flac")
    track = keep_track(database, ("audio", "song", "flac", kept), ("stem", "vocals", "flac", kept))
    (found,) = database.read(lambda session: tracks.of_job(session, track.job_id))
    assert (found.title, found.bpm, found.lrc, found.peaks) == ("Rain", 96.0, "[00:01.00]rain", [1, 5, 2])
    files = database.read(lambda session: tracks.files_of(session, track.id))
    assert [(file.kind, file.name, blob.digest, blob.size) for file, blob in files] == [
        ("audio", "song", *kept),
        ("stem", "vocals", *kept),
    ]
    assert database.read(lambda session: tracks.get(session, track.id)) == found


def test_a_job_has_one_track_of_each_take(database: Database) -> None:
    track = keep_track(database)
    with pytest.raises(IntegrityError):
        database.write(lambda s: tracks.add(s, job_id=track.job_id, now=6, **TAKE))


def test_blobs_go_when_no_track_names_them(database: Database, store: FolderBlobs, tmp_path: Path) -> None:
    shared, own = (store.put(written(tmp_path / name, name.encode()), "txt") for name in ("shared", "own"))
    first = keep_track(database, ("audio", "song", "txt", shared), ("midi", "song", "txt", own))
    keep_track(database, ("audio", "song", "txt", shared))
    for kept in (shared, own):
        aged(store, kept.digest)

    def sweep() -> int:
        return database.write(lambda session: blobs.sweep(session, store, older_than_s=50))

    assert sweep() == 0
    assert database.write(lambda session: tracks.delete(session, first.id))
    assert not database.write(lambda session: tracks.delete(session, first.id))
    assert database.read(lambda session: blobs.unreferenced(session, 6)) == (own.digest,)
    assert database.read(lambda session: blobs.unreferenced(session, 5)) == ()
    assert sweep() == 1
    assert names(tmp_path) == [shared.digest]
    assert database.read(lambda session: blobs.unreferenced(session, 6)) == ()


def test_an_old_blob_that_is_named_again_survives_a_sweep(database: Database, store: FolderBlobs, song: Path) -> None:
    kept = store.put(song, "flac")
    database.write(lambda session: blobs.record(session, kept, now=5))
    aged(store, kept.digest)
    again = store.put(song, "flac")
    keep_track(database, ("audio", "song", "flac", again), now=int(time.time() * 1000))
    assert database.write(lambda session: blobs.sweep(session, store, older_than_s=50)) == 0
    assert store.path(kept.digest).exists()
