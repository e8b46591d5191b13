"""A request that starts from a song made here: which song that is, and why there may be none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from bot.answers import refusal_words
from engine.spec import EngineError, Request, Source, parse
from storage import jobs, tracks
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.tables import Job
from tests.rows import free_job, person
from workflows.refusal import Refusal
from workflows.source import named, resolve, source_of

STEMS = parse("stems", {"source_job_id": 1})
SONG = parse("text2music", {"caption": "blues", "duration": 30})


def finished(session: Session, blobs: FolderBlobs, folder: Path, *, takes: int = 1) -> Job:
    """A song of 30 s, made, with a FLAC and a stem for each take."""
    waiting = free_job(session, person(session), duration=30.0, takes=takes)
    (claimed,) = jobs.claim(session, worker="w", now=2, lease_ms=100, tasks=["text2music"])
    token = str(claimed.token)
    plan = json.dumps(
        {
            "caption": "slow blues",
            "genre_preset": "Jazz",
            "lyrics": "Carry me",
            "vocal_language": "en",
            "lyrics_by": "model",
            "lyrics_model": "llama3.1",
        }
    )
    assert jobs.set_plan(session, job_id=waiting.id, token=token, plan=plan, title="Rain")
    assert jobs.complete(session, job_id=waiting.id, token=token, now=3)
    for take in range(takes, 0, -1):
        file = folder / "file"
        kept = []
        for kind, name in (("audio", ""), ("stem", "drums")):
            file.write_text(f"{kind} {take}")
            kept.append((kind, name, "flac", blobs.put(file, "flac")))
        tracks.add(
            session,
            job_id=waiting.id,
            take=take,
            title="Rain",
            seed=7 + take,
            duration=30.0,
            sample_rate=48000,
            channels=2,
            bpm=96,
            keyscale="A Minor",
            timesignature="3/4",
            files=kept,
            now=3,
        )
    job = jobs.get(session, waiting.id)
    assert job is not None
    return job


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def refused(database: Database, spec: Request) -> Refusal:
    with pytest.raises(Refusal) as caught:
        database.read(lambda session: resolve(session, spec))
    refusal = caught.value
    assert f"#{refusal.value}" in refusal_words(refusal)
    return refusal


def test_a_finished_song_is_found_by_its_number(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    song = database.write(lambda session: finished(session, blobs, tmp_path))
    for task, values in (
        ("stems", {"source_job_id": song.id}),
        ("retake", {"original_job_id": song.id}),
        ("lrc", {"job_id": song.id}),
    ):
        spec = parse(task, values)
        found = database.read(lambda session, spec=spec: resolve(session, spec))  # type: ignore[misc]
        assert found is not None
        assert (found.job.id, found.track.take, found.kinds) == (song.id, 1, frozenset({"audio", "stem"}))


def test_a_request_that_names_no_song_starts_from_none(database: Database) -> None:
    assert database.read(lambda session: resolve(session, SONG)) is None
    linked = parse("stems", {"src_audio_url": "https://example.com/song.mp3"})
    assert database.read(lambda session: resolve(session, linked)) is None


def test_no_such_song(database: Database) -> None:
    refusal = refused(database, STEMS)
    assert (refusal.code, refusal.field, refusal.value) == ("job_not_found", "source_job_id", 1)


def test_a_song_that_is_not_finished(database: Database) -> None:
    database.write(lambda session: free_job(session, person(session)))
    assert refused(database, STEMS).code == "source_not_ready"
    database.write(lambda session: jobs.claim(session, worker="w", now=2, lease_ms=9, tasks=["text2music"]))
    refusal = refused(database, parse("retake", {"original_job_id": 1}))
    assert (refusal.code, refusal.field) == ("source_not_ready", "original_job_id")


def test_a_job_that_failed_or_was_cancelled(database: Database) -> None:
    def fail(session: Session) -> None:
        free_job(session, person(session))
        (job,) = jobs.claim(session, worker="w", now=2, lease_ms=9, tasks=["text2music"])
        error: dict[str, Any] = {"error_code": "internal", "error_params": {}, "error_permanent": True}
        assert jobs.fail(session, job_id=job.id, token=str(job.token), now=3, error_cause="", **error)
        cancelled = free_job(session, job.user_id)
        jobs.request_cancel(session, job_id=cancelled.id, now=3)

    database.write(fail)
    assert refused(database, STEMS).code == "source_without_song"
    refusal = refused(database, parse("stems", {"source_job_id": 2}))
    assert (refusal.code, refusal.value, refusal.params) == ("source_without_song", 2, {"status": "CANCELLED"})


def test_a_song_that_was_deleted(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    song = database.write(lambda session: finished(session, blobs, tmp_path))
    database.write(lambda session: jobs.thrown_away(session, song.id, 5))
    assert refused(database, STEMS).code == "source_deleted"


def test_a_song_without_tracks(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    song = database.write(lambda session: finished(session, blobs, tmp_path))
    database.write(lambda session: [tracks.delete(session, t.id) for t in tracks.of_job(session, song.id)])
    assert refused(database, STEMS).code == "source_deleted"


def test_a_take_that_the_song_does_not_have(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    database.write(lambda session: finished(session, blobs, tmp_path, takes=2))
    with pytest.raises(Refusal) as caught:
        database.read(lambda session: resolve(session, parse("stems", {"source_job_id": 1, "source_take": 3})))
    assert (caught.value.code, caught.value.field, caught.value.value) == ("no_such_take", "source_take", 3)
    assert "#1 has 2 takes, so there is no take 3" in refusal_words(caught.value)


def brought(database: Database, blobs: FolderBlobs, spec: Request) -> Source | None:
    job = database.write(lambda session: free_job(session, 1, spec=spec.model_dump_json(), task=spec.task))
    return asyncio.run(source_of(database, blobs, job))


def test_an_engine_gets_the_first_take_and_its_files(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    song = database.write(lambda session: finished(session, blobs, tmp_path, takes=2))
    source = brought(database, blobs, STEMS)
    assert source is not None
    facts = source.model_dump(exclude={"files"})
    assert facts == {
        "job": song.id, "take": 1, "title": "Rain", "caption": "slow blues", "duration": 30.0, "bpm": 96,
        "keyscale": "A Minor", "timesignature": "3/4", "seed": 8, "genre_preset": "Jazz",
        "lyrics": "Carry me", "vocal_language": "en", "lyrics_by": "model", "lyrics_model": "llama3.1",
    }  # fmt: skip
    texts = {(file.kind, file.name, file.format): Path(file.path).read_text() for file in source.files}
    assert texts == {("audio", "", "flac"): "audio 1", ("stem", "drums", "flac"): "stem 1"}
    assert Source.model_validate_json(source.model_dump_json()) == source


def test_an_engine_gets_the_take_that_was_named(database: Database, blobs: FolderBlobs, tmp_path: Path) -> None:
    database.write(lambda session: finished(session, blobs, tmp_path, takes=2))
    source = brought(database, blobs, parse("retake", {"original_job_id": 1, "source_take": 2}))
    assert source is not None
    assert (source.take, source.seed) == (2, 9)
    assert {Path(file.path).read_text() for file in source.files} == {"audio 2", "stem 2"}


def test_a_request_without_a_source_brings_none(database: Database, blobs: FolderBlobs) -> None:
    database.write(person)
    assert brought(database, blobs, SONG) is None
    assert named(dict(SONG)) is None


@pytest.mark.parametrize("how", ["thrown away", "no row", "no file"])
def test_a_source_that_vanished_ends_the_job(database: Database, blobs: FolderBlobs, tmp_path: Path, how: str) -> None:
    song = database.write(lambda session: finished(session, blobs, tmp_path))
    [track] = database.read(lambda session: tracks.of_job(session, song.id))
    if how == "thrown away":
        database.write(lambda session: jobs.thrown_away(session, song.id, 5))
    elif how == "no row":
        database.write(lambda session: tracks.delete(session, track.id))
    else:
        for file, _ in database.read(lambda session: tracks.files_of(session, track.id)):
            blobs.delete(file.digest)
    with pytest.raises(EngineError) as caught:
        brought(database, blobs, STEMS)
    assert (caught.value.code, caught.value.permanent) == ("source_gone", True)
    assert caught.value.params == {"source": song.id}
