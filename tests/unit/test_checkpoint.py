"""A checkpoint on the disk: what it is, and that whatever is wrong with one is named, never a crash."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.replies import reply
from engine.acestep.checkpoint import COMMON, EVERY, Checkpoint, inspect
from engine.acestep.folder import Folder
from engine.acestep.shelf import Place, Shelf
from engine.acestep.weights import NotWeights, read
from engine.spec import EngineError
from tests.fakes.checkpoints import FOR_COVERS, NETWORKS, OTHERS, safetensors, save_bare, write


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return save_bare(tmp_path / "mine")


def wrong(folder: Path, name: str = "") -> EngineError:
    with pytest.raises(EngineError) as caught:
        inspect(folder, name)
    assert caught.value.permanent
    assert caught.value.params["name"] == (name or folder.name)
    return caught.value


def files_of(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


# --- what a whole one is ---


def test_a_whole_checkpoint_says_what_it_is(whole: Path) -> None:
    size = sum(file.stat().st_size for file in whole.rglob("*.safetensors"))
    assert inspect(whole) == Checkpoint("mine", whole, "turbo", rate=48_000, hop=1920, weights=size, covers=True)
    assert inspect(whole, "ORG/NAME").name == "ORG/NAME"


@pytest.mark.parametrize(
    ("variant", "tasks", "steps", "guidance", "shift"),
    [("turbo", COMMON, 8, 1.0, 3.0), ("base", EVERY, 50, 7.0, 1.0), ("sft", COMMON, 50, 7.0, 1.0)],
)
def test_each_variant_has_its_own_tasks_and_defaults(
    tmp_path: Path, variant: str, tasks: tuple[str, ...], steps: int, guidance: float, shift: float
) -> None:
    found = inspect(save_bare(tmp_path / "mine", variant))
    assert (found.variant, found.tasks) == (variant, tasks)
    assert (found.defaults.steps, found.defaults.guidance, found.defaults.shift) == (steps, guidance, shift)


@pytest.mark.parametrize(
    ("said", "folder", "variant"),
    [
        ({"is_turbo": True}, "base-model", "turbo"),
        ({"is_turbo": False, "model_version": "xl-SFT"}, "x", "sft"),
        ({"model_version": "turbo"}, "sft", "turbo"),
        ({}, "acestep-v15-sft-diffusers", "sft"),
        ({"is_turbo": False, "model_version": None}, "acestep-v15-xl-base-diffusers", "base"),
        ({}, "acestep-v15-xl-turbo-diffusers", "turbo"),
        ({}, "mine", "base"),
    ],
)
def test_its_own_settings_say_what_it_is_and_its_name_only_where_they_do_not(
    tmp_path: Path, said: dict[str, Any], folder: str, variant: str
) -> None:
    save_bare(tmp_path / folder, None)
    write(tmp_path / folder / "transformer" / "config.json", said)
    assert inspect(tmp_path / folder).variant == variant


def test_shapes_that_published_ones_have_are_taken(tmp_path: Path) -> None:
    converted = inspect(save_bare(tmp_path / "converted", covers=False, scheduler=False))
    assert converted.tasks == ("text2music", "repaint")
    sharded = inspect(save_bare(tmp_path / "sharded", shards=3))
    assert sharded.weights == sum(file.stat().st_size for file in (tmp_path / "sharded").rglob("*.safetensors"))
    other = inspect(save_bare(tmp_path / "other", rate=16_000, ratios=(4, 8)))
    assert (other.rate, other.hop) == (16_000, 32)
    words = save_bare(tmp_path / "words") / "tokenizer"
    (words / "tokenizer.json").unlink()
    (words / "vocab.json").write_text("{}")
    (words / "merges.txt").write_text("")
    assert inspect(words.parent)


# --- what is missing ---


def test_where_nothing_lies_it_is_missing(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / ".fetching").touch()
    for folder in (tmp_path / "nowhere", empty):
        error = wrong(folder)
        assert (error.code, error.params["folder"]) == ("checkpoint_missing", str(folder))


@pytest.mark.parametrize("shards", [0, 2])
def test_every_file_of_it_is_missed(tmp_path: Path, shards: int) -> None:
    whole = save_bare(tmp_path / "mine", shards=shards)
    for file in files_of(whole):
        kept = (whole / file).read_bytes()
        (whole / file).unlink()
        error = wrong(whole)
        if file == "model_index.json":
            assert error.code == "checkpoint_foreign"
        elif not file.endswith("index.json"):
            assert (error.code, error.params["file"]) == ("checkpoint_partial", file)
        (whole / file).write_bytes(kept)
    for part in (*NETWORKS, *OTHERS):
        (whole / part).rename(tmp_path / "aside")
        error = wrong(whole)
        assert error.code == "checkpoint_partial"
        assert error.params["file"].startswith(f"{part}/")
        (tmp_path / "aside").rename(whole / part)
    assert inspect(whole)


def test_weights_that_were_cut_short_are_told_wherever_the_cut_is(whole: Path) -> None:
    for file in files_of(whole):
        if not file.endswith(".safetensors"):
            continue
        kept = (whole / file).read_bytes()
        for length in (0, 7, 8, 30, len(kept) - 1):
            (whole / file).write_bytes(kept[:length])
            error = wrong(whole)
            assert (error.code, error.params["file"]) == ("checkpoint_partial", file), length
        (whole / file).write_bytes(kept)


def test_a_fetch_under_way_is_told(whole: Path) -> None:
    file = "vae/diffusion_pytorch_model.safetensors"
    half = whole / f"{file}.incomplete"
    half.touch()
    assert wrong(whole).params["file"] == file
    half = half.rename(whole / f"{file}.0a1b2c3d4e5f.incomplete")
    assert wrong(whole).params["file"] == file
    (whole / "model_index.json").unlink()
    error = wrong(whole)
    assert (error.code, error.params["file"]) == ("checkpoint_partial", "model_index.json")


def test_what_is_wrong_never_tells_where_this_machine_keeps_things(whole: Path) -> None:
    reason = f"Unrecognized model in {whole}/text_encoder, or {whole}."
    with pytest.raises(EngineError) as caught:
        Folder(whole, "mine").unreadable(f"{whole}/vae", reason)
    assert caught.value.params["file"] == "vae"
    assert caught.value.params["reason"] == "Unrecognized model in text_encoder, or mine"
    told = reply(caught.value.code, job=12, **caught.value.params)
    assert str(whole) not in told


def test_what_is_no_file_is_not_read(whole: Path) -> None:
    weights = whole / "vae" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    os.mkfifo(weights)
    with pytest.raises(NotWeights):
        read(weights)


def test_a_pointer_that_git_leaves_is_no_file_of_weights(whole: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 337000000\n"
    (whole / "vae" / "diffusion_pytorch_model.safetensors").write_text(pointer)
    assert wrong(whole).code == "checkpoint_partial"


# --- what is no use ---


@pytest.mark.parametrize("ending", ["bin", "pt", "ckpt"])
def test_pickles_are_never_weights(whole: Path, ending: str) -> None:
    part = whole / "transformer"
    (part / "diffusion_pytorch_model.safetensors").rename(part / f"diffusion_pytorch_model.{ending}")
    error = wrong(whole)
    assert (error.code, error.params["file"]) == (
        "checkpoint_unreadable",
        f"transformer/diffusion_pytorch_model.{ending}",
    )
    assert ".safetensors" in error.params["reason"]


def test_a_folder_of_something_else_is_foreign(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "index.json", {})
    assert wrong(tmp_path / "photos").code == "checkpoint_foreign"
    for kind in ("StableAudioPipeline", ["my_code", "AceStepPipeline"], None):
        other = save_bare(tmp_path / "other")
        write(other / "model_index.json", {**json.loads((other / "model_index.json").read_text()), "_class_name": kind})
        error = wrong(other, "ORG/NAME")
        assert (error.code, error.params["folder"]) == ("checkpoint_foreign", str(other))
    unet = save_bare(tmp_path / "unet")
    write(unet / "transformer" / "config.json", {"_class_name": "FluxTransformer2DModel"})
    assert wrong(unet).code == "checkpoint_foreign"


@pytest.mark.parametrize("part", [*NETWORKS, *OTHERS])
@pytest.mark.parametrize("value", [["os", "system"], "vae", [1, 2], ["diffusers"], ["diffusers", None], {}, None])
def test_a_pipeline_names_known_parts_alone(whole: Path, part: str, value: Any) -> None:
    """What it names is imported when it is loaded."""
    index = json.loads((whole / "model_index.json").read_text())
    write(whole / "model_index.json", {**index, part: value})
    if value is None and part in (*FOR_COVERS, "scheduler"):
        assert inspect(whole).covers == (part == "scheduler")
        return
    error = wrong(whole)
    assert (error.code, error.params["file"]) == ("checkpoint_unreadable", "model_index.json")
    assert part in error.params["reason"]


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "7", "[" * 100_000, '{"a":' * 50_000, "\x00", "9" * 5000])
def test_settings_that_are_no_table_are_told(whole: Path, text: str) -> None:
    for file in files_of(whole):
        if file.endswith(".json") and file != "tokenizer/tokenizer.json":
            kept = (whole / file).read_text()
            (whole / file).write_text(text)
            error = wrong(whole)
            assert (error.code, error.params["file"]) == ("checkpoint_unreadable", file)
            assert error.params["reason"]
            (whole / file).write_text(kept)


def test_a_tokenizer_is_told_by_its_two_ends(whole: Path) -> None:
    file = whole / "tokenizer" / "tokenizer.json"
    for text, code in (("[]", "unreadable"), ("", "unreadable"), ('{"model": {"voc', "partial")):
        file.write_text(text)
        error = wrong(whole)
        assert (error.code, error.params["file"]) == (f"checkpoint_{code}", "tokenizer/tokenizer.json")
    file.write_text('{"model": ' + " " * 3_000_000 + "{}}\n")
    assert inspect(whole)


TOLD = [
    "[]", '"x"', "{nonsense", "[" * 50_000, '{"a": 1}', '{"a": {"shape": [1]}}',
    '{"a": {"shape": 1, "data_offsets": [0, 0]}}', '{"a": {"shape": ["1"], "data_offsets": [0, 0]}}',
    '{"a": {"shape": [1], "data_offsets": [0, -4]}}', '{"a": {"shape": [1], "data_offsets": [0, 1, 2]}}',
    '{"a": {"shape": [], "data_offsets": [0, true]}}',
]  # fmt: skip
HEADERS = [
    b"\xff" * 8,
    b"PK\x03\x04" + bytes(60),
    (2**40).to_bytes(8, "little") + b"{}",
    (1).to_bytes(8, "little") + b"{",
    *(len(text).to_bytes(8, "little") + text.encode() for text in TOLD),
]


@pytest.mark.parametrize("data", HEADERS, ids=range(len(HEADERS)))
def test_a_hostile_header_is_told_and_nothing_is_read_that_it_names(whole: Path, data: bytes) -> None:
    (whole / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(data)
    error = wrong(whole)
    assert (error.code, error.params["file"]) == ("checkpoint_unreadable", "vae/diffusion_pytorch_model.safetensors")


def test_a_file_with_more_in_it_than_it_says_is_damaged(whole: Path) -> None:
    with (whole / "vae" / "diffusion_pytorch_model.safetensors").open("ab") as file:
        file.write(b"more")
    assert wrong(whole).code == "checkpoint_unreadable"


@pytest.mark.parametrize("shard", ["../../secret.safetensors", "/etc/passwd", "", "a/b.safetensors", 7, "..", None])
def test_shards_lie_beside_their_index(tmp_path: Path, shard: Any) -> None:
    whole = save_bare(tmp_path / "mine", shards=1)
    index = "transformer/diffusion_pytorch_model.safetensors.index.json"
    write(whole / index, {"weight_map": {"a": shard}})
    error = wrong(whole)
    assert (error.code, error.params["file"]) == ("checkpoint_unreadable", index)


@pytest.mark.parametrize(
    "told",
    [
        {"sampling_rate": 0}, {"sampling_rate": "48000"}, {"sampling_rate": True}, {"sampling_rate": 10**9},
        {"downsampling_ratios": []}, {"downsampling_ratios": [0]}, {"downsampling_ratios": [-2, -4]},
        {"downsampling_ratios": 1920}, {"downsampling_ratios": [1e400]}, {"downsampling_ratios": [60_000]},
        {"downsampling_ratios": [300_000] * 9}, {"sampling_rate": None},
    ],
)  # fmt: skip
def test_rates_that_make_no_sound_are_told(whole: Path, told: dict[str, Any]) -> None:
    write(whole / "vae" / "config.json", {"sampling_rate": 48_000, "downsampling_ratios": [1920], **told})
    error = wrong(whole)
    assert (error.code, error.params["file"]) == ("checkpoint_unreadable", "vae/config.json")


def test_a_conversion_that_forgot_what_silence_is_would_drone(tmp_path: Path) -> None:
    """The library fills what is missing with zeros or noise, and says nothing."""
    for variant, held, missing in (
        ("turbo", (), "silence_latent"), ("base", ("silence_latent",), "null_condition_emb"),
    ):  # fmt: skip
        folder = save_bare(tmp_path / variant, variant)
        file = folder / "condition_encoder" / "diffusion_pytorch_model.safetensors"
        file.write_bytes(safetensors(*held))
        error = wrong(folder)
        assert (error.code, missing in error.params["reason"]) == ("checkpoint_unreadable", True)
    guided = save_bare(tmp_path / "guided", "turbo")
    (guided / "condition_encoder" / "diffusion_pytorch_model.safetensors").write_bytes(safetensors("silence_latent"))
    assert inspect(guided), "turbo is never guided, so it needs no empty condition"


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_file_is_a_crash(whole: Path, data: st.DataObject) -> None:
    file = whole / data.draw(st.sampled_from(files_of(whole)))
    kept = file.read_bytes()
    at = data.draw(st.integers(0, max(len(kept) - 1, 0)))
    file.write_bytes(kept[:at] + data.draw(st.binary(max_size=12)) + kept[at + data.draw(st.integers(0, 12)) :])
    try:
        code: str = inspect(whole).variant
    except EngineError as error:
        code = error.code
    file.write_bytes(kept)
    assert code in ("turbo", "base", "sft") or code.startswith("checkpoint_")


# --- which one is used ---


def shelf(tmp_path: Path, **places: str) -> Shelf:
    """`v2_extract="base"`: version v2 keeps its checkpoint for extract in the folder base."""
    versions: dict[str, dict[Any, Place]] = {}
    for place, folder in places.items():
        version, _, task = place.partition("_")
        versions.setdefault(version, {})[task] = Place(f"ORG/{folder}", tmp_path / folder, fetch=f"ORG/{folder}")
    return Shelf(versions)


def test_a_version_that_is_not_here_gives_way_to_one_that_is(tmp_path: Path) -> None:
    one = shelf(tmp_path, v2_text2music="big", v1_text2music="small")
    with pytest.raises(EngineError) as caught:
        one.checkpoint("v2", "text2music")
    assert (caught.value.code, caught.value.params["fetch"]) == ("checkpoint_missing", "ORG/big")
    save_bare(tmp_path / "small")
    chosen = one.checkpoint("v2", "text2music")
    assert (chosen.version, chosen.checkpoint.name) == ("v1", "ORG/small")
    # While it is being fetched, songs go on.
    save_bare(tmp_path / "big")
    (tmp_path / "big" / "vae" / "config.json").unlink()
    assert one.checkpoint("v2", "text2music").version == "v1"
    shutil.rmtree(tmp_path / "big")
    save_bare(tmp_path / "big")
    assert one.checkpoint("v2", "text2music").version == "v2"
    assert one.checkpoint("v7", "text2music").version == "v2"


def test_one_that_is_here_and_broken_is_told_rather_than_passed_over(tmp_path: Path) -> None:
    one = shelf(tmp_path, v2_text2music="big", v1_text2music="small")
    save_bare(tmp_path / "small")
    save_bare(tmp_path / "big")
    (tmp_path / "big" / "vae" / "config.json").write_text("{")
    with pytest.raises(EngineError) as caught:
        one.checkpoint("v2", "text2music")
    assert (caught.value.code, caught.value.params["name"]) == ("checkpoint_unreadable", "ORG/big")


def test_a_checkpoint_does_only_what_it_was_trained_for(tmp_path: Path) -> None:
    save_bare(tmp_path / "turbo")
    save_bare(tmp_path / "plain", "base", covers=False)
    one = shelf(tmp_path, v2_extract="turbo", v2_cover="plain")
    for task, name, needs in (("extract", "ORG/turbo", "base"), ("cover", "ORG/plain", "tokenizer")):
        with pytest.raises(EngineError) as caught:
            one.checkpoint("v2", task)  # type: ignore[arg-type]
        error = caught.value
        assert (error.code, error.permanent) == ("checkpoint_wrong_task", True)
        assert (error.params["name"], error.params["task"]) == (name, task)
        assert needs in error.params["needs"]
    with pytest.raises(EngineError, match="checkpoint_wrong_task"):
        one.checkpoint("v2", "lego")


def test_the_shelf_knows_what_is_meant_for_a_task(tmp_path: Path) -> None:
    one = shelf(tmp_path, v2_extract="base", v2_text2music="turbo")
    assert not one.has("extract")
    save_bare(tmp_path / "base", "base")
    assert one.has("extract")
    assert not one.has("lego")
    (tmp_path / "base" / "vae" / "config.json").unlink()
    assert not one.has("extract"), "half of it may still come"
    (tmp_path / "base" / "vae" / "config.json").write_text("{")
    assert one.has("extract"), "it is told what is wrong rather than passed over"


def test_adapters_are_those_that_are_allowed(tmp_path: Path) -> None:
    one = Shelf(adapters={"Warm": tmp_path / "warm.safetensors", "lo-fi": tmp_path / "lo-fi"})
    assert one.adapter("warm") == tmp_path / "warm.safetensors"
    for name in ("warm.safetensors", "../warm", str(tmp_path / "warm.safetensors")):
        with pytest.raises(EngineError) as caught:
            one.adapter(name)
        assert (caught.value.code, caught.value.params["known"]) == ("adapter_unknown", "Warm, lo-fi")


def test_a_shelf_travels_to_another_process(tmp_path: Path) -> None:
    one = shelf(tmp_path, v2_extract="base", v1_text2music="turbo")
    full = Shelf(one.versions, {"warm": tmp_path / "warm.safetensors"})
    assert Shelf.from_options(json.loads(json.dumps(full.options()))) == full
    assert Shelf.from_options({}) == Shelf()
