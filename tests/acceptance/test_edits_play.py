"""One song and everything that can be made of it, at the terminal: lengths, prices, words, and books that are sound."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile as sf

from bot.on_terminal.cli import run
from tests.acceptance.studio_cli import Shell, at_work

SONG = r'/song caption:"warm indie pop" duration:6 seed:3 lyrics:"[verse]\nMorning light\nCoffee and rain"'
NEW_WORDS = r"[verse]\nEvening light\nWater and wine"
# In the order of their jobs: what is typed, how long it is, how many takes, and what it costs.
ASKED = {
    "song": (SONG, 6, 1, 5),
    "longer": ('/extend "a bright chorus" source_job_id:1 right_extend_length:3', 9, 1, 5),
    "mended": ('/repaint "quiet piano" source_job_id:2 repainting_start:2 repainting_end:4', 9, 1, 5),
    "again": ("/retake 3 retake_variance:0.5 retake_seeds:5,6", 9, 2, 10),
    "new words": (f'/edit source_job_id:1 edit_type:only_lyrics edit_target_lyrics:"{NEW_WORDS}"', 6, 1, 5),
    "remix": ("/edit ska source_job_id:4 source_take:2", 9, 1, 5),
    "stems": ("/stems 2", 9, 1, 0),
}


def typed(*words: str) -> str:
    """What `minstrel` prints, without starting Python anew each time."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert run(words) == 0, words
    return printed.getvalue()


def answered(*words: str) -> Any:
    return json.loads(typed(*words, "--json"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A house with a worker of its own, so that one engine makes everything."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINSTREL_HOME", str(home))
        patch.chdir(home)
        assert run(["db", "upgrade"]) == 0
        with at_work(Shell(home)):
            yield home


@pytest.fixture(scope="module")
def made(home: Path) -> dict[str, Any]:
    return {name: answered("play", command) for name, (command, *_) in ASKED.items()}


@pytest.mark.parametrize("name", ASKED)
def test_each_is_as_long_as_it_should_be_and_costs_what_it_is_worth(made: dict[str, Any], name: str) -> None:
    _, seconds, takes, price = ASKED[name]
    job = made[name]
    assert (job["status"], job["credits"], len(job["tracks"])) == ("COMPLETED", price, takes)
    for track in job["tracks"]:
        files = [track["path"]] if track["path"] else list(track["stems"].values())
        assert [sf.info(file).duration for file in files] == pytest.approx([seconds] * len(files), abs=0.001)


def test_the_books_are_sound_and_every_credit_is_accounted_for(made: dict[str, Any]) -> None:
    spent = sum(job["credits"] for job in made.values())
    assert answered("credits", "balance", "local")["available"] == 1000 - spent
    assert "sound" in typed("credits", "check")


def test_the_words_are_told_with_their_times_and_no_job_is_made(made: dict[str, Any]) -> None:
    told = answered("play", f"/lrc {made['new words']['job']}")
    assert told["file"]["name"].endswith(".lrc")
    assert re.search(r">Evening <[\d:.]+>light<", told["file"]["text"])
    assert ">Morning" not in told["file"]["text"]
    assert "]Morning light" in typed("play", "/lrc 1")
    assert len(answered("jobs", "list")) == len(made)


def test_a_remix_names_the_take_it_came_from(made: dict[str, Any]) -> None:
    assert "remix of #4, take 2" in typed("jobs", "show", str(made["remix"]["job"]))


def test_the_buttons_of_the_chats_say_what_can_be_typed(made: dict[str, Any]) -> None:
    assert "minstrel jobs repaint 1" in typed("jobs", "edit", "1")
    command = typed("jobs", "words", "1")
    assert command.startswith("/edit source_job_id:1 edit_type:only_lyrics edit_target_lyrics:")
    assert "Coffee and rain" in command


def test_what_a_button_shows_is_told_as_json_too(made: dict[str, Any]) -> None:
    words = answered("jobs", "lrc", "1")
    assert words == answered("play", "/lrc 1")
    assert re.search(r">Morning <[\d:.]+>light<", words["file"]["text"])
    choices = answered("jobs", "edit", "1")["buttons"]
    assert choices == [{"action": name, "job": 1} for name in ("retake", "repaint", "remix", "words")]


def test_the_notes_come_with_the_stems(made: dict[str, Any]) -> None:
    [track] = made["stems"]["tracks"]
    assert Path(track["midi"]).is_file()
