"""What nobody will ask for again goes, and nothing else."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

from sqlmodel import Session

from storage import blobs, drafts, heard, recordings
from storage.blobs import FolderBlobs, KeptBlob
from storage.database import Database
from tests.rows import free_job, person
from workflows import housekeeping
from workflows.people import now_ms

DAY_MS = 86_400_000


def stored(store: FolderBlobs, tmp_path: Path, text: str, *, old: bool) -> KeptBlob:
    (tmp_path / "file").write_text(text)
    kept = store.put(tmp_path / "file", "txt")
    if old:
        os.utime(store.path(kept.digest), (1, 1))
    return kept


def test_old_files_that_nothing_names_go(database: Database, tmp_path: Path) -> None:
    store = FolderBlobs(tmp_path / "blobs")
    stored(store, tmp_path, "a crash left me", old=True)
    young = stored(store, tmp_path, "my row is about to come", old=False)
    asyncio.run(housekeeping.sweep(database, store, tmp_path / "incoming"))
    assert [path.name for path in (tmp_path / "blobs").glob("??/*")] == [young.digest]


def test_old_rows_that_nothing_names_go_with_their_files(database: Database, tmp_path: Path) -> None:
    store = FolderBlobs(tmp_path / "blobs")
    kept = stored(store, tmp_path, "my track was deleted", old=True)
    database.write(lambda session: blobs.record(session, kept, now=1))
    asyncio.run(housekeeping.sweep(database, store, tmp_path / "incoming"))
    assert list((tmp_path / "blobs").glob("??/*")) == []
    assert database.read(lambda session: blobs.known(session, [kept.digest])) == set()


def test_what_a_killed_process_left_of_sound_on_its_way_in_goes(database: Database, tmp_path: Path) -> None:
    for name in ("left", "under way"):
        (tmp_path / "incoming" / name).mkdir(parents=True)
        (tmp_path / "incoming" / name / "fetched").write_text("x")
    os.utime(tmp_path / "incoming" / "left", (1, 1))
    asyncio.run(housekeeping.sweep(database, FolderBlobs(tmp_path / "blobs"), tmp_path / "incoming"))
    assert [room.name for room in (tmp_path / "incoming").iterdir()] == ["under way"]


def test_requests_and_drafts_are_forgotten_when_they_are_old(database: Database) -> None:
    now = now_ms()

    def work(session: Session) -> tuple[int, str, str]:
        author = person(session).id
        heard.first(session, "old", now - 3 * DAY_MS)
        heard.first(session, "new", now)
        old, new = (drafts.keep(session, user_id=author, text="/song", now=at) for at in (now - 15 * DAY_MS, now))
        return author, old, new

    author, old, new = database.write(work)
    asyncio.run(housekeeping.forget(database))
    assert database.read(lambda session: (drafts.get(session, old, author), drafts.get(session, new, author))) == (
        None,
        "/song",
    )
    assert database.write(lambda session: heard.first(session, "old", now))
    assert not database.write(lambda session: heard.first(session, "new", now))


def test_drafts_alone_are_forgotten_too(database: Database) -> None:
    now = now_ms()
    author = database.write(lambda session: person(session).id)
    old = database.write(lambda s: drafts.keep(s, user_id=author, text="/song", now=now - 15 * DAY_MS))
    asyncio.run(housekeeping.forget(database))
    assert database.read(lambda session: drafts.get(session, old, author)) is None


def test_what_somebody_asks_for_at_this_very_moment_is_not_forgotten(database_url: str, tmp_path: Path) -> None:
    forgetting, asking = Database(database_url), Database(database_url)
    kept = stored(FolderBlobs(tmp_path / "blobs"), tmp_path, "sound", old=False)

    def work(session: Session) -> tuple[int, str]:
        author = person(session).id
        row = recordings.add(
            session, user_id=author, blob=kept, title="", artist="", lyrics="", kind="mp3", duration=9.0,
            sample_rate=48_000, channels=2, now=1,
        )  # fmt: skip
        return author, row.id

    author, recording = forgetting.write(work)
    asked = threading.Event()

    def ask(session: Session) -> int:
        assert recordings.used(session, recording, now_ms())
        asked.set()
        # The other one comes to its lock meanwhile; should it be late, it finds what we have written.
        time.sleep(0.3)
        return free_job(session, author, recording_id=recording).id

    thread = threading.Thread(target=lambda: asking.write(ask))
    thread.start()
    assert asked.wait(20)
    soon = {"unused_since": 1000, "without_job_since": 1000}
    assert forgetting.write(lambda session: recordings.forget(session, **soon)) == 0
    assert not forgetting.write(lambda session: recordings.let_go(session, recording))
    thread.join()
    assert forgetting.read(lambda session: recordings.get(session, recording)) is not None
    forgetting.close()
    asking.close()
