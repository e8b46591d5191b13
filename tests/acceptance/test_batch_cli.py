"""`minstrel batch` and `minstrel runs`, as somebody at a shell uses them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from bot.on_terminal.cli import DONE, REFUSED, run
from tests.acceptance.studio_cli import Typist

GOOD = "command,caption,duration\nsong,slow blues,5\n/instrumental jazz waltz,,5\n"
BAD = f"{GOOD}song,techno,4\nsogn,x,\n"


@pytest.fixture
def home(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINSTREL_HOME", str(tmp_path))
    monkeypatch.setenv("MINSTREL_DATABASE_URL", sqlite_url)
    return tmp_path


def written(home: Path, text: str) -> str:
    file = home / "songs.csv"
    file.write_text(text)
    return str(file)


def test_bad_rows_stop_a_script_that_did_not_say_to_go_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["batch", written(home, BAD)]) == REFUSED
    said = capsys.readouterr()
    assert said.out == ""
    duration, unknown, advice = said.err.splitlines()
    assert duration.startswith("line 4: `duration` is 4, must be 5 to 600 seconds")
    assert unknown == "line 5: I don't know the command `/sogn`. Did you mean `/song`?"
    assert advice.startswith("2 rows can't be made, so nothing was started.")
    assert run(["batch", str(home / "none.csv")]) == REFUSED
    assert run(["runs", "list", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out) == []


def test_a_batch_that_is_only_begun_waits_for_a_worker_and_can_be_called_off(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["batch", written(home, GOOD), "--no-wait"]) == DONE
    kept = capsys.readouterr()
    assert kept.out == ("Run 1 is kept: 2 songs for 10 credits.\nFollow it with: minstrel runs show 1 --wait\n")
    assert "minstrel worker" in kept.err
    assert run(["runs", "cancel", "1"]) == REFUSED
    assert "--yes" in capsys.readouterr().err
    assert run(["runs", "cancel", "1", "--yes", "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)["status"] == "CANCELLED"
    assert run(["credits", "balance", "local", "--json"]) == DONE
    balance = json.loads(capsys.readouterr().out)
    assert (balance["posted"], balance["held"]) == (1000, 0)
    assert run(["runs", "retry", "1"]) == REFUSED


def test_the_others_are_made_into_a_folder(tmp_path: Path) -> None:
    shell, out = Typist(tmp_path / "home", {"MINSTREL_ENGINES": "1"}), tmp_path / "out"
    done = shell.run("batch", written(tmp_path, BAD), "--yes", "--out", str(out), "--json", "--as", "ann")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["credits"], told["name"]) == ("COMPLETED", 10, "songs.csv")
    assert [problem["line"] for problem in told["problems"]] == [4, 5]
    assert [(step["line"], step["state"], step["credits"]) for step in told["steps"]] == [
        (2, "DONE", 5),
        (3, "DONE", 5),
    ]
    assert all(Path(file).is_file() for file in told["files"])
    songs = sorted(path.suffix for path in out.iterdir() if path.suffix in (".flac", ".mp3"))
    assert songs == [".flac", ".flac", ".mp3", ".mp3"]
    with (out / "table.csv").open() as table:
        assert [row["status"] for row in csv.DictReader(table)] == ["done", "done", "refused", "refused"]
    assert "♪ songs: 0 of 2" in done.stderr
    assert shell.json("credits", "balance", "ann")["posted"] == 990


class Terminal(io.StringIO):
    """Somebody who answers what they are asked."""

    def isatty(self) -> bool:
        return True


def test_somebody_at_a_terminal_is_shown_the_price_and_asked(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(home, BAD)
    for said, code, status in (("\n", REFUSED, []), ("y\n", DONE, ["RUNNING"])):
        monkeypatch.setattr("sys.stdin", Terminal(said))
        assert run(["batch", file, "--no-wait"]) == code
        asked = capsys.readouterr().err
        assert "songs: 2 songs, 10 credits" in asked
        assert "2 rows can't be made. Start the other 2 for 10 credits? [y/N]" in asked
        assert run(["runs", "list", "--json"]) == DONE
        assert [one["status"] for one in json.loads(capsys.readouterr().out)] == status
