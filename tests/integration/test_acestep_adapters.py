"""Style adapters: what they add is what their training says, and they leave nothing behind."""

from __future__ import annotations

import copy
import json
import math
import pickle
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from diffusers import AceStepPipeline
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import Tensor

from engine.acestep.adapters import fitted
from engine.acestep.checkpoint import inspect
from engine.acestep.model import Model, Models
from engine.acestep.player import Player
from engine.acestep.wish import Adapter, Sampling, Start, Text, Wish
from engine.spec import EngineError
from tests.fakes.acestep import LATENT, pipeline, save_tiny

RANK = 4
# Layers of all kinds, by the names of the library and by those that the model was trained under.
LAYERS = {
    "layers.0.self_attn.to_q": "layers.0.self_attn.q_proj",
    "layers.0.cross_attn.to_k": "layers.0.cross_attn.k_proj",
    "layers.1.self_attn.to_v": "layers.1.self_attn.v_proj",
    "layers.1.self_attn.to_out.0": "layers.1.self_attn.o_proj",
    "layers.1.mlp.down_proj": "layers.1.mlp.down_proj",
    "condition_embedder": "condition_embedder",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Models("cpu").of(inspect(save_tiny(tmp_path_factory.mktemp("tiny") / "tiny"), "tiny"), lambda _: None)


@dataclass(frozen=True)
class Halves:
    """A LoRA as it was trained: (rank, in) and (out, rank) for each layer, by the library's names."""

    down: Mapping[str, Tensor]
    up: Mapping[str, Tensor]

    def arrays(self, name_of: Callable[[str], str], down: str = "lora_A", up: str = "lora_B") -> dict[str, Tensor]:
        """As a file has it, with the names that `name_of` gives to the layers."""
        return {
            key: value
            for layer in self.down
            for key, value in (
                (f"{name_of(layer)}.{down}.weight", self.down[layer]), (f"{name_of(layer)}.{up}.weight", self.up[layer])
            )
        }  # fmt: skip


@pytest.fixture(scope="module")
def halves(model: Model) -> Halves:
    return trained(model, 1)


def trained(model: Model, seed: int, rank: int = RANK) -> Halves:
    """Halves that are heard plainly, of random numbers."""
    drawn = torch.Generator().manual_seed(seed)
    size = {layer: model.pipe.transformer.get_submodule(layer).weight.shape for layer in LAYERS}
    return Halves(
        {layer: torch.randn(rank, size[layer][1], generator=drawn) * 0.3 for layer in LAYERS},
        {layer: torch.randn(size[layer][0], rank, generator=drawn) * 0.3 for layer in LAYERS},
    )


def original(layer: str) -> str:
    return f"base_model.model.{LAYERS[layer]}"


def library(layer: str) -> str:
    return f"transformer.{layer}"


@torch.no_grad()
def heard(network: Any) -> Tensor:
    """What the network makes of always the same noise."""
    drawn = torch.Generator().manual_seed(7)
    given = {
        "hidden_states": (2, 20, LATENT), "encoder_hidden_states": (2, 11, 32), "context_latents": (2, 20, 2 * LATENT),
    }  # fmt: skip
    made: Tensor = network(
        **{name: torch.randn(shape, generator=drawn) for name, shape in given.items()},
        timestep=torch.tensor([0.7, 0.3]), timestep_r=torch.tensor([0.7, 0.3]), return_dict=False,
    )[0]  # fmt: skip
    return made


def merged(model: Model, halves: Halves, scale: Callable[[str], float]) -> Tensor:
    """The same of a network whose weights were changed by hand: `scale * up @ down` more for each layer."""
    network = copy.deepcopy(model.pipe.transformer)
    with torch.no_grad():
        for layer in halves.down:
            network.get_submodule(layer).weight += scale(layer) * halves.up[layer] @ halves.down[layer]
    return heard(network)


def on(model: Model, path: Path, weight: float = 1.0) -> Tensor:
    with fitted(model, path, Adapter("mine", weight)):
        return heard(model.pipe.transformer)


def same(made: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(made, expected, rtol=1e-3, atol=1e-4)


def folder(path: Path, arrays: Mapping[str, Tensor], config: Mapping[str, Any] | None = None) -> Path:
    """An adapter as PEFT saves it."""
    path.mkdir(parents=True)
    save_file(dict(arrays), path / "adapter_model.safetensors", metadata={"format": "pt"})
    if config is not None:
        (path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": RANK, **config}))
    return path


# --- what it adds ---


@pytest.mark.parametrize("weight", [-3.0, -0.5, 0.25, 1.0, 3.0])
def test_it_is_heard_as_strongly_as_asked(model: Model, halves: Halves, tmp_path: Path, weight: float) -> None:
    path = folder(tmp_path / "mine", halves.arrays(original), {"lora_alpha": 8})
    made = on(model, path, weight)
    same(made, merged(model, halves, lambda _: weight * 8 / RANK))
    assert (made - heard(model.pipe.transformer)).abs().max() > 0.1


NAMINGS: dict[str, Callable[[Halves], dict[str, Tensor]]] = {
    "original": lambda halves: halves.arrays(original),
    "library": lambda halves: halves.arrays(library),
    "bare": lambda halves: halves.arrays(lambda layer: layer),
    "named": lambda halves: halves.arrays(original, "lora_A.default", "lora_B.default"),
    "nodes": lambda halves: halves.arrays(
        lambda layer: f"diffusion_model.decoder.{LAYERS[layer]}", "lora_down", "lora_up"
    ),
    "flat": lambda halves: halves.arrays(
        lambda layer: "lora_unet_" + LAYERS[layer].replace(".", "_"), "lora_down", "lora_up"
    ),
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_every_trainer_has_its_own_names(model: Model, halves: Halves, tmp_path: Path, naming: str) -> None:
    file = tmp_path / "mine.safetensors"
    save_file(NAMINGS[naming](halves), file)
    # Nobody says at which alpha it was trained: it counts in full.
    same(on(model, file), merged(model, halves, lambda _: 1.0))


@pytest.mark.parametrize("metadata", [{"ss_network_alpha": "2"}, {"lora_alpha": "2.0"}, {"alpha": "2"}])
def test_alpha_stands_in_the_file(model: Model, halves: Halves, tmp_path: Path, metadata: dict[str, str]) -> None:
    file = tmp_path / "mine.safetensors"
    save_file(halves.arrays(original), file, metadata=metadata)
    same(on(model, file), merged(model, halves, lambda _: 2 / RANK))


def test_alpha_of_each_layer_goes_before_all_others(model: Model, halves: Halves, tmp_path: Path) -> None:
    alphas = {layer: float(number) for number, layer in enumerate(LAYERS, 1)}
    arrays = halves.arrays(original)
    arrays |= {f"{original(layer)}.alpha": torch.tensor(alpha).bfloat16() for layer, alpha in alphas.items()}
    path = folder(tmp_path / "mine", arrays, {"lora_alpha": 100})
    same(on(model, path), merged(model, halves, lambda layer: alphas[layer] / RANK))


def test_alpha_beside_the_file_counts_by_the_root_of_the_rank_where_it_says_so(
    model: Model, halves: Halves, tmp_path: Path
) -> None:
    path = folder(tmp_path / "mine", halves.arrays(original), {"lora_alpha": 6, "use_rslora": True})
    same(on(model, path), merged(model, halves, lambda _: 6 / math.sqrt(RANK)))


def test_settings_beside_several_adapters_are_nobodys(model: Model, halves: Halves, tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", halves.arrays(original), {"lora_alpha": 8})
    loose = (path / "adapter_model.safetensors").rename(path / "mine.safetensors")
    same(on(model, loose), merged(model, halves, lambda _: 8 / RANK))
    shutil.copy(loose, path / "other.safetensors")
    same(on(model, loose), merged(model, halves, lambda _: 1.0))


@pytest.mark.parametrize(
    "config",
    [
        # ranks and alphas of their own for some layers
        LoraConfig(
            r=3, lora_alpha=5, target_modules=["to_q", "to_out.0", "condition_embedder", "up_proj"], use_rslora=True,
            rank_pattern={"up_proj": 6, "^layers.1.cross_attn.to_q": 2}, alpha_pattern={"layers.0.mlp.up_proj": 9},
            init_lora_weights=False,
        ),
        # a bias of its own
        LoraConfig(
            r=2, lora_alpha=3, target_modules=["condition_embedder"], lora_bias=True, init_lora_weights=False
        ),
    ],
)  # fmt: skip
# PEFT takes its own bias for half an array.
@pytest.mark.filterwarnings("ignore:Adapter 'default'. 1 LoRA tensor")
def test_one_from_peft_sounds_as_it_does_there(model: Model, tmp_path: Path, config: LoraConfig) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(2)
        other = get_peft_model(copy.deepcopy(model.pipe.transformer), copy.deepcopy(config))
    other.save_pretrained(str(tmp_path / "mine"))
    other.eval()
    made = on(model, tmp_path / "mine", 1.0)
    same(made, heard(other.get_base_model()))
    assert not torch.equal(made, heard(model.pipe.transformer))


def test_one_from_the_library_says_in_the_file_how_it_was_trained(model: Model, halves: Halves, tmp_path: Path) -> None:
    AceStepPipeline.save_lora_weights(
        str(tmp_path / "mine"), halves.arrays(lambda layer: layer),
        transformer_lora_adapter_metadata={
            "r": RANK, "lora_alpha": 12, "use_rslora": False, "alpha_pattern": {"^condition_embedder": 2}
        },
    )  # fmt: skip
    made = on(model, tmp_path / "mine")
    same(made, merged(model, halves, lambda layer: (2 if layer == "condition_embedder" else 12) / RANK))


def test_half_numbers_in_the_file_are_scaled_in_whole_ones(model: Model, halves: Halves, tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", {key: value.bfloat16() for key, value in halves.arrays(original).items()})
    rounded = Halves(*({layer: half.bfloat16().float() for layer, half in each.items()}
                       for each in (halves.down, halves.up)))  # fmt: skip
    same(on(model, path, 0.3), merged(model, rounded, lambda _: 0.3))


# --- and nothing else ---


def test_the_network_is_as_before_afterwards(model: Model, halves: Halves, tmp_path: Path) -> None:
    one = folder(tmp_path / "one", halves.arrays(original))
    two = folder(tmp_path / "two", trained(model, 2).arrays(library))
    before = heard(model.pipe.transformer)
    first, second = on(model, one), on(model, two)
    assert not torch.equal(first, second)
    assert torch.equal(on(model, one), first)
    assert torch.equal(on(model, one, 0.0), before)
    assert torch.equal(on(model, tmp_path / "gone.safetensors", 0.0), before)
    with pytest.raises(KeyError), fitted(model, one, Adapter("one", 1.0)):
        raise KeyError
    assert torch.equal(heard(model.pipe.transformer), before)


def test_nothing_is_left_in_memory(model: Model, tmp_path: Path) -> None:
    paths = [folder(tmp_path / str(seed), trained(model, seed, 1024).arrays(original)) for seed in (1, 2)]
    megabytes = sum(file.stat().st_size for file in paths[0].iterdir()) / 1e6

    def use(times: int) -> float:
        for number in range(times):
            with fitted(model, paths[number % 2], Adapter("mine", 1.0)):
                pass
        used: int = psutil.Process().memory_info().rss
        return used / 1e6

    at_first = use(5)
    assert use(50) - at_first < 10 * megabytes


def test_songs_carry_it(model: Model, halves: Halves, tmp_path: Path) -> None:
    path = folder(tmp_path / "mine", halves.arrays(original))
    models = Models("cpu")
    wish = Wish("text2music", Text("slow blues", seconds=1.0), Sampling(2, 3.0, 1.0), (Start(5),), 1.0)

    def song(weight: float | None) -> bytes:
        adapter = None if weight is None else Adapter("mine", weight)
        player = Player(models, {"mine": path})
        ((_, audio),) = player.play(model.checkpoint, replace(wish, adapter=adapter), lambda _: None)
        return audio.tobytes()

    plain = song(None)
    assert len({plain, song(0.5), song(1.0)}) == 3
    assert song(0.0) == song(None) == plain


# --- what does not fit, and what is no adapter ---


def test_one_for_a_model_of_another_size_says_so(model: Model, tmp_path: Path) -> None:
    large = pipeline(width=64).transformer.get_submodule("layers.0.self_attn.to_q").weight
    arrays = {
        "base_model.model.layers.0.self_attn.q_proj.lora_A.weight": torch.ones(RANK, large.shape[1]),
        "base_model.model.layers.0.self_attn.q_proj.lora_B.weight": torch.ones(large.shape[0], RANK),
    }
    error = refused(model, folder(tmp_path / "large", arrays))
    assert (error.code, error.params["name"], error.params["checkpoint"]) == ("adapter_unfit", "mine", "tiny")
    assert error.params["reason"] == (
        "it was made for a model of another size (layers.0.self_attn.q_proj is 64 by 32 in it, and 32 by 32 here)"
    )


def test_one_that_fits_in_part_leaves_no_part_behind(model: Model, halves: Halves, tmp_path: Path) -> None:
    arrays = halves.arrays(original)
    for half, shape in (("A", (RANK, 32)), ("B", (32, RANK))):
        arrays[f"base_model.model.layers.30.self_attn.q_proj.lora_{half}.weight"] = torch.ones(shape)
    error = refused(model, folder(tmp_path / "deep", arrays))
    assert error.code == "adapter_unfit"
    assert error.params["reason"] == "it changes 'layers.30.self_attn.q_proj', which is no linear layer here"


@pytest.mark.parametrize("layer", ["layers.0.self_attn.to_q", "condition_embedder"])
def test_one_layer_under_two_names_is_refused(model: Model, halves: Halves, tmp_path: Path, layer: str) -> None:
    one = Halves({layer: halves.down[layer]}, {layer: halves.up[layer]})
    arrays = one.arrays(original) | {key: value.clone() for key, value in one.arrays(library).items()}
    assert "twice" in refused(model, folder(tmp_path / "twice", arrays)).params["reason"]


def changed(**more: Tensor | None) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    """With arrays more, or other ones, or without some, in its first layer."""
    layer = original("layers.0.self_attn.to_q")
    return lambda arrays: {
        key: value
        for key, value in (arrays | {f"{layer}.{name.replace('__', '.')}": one for name, one in more.items()}).items()
        if value is not None
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed(lora_B__weight=None), "a half of"),
        (changed(lora_B__weight=torch.ones(32, RANK + 1)), "don't belong together"),
        (changed(lora_B__bias=torch.ones(31)), "don't belong together"),
        (changed(lora_A__weight=torch.ones(RANK, 32, 2)), "no linear layer"),
        (changed(lora_A__weight=torch.full((RANK, 32), math.nan)), "no number"),
        (changed(lora_A__weight=torch.ones(RANK, 32, dtype=torch.int8)), "stored in a way"),
        (changed(alpha=torch.tensor(math.inf)), "no number"),
        (changed(alpha=torch.ones(3)), "not one number"),
        (changed(lora_magnitude_vector__weight=torch.ones(32)), "a DoRA"),
        (changed(lokr_w1=torch.ones(4, 4)), "a LoKr"),
        (changed(weight=torch.ones(32, 32)), "no part of a LoRA"),
        (lambda arrays: {f"{'x' * 5000}.lora_A.weight": torch.ones(2, 2)}, "no part of a LoRA"),
        (lambda arrays: {}, "nothing in it"),
    ],
)
def test_arrays_that_are_no_plain_lora_are_refused(
    model: Model,
    halves: Halves,
    tmp_path: Path,
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    reason: str,
) -> None:
    error = refused(model, folder(tmp_path / "mine", change(halves.arrays(original))))
    assert (error.code, error.params["name"], error.params["file"]) == (
        "adapter_unreadable", "mine", "adapter_model.safetensors",
    )  # fmt: skip
    assert reason in error.params["reason"]
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ('{"peft_type": "LOKR"}', "no plain LoRA (LOKR)"),
        ('{"use_dora": true}', "no plain LoRA (use_dora)"),
        ('{"init_lora_weights": "pissa"}', "changed the model itself"),
        ('{"lora_alpha": "loud"}', "alpha is no number"),
        ('{"lora_alpha": NaN}', "alpha is no number"),
        ('{"alpha_pattern": {"(a+)+": 1}}', "alpha_pattern"),
        ("[" * 100_000, "can't be read"),
        ("[]", "can't be read"),
        (" " * 2_000_000, "too large"),
    ],
)
def test_settings_that_would_make_it_another_sound_are_refused(
    model: Model, halves: Halves, tmp_path: Path, config: str, reason: str
) -> None:
    path = folder(tmp_path / "mine", halves.arrays(original), {})
    (path / "adapter_config.json").write_text(config)
    error = refused(model, path)
    assert error.code == "adapter_unreadable"
    assert reason in error.params["reason"]


class Harm:
    """What a pickle may do to whoever opens it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


@pytest.mark.parametrize("name", ["mine.safetensors", "mine.bin", "mine.pt"])
def test_pickles_are_never_opened(model: Model, tmp_path: Path, name: str) -> None:
    harmed, file = tmp_path / "harmed", tmp_path / name
    file.write_bytes(pickle.dumps(Harm(harmed)))
    assert refused(model, file).code == "adapter_unreadable"
    torch.save({"harm": Harm(harmed)}, file)
    assert "safetensors" in refused(model, file).params["reason"]
    assert not harmed.exists()


def test_a_folder_with_pickles_alone_has_nothing_in_it(model: Model, tmp_path: Path) -> None:
    torch.save({}, tmp_path / "adapter_model.bin")
    assert refused(model, tmp_path).params["reason"] == "there is no .safetensors file in it"


def test_nobody_guesses_which_of_several_files_is_meant(model: Model, halves: Halves, tmp_path: Path) -> None:
    for name in ("one.safetensors", "two.safetensors"):
        save_file(halves.arrays(original), tmp_path / name)
    assert "several" in refused(model, tmp_path).params["reason"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-1], "a part of it is missing"),
        (lambda data: data[: len(data) // 20], "a part of it is missing"),
        (lambda data: b"", "a part of it is missing"),
        (lambda data: data + b"\0", "more in it"),
        (lambda data: struct.pack("<Q", 2**63) + data[8:], "no safetensors file"),
        (lambda data: struct.pack("<Q", 40) + b'{"a":' * 8, ""),
    ],
)
def test_a_damaged_file_is_refused(
    model: Model, halves: Halves, tmp_path: Path, damage: Callable[[bytes], bytes], reason: str
) -> None:
    file = tmp_path / "mine.safetensors"
    save_file(halves.arrays(original), file)
    file.write_bytes(damage(file.read_bytes()))
    error = refused(model, file)
    assert error.code == "adapter_unreadable"
    assert reason in error.params["reason"]


def test_a_file_whose_arrays_lie_over_each_other_is_refused(model: Model, tmp_path: Path) -> None:
    """Its header alone looks right; the library that reads the numbers sees it."""
    layer = original("layers.0.self_attn.to_q")
    shapes = {f"{layer}.lora_A.weight": [RANK, 32], f"{layer}.lora_B.weight": [32, RANK]}
    told = {key: {"dtype": "F32", "shape": shape, "data_offsets": [0, 512]} for key, shape in shapes.items()}
    header = json.dumps(told).encode()
    file = tmp_path / "mine.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(512))
    assert refused(model, file).code == "adapter_unreadable"


def test_a_file_that_is_gone_is_named(model: Model, tmp_path: Path) -> None:
    error = refused(model, tmp_path / "gone.safetensors")
    assert (error.code, error.params["file"]) == ("adapter_unreadable", "gone.safetensors")


def refused(model: Model, path: Path) -> EngineError:
    """Why it isn't put on; the network is as it was."""
    before = heard(model.pipe.transformer)
    with pytest.raises(EngineError) as error, fitted(model, path, Adapter("mine", 1.0)):
        pass
    assert error.value.permanent
    assert torch.equal(heard(model.pipe.transformer), before)
    return error.value
