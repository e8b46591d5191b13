"""Somebody's file becomes a cover, stems and facts: real links, the real decoder, the real queue and engine."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import numpy as np
import psutil
import pytest

from bot.answers import refusal_words
from bot.compose import House, load_settings, open_house
from engine.audio.encode import decode, encode
from engine.audio.tags import Tags
from tests.acceptance.studio_cli import Shell, Typist, at_work
from tests.bad_audio import bad_files
from tests.fakes.tune import RATE, tune
from workflows import control, credits
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.submit import Accepted, submit

SECONDS = 6.0


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return None


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    audio = tune(SECONDS)
    encode(audio, RATE, folder / "morning.mp3", tag=Tags(title="Morning <@1> Song", lyrics="Here I am"))
    encode(audio, RATE, folder / "morning.flac")
    bad_files(folder)
    return folder


@pytest.fixture(scope="module")
def web(shelf: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(shelf)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def shell(web: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Typist(tmp_path_factory.mktemp("home"), {"MINSTREL_FETCH_PRIVATE_HOSTS": web})
    with at_work(shell):
        yield shell


def test_what_is_heard_is_told_with_its_confidence(shell: Shell, web: str) -> None:
    answer = shell.json("play", f"/analyze http://{web}/morning.mp3")
    assert (answer["status"], answer["credits"], answer["tracks"]) == ("COMPLETED", 0, [])
    heard = answer["analysis"]
    assert heard["title"] == "Morning <@1> Song"
    assert heard["lyrics"] == "Here I am"
    assert abs(heard["duration"] - SECONDS) < 0.05
    # Four notes a second, or two pairs.
    assert min(abs(heard["bpm"] - bpm) for bpm in (60, 120, 240)) < 3
    assert heard["caption"]
    assert set(heard["confidence"]) >= {"bpm", "keyscale", "timesignature", "chords"}
    assert all(0 <= sure <= 1 for sure in heard["confidence"].values())
    assert heard["audio_codes"] is None


def test_a_cover_of_a_file_is_a_song_like_any_other(shell: Shell, web: str, tmp_path: Path) -> None:
    command = f"/cover src_audio_url:http://{web}/morning.flac caption:bossa seed:3 calculate_quality:false"
    answer = json.loads(shell.run("play", command, "--out", str(tmp_path), "--json").stdout)
    assert (answer["status"], answer["credits"]) == ("COMPLETED", 5)
    [track] = answer["tracks"]
    audio, _ = decode(Path(track["path"]))
    assert abs(audio.shape[1] / RATE - SECONDS) < 0.02
    assert track["midi"]
    assert track["stems"]
    assert answer["plan"]["heard"]["confidence"]["chords"] <= 1
    assert "words_not_known" in [notice["code"] for notice in answer["plan"]["notices"]]
    # What the buttons under it do is there at the terminal, too. (Nobody begins what it asks for.)
    shell.run("queue", "pause")
    other = shell.json("jobs", "variations", str(answer["job"]))
    assert other["task"] == "cover"
    assert shell.json("jobs", "cancel", str(other["job"]), "--yes")["status"] == "CANCELLED"
    shell.run("queue", "resume")


def test_stems_of_a_file_add_up_to_it_and_say_what_they_are(shell: Shell, web: str, tmp_path: Path) -> None:
    answer = json.loads(
        shell.run("play", f"/stems src_audio_url:http://{web}/morning.flac", "--out", str(tmp_path), "--json").stdout
    )
    assert (answer["status"], answer["credits"]) == ("COMPLETED", 5)
    stems = answer["tracks"][0]["stems"]
    assert {"vocals", "drums", "bass"} <= set(stems)
    total = sum(decode(Path(path))[0] for path in stems.values())
    assert np.abs(total - tune(SECONDS)).max() < 1e-3
    assert "stems_approximate" in [notice["code"] for notice in answer["plan"]["notices"]]


def test_bad_files_cost_nothing_and_everything_goes_on(web: str, shelf: Path, tmp_path: Path) -> None:
    # What each of them ends in is told in test_bad_audio; here a few go the whole way.
    names = sorted(file.name for file in shelf.iterdir() if not file.name.startswith("morning"))[::4]
    who, here = Requester("chat", "ann", "ann"), ReplyTo("chat", "room")

    async def ask(house: House, name: str) -> Accepted:
        values = {"src_audio_url": f"http://{web}/{quote(name)}"}
        return await submit(house.db, house.rules, who, here, "stems", values, incoming=house.incoming)

    async def story(house: House) -> None:
        for name in names:
            with pytest.raises(Refusal) as caught:
                await ask(house, name)
            assert caught.value.field == "src_audio_url", name
            assert refusal_words(caught.value)
        assert await control.recent(house.db, 10) == []
        # The same house goes on, and only now somebody pays.
        accepted = await ask(house, "morning.mp3")
        assert (accepted.job_id, accepted.price) == (1, 5)
        await house.incoming.close()
        have = await credits.balance(house.db, house.rules.pricing, who)
        assert have.available == house.rules.pricing.welcome - 5

    before = psutil.Process().children()
    with open_house(load_settings(home=tmp_path / "home", fetch_private_hosts=(web,))) as house:
        asyncio.run(story(house))
    assert len(names) > 5
    assert list((tmp_path / "home" / "incoming").iterdir()) == []
    assert psutil.Process().children() == before


def test_the_house_itself_is_not_to_be_reached(web: str, tmp_path: Path) -> None:
    closed = Typist(tmp_path / "home")
    done = closed.run("play", f"/analyze http://{web}/morning.mp3", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "link_not_public"


def test_ctrl_c_while_sound_is_fetched_stops_in_a_sentence_and_keeps_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        port = silent.getsockname()[1]
        shell = Typist(tmp_path, {"MINSTREL_FETCH_PRIVATE_HOSTS": f"127.0.0.1:{port}"})
        process = subprocess.Popen(
            shell.command("play", f"/analyze http://127.0.0.1:{port}/song.mp3"),
            env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
    assert shell.json("jobs", "list") == []
    assert not list(tmp_path.rglob("*.flac"))
