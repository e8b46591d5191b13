"""What is kept about people, in the hands of the operator: exported, deleted, and songs that go by age."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, update

from bot.on_terminal.cli import run
from storage.blobs import FolderBlobs
from storage.database import Database
from storage.tables import Job
from tests.rows import free_job


class Terminal:
    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self._capsys = home, capsys

    def says(self, *words: str) -> tuple[int, str]:
        code = run(words)
        out, err = self._capsys.readouterr()
        return code, (out + err).strip()

    def json(self, *words: str) -> Any:
        run([*words, "--json"])
        return json.loads(self._capsys.readouterr().out)

    def song(self) -> int:
        """A song of ada's, made long ago."""
        from storage import tracks, users

        file = self.home / "song"
        file.write_bytes(b"la" * 500_000)
        kept = FolderBlobs(self.home / "blobs").put(file, "flac")

        def work(session: Session) -> int:
            ada = users.by_name(session, "ada")
            assert ada is not None
            job = free_job(session, ada.id)
            done = {"status": "COMPLETED", "started_at": 1, "finished_at": 2, "title": "Coffee Steam"}
            session.exec(update(Job).where(col(Job.id) == job.id).values(**done))
            tracks.add(
                session, job_id=job.id, take=1, title="Coffee Steam", seed=1, duration=5, sample_rate=48000, channels=2,
                bpm=90, keyscale="", timesignature="", files=[("audio", "", "flac", kept)], now=1,
            )  # fmt: skip
            return job.id

        database = Database(f"sqlite:///{self.home / 'minstrel.db'}")
        try:
            return database.write(work)
        finally:
            database.close()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    terminal = Terminal(tmp_path / "home", capsys)
    assert terminal.says("credits", "grant", "ada", "500", "--why", "won the contest")[0] == 0
    return terminal


def test_somebody_is_exported_and_then_forgotten(terminal: Terminal, tmp_path: Path) -> None:
    number = terminal.song()
    written = terminal.json("mydata", "export", "ada", "--out", "taken along")
    archive = zipfile.ZipFile(written["path"])
    assert Path(written["path"]) == tmp_path / "taken along" / "mydata-ada.zip"
    assert set(archive.namelist()) == {"data.json", "README.txt", f"songs/{number}-coffee-steam/coffee-steam.flac"}
    assert "won the contest" in archive.read("data.json").decode()
    code, said = terminal.says("play", "/mydata export", "--as", "ada")
    assert (code, said.splitlines()[-1]) == (0, "mydata-ada.zip")
    assert (tmp_path / "mydata-ada.zip").is_file()

    assert "deletes everything" in terminal.says("play", "/mydata delete", "--as", "ada")[1]
    code, said = terminal.says("mydata", "delete", "ada")
    assert code == 2
    assert "Delete everything about ada for good" in said
    assert terminal.json("mydata", "delete", "ada", "--yes") == {"name": "ada", "songs": 1, "credits": 1500}
    for words in (("export", "ada"), ("delete", "ada", "--yes"), ("delete", "deleted-1", "--yes")):
        assert terminal.says("mydata", *words)[0] == 2, words
    assert terminal.json("credits", "balance", "ada")["available"] == 0
    noted = terminal.says("play", "/audit")[1]
    assert "mydata export" in noted
    assert "mydata delete" in noted
    assert "ada" not in noted
    assert terminal.says("credits", "check") == (0, "The books are sound: every credit is accounted for.")


def test_songs_go_by_age_and_are_shown_before(terminal: Terminal) -> None:
    number = terminal.song()
    assert "kept for ever" in terminal.says("tidy")[1]
    code, said = terminal.says("tidy", "--dry-run", "--days", "30")
    assert code == 0
    assert f"#{number} Coffee Steam of ada: " in said
    assert said.endswith("1 song would go, 1 MB in all.")
    assert terminal.says("tidy", "--days", "0") == (2, "`--days` is 0, must be 1 or more.")
    (terminal.home / "limits.toml").write_text("[retention]\nsongs_days = 30\n")
    gone = terminal.json("tidy")
    assert [(song["job"], song["size"]) for song in gone["songs"]] == [(number, 1_000_000)]
    assert terminal.says("tidy")[1] == "Nothing has to go."
    assert f"tidy job:{number}" in terminal.says("play", "/audit")[1]
    assert "Kept no longer" in terminal.says("jobs", "show", str(number))[1]
