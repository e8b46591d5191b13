"""The GPU engine at the terminal, on the CPU: the weights are random, and everything else is what people run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.audio.encode import decode
from tests.acceptance.engine_house import save_adapter
from tests.acceptance.studio_cli import Shell, Typist, at_work

RATE = 48_000
SONG = r'/song caption:"warm pop" duration:5 seed:3 calculate_quality:false lyrics:"[verse]\nMorning light\nAnd rain"'
# Other sizes than the published ones, and than each other.
SHAPES: dict[str, dict[str, Any]] = {
    "turbo": {"variant": "turbo"},
    "base": {"variant": "base", "width": 48, "latent": 6, "ratios": (6, 128), "rate": 32_000},
    "sft": {"variant": "sft", "width": 16, "latent": 4, "ratios": (10, 12, 16)},
    "small": {"variant": "turbo", "width": 40, "latent": 5, "ratios": (8, 8, 15), "cover": False},
}
MODELS = """
[versions.audiomusic-v2]
description = "What there is"
checkpoints = {{text2music = "{turbo}", extract = "{turbo}"}}
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.fakes.acestep import save_tiny

    folder = tmp_path_factory.mktemp("models")
    for name, shape in SHAPES.items():
        save_tiny(folder / name, **shape)
    return folder


@dataclass(frozen=True)
class Studio:
    """A house whose checkpoint lies in `model`, and whose worker goes on while another one is put there."""

    shell: Shell
    models: Path
    model: Path

    def put(self, name: str) -> Path:
        shutil.rmtree(self.model, ignore_errors=True)
        if name:
            shutil.copytree(self.models / name, self.model)
        return self.model

    def played(self, command: str) -> Any:
        return json.loads(self.shell.run("play", command, "--json").stdout)

    def credits(self) -> int:
        have: int = self.shell.json("credits", "balance", "local")["available"]
        return have


