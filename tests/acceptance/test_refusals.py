"""Bad input at the terminal: one sentence with field, value and range; exit 2; no job, no hold, no charge."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal.cli import run
from tests.acceptance.studio_cli import Typist


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit code, the JSON printed, and what stood on stderr."""
    code = run([*words, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err.strip()


@pytest.mark.parametrize(
    ("command", "code", "field", "words"),
    [
        ("/song caption:blues bpm:500", "bad_value", "bpm", ("500", "30 to 300 BPM")),
        ("/song caption:blues bpm:quick", "bad_value", "bpm", ("quick", "30 to 300 BPM")),
        ("/song caption:blues duration:900", "bad_value", "duration", ("900", "5 to 600 seconds")),
        ("/song caption:blues duration:4", "bad_value", "duration", ("4", "5 to 600 seconds")),
        ("/song caption:blues duration:nan", "bad_value", "duration", ("nan", "5 to 600 seconds")),
        ("/song caption:blues tempo:120", "unknown_option", "tempo", ("tempo", "duration", "in all")),
        ("/song", "nothing_to_go_by", "caption", ("caption", "lyrics", "genre_preset")),
        (f"/song caption:{'x' * 2049}", "bad_value", "caption", ("2,049", "2,048")),
        (f"/simple query:{'x' * 1001}", "bad_value", "query", ("1,001", "1,000")),
        ("/song caption:hop genre_preset:Polka", "bad_value", "genre_preset", ("Polka", "Jazz", "Rock")),
        ("/song caption:hop keyscale:H", "bad_value", "keyscale", ("H", "C Major")),
        ("/song caption:hop timesignature:7/8", "bad_value", "timesignature", ("7/8", "3/4")),
        ("/song caption:hop format:exe", "bad_value", "format", ("exe", "flac", "mp3")),
        ("/song caption:hop batch_size:9", "bad_value", "batch_size", ("9", "1 to 8")),
        ("/song caption:hop instrumental:maybe", "bad_value", "instrumental", ("maybe", "true or false")),
        ("/song caption:hop bpm:90 bpm:100", "duplicate_option", "bpm", ("bpm", "twice")),
        ('/song caption:"hop', "unclosed_quote", "caption", ("quote",)),
        ("/sogn hop", "unknown_command", None, ("/sogn", "/song")),
        ("/cover jazz source_job_id:1", "job_not_found", "source_job_id", ("1",)),
        ("/song caption:hop model_version:v9", "bad_value", "model_version", ("v9", "audiomusic-v2")),
    ],
)
def test_a_refusal_names_field_value_and_range(
    capsys: pytest.CaptureFixture[str], command: str, code: str, field: str | None, words: tuple[str, ...]
) -> None:
    exit_code, answer, sentence = said(capsys, "play", command)
    assert exit_code == 2
    assert (answer["error"]["code"], answer["error"]["field"]) == (code, field)
    assert answer["error"]["message"] == sentence
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert said(capsys, "jobs", "list")[1] == []
    assert said(capsys, "credits", "balance", "local")[1]["posted"] == 1000


def test_too_few_credits(capsys: pytest.CaptureFixture[str]) -> None:
    song = '/song caption:"long" duration:600 batch_size:8'
    for _ in range(3):
        assert run(["play", song, "--no-wait"]) == 0
    capsys.readouterr()
    exit_code, answer, sentence = said(capsys, "play", song)
    assert (exit_code, answer["error"]["code"]) == (2, "insufficient_credits")
    assert "320" in sentence
    assert "40" in sentence
    assert said(capsys, "credits", "grant", "local", "1000")[1]["available"] == 1040
    assert run(["play", song, "--no-wait"]) == 0
    assert run(["credits", "check"]) == 0


def test_a_rate_limit_of_the_operator_says_when_to_come_back(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    home.mkdir()
    (home / "limits.toml").write_text("[per_minute]\ntext2music = 1\n")
    assert run(["play", "/song hop", "--no-wait"]) == 0
    capsys.readouterr()
    exit_code, answer, sentence = said(capsys, "play", "/song hop")
    assert (exit_code, answer["error"]["code"]) == (2, "rate_limited")
    assert 50 <= answer["error"]["retry_after"] <= 60
    assert "second" in sentence


def test_a_wrong_file_of_the_operator_names_file_key_and_range(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    home.mkdir()
    (home / "pricing.toml").write_text("welcome = -5\n")
    assert run(["jobs"]) == 1
    sentence = capsys.readouterr().err
    assert all(word in sentence for word in ("pricing.toml", "welcome", "-5", "0")), sentence


@pytest.mark.parametrize("command", [("doctor",), ("play", "/song caption:blues")])
def test_a_wrong_word_of_the_operator_is_named_before_anything_is_kept(
    capsys: pytest.CaptureFixture[str], home: Path, command: tuple[str, ...]
) -> None:
    home.mkdir()
    (home / "words.toml").write_text("[moods.sad]\nenergy = -7\n")
    exit_code, _, sentence = said(capsys, *command)
    assert exit_code != 0
    assert all(word in sentence for word in ("words.toml", "moods.sad.energy", "-7", "-1 to 1")), sentence
    assert said(capsys, "jobs", "list")[1] == []


def test_jobs_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("show", "cancel", "retry"):
        exit_code, answer, _ = said(capsys, "jobs", action, "77")
        assert (exit_code, answer["error"]["code"]) == (2, "job_not_found")


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("MINSTREL_HOME", "/proc/nowhere", ("/proc/nowhere", "MINSTREL_HOME")),
        ("MINSTREL_DATABASE_URL", "sqlite:////proc/version", ("/proc/version", "MINSTREL_DATABASE_URL")),
        ("MINSTREL_DATABASE_URL", "postgresql://ann:secret@127.0.0.1:1/x", ("can't be used", "MINSTREL_DATABASE_URL")),
        ("MINSTREL_ENGINE", "gpu", ("MINSTREL_ENGINE", "gpu", "acestep")),
        ("MINSTREL_ENGINES", "99", ("MINSTREL_ENGINES", "99", "0 to 64")),
    ],
)
def test_a_house_that_can_not_open_says_what_to_set(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: str,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setenv(setting, value)
    assert run(["jobs"]) == 1
    sentence = capsys.readouterr().err
    assert all(word in sentence for word in words), sentence
    assert "secret" not in sentence
    assert "Traceback" not in sentence


def test_a_front_without_engine_says_so_and_keeps_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert run(["play", "/song hop"]) == 1
    assert "minstrel-bot[worker]" in capsys.readouterr().err
    assert said(capsys, "jobs", "list")[1] == []
    assert run(["play", "/song hop", "--no-wait"]) == 0


def test_a_folder_that_can_not_be_written_is_refused_before_anything_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code, answer, _ = said(capsys, "play", "/song hop", "--out", "/proc/nowhere")
    assert (exit_code, answer["error"]["field"]) == (2, "--out")
    assert said(capsys, "jobs", "list")[1] == []


def test_what_people_are_called_is_no_markup_in_the_list_of_jobs(tmp_path: Path) -> None:
    shell = Typist(tmp_path)
    played = shell.run("play", '/song caption:"x" display_name:"a [/b] [red]c"', "--no-wait", "--as", "bob [/]")
    assert played.returncode == 0, played.stderr
    listed = shell.run("jobs")
    assert listed.returncode == 0, listed.stderr
    assert "bob [/]" in listed.stdout


def test_a_refusal_says_a_time_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Chats show it in their readers' own zones; here it is that of UTC, and no sign of ours."""
    assert run(["play", "/challenge create theme:rain submit:3d vote:2d"]) == 0
    capsys.readouterr()
    code, answer, err = said(capsys, "play", "/challenge vote 1")
    assert (code, answer["error"]["code"]) == (2, "challenge_enter_first")
    for words in (err, answer["error"]["message"]):
        assert re.search(r"takes songs until \d{4}-\d\d-\d\d \d\d:\d\d UTC;", words), words
