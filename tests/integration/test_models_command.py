"""`minstrel models`: what is here, fetching from a hub on loopback, and trying a checkpoint."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.on_terminal.transfer import sized
from engine.acestep import checkup
from engine.spec import EngineError
from tests.acceptance.studio_cli import Typist
from tests.fakes.checkpoints import safetensors, save_bare
from tests.fakes.hub import Hub, open_hub

Sound = NDArray[np.float32]

SONGS, STEMS = "Org/songs", "Org/stems@v1"
# In place of what the house comes with.
MODELS = "".join(
    f"""
    [versions."{version}"]
    description = "for tests"
    [versions."{version}".checkpoints]
    text2music = "{SONGS}"
    cover = "{SONGS}"
    repaint = "{SONGS}"
    extract = "{STEMS}"
    lego = "{STEMS}"
    complete = "{STEMS}"
    """
    for version in ("audiomusic-v2", "audiomusic-v1.5")
)
LARGE = "transformer/diffusion_pytorch_model.safetensors"
HALF = 30_000


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    # The library hears of pieces of ten megabytes, which no file is here.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    with open_hub() as hub:
        yield hub


@pytest.fixture
def shell(tmp_path: Path, hub: Hub) -> Typist:
    home = tmp_path / "home"
    home.mkdir()
    (home / "models.toml").write_text(MODELS, "utf-8")
    return Typist(home, {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_ours", "COLUMNS": "80"})


@pytest.fixture
def published(hub: Hub, tmp_path: Path) -> Path:
    """What the hub has as `Org/songs`, with things beside it that no pipeline needs."""
    folder = save_bare(tmp_path / "published", numbers=12_000)
    foreign = {
        "README.md": b"# read me", "transformer/model.py": b"import os", "vae/old.bin": b"\x80", "LICENSE.txt": b"MIT",
        "unet/diffusion_pytorch_model.safetensors": safetensors("x", numbers=9),
    }  # fmt: skip
    hub.publish(SONGS, folder, **foreign)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """The files of a checkpoint, without what a fetch keeps for itself."""
    found = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {path: data for path, data in found.items() if path not in ("checksums.json", ".fetching")}


def states(shell: Typist) -> dict[str, str]:
    return {each["name"]: each["state"] for each in shell.json("models", "list")["checkpoints"]}


def test_a_fetch_brings_what_songs_need_and_no_program(shell: Typist, hub: Hub, published: Path) -> None:
    assert states(shell) == {SONGS: "missing", STEMS: "missing"}
    done = shell.run("models", "fetch")
    assert done.returncode == 0, done.stderr
    size = sum(map(len, files(published).values()))
    assert f"{SONGS}: {sized(size)} in {len(files(published))} files" in done.stderr
    assert "every checksum is right" in done.stdout
    folder = shell.home / "models" / SONGS
    assert files(folder) == files(published)
    kept = json.loads((folder / "checksums.json").read_text("utf-8"))
    assert kept["revision"] == hub.repositories[SONGS].revision
    assert kept["files"].keys() == files(published).keys()
    assert states(shell) == {SONGS: "here", STEMS: "missing"}
    told = shell.run("models").stdout
    assert all(word in told for word in (SONGS, STEMS, "text2music, cover, repaint", "not here", "built-in engine"))


def test_what_is_here_is_not_fetched_again(shell: Typist, hub: Hub, published: Path) -> None:
    shell.run("models", "fetch")
    hub.asked.clear()
    again = shell.json("models", "fetch", SONGS)
    assert again["fetched"][0]["fetched"] == 0
    assert {asked.path for asked in hub.asked} == {"model_index.json"}


def test_a_cut_download_goes_on_where_it_stopped(shell: Typist, hub: Hub, published: Path) -> None:
    hub.cut_after = HALF
    assert shell.run("models", "fetch").returncode == 0
    assert [asked.begin for asked in hub.asked if asked.begin] == [HALF]
    assert files(shell.home / "models" / SONGS) == files(published)


def test_a_fetch_that_failed_goes_on_where_it_stopped(shell: Typist, hub: Hub, published: Path) -> None:
    hub.cut_after, hub.status_after_cut = HALF, 503
    done = shell.run("models", "fetch")
    assert done.returncode == 1
    assert "it answers 503. What has come stays" in done.stderr
    cut = [asked.path for asked in hub.asked][-1]
    assert states(shell)[SONGS] == "partial"
    (message,) = {each["message"] for each in shell.json("models")["checkpoints"] if each["name"] == SONGS}
    assert f"{cut} is missing or cut short" in message
    assert "missing or cut short" in shell.run("models", "check").stdout
    hub.status = None
    hub.asked.clear()
    again = shell.run("models", "fetch")
    assert again.returncode == 0, again.stderr
    assert "are here already" in again.stderr
    assert hub.begins(cut) == [HALF]
    assert files(shell.home / "models" / SONGS) == files(published)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever is started in the background by a shell is deaf to Ctrl-C, and so are these tests then."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_fetch_can_be_stopped_and_says_how_to_go_on(shell: Typist, hub: Hub, published: Path) -> None:
    hub.cut_after, hub.status_after_cut = HALF, 503
    hub.at_cut = lambda: os.kill(os.getpid(), signal.SIGINT)
    done = shell.run("models", "fetch")
    assert done.returncode == 130
    assert f"What has come stays: `minstrel models fetch {SONGS}` goes on" in done.stderr
    assert states(shell)[SONGS] == "partial"


def test_a_wrong_byte_is_found_and_only_that_file_comes_again(shell: Typist, hub: Hub, published: Path) -> None:
    hub.wrong = {LARGE}
    done = shell.run("models", "fetch", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "hub_damaged"
    assert LARGE in done.stderr
    folder = shell.home / "models" / SONGS
    assert not list(folder.glob(f"{LARGE}*"))
    hub.wrong = set()
    shell.run("models", "fetch")
    before = len(hub.asked)
    assert files(folder) == files(published)
    assert len([asked for asked in hub.asked[:before] if asked.path == "vae/config.json"]) == 1
    assert hub.begins(LARGE) == [0, 0]


def test_a_new_commit_replaces_what_changed_and_removes_what_is_gone(shell: Typist, hub: Hub, published: Path) -> None:
    hub.publish(SONGS, published, **{"vae/old.json": b"{}"})
    shell.run("models", "fetch")
    folder = shell.home / "models" / SONGS
    assert (folder / "vae" / "old.json").exists()
    (folder / "notes.txt").write_text("ours", "utf-8")
    changed = {**files(published), LARGE: safetensors("weight", numbers=11_000)}
    hub.offer(SONGS, changed)
    hub.asked.clear()
    assert shell.run("models", "fetch").returncode == 0
    assert files(folder) == {**changed, "notes.txt": b"ours"}
    assert {asked.path for asked in hub.asked} == {"model_index.json", LARGE}


def test_a_person_is_asked_first(shell: Typist, hub: Hub, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for answer, code, state in (("no", 2, "missing"), ("yes", 0, "here")):
        terminal = io.StringIO(f"{answer}\n")
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr("sys.stdin", terminal)
        done = shell.run("models", "fetch")
        assert done.returncode == code
        assert f"Fetch {sized(sum(map(len, files(published).values())))} now? [y/N]" in done.stderr
        assert states(shell)[SONGS] == state


def test_two_fetches_of_one_checkpoint_do_not_mix(shell: Typist, hub: Hub, published: Path) -> None:
    folder = shell.home / "models" / SONGS
    folder.mkdir(parents=True)
    with (folder / ".fetching").open("a") as sign:
        fcntl.flock(sign, fcntl.LOCK_EX)
        done = shell.run("models", "fetch")
    assert done.returncode == 1
    assert "is being fetched already" in done.stderr
    assert {asked.path for asked in hub.asked} == {"model_index.json"}


def test_a_disk_that_takes_nothing_is_named(
    shell: Typist, hub: Hub, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = shell.home / "models"
    models.write_text("a file where the folder should be", "utf-8")
    done = shell.run("models", "fetch")
    assert done.returncode == 1
    assert f"Nothing can be written to {models / SONGS}: Not a directory" in done.stderr
    models.unlink()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    done = shell.run("models", "fetch")
    assert done.returncode == 1
    assert "The disk is full. What has come stays" in done.stderr


def test_the_token_goes_to_the_hub_alone(shell: Typist, hub: Hub, published: Path) -> None:
    shell.run("models", "fetch")
    assert {(asked.host, asked.token) for asked in hub.asked} == {("127.0.0.1", True), ("localhost", False)}


@pytest.mark.parametrize(
    "path", ["../../evil.json", "/etc/evil.json", "vae/../../evil.json", "C:\\evil.json", "vae\\..\\..\\evil.json"]
)
def test_a_file_that_wants_to_lie_elsewhere_is_refused(shell: Typist, hub: Hub, published: Path, path: str) -> None:
    hub.offer(SONGS, {**files(published), path: b"{}"})
    done = shell.run("models", "fetch", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "hub_unsafe"
    assert not hub.asked
    assert not (shell.home / "models").exists()


@pytest.mark.parametrize(
    ("name", "code", "next_step"),
    [
        ("Org/none", "hub_unknown", "HF_TOKEN"),
        ("Org/songs@v9", "hub_no_revision", "`minstrel models fetch Org/songs`"),
        ("Org/gated", "hub_gated", "HF_TOKEN"),
        ("Org/original", "hub_not_diffusers", "convert_ace_step_to_diffusers.py"),
        ("Org/other", "hub_not_diffusers", "models.toml"),
        ("Org/half", "hub_incomplete", "Take another"),
        ("Org/pickles", "hub_pickles", "another conversion"),
        ("Org/huge", "hub_no_room", "Make room"),
    ],
)
def test_what_can_t_be_fetched_is_said_before_anything_big_comes(
    shell: Typist, hub: Hub, published: Path, name: str, code: str, next_step: str
) -> None:
    good = files(published)
    hub.offer("Org/gated", good).gated = True
    hub.offer("Org/original", {path: data for path, data in good.items() if path != "model_index.json"})
    hub.offer("Org/other", {**good, "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}'})
    hub.offer("Org/half", {path: data for path, data in good.items() if not path.startswith("vae/")})
    hub.offer("Org/pickles", {path.replace(".safetensors", ".bin"): data for path, data in good.items()})
    hub.offer("Org/huge", good).sizes = {LARGE: 10**15}
    token = {} if name == "Org/gated" else {"HF_TOKEN": "hf_ours"}
    done = Typist(shell.home, {"HF_ENDPOINT": hub.url, **token}).run("models", "fetch", name, "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == code
    assert next_step in error["message"]
    assert {asked.path for asked in hub.asked} <= {"model_index.json"}


@pytest.mark.parametrize(
    ("status", "code"), [(401, "hub_token"), (403, "hub_gated"), (500, "hub_away"), (200, "hub_away")]
)
def test_a_hub_in_trouble_is_named(shell: Typist, hub: Hub, status: int, code: str) -> None:
    hub.status = status
    done = shell.run("models", "fetch", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == code


def test_a_hub_that_is_not_there_is_named(shell: Typist) -> None:
    away = Typist(shell.home, {"HF_ENDPOINT": "http://127.0.0.1:9"})
    done = away.run("models", "fetch")
    assert done.returncode == 1
    assert "can't be reached" in done.stderr
    assert "copy the folder from another machine" in done.stderr


def test_versions_and_names_say_what_is_fetched(shell: Typist, hub: Hub, published: Path) -> None:
    hub.repositories[STEMS.partition("@")[0]] = hub.offer("Org/copy", files(save_bare(published / "base", "base")))
    hub.repositories["Org/stems"].tag = "v1"
    fetched = shell.json("models", "fetch", "audiomusic-v1.5", "--all")["fetched"]
    assert [(each["name"], each["variant"]) for each in fetched] == [(SONGS, "turbo"), (STEMS, "base")]
    assert states(shell) == {SONGS: "here", STEMS: "here"}
    assert shell.json("models", "fetch", "Org/copy")["fetched"][0]["folder"] == str(shell.home / "models/Org/copy")


@pytest.mark.parametrize(
    "words", [("fetch", "turbo"), ("fetch", "../no-such-folder"), ("check", "turbo"), ("list", "audiomusic-v2")]
)
def test_a_name_that_means_nothing_is_refused(shell: Typist, hub: Hub, words: tuple[str, ...]) -> None:
    done = shell.run("models", *words)
    assert done.returncode == 2
    assert "version" in done.stderr or "list" in done.stderr
    assert not hub.asked


def test_a_folder_of_one_s_own_needs_no_hub(shell: Typist, tmp_path: Path) -> None:
    own = save_bare(tmp_path / "own")
    house = Typist(shell.home, {"HF_ENDPOINT": "http://127.0.0.1:9", "MINSTREL_ACESTEP_CHECKPOINT": str(own)})
    for words in (("models", "fetch"), ("models", "fetch", str(own))):
        refused = house.run(*words)
        assert refused.returncode == 2
        assert f"`minstrel models check {own}`" in refused.stderr
    assert "here" in {each["state"] for each in house.json("models")["checkpoints"] if each["folder"] == str(own)}


@pytest.mark.parametrize("folder", ["./nothing", "/nothing/here", "~nobody-of-this-name/mine"])
def test_a_folder_that_is_not_there_can_t_be_checked(shell: Typist, folder: str) -> None:
    done = shell.run("models", "check", folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"There is no folder {folder} to check.")
    listed = Typist(shell.home, {"MINSTREL_ACESTEP_CHECKPOINT": folder}).run("models")
    assert listed.returncode == 0
    assert "not here" in listed.stdout


def test_what_no_version_uses_can_be_used_by_its_name(shell: Typist, hub: Hub, published: Path) -> None:
    hub.offer("Org/copy", files(published))
    done = shell.run("models", "fetch", "Org/copy")
    assert "MINSTREL_ACESTEP_CHECKPOINT=Org/copy" in done.stdout
    used = Typist(shell.home, {**shell.settings, "MINSTREL_ACESTEP_CHECKPOINT": "Org/copy"})
    assert states(used) == {"Org/copy": "here", STEMS: "missing"}
    assert "MINSTREL_ACESTEP_CHECKPOINT" not in used.run("models", "fetch", "Org/copy").stdout
    away = Typist(shell.home, {"MINSTREL_ACESTEP_CHECKPOINT": "Org/gone", "MINSTREL_ENGINE": "acestep"})
    assert states(away)["Org/gone"] == "missing"
    assert "`minstrel models fetch Org/gone`" in away.run("doctor").stdout


def test_an_engine_that_has_nothing_to_play_says_so(shell: Typist) -> None:
    house = Typist(shell.home, {"MINSTREL_ENGINE": "acestep"})
    assert "no whole checkpoint for songs yet" in house.run("models").stdout
    save_bare(shell.home / "models" / SONGS)
    assert "as MINSTREL_ENGINE says" in house.run("models").stdout


def test_a_token_that_can_t_be_sent_is_never_shown(shell: Typist, hub: Hub) -> None:
    done = Typist(shell.home, {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_sécret"}).run("models", "fetch")
    assert done.returncode == 1
    assert "Put a token that is valid into HF_TOKEN" in done.stderr
    assert "cret" not in done.stdout + done.stderr


def test_what_sends_more_than_it_said_is_cut_off(shell: Typist, hub: Hub, published: Path) -> None:
    # Far more than lies in the buffers on the way.
    endless = 10**8
    hub.more = {LARGE: endless}
    done = shell.run("models", "fetch", "--json")
    assert json.loads(done.stdout)["error"]["code"] == "hub_damaged"
    assert hub.sent < endless
    hub.more = {"model_index.json": endless}
    done = shell.run("models", "fetch", "--json")
    assert json.loads(done.stdout)["error"]["code"] == "hub_away"
    assert hub.sent < endless


def test_a_list_of_checksums_from_elsewhere_leads_nowhere(shell: Typist, tmp_path: Path) -> None:
    own = save_bare(tmp_path / "own")
    outside = ("/dev/zero", "../secret", str(tmp_path / "secret"))
    (tmp_path / "secret").write_bytes(b"")
    of_nothing = hashlib.sha256(b"").hexdigest()
    told = {"name": "x", "revision": "y", "files": dict.fromkeys(outside, of_nothing)}
    (own / "checksums.json").write_text(json.dumps(told))
    (checked,) = json.loads(shell.run("models", "check", str(own), "--json").stdout)["checkpoints"]
    assert checked["findings"][1]["files"] == list(outside)


def test_a_checkpoint_in_the_wrong_place_is_named(shell: Typist) -> None:
    save_bare(shell.home / "models" / STEMS, "turbo")
    done = shell.run("models")
    assert done.returncode == 0
    assert f"{STEMS.partition('@')[0]}" in done.stdout
    assert "can't do `extract`" in done.stdout
    assert "a base checkpoint" in done.stdout


def test_adapters_are_listed_with_what_is_wrong(shell: Typist) -> None:
    (shell.home / "adapters").mkdir()
    (shell.home / "adapters" / "tape.safetensors").write_bytes(b"nothing of the kind")
    (adapter,) = shell.json("models")["adapters"]
    assert (adapter["name"], adapter["state"]) == ("tape", "unreadable")
    assert "tape" in shell.run("models").stdout


def test_damage_since_the_fetch_is_found_without_a_network(shell: Typist, hub: Hub, published: Path) -> None:
    shell.run("models", "fetch")
    hub.status = 503
    weights = shell.home / "models" / SONGS / LARGE
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    done = shell.run("models", "check", "--json")
    assert done.returncode == 1
    (checked,) = json.loads(done.stdout)["checkpoints"]
    assert {each["name"]: each["ok"] for each in checked["findings"]} == {"files": True, "checksums": False}
    assert LARGE in checked["findings"][1]["message"]
    assert f"`minstrel models fetch {SONGS}`" in checked["findings"][1]["message"]
    # And that command does bring it, though the damaged one is as long as it should be.
    hub.status = None
    hub.asked.clear()
    assert shell.run("models", "fetch").returncode == 0
    assert {asked.path for asked in hub.asked} == {"model_index.json", LARGE}
    assert files(shell.home / "models" / SONGS)[LARGE] == (published / LARGE).read_bytes()
    weights.unlink()
    assert "missing or cut short" in shell.run("models", "check", "audiomusic-v2").stdout


def test_a_checkpoint_is_tried_with_a_song(tmp_path: Path) -> None:
    """Random weights have no beat, and that is nobody's fault."""
    from tests.fakes.acestep import save_tiny

    folder = save_tiny(tmp_path / "tiny")
    done = Typist(tmp_path / "home", {"HF_ENDPOINT": "http://127.0.0.1:9"}).run(
        "models", "check", str(folder), "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (checked,) = json.loads(done.stdout)["checkpoints"]
    found = {each["name"]: each for each in checked["findings"]}
    assert {name: each["ok"] for name, each in found.items()} == {
        "files": True, "checksums": None, "length": True, "silence": True, "clipping": True, "tempo": None,
        "speed": True, "memory": True,
    }  # fmt: skip
    assert found["length"]["seconds"] == pytest.approx(checkup.SECONDS)
    assert found["speed"]["times"] > 0
    assert found["memory"]["host"] > 10**8
    assert "tiny: playing ten seconds" in done.stderr


DIES = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
COMPLAINS = "import sys; sys.exit('libcuda is of another version')"
NO_ROOM = """print('{"wrong": "gpu_out_of_memory", "params": {"name": "tiny", "gigabytes": 4.0}}')"""


@pytest.mark.parametrize(
    ("program", "said"),
    [(DIES, "memory ran out"), (COMPLAINS, "libcuda is of another version"), (NO_ROOM, "has no room")],
)
def test_a_song_that_does_not_come_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    monkeypatch.setattr(checkup, "COMMAND", (sys.executable, "-c", program))
    done = Typist(tmp_path / "home").run("models", "check", str(save_bare(tmp_path / "tiny")))
    assert done.returncode == 1
    assert said in done.stdout


def clicks(bpm: float) -> Sound:
    """Six seconds of a drum on every beat, louder on the first of four, and a soft chord."""
    at = np.arange(6 * 48_000) / 48_000
    beat = at * bpm / 60
    drum = np.exp(-(beat % 1) * 30) * np.sin(2 * np.pi * 90 * at) * np.where(beat % 4 < 1, 1.0, 0.6)
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (261.6, 329.6, 392.0)) * 0.05
    return np.stack([drum + chord, drum + chord]).astype(np.float32) * np.float32(0.5)