@pytest.fixture(scope="module")
def studio(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("home")
    (home / "adapters").mkdir()
    save_adapter(home / "adapters" / "warm.safetensors")
    save_adapter(home / "adapters" / "wide.safetensors", width=64)
    # Somebody put a turbo model where only a base one will do.
    (home / "models.toml").write_text(MODELS.format(turbo=models / "turbo"))
    model = home / "attic"
    shell = Typist(home, {"MINSTREL_ENGINE": "acestep", "MINSTREL_ACESTEP_CHECKPOINT": str(model)})
    studio = Studio(shell, models, model)
    studio.put("turbo")
    with at_work(shell):
        yield studio


def test_one_command_in_a_process_of_its_own_goes_the_whole_way(models: Path, tmp_path: Path) -> None:
    settings = {"MINSTREL_ENGINE": "acestep", "MINSTREL_ACESTEP_CHECKPOINT": str(models / "turbo")}
    shell = Shell(tmp_path / "home", settings)
    done = shell.run("play", f"{SONG} format:ogg batch_size:2", "--out", str(tmp_path / "out"), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["credits"], answer["error"]) == ("COMPLETED", 10, None)
    assert answer["plan"]["engine"] == "acestep"
    assert answer["plan"]["notices"] == []
    assert [track["seed"] for track in answer["tracks"]] == [3, 4]
    for track in answer["tracks"]:
        assert Path(track["path"]).is_relative_to(tmp_path / "out")
        assert heard(track["path"]).shape == (2, 5 * RATE)
        assert Path(track["image"]).is_file()
    here = Typist(shell.home, settings)
    assert here.json("credits", "balance", "local")["available"] == 990
    assert "sound" in here.run("credits", "check").stdout


@pytest.mark.parametrize("name", SHAPES)
def test_checkpoints_of_every_size_make_songs(studio: Studio, name: str) -> None:
    studio.put(name)
    answer = studio.played(f"{SONG} inference_steps:8")
    assert answer["status"] == "COMPLETED", answer
    [track] = answer["tracks"]
    assert heard(track["path"]).shape == (2, 5 * RATE)


def heard(path: str) -> Any:
    audio, rate = decode(Path(path))
    assert rate == RATE
    assert np.isfinite(audio).all()
    assert 0.01 < np.abs(audio).max() <= 1
    return audio


@pytest.fixture(scope="module")
def songs(studio: Studio) -> dict[str, int]:
    """Two songs that were made here, by what became of their files."""
    studio.put("turbo")
    song, spoilt = (studio.played(f"{SONG} display_name:{name}") for name in ("Whole", "Spoilt"))
    [track] = spoilt["tracks"]
    # What is handed out is a copy of what the house keeps.
    whole = Path(track["path"]).read_bytes()
    for file in studio.shell.home.rglob("*.flac"):
        if file.read_bytes() == whole:
            file.write_bytes(b"noise")
    return {"song": song["job"], "spoilt": spoilt["job"]}


def test_words_whose_times_nobody_knows_are_not_called_missing(studio: Studio, songs: dict[str, int]) -> None:
    done = studio.shell.run("jobs", "lrc", str(songs["song"]))
    assert done.returncode == 2
    assert "no lyrics with times" in done.stderr
    assert "Nobody sings" not in done.stderr


def cut(model: Path) -> None:
    weights = model / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def of_something_else(model: Path) -> None:
    (model / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')


def pickled(model: Path) -> None:
    weights = model / "transformer" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.bin"))


def gone(model: Path) -> None:
    shutil.rmtree(model)


# What happens to the checkpoint, what is asked for, the code it ends in, and what the sentence names.
BROKEN: dict[str, tuple[Callable[[Path], None] | None, str, str, tuple[str, ...]]] = {
    "missing": (gone, SONG, "checkpoint_missing", ("attic", "minstrel doctor")),
    "half there": (cut, SONG, "checkpoint_partial", ("attic", "transformer", "minstrel doctor")),
    "foreign": (of_something_else, SONG, "checkpoint_foreign", ("attic", "minstrel models")),
    "pickles": (pickled, SONG, "checkpoint_unreadable", ("attic", "safetensors", "minstrel doctor")),
    "wrong one": (
        None,
        "/stem strings source_job_id:{song}",
        "checkpoint_wrong_task",
        ("turbo", "extract", "base", "minstrel models"),
    ),
    "a song that is no sound": (None, "/cover ska source_job_id:{spoilt}", "source_unreadable", ("Spoilt",)),
    "adapter of another size": (None, f"{SONG} lora_name_or_path:wide", "adapter_unfit", ("wide", "attic")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_played_says_why_and_costs_nothing(studio: Studio, songs: dict[str, int], name: str) -> None:
    spoil, command, code, names = BROKEN[name]
    model = studio.put("turbo")
    if spoil is not None:
        spoil(model)
    before = studio.credits()
    done = studio.shell.run("play", command.format(**songs), "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["error"]["code"]) == (1, "FAILED", code), answer
    for word in names:
        assert word in answer["error"]["message"]
    assert studio.credits() == before
    assert "sound" in studio.shell.run("credits", "check").stdout


def test_too_little_memory_is_said_and_nothing_is_charged(models: Path, tmp_path: Path) -> None:
    # Memory of a card can't run out where there is none; the machine's own can.
    (tmp_path / "limits.toml").write_text("attempts = 1\n")
    settings = {
        "MINSTREL_ENGINE": "acestep", "MINSTREL_ACESTEP_CHECKPOINT": str(models / "turbo"),
        "MINSTREL_ENGINE_MEMORY_MB": "128",
    }  # fmt: skip
    shell = Typist(tmp_path, settings)
    done = shell.run("play", SONG, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["error"]["code"]) == (1, "engine_out_of_memory")
    assert "MINSTREL_ENGINE_MEMORY_MB" in answer["error"]["message"]
    assert shell.json("credits", "balance", "local")["available"] == 1000
    assert "sound" in shell.run("credits", "check").stdout


def test_an_adapter_nobody_put_there_is_refused_before_anything_is_made(studio: Studio) -> None:
    done = studio.shell.run("play", f"{SONG} lora_name_or_path:cold", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["field"]) == (2, "lora_name_or_path")
    assert "warm" in error["message"]


def test_an_adapter_of_the_house_is_heard(studio: Studio) -> None:
    studio.put("turbo")
    plain, styled = (studio.played(f"{SONG}{more}") for more in ("", " lora_name_or_path:Warm"))
    assert not np.array_equal(heard(plain["tracks"][0]["path"]), heard(styled["tracks"][0]["path"]))


def test_stems_of_a_song_made_here_are_free(studio: Studio, songs: dict[str, int]) -> None:
    studio.put("turbo")
    answer = studio.played("/stems source_job_id:{song}".format(**songs))
    assert (answer["status"], answer["credits"]) == ("COMPLETED", 0), answer
    assert {"vocals", "drums", "bass"} < set(answer["tracks"][0]["stems"])
