"""Whatever somebody sends as a song ends in a song or in a clear refusal: within the limits, with nothing left behind,
nothing read and nothing called (acceptance 2)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import soundfile

from bot.replies import reply
from engine.audio.foreign.answer import answer
from engine.audio.foreign.limits import landlock
from engine.audio.picture import waveform_png
from engine.audio.tags import Tags, embed
from engine.pool import decoding
from engine.pool.decoding import LocalDecoder
from engine.spec import Decoded, EngineError
from tests.bad_audio import PLAYLIST, bad_files, good_files, large_list, list_bomb

ROOT = Path(__file__).parents[2]
MEMORY_MB = 700
# Shorter than in earnest, so that what is far too long is found out sooner.
MOST_S = 120
EXPECTED = {
    "nothing.mp3": "audio_unknown",
    "text.mp3": "audio_unknown",
    "picture.wav": "audio_unknown",
    "page.svg": "audio_unknown",
    "zip.flac": "audio_unknown",
    "gzip.wav": "audio_unknown",
    "an unknown code.wav": "audio_unknown",
    "broken off.wav": "audio_unreadable",
    "broken off.flac": "audio_unreadable",
    "three hours.mp3": "audio_too_long",
    "three hours.opus": "audio_too_long",
    "three hours.flac": "audio_too_long",
    "bomb.flac": "audio_too_long",
    "silence.flac": "audio_silent",
    "0 seconds.wav": "audio_too_short",
    "a click.wav": "audio_too_short",
    "not a number.wav": "audio_broken",
    "infinite.wav": "audio_broken",
    "far too loud.wav": "audio_broken",
    "65535 channels.wav": "audio_unreadable",
    "0 channels.wav": "audio_unreadable",
    "1 Hz.wav": "audio_unreadable",
    "2 GHz.wav": "audio_unreadable",
    "2^36 samples.flac": "audio_too_long",
    "300 MB.wav": "audio_too_big",
    "list.mp3": "audio_unknown",
    "list in a list.mp3": "audio_unknown",
    "concat.mp3": "audio_unknown",
    "dash.mp4": "audio_unknown",
    "only a picture.mp3": "audio_unknown",
    "boxes in boxes.mp4": "audio_none",
    "a table of 4 billion.mp4": "audio_unreadable",
    "a box of 2^62.mp4": "audio_unreadable",
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return good_files(tmp_path_factory.mktemp("good"))


def outcomes(decoder: LocalDecoder, files: dict[str, Path], to: Path) -> dict[str, Decoded | EngineError]:
    """What comes of each file; what is decoded lies in `to` under its name."""

    async def one(name: str, file: Path) -> Decoded | EngineError:
        try:
            return await decoder.decode(file, to / f"{name}.flac")
        except EngineError as error:
            return error

    async def every() -> list[Decoded | EngineError]:
        try:
            return await asyncio.gather(*(one(name, file) for name, file in files.items()))
        finally:
            await decoder.close()

    return dict(zip(files, asyncio.run(every()), strict=True))


def outcome(file: Path, to: Path, decoder: LocalDecoder | None = None) -> Decoded | EngineError:
    return outcomes(decoder or LocalDecoder(), {file.name: file}, to)[file.name]


def code(found: Decoded | EngineError) -> str:
    return found.code if isinstance(found, EngineError) else "fine"


def nothing_is_left(folder: Path) -> bool:
    """No process of a decoder that works in `folder` lives, and no folder of one is there."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        words = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
        if not any(str(folder) in word for word in words):
            return not [path for path in folder.iterdir() if path.name.startswith(".")]
        time.sleep(0.05)
    return False


