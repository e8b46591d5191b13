"""Sound that lies on this machine, given to the terminal by its path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bot.on_terminal.cli import run


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    wave = 0.4 * np.sin(2 * np.pi * 440 * np.arange(6 * 16_000) / 16_000)
    soundfile.write(tmp_path / "my song.wav", wave, 16_000)
    (tmp_path / "notes.txt").write_text("no sound at all")
    return tmp_path


def played(capsys: pytest.CaptureFixture[str], command: str) -> tuple[int, Any]:
    """Exit code, and the JSON that `play` prints without waiting."""
    code = run(["play", command, "--no-wait", "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    "command",
    [
        '/analyze "my song.wav"',
        '/stems "./my song.wav"',
        '/cover ska src_audio_url:"file://{folder}/my%20song.wav"',
    ],
)
def test_a_file_of_this_machine_is_taken_in_like_an_upload(
    capsys: pytest.CaptureFixture[str], folder: Path, command: str
) -> None:
    code, job = played(capsys, command.replace("{folder}", str(folder)))
    assert code == 0, job
    assert job["status"] == "PENDING"
    assert run(["jobs", "show", str(job["job"])]) == 0
    if job["task"] == "analyze":
        assert capsys.readouterr().out.startswith("#1 my song: waiting")
    # Nothing of what was typed is read again: the sound is here.
    (folder / "my song.wav").unlink()
    [kept] = (folder / "home" / "blobs").rglob("*.flac")
    assert soundfile.info(kept).samplerate == 48_000


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        ("/analyze nothing.mp3", "no_such_file", "audio_url"),
        ("/analyze file:///nowhere/song.mp3", "no_such_file", "audio_url"),
        ("/analyze ftp://example.com/song.mp3", "bad_value", "audio_url"),
        ("/reference calm reference_audio_url:.", "no_such_file", "reference_audio_url"),
        ("/cover ska src_audio_url:notes.txt", "audio_unknown", "src_audio_url"),
        ('/cover ska src_audio_url:"my song.wav" bpm:500', "bad_value", "bpm"),
        ('/cover ska source_job_id:1 src_audio_url:"my song.wav"', "sources_disagree", "src_audio_url"),
        ("/stems nothing.mp3", "bad_value", "source_job_id"),
    ],
)
def test_what_is_no_sound_is_refused_and_nothing_is_kept(
    capsys: pytest.CaptureFixture[str], folder: Path, command: str, code: str, field: str
) -> None:
    exit_code, said = played(capsys, command)
    assert exit_code == 2
    assert (said["error"]["code"], said["error"]["field"]) == (code, field)
    assert not list((folder / "home").rglob("*.flac"))