def test_a_song_whose_samples_are_no_numbers_says_what_to_do_about_the_card() -> None:
    finding = checkup._unheard(EngineError("sound_broken", permanent=True, name="tiny"), "tiny")
    assert (finding.name, finding.ok, finding.code) == ("silence", False, "models_check_broken")


def judged(told: dict[str, Any]) -> dict[str, bool | None]:
    machine = {"load_s": 1.0, "steps": 8, "device": "", "host_bytes": 1, "card_bytes": 0, "card_total": 0}
    song = {"length": checkup.SECONDS, "render_s": 1.0, "peak": 0.5, "silent": 0.0, "whole": 1.0}
    return {finding.name: finding.ok for finding in checkup.judged({**machine, **song, **told})}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda sound: sound, {"silence": True, "clipping": True, "tempo": True}),
        (lambda sound: sound * np.float32(0), {"silence": False}),
        (lambda sound: np.where(np.arange(sound.shape[1]) > 60_000, 0, sound), {"silence": False}),
        (lambda sound: np.clip(sound * 40, -1, 1), {"silence": True, "clipping": False}),
    ],
    ids=["in order", "silent", "mostly silent", "clipped"],
)
def test_a_song_is_judged_by_its_sound(change: Callable[[Sound], Sound], expected: dict[str, bool | None]) -> None:
    from engine.acestep.measure import BPM, of_sound

    found = judged(of_sound(np.asarray(change(clicks(BPM)), np.float32)))
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("told", "name", "expected"),
    [
        ({"heard_bpm": 119.0, "sure": 0.9}, "tempo", True),
        ({"heard_bpm": 60.5, "sure": 0.9}, "tempo", True),
        ({"heard_bpm": 97.0, "sure": 0.9}, "tempo", None),
        ({"heard_bpm": 120.0, "sure": 0.1}, "tempo", None),
        ({"heard_bpm": 120.0, "sure": 0.9, "peak": 1e-4}, "silence", False),
        ({"heard_bpm": 120.0, "sure": 0.9, "length": 8.0}, "length", False),
    ],
)
def test_only_what_is_surely_wrong_is_a_fault(told: dict[str, Any], name: str, expected: bool | None) -> None:
    assert judged({"asked_bpm": 120.0, **told})[name] is expected


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_500_000, "1.5 MB"),
        (11.5e9, "11.5 GB"),
        (980e9, "980 GB"),
        (999.6e3, "1.0 MB"),
    ],
)
def test_sizes_are_said_as_people_say_them(size: float, words: str) -> None:
    assert sized(size) == words