def test_bad_files_are_refused_in_clear_words(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    decoder = LocalDecoder(memory_mb=MEMORY_MB, most_s=MOST_S)
    found = outcomes(decoder, bad_files(tmp_path / "bad"), out)
    assert {name: code(what) for name, what in found.items()} == EXPECTED
    assert nothing_is_left(out)
    assert not list(out.iterdir())
    assert 0 < decoder.peak_mb < 200
    for name, error in found.items():
        assert isinstance(error, EngineError)
        assert error.permanent, name
        said = reply(error.code, **error.params)
        assert said != reply("internal"), name
    assert "3 hours" in reply("audio_too_long", **vars(found["three hours.flac"])["params"])
    assert "300 MB" in reply("audio_too_big", **vars(found["300 MB.wav"])["params"])


def test_what_is_half_there_is_refused_or_taken_as_it_is(good: dict[str, Path], tmp_path: Path) -> None:
    """Where a file says how long it is, half of it isn't taken for a song; where it doesn't, what is there is one."""
    found = {}
    for kind, path in good.items():
        half = tmp_path / kind
        half.write_bytes(path.read_bytes()[: path.stat().st_size * 55 // 100])
        found[kind] = answer(half, tmp_path / "ours.flac", MOST_S).get("wrong", "fine")
    silent = {"aac", "amr", "mp3", "mp4", "ogg", "opus", "webm", "wma", "silent.mp4"}
    assert {found[kind] for kind in silent} <= {"fine", "audio_unreadable", "audio_too_short", "audio_none"}
    assert {kind for kind in found if found[kind] == "audio_unreadable"} >= found.keys() - silent


def with_cover(song: Path, form: str) -> bytes:
    """`song` with a picture in it, as shops sell them."""
    return embed(song.read_bytes(), form, Tags("", artist="", cover=waveform_png([3, 90, 40]), generated=False))


def test_odd_files_with_a_song_in_them_are_taken(good: dict[str, Path], tmp_path: Path) -> None:
    song = good["mp3"].read_bytes()
    odd = {
        "wrong ending.mp3": good["wav"].read_bytes(),
        "%d größer 歌\n{title}.wav": good["m4a"].read_bytes(),
        "-i": good["flac"].read_bytes(),
        "garbage before.mp3": bytes(3000) + b"\xff\xfb\x90" * 50 + song,
        "large list.mp3": b"".join(large_list(song)),
        "list bomb.mp3": list_bomb(song),
        "cover.mp3": with_cover(good["mp3"], "mp3"),
        "cover.m4a": with_cover(good["m4a"], "m4a"),
        "cover.flac": with_cover(good["flac"], "flac"),
    }
    files = {name: tmp_path / name for name in odd}
    for name, data in odd.items():
        files[name].write_bytes(data)
    decoder = LocalDecoder(memory_mb=MEMORY_MB)
    found = outcomes(decoder, files, tmp_path)
    assert {name: code(what) for name, what in found.items()} == dict.fromkeys(odd, "fine")
    assert all(soundfile.info(tmp_path / f"{name}.flac").duration > 1 for name in odd)
    assert all(isinstance(what, Decoded) and not what.lyrics for what in found.values())
    assert decoder.peak_mb < MEMORY_MB


def test_what_is_no_plain_file_is_not_opened(good: dict[str, Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "link.wav").symlink_to(good["wav"])
    (tmp_path / "folder.wav").mkdir()
    names = ("pipe.wav", "link.wav", "folder.wav", "nowhere.wav")
    found = outcomes(LocalDecoder(), {name: tmp_path / name for name in names}, tmp_path)
    assert [code(found[name]) for name in names] == ["audio_unknown"] * 3 + ["decoder_failed"]


# --- nothing is called, nothing is read ---


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """A place that somebody's list leads to; whoever calls there is noted."""
    seen: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen.append(f"http://127.0.0.1:{server.getsockname()[1]}")

        def listen() -> None:
            while True:
                try:
                    called, _ = server.accept()
                except OSError:
                    return
                seen.append("called")
                called.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield seen
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_no_list_leads_anywhere(good: dict[str, Path], calls: list[str], tmp_path: Path) -> None:
    there = calls[0]
    inside = PLAYLIST.replace("http://127.0.0.1:9", there).encode()
    film = good["mp4"].read_bytes().replace(b"url \x00\x00\x00\x01", b"url \x00\x00\x00\x00")
    lists = {
        "a.mp3": inside,
        "b.m4a": b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42" + inside,
        "c.ogg": b"OggS" + inside,
        "d.wav": b"RIFF\x00\x10\x00\x00WAVE" + inside,
        "e.mp3": good["mp3"].read_bytes()[:2000] + inside,
        "f.mp4": f"<MPD><Period><BaseURL>{there}/x.mp4</BaseURL></Period></MPD>".encode(),
        "g.mp3": f"ffconcat version 1.0\nfile '{there}/x.mp3'\nfile '{good['wav']}'\n".encode(),
        "h.sdp": b"v=0\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
        "i.mp4": film,
    }
    for name, data in lists.items():
        (tmp_path / name).write_bytes(data)
    found = outcomes(LocalDecoder(), {name: tmp_path / name for name in lists}, tmp_path)
    assert {code(what) for name, what in found.items() if name != "i.mp4"} <= {
        "audio_unknown", "audio_unreadable", "audio_none", "audio_too_short",
    }  # fmt: skip
    assert calls == [there]


FENCED = """
import socket, subprocess, sys
from pathlib import Path
from engine.audio.foreign import limits
from engine.audio.foreign.answer import programs
song, secret, folder, port = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
limits.limit(700, 60, 2**20)
assert limits.fence((song, *programs()), folder)
def barred(act, *args):
    try:
        act(*args)
    except OSError:
        return True
    return False
try:
    bytearray(701 * 2**20)
    sys.exit("that much memory was there")
except MemoryError:
    pass
song.read_bytes()
(folder / "work").write_bytes(b"x")
assert barred(Path(secret).read_text)
assert barred(Path(f"/proc/{sys.argv[5]}/environ").read_bytes)
assert barred(Path(secret).write_text, "mine")
assert barred((folder.parent / "new").write_text, "mine")
assert barred(song.write_bytes, b"mine")
assert barred(socket.create_connection, ("127.0.0.1", port), 1)
assert barred((folder / "large").write_bytes, bytes(2**21))
assert subprocess.run(["/bin/cat", secret], capture_output=True).returncode != 0
"""


@pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
def test_even_a_decoder_that_was_taken_over_finds_nothing(
    good: dict[str, Path], calls: list[str], tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("token")
    (tmp_path / "room").mkdir()
    port = calls[0].rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-c", FENCED, good["wav"], tmp_path / "secret", tmp_path / "room", port, str(os.getpid())],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert calls[1:] == []
    assert (tmp_path / "secret").read_text() == "token"


# --- processes that end badly, or lie ---


def test_no_secret_and_no_word_of_ours_is_in_its_environment(
    good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "import os, sys; sys.exit(sorted(name for name in os.environ if name.startswith('MINSTREL_')) and 3 or 4)"
    monkeypatch.setenv("MINSTREL_DISCORD_TOKEN", "secret")
    monkeypatch.setattr(decoding, "COMMAND", (sys.executable, "-c", told))
    found = outcome(good["wav"], tmp_path)
    assert code(found) == "decoder_failed"
    assert "ended with 4" in str(found)


LIES = {
    "nothing": "pass",
    "no answer": "print('hello')",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "crashed": "import os; os.kill(os.getpid(), 11)",
    "an endless answer": "print('{\"kind\":\"' + 'x' * 10**6)",
    "no file": "print(FINE)",
    "a link": "open(to + 'x', 'wb').write(flac(48000)); os.symlink(to + 'x', to); print(FINE)",
    "a pipe": "os.mkfifo(to); print(FINE)",
    "a second name": "open(to + 'x', 'wb').write(flac(48000)); os.link(to + 'x', to); print(FINE)",
    "another format": "open(to, 'wb').write(b'fLaC' + bytes(100)); print(FINE)",
    "too long": "open(to, 'wb').write(flac(10**9)); print(FINE.replace('1.0', str(10**9 / 48000)))",
    "another length": "open(to, 'wb').write(flac(48000 * 5)); print(FINE)",
    "too large": "open(to, 'wb').write(flac(48000) + bytes(5 * 10**6)); print(FINE)",
    "an unknown error": 'print(\'{"wrong": "made_up"}\')',
    "no number": "open(to, 'wb').write(flac(48000)); print(FINE.replace('0.5', 'NaN'))",
}
LIAR = """
import os, sys
to = os.path.join(sys.argv[3], "ours")
FINE = '{"kind": "wav", "duration": 1.0, "sample_rate": 48000, "channels": 2, "peak": 0.5}'
def flac(samples):
    word = 48000 << 44 | 1 << 41 | 23 << 36 | samples
    return b"fLaC\\0\\0\\0\\x22" + bytes(10) + word.to_bytes(8, "big") + bytes(16)
"""


def test_what_a_captured_process_says_is_not_believed(
    good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, lie in LIES.items():
        monkeypatch.setattr(decoding, "COMMAND", (sys.executable, "-S", "-c", LIAR + lie))
        found = outcome(good["wav"], tmp_path)
        assert code(found) == "decoder_failed", name
        assert isinstance(found, EngineError)
        assert not found.permanent
        assert reply(found.code, **found.params) != reply("internal")
        assert not list(tmp_path.iterdir()), name


def test_what_takes_too_long_is_ended_with_all_that_it_started(
    good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)', sys.argv[3]])"
    busy = "from engine.audio.foreign.limits import limit; limit(700, 1, 0)\nwhile True: pass"
    for script, time_s in ((slow, 1.0), (busy, 60.0)):
        monkeypatch.setattr(decoding, "COMMAND", (sys.executable, "-S", "-c", script))
        found = outcome(good["wav"], tmp_path, LocalDecoder(time_s=time_s))
        assert code(found) == "audio_too_hard"
        assert nothing_is_left(tmp_path)


# A decoder that reads nothing and stays until somebody ends it. It leaves a sign that it is there.
IDLE = (
    "import sys, os, time; from engine.pool.guard import guard; c = os.dup(0); guard(c); os.close(c); "
    'print(1, file=open(sys.argv[3] + "/up", "w")); time.sleep(60)'
)


def test_whoever_gives_up_or_goes_leaves_nothing_running(
    good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "COMMAND", (sys.executable, "-c", IDLE))

    async def one_is_up() -> None:
        async with asyncio.timeout(20):
            while not list(tmp_path.glob(".decoding-*/up")):
                await asyncio.sleep(0.02)

    async def ends() -> list[str]:
        waiting = LocalDecoder(at_once=1)
        first = asyncio.create_task(waiting.decode(good["wav"], tmp_path / "a.flac"))
        second = asyncio.create_task(waiting.decode(good["flac"], tmp_path / "b.flac"))
        await one_is_up()
        first.cancel()
        found = [repr(type(what)) for what in await asyncio.gather(first, return_exceptions=True)]
        await one_is_up()
        await waiting.close()
        last = (await asyncio.gather(second, return_exceptions=True))[0]
        with pytest.raises(EngineError, match="decoder_failed"):
            await waiting.decode(good["wav"], tmp_path / "c.flac")
        return [*found, getattr(last, "code", repr(last))]

    cancelled, closed = asyncio.run(ends())
    assert "CancelledError" in cancelled
    assert closed == "decoder_failed"
    assert nothing_is_left(tmp_path)
    assert not list(tmp_path.iterdir())


def test_its_processes_die_with_the_front(good: dict[str, Path], tmp_path: Path) -> None:
    front = (
        "import asyncio, sys; from pathlib import Path; from engine.pool import decoding\n"
        f"decoding.COMMAND = (sys.executable, '-c', {IDLE!r})\n"
        "asyncio.run(decoding.LocalDecoder().decode(Path(sys.argv[1]), Path(sys.argv[2]) / 'ours.flac'))"
    )
    process = subprocess.Popen([sys.executable, "-c", front, good["wav"], tmp_path], cwd=ROOT)
    until = time.monotonic() + 20
    while not list(tmp_path.glob(".decoding-*/up")):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or ())]:
        assert time.monotonic() < until
        time.sleep(0.05)


# --- damage by chance ---


def test_damaged_files_of_every_kind_come_to_an_end(tmp_path: Path) -> None:
    """`MINSTREL_FUZZ_CASES` makes it longer; `MINSTREL_FUZZ_FIRST` begins elsewhere."""
    cases = int(os.environ.get("MINSTREL_FUZZ_CASES", "300"))
    first = int(os.environ.get("MINSTREL_FUZZ_FIRST", "0"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.fuzz_decoding", tmp_path, str(first), str(cases)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert sum(said["found"].values()) == cases
    assert said["peak_mb"] < 200
    assert said["fenced"] == bool(landlock())
    codes = {words.rpartition(" ")[2] for words in said["found"]}
    assert codes <= {"fine", "audio_too_hard", *EXPECTED.values()}
    assert "fine" in codes
    # Nothing but what was there: the good files, the damaged one, and the room.
    assert {path.name for path in (tmp_path / "room").iterdir()} <= {
        "ours.flac",
        "samples",
        "reading.txt",
        "resampling.txt",
    }
