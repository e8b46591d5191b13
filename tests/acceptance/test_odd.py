"""Odd requests through the real command: a sane song, never a crash or a silent file (acceptance 4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from mido import MidiFile

from engine.audio import chat
from engine.audio.lrc import parse_lrc
from tests.acceptance.studio_cli import Typist, at_work

RATE = 48_000
Played = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Plays a command once, in one home with one engine for all of them, and gives what `--json` says."""
    shell = Typist(tmp_path_factory.mktemp("home"))

    @cache
    def play(command: str) -> dict[str, Any]:
        done = shell.run("play", command, "--json", "--out", str(tmp_path_factory.mktemp("out")))
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        assert result["status"] == "COMPLETED"
        return result

    with at_work(shell):
        yield play


def sound(result: dict[str, Any], seconds: float) -> np.ndarray[Any, Any]:
    """The one track's master (samples, 2), which has the length that was asked for, sounds, and is not too loud."""
    [track] = result["tracks"]
    audio, rate = sf.read(track["path"], dtype="float32")
    assert rate == RATE
    assert abs(len(audio) - seconds * RATE) <= 0.02 * RATE
    assert np.isfinite(audio).all()
    assert 0.1 < np.abs(audio).max() < 10 ** (-1 / 20)
    return np.asarray(audio)


def longest_gap(audio: np.ndarray[Any, Any]) -> float:
    """Seconds of the longest silence (-60 dBFS) inside."""
    whole = len(audio) // 480 * 480
    loud = np.flatnonzero(np.abs(audio[:whole]).reshape(-1, 960).max(axis=1) > 1e-3)
    return float(np.diff(loud).max() - 1) / 100


@pytest.mark.parametrize(
    "caption",
    ["sad song", "悲伤的钢琴曲, 慢速", "🔥🔥🔥", "a" * 2048],
    ids=["two words", "Chinese", "emoji", "one endless word"],
)
def test_any_caption_makes_music(played: Played, caption: str) -> None:
    result = played(f'/instrumental caption:"{caption}" duration:6 seed:3')
    assert longest_gap(sound(result, 6)) < 1
    assert result["plan"]["caption"] == caption
    assert 1 <= len(result["plan"]["title"]) <= 60


def test_chinese_words_mean_what_they_say(played: Played) -> None:
    plan = played('/instrumental caption:"悲伤的钢琴曲, 慢速" duration:6 seed:3')
    [track] = plan["tracks"]
    assert "keyboard" in track["stems"]
    assert plan["plan"]["keyscale"].endswith("Minor")


@pytest.mark.parametrize(
    ("options", "seconds"),
    [("bpm:300 timesignature:2/4", 8), ("bpm:30 timesignature:6/8", 20)],
)
def test_the_slowest_and_the_quickest_tempo_make_music(played: Played, options: str, seconds: float) -> None:
    result = played(f'/instrumental caption:"rock" {options} duration:{seconds} seed:2')
    assert longest_gap(sound(result, seconds)) < 1
    [track] = result["tracks"]
    wanted = dict(option.split(":") for option in options.split())
    assert (track["bpm"], track["timesignature"]) == (int(wanted["bpm"]), wanted["timesignature"])
    assert len([message for message in MidiFile(track["midi"]) if message.type == "note_on"]) > 8


def test_the_shortest_song_sings_what_fits_and_says_what_does_not(played: Played) -> None:
    words = r"Hold the light a little longer now\nStay with me until the kettle sings\nAnd all the little things"
    result = played(f'/song caption:"folk" lyrics:"{words}" duration:5 seed:4 generate_lrc:true')
    audio = sound(result, 5)
    [track] = result["tracks"]
    voice, _ = sf.read(track["stems"]["vocals"])
    assert np.abs(voice).max() > 0.02
    assert np.abs(audio[-RATE // 200 :]).max() < 0.01
    left_out = [notice["params"]["count"] for notice in result["plan"]["notices"] if notice["code"] == "lines_left_out"]
    lines = [line for line in parse_lrc(Path(track["lrc"]).read_text(encoding="utf-8")) if line.text]
    assert len(lines) == 3 - sum(left_out)
    assert lines


@pytest.mark.parametrize("kind", ["loop", "one-shot"])
def test_a_sample_of_one_second(played: Played, kind: str) -> None:
    result = played(f'/sample caption:"dusty drum break" sample_type:{kind} duration:1 seed:6')
    assert len(sound(result, 1)) == RATE
    assert result["credits"] == 5


def test_a_song_of_ten_minutes_at_30_bpm(played: Played) -> None:
    result = played('/instrumental caption:"solo piano" bpm:30 duration:600 seed:1')
    [track] = result["tracks"]
    info = sf.info(track["path"])
    assert info.frames == 600 * RATE
    gaps = []
    with sf.SoundFile(track["path"]) as file:
        for block in file.blocks(blocksize=60 * RATE, dtype="float32"):
            gaps.append(longest_gap(block))
            assert np.abs(block).max() > 0.05
    assert max(gaps) < 1
    assert result["credits"] == 40
    # the one for chats is as long, and fits
    small = Path(track["paths"]["mp3"])
    assert small.stat().st_size < chat.LARGEST
    assert sf.info(small).duration == pytest.approx(600, abs=0.1)
