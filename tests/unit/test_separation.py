"""Separation of sound whose parts are known, without any song: the estimate, its confidence, and Demucs models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.separation import approximate, demucs, pieces
from engine.separation.names import separates
from engine.spec import Cancelled, EngineError
from tests.mixed import RATE, SOURCES, Sound, band, bass, drums, ratio, tiny, total, voice


@pytest.fixture(scope="module")
def parts() -> dict[str, Sound]:
    return {"vocals": voice(8), "drums": drums(8), "bass": bass(8), "other": band(8)}


@pytest.fixture(scope="module")
def mix(parts: dict[str, Sound]) -> Sound:
    return total(parts)


@pytest.fixture(scope="module")
def found(mix: Sound) -> dict[str, Sound]:
    return approximate.estimate(mix)


def test_each_part_is_nearer_to_itself_than_the_mix_is(
    parts: dict[str, Sound], mix: Sound, found: dict[str, Sound]
) -> None:
    gained = {name: ratio(part, found[name]) - ratio(part, mix) for name, part in parts.items()}
    assert min(gained.values()) > 5, gained
    assert ratio(parts["vocals"], found["vocals"]) > 5
    assert ratio(parts["drums"], found["drums"]) > 5
    assert ratio(parts["bass"], found["bass"]) > 5


def test_the_parts_add_up_to_the_mix(mix: Sound, found: dict[str, Sound]) -> None:
    assert tuple(found) == approximate.PARTS
    assert np.abs(total(found) - mix).max() < 1e-5
    assert {part.dtype for part in found.values()} == {np.dtype(np.float32)}


def test_the_same_sound_gives_the_same_bytes_and_a_louder_one_louder_parts(mix: Sound, found: dict[str, Sound]) -> None:
    again = approximate.estimate(mix)
    assert all(again[name].tobytes() == part.tobytes() for name, part in found.items())
    louder = approximate.estimate(mix * np.float32(0.01))
    assert all(ratio(part, louder[name] * 100) > 40 for name, part in found.items())


def test_a_song_longer_than_a_piece_has_no_seam(
    parts: dict[str, Sound], mix: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "PIECE", 5 * RATE)
    heard: list[float] = []
    found = approximate.estimate(mix, heard.append)
    assert np.abs(total(found) - mix).max() < 1e-5
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert len(heard) > 2
    # A drum across the seam is as loud as elsewhere.
    seam = slice(3 * RATE, 5 * RATE)
    assert ratio(parts["drums"][:, seam], found["drums"][:, seam]) > 5


@pytest.mark.parametrize("samples", [0, 1, 700, 5000, RATE])
def test_any_length_and_any_sound_is_parted(samples: int) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (2, samples)).astype(np.float32)
    for sound in (noise, np.zeros_like(noise)):
        found = approximate.estimate(sound)
        assert all(part.shape == sound.shape and np.isfinite(part).all() for part in found.values())
        assert np.allclose(total(found), sound, atol=1e-5)


def test_who_wants_no_more_of_it_can_stop_it(mix: Sound) -> None:
    def enough(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        approximate.estimate(mix, enough)


def test_confidence_says_which_parts_are_there(parts: dict[str, Sound], mix: Sound) -> None:
    whole = approximate.expected(mix)
    assert whole["vocals"] > 6
    assert whole["bass"] > 6
    unsung = approximate.expected(mix - parts["vocals"])
    assert unsung["vocals"] < 3
    assert unsung["bass"] > 6
    alone = approximate.expected(parts["bass"])
    assert alone.pop("bass") > 10
    assert max(alone.values()) < 3
    assert set(approximate.expected(np.zeros_like(mix)).values()) == {approximate.ABSENT}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def test_a_checkpoint_says_what_it_separates_by_our_names(checkpoint: Path) -> None:
    assert separates(None) == ("vocals", "drums", "bass")
    assert separates(checkpoint) == ("vocals", "drums", "bass", "guitar", "keyboard")
    assert separates(checkpoint.parent) == separates(checkpoint)


def test_a_model_separates_any_song_into_parts_that_add_up(checkpoint: Path, mix: Sound) -> None:
    short = mix[:, : 3 * RATE + 11]
    heard: list[float] = []
    found = demucs.estimate(short, checkpoint, heard.append)
    assert set(found) == {"vocals", "drums", "bass", "guitar", "keyboard", "other"}
    assert np.abs(total(found) - short).max() < 1e-5
    assert all(np.abs(part).max() > 0 for part in found.values())
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    again = demucs.estimate(short, checkpoint)
    assert all(again[name].tobytes() == part.tobytes() for name, part in found.items())


def test_what_the_model_gives_is_what_the_library_gives(checkpoint: Path, mix: Sound) -> None:
    from demucs.apply import apply_model
    from demucs.hf import load_safetensors_model
    from torchaudio.functional import resample

    short = mix[:, : 2 * RATE]
    level = float(np.sqrt(np.mean(short**2)))
    with torch.no_grad():
        theirs = apply_model(
            load_safetensors_model(checkpoint), resample(torch.from_numpy(short / level), RATE, 44_100)[None], shifts=0
        )[0]
    piano = resample(theirs[SOURCES.index("piano")], 44_100, RATE)[:, : short.shape[1]].numpy() * level
    assert ratio(piano, demucs.estimate(short, checkpoint)["keyboard"]) > 60


def test_a_bag_of_models_is_a_folder(tmp_path: Path, mix: Sound) -> None:
    one = tiny(tmp_path / "one.safetensors", ("drums", "vocals"))
    two = tiny(tmp_path / "two.safetensors", ("drums", "vocals"), seed=5)
    (tmp_path / "bag.yaml").write_text("models: ['one', 'two']\nweights: [[1., 0.], [0., 1.]]\n")
    short = mix[:, :RATE]
    found = demucs.estimate(short, tmp_path)
    assert set(found) == {"drums", "vocals", "other"}
    assert np.allclose(demucs.estimate(short, one)["drums"], found["drums"], atol=1e-6)
    assert np.allclose(demucs.estimate(short, two)["vocals"], found["vocals"], atol=1e-6)
    assert not np.allclose(demucs.estimate(short, two)["drums"], found["drums"], atol=1e-3)


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (lambda data: data[: len(data) // 2], ""),
        (lambda data: b"", "no safetensors file"),
        (lambda data: b"\x80\x04" + data, "no safetensors file"),
        (lambda data: data[:8] + b"[" * int.from_bytes(data[:8], "little") + data[8:], ""),
    ],
    ids=["cut off", "empty", "a pickle", "nested"],
)
def test_a_damaged_checkpoint_is_a_clear_error(checkpoint: Path, tmp_path: Path, spoiled: Any, reason: str) -> None:
    file = tmp_path / "bad.safetensors"
    file.write_bytes(spoiled(checkpoint.read_bytes()))
    with pytest.raises(EngineError) as told:
        demucs.check(file)
    assert (told.value.code, told.value.permanent, told.value.params["file"]) == ("separation_model", True, file.name)
    assert reason in told.value.params["reason"]


def test_a_missing_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    for missing in (tmp_path / "gone.safetensors", tmp_path, tmp_path / "gone.th"):
        with pytest.raises(EngineError, match="separation_model"):
            separates(missing)
        with pytest.raises(EngineError, match="separation_model"):
            demucs.check(missing)


@pytest.mark.parametrize(
    "metadata",
    [
        {"klass": "os.system", "args": '["touch {owned}"]', "kwargs": "{}"},
        {"klass": "pathlib.Path.touch", "args": '["{owned}"]', "kwargs": "{}"},
        {"structure": '{"_class": "os.system"}'},
    ],
)
def test_a_checkpoint_can_call_nothing_but_models(tmp_path: Path, metadata: dict[str, str]) -> None:
    owned = tmp_path / "owned"
    told = {name: text.replace("{owned}", str(owned)) for name, text in metadata.items()}
    file = tiny(tmp_path / "evil.safetensors", metadata=told)
    with pytest.raises(EngineError, match="separation_model"):
        demucs.check(file)
    assert not owned.exists()


def test_other_weights_than_the_model_has_are_a_clear_error(tmp_path: Path, checkpoint: Path) -> None:
    kwargs = json.dumps({"sources": ["drums", "vocals"], "channels": 16})
    with pytest.raises(EngineError, match="separation_model"):
        demucs.check(tiny(tmp_path / "other.safetensors", metadata={"kwargs": kwargs}))
