"""One command, one song: what a newcomer types and what lies in the folder afterwards (acceptance 1 to 3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf
from mido import MidiFile

from engine.audio.lrc import parse_lrc
from tests.acceptance.studio_cli import Shell, Typist, at_work
from tests.conftest import Postgres

WALTZ = '/song caption:"melancholic piano waltz" duration:31 bpm:96 keyscale:"A minor" timesignature:3/4 seed:7'
LYRICS = (
    r"[verse]\nMorning light on the kitchen floor\nCoffee and rain at the open door\n"
    r"[chorus]\nSing it out loud, let the whole street know\nWe built a radio out of snow"
)
SUNG = f'/song caption:"warm indie pop" duration:26 seed:3 generate_lrc:true lyrics:"{LYRICS}"'


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A home where a worker makes what is played; where nobody works, as below, `play` does it itself."""
    shell = Typist(tmp_path_factory.mktemp("home"))
    with at_work(shell):
        yield shell


@pytest.fixture(scope="module")
def waltz(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return played(shell, WALTZ, tmp_path_factory.mktemp("waltz"))


@pytest.fixture(scope="module")
def sung(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return played(shell, SUNG, tmp_path_factory.mktemp("sung"))


def played(shell: Shell, command: str, out: Path) -> dict[str, Any]:
    done = shell.run("play", command, "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_song_is_as_long_loud_and_wide_as_asked(waltz: dict[str, Any]) -> None:
    [track] = waltz["tracks"]
    audio, rate = sf.read(track["path"])
    assert rate == 48000
    assert audio.shape[1] == 2
    assert abs(len(audio) / rate - 31) <= 0.020
    assert pyloudnorm.Meter(rate).integrated_loudness(audio) == pytest.approx(-14, abs=0.5)
    assert np.abs(audio).max() < 10 ** (-1 / 20)


def test_the_json_has_every_promised_name(waltz: dict[str, Any]) -> None:
    assert {"job", "task", "status", "credits", "plan", "tracks", "analysis", "error"} <= waltz.keys()
    assert (waltz["task"], waltz["status"], waltz["credits"]) == ("text2music", "COMPLETED", 10)
    assert waltz["plan"]["bpm"] == 96
    assert waltz["plan"]["keyscale"] == "A Minor"
    [track] = waltz["tracks"]
    expected = {"bpm": 96, "keyscale": "A Minor", "timesignature": "3/4", "seed": 7, "format": "flac", "channels": 2}
    assert {name: track[name] for name in expected} == expected
    assert 0 <= track["quality_score"] <= 1
    assert track["lrc"] is None
    assert all(Path(path).is_file() for path in (track["midi"], track["image"], *track["stems"].values()))
    assert MidiFile(track["midi"]).length == pytest.approx(31, abs=4)


def test_the_same_command_gives_the_same_bytes_and_postgres_is_a_change_of_url(
    sung: dict[str, Any], postgres: Postgres, tmp_path: Path
) -> None:
    """In a process that nobody helps, on the other database."""
    home, settings = tmp_path / "home", {"MINSTREL_DATABASE_URL": postgres.empty()}
    again = played(Shell(home, settings), SUNG, tmp_path / "out")
    for one, other in zip(files(sung), files(again), strict=True):
        assert digest(one) == digest(other), one
    here = Typist(home, settings)
    assert here.json("credits", "balance", "local")["available"] == 995
    assert here.run("credits", "check").returncode == 0
    assert not (home / "minstrel.db").exists()


def test_stems_sum_to_the_song(sung: dict[str, Any]) -> None:
    [track] = sung["tracks"]
    mix, _ = sf.read(track["path"])
    stems = sum(sf.read(path)[0] for path in track["stems"].values())
    assert np.abs(mix - stems).max() < 10 ** (-80 / 20)
    assert {"vocals", "drums", "bass"} <= track["stems"].keys()


def test_every_line_is_sung_and_starts_where_the_lyrics_say(sung: dict[str, Any]) -> None:
    [track] = sung["tracks"]
    lines = parse_lrc(Path(track["lrc"]).read_text(encoding="utf-8"))
    written = [line for line in LYRICS.split(r"\n") if not line.startswith("[")]
    assert [line.text for line in lines if line.text] == written
    assert [[word.text for word in line.words] for line in lines if line.text] == [line.split() for line in written]
    voice, rate = sf.read(track["stems"]["vocals"])
    for line in lines:
        if line.text:
            assert abs(onset(voice.mean(axis=1), rate, line.start) - line.start) <= 0.020, line.text


def onset(voice: np.ndarray[Any, Any], rate: int, near: float) -> float:
    """Seconds at which a sound begins within 0.2 s of `near`, by spectral flux (the room still rings).

    The first frame (12 ms, one each ms) whose log spectrum rises half as steeply as the steepest around.
    """
    size, lag = int(0.012 * rate), 12
    first = max(int((near - 0.2) * rate) - size, 0)
    frames = np.lib.stride_tricks.sliding_window_view(voice[first : int((near + 0.2) * rate) + size], size)
    spectra = np.abs(np.fft.rfft(frames[:: rate // 1000] * np.hanning(size), axis=1))[:, 2:]
    levels = np.log(spectra + spectra.max() * 1e-3)
    flux = np.maximum(levels[lag:] - levels[:-lag], 0).mean(axis=1)
    assert flux.max() > 4 * np.median(flux), "nothing begins here"
    return first / rate + (int(np.argmax(flux > flux.max() / 2)) + lag) / 1000 + size / rate / 2


def files(played: dict[str, Any]) -> list[str]:
    [track] = played["tracks"]
    return [*track["paths"].values(), track["lrc"], track["midi"], track["image"], *track["stems"].values()]


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
