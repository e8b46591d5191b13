"""Checkpoints in memory: loaded whole, one at a time, from slow disks too; and no more at once than there is room."""

from __future__ import annotations

import gc
import json
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from diffusers import AceStepPipeline, AceStepTransformer1DModel, AutoencoderOobleck
from safetensors.torch import load_file, save_file
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine.acestep import memory, parts
from engine.acestep.attention import Sparing, attend_sparingly
from engine.acestep.checkpoint import Checkpoint, inspect
from engine.acestep.memory import Budget, Needs, best, free, is_out_of_memory, needs, placed, smaller
from engine.acestep.model import Model, Models
from engine.acestep.player import Player
from engine.acestep.wish import Sampling, Start, Text, Wish
from engine.acestep.words import reader
from engine.spec import Cancelled, EngineError
from tests.fakes.acestep import save_tiny

PATIENCE_S = 30.0
GIB = 2**30
WISH = Wish("text2music", Text("slow blues", seconds=1.0), Sampling(2, 3.0, 1.0), (Start(1), Start(2)), 1.0)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    """Three checkpoints: as published, of another size in everything, and without what covers need."""
    folder = tmp_path_factory.mktemp("shelf")
    other: dict[str, Any] = {"width": 48, "latent": 12, "ratios": (6, 10, 10), "rate": 44_100}
    return {
        "turbo": inspect(save_tiny(folder / "turbo")),
        "other": inspect(save_tiny(folder / "other", "sft", **other)),
        "coverless": inspect(save_tiny(folder / "coverless", "base", cover=False)),
    }


@pytest.fixture
def spoilt(shelf: dict[str, Checkpoint], tmp_path: Path) -> Callable[..., Checkpoint]:
    """A checkpoint like "turbo" with one file changed by `change`."""

    def spoil(file: str, change: Callable[[Path], None]) -> Checkpoint:
        folder = tmp_path / "spoilt"
        for source in shelf["turbo"].folder.rglob("*"):
            if source.is_file():
                target = folder / source.relative_to(shelf["turbo"].folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
        change(folder / file)
        return inspect(folder)

    return spoil


def silent(_: float) -> None:
    """Heard by nobody."""


def sound(model: Model) -> torch.Tensor:
    """What its network and then its autoencoder make of always the same."""
    made = torch.Generator().manual_seed(5)
    latent = model.pipe.vae.config.decoder_input_channels
    takes, heard = torch.randn(2, 25, latent, generator=made), torch.randn(2, 30, 48, generator=made)
    context, time = torch.randn(2, 25, 2 * latent, generator=made), torch.full((2,), 0.7)
    width = model.pipe.transformer.condition_embedder.in_features
    with torch.no_grad():
        found = model.pipe.transformer(takes, time, time, heard[..., :width], context, return_dict=False)[0]
        audio: torch.Tensor = model.pipe.vae.decode(found.transpose(1, 2)).sample
    return audio


@pytest.mark.parametrize("name", ["turbo", "other", "coverless"])
def test_a_checkpoint_of_any_size_sounds_as_the_library_loads_it(shelf: dict[str, Checkpoint], name: str) -> None:
    model = Models("cpu").of(shelf[name], silent)
    library: Any = AceStepPipeline.from_pretrained(shelf[name].folder, local_files_only=True)
    assert torch.equal(sound(model), sound(replace(model, pipe=library)))
    tensors = [tensor for part in parts.sizes(shelf[name], torch.float32) for tensor in weights(model, part)]
    assert not any(tensor.requires_grad for tensor in tensors)
    held = sum(tensor.nbytes for tensor in tensors)
    assert model.weights == pytest.approx(held, rel=0.01)
    assert (model.pipe.audio_tokenizer is None) is (name == "coverless")
    assert {type(each) for each in model.pipe.transformer.attn_processors.values()} == {Sparing}


def weights(model: Model, part: str) -> list[torch.Tensor]:
    return [*getattr(model.pipe, part).parameters(), *getattr(model.pipe, part).buffers()]


def test_it_loads_without_a_network_and_says_nothing(
    shelf: dict[str, Checkpoint], capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []
    watching = True

    def watch(event: str, details: tuple[object, ...]) -> None:
        if watching and event in ("socket.connect", "socket.getaddrinfo"):
            asked.append(details)

    # A hook stays for good; it is told when to look away.
    sys.addaudithook(watch)
    Models("cpu").of(shelf["turbo"], silent)
    watching = False
    assert asked == []
    assert capfd.readouterr() == ("", "")


def test_the_same_is_loaded_once_and_another_takes_its_place(shelf: dict[str, Checkpoint]) -> None:
    models = Models("cpu")
    first = models.of(shelf["turbo"], silent)
    heard: list[float] = []
    assert models.of(shelf["turbo"], heard.append) is first
    assert heard == []
    old = weakref.ref(first.pipe.transformer)
    del first

    def gone(_: float) -> None:
        assert old() is None, "two are in memory"

    second = models.of(shelf["other"], gone)
    assert second.checkpoint.rate == 44_100
    kept = weakref.ref(second.pipe.transformer)
    del second
    models.drop()
    assert kept() is None


class SlowDisk:
    """Reads each part of a checkpoint only when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        self.read: list[weakref.ref[torch.nn.Module]] = []
        self.names: list[str] = []
        self._really = parts.read
        monkeypatch.setattr(parts, "read", self._read)

    def _read(self, checkpoint: Checkpoint, name: str, dtype: torch.dtype) -> torch.nn.Module:
        self.names.append(f"{checkpoint.name} {name}")
        assert self.go.wait(PATIENCE_S)
        part = self._really(checkpoint, name, dtype)
        self.read.append(weakref.ref(part))
        return part


def test_while_it_loads_whoever_waits_is_heard(shelf: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)
    heard: list[tuple[float, int]] = []

    def hear(share: float) -> None:
        heard.append((share, threading.get_ident()))
        if len(heard) == 3:
            # Three times, and still not one part is there.
            assert disk.read == []
            disk.go.set()

    Models("cpu").of(shelf["turbo"], hear)
    shares = [share for share, _ in heard]
    assert (shares, shares[:3], shares[-1]) == (sorted(shares), [0.0] * 3, 1.0)
    assert {thread for _, thread in heard} == {threading.get_ident()}, "a sink hears one thread alone"


def test_loading_can_be_cancelled_and_leaves_nothing(
    shelf: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = SlowDisk(monkeypatch)
    models = Models("cpu")

    def enough(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        models.of(shelf["turbo"], enough)
    # The disk is still at the first part of what nobody wants; the next one waits for it, and is heard meanwhile.
    model = models.of(shelf["other"], lambda _: disk.go.set())
    assert model.checkpoint.name == "other"
    assert disk.names == ["turbo text_encoder", *(f"other {name}" for name in parts.names(shelf["other"]))]
    gc.collect()
    assert [part() is None for part in disk.read] == [True, *[False] * len(parts.names(shelf["other"]))]


def without_a_weight(file: Path) -> None:
    tensors = load_file(file)
    del tensors["layers.1.mlp.up_proj.weight"]
    save_file(tensors, file, {"format": "pt"})


def of_another_size(file: Path) -> None:
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "intermediate_size": told["intermediate_size"] + 8}))


def of_an_unknown_kind(file: Path) -> None:
    file.write_text(json.dumps({"model_type": "nobody_knows"}))


def of_no_words(file: Path) -> None:
    file.write_text("{}")


@pytest.mark.parametrize(
    ("file", "change", "named", "reason"),
    [
        ("transformer/diffusion_pytorch_model.safetensors", without_a_weight, "transformer", "layers.1.mlp.up_proj"),
        ("transformer/config.json", of_another_size, "transformer", "mlp"),
        ("text_encoder/config.json", of_an_unknown_kind, "text_encoder", "nobody_knows"),
        ("tokenizer/tokenizer.json", of_no_words, "tokenizer", ""),
    ],
)
def test_one_that_does_not_load_names_the_part(
    shelf: dict[str, Checkpoint],
    spoilt: Callable[..., Checkpoint],
    file: str,
    change: Callable[[Path], None],
    named: str,
    reason: str,
) -> None:
    models = Models("cpu")
    with pytest.raises(EngineError) as caught:
        models.of(spoilt(file, change), silent)
    error = caught.value
    assert (error.code, error.permanent, error.params["name"], error.params["file"]) == (
        "checkpoint_unreadable", True, "spoilt", named,
    )  # fmt: skip
    assert reason in error.params["reason"]
    assert "\n" not in error.params["reason"]
    assert models.of(shelf["turbo"], silent).checkpoint.name == "turbo"


def test_a_tokenizer_that_can_t_be_read_is_told_where_no_model_is_loaded(spoilt: Callable[..., Checkpoint]) -> None:
    checkpoint = spoilt("tokenizer/tokenizer.json", of_no_words)
    with pytest.raises(EngineError) as caught:
        reader(checkpoint)
    assert (caught.value.code, caught.value.params["file"]) == ("checkpoint_unreadable", "tokenizer")
    assert str(checkpoint.folder) not in caught.value.params["reason"]


def without_guidance(file: Path) -> None:
    tensors = load_file(file)
    del tensors["null_condition_emb"]
    save_file(tensors, file, {"format": "pt"})


def test_a_turbo_that_was_published_without_what_guidance_needs_plays(
    shelf: dict[str, Checkpoint], spoilt: Callable[..., Checkpoint]
) -> None:
    checkpoint = spoilt("condition_encoder/diffusion_pytorch_model.safetensors", without_guidance)
    for budget in (Budget(1, 128, offload=False), Budget(1, 128, offload=True)):
        with placed(Models("cpu").of(checkpoint, silent), budget):
            pass
    made, usual = (list(Player(Models("cpu"), {}).play(each, WISH, silent)) for each in (checkpoint, shelf["turbo"]))
    assert [audio.tobytes() for _, audio in made] == [audio.tobytes() for _, audio in usual]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_card_that_is_not_there_is_said_and_auto_does_without() -> None:
    with pytest.raises(EngineError) as caught:
        Models("cuda")
    assert (caught.value.code, caught.value.permanent, caught.value.params) == ("no_cuda", True, {"device": "cuda"})
    assert Models("auto").device == torch.device("cpu")


# What the published networks are: hidden, intermediate, heads; and their parts in millions of weights.
PUBLISHED = {"2B": ((2048, 6144, 16), 1575), "XL": ((2560, 9728, 32), 4169)}
BESIDES, AUTOENCODER = 596 + 608 + 105 + 105, 169


def published(name: str, seconds: float, *, guided: bool) -> Needs:
    """What the published network of that name needs in bfloat16, by its configuration alone."""
    (hidden, intermediate, heads), millions = PUBLISHED[name]
    with torch.device("meta"):
        network: Any = AceStepTransformer1DModel(
            hidden_size=hidden, intermediate_size=intermediate, num_attention_heads=heads, num_hidden_layers=1
        )
        vae = AutoencoderOobleck(encoder_hidden_size=8, decoder_channels=128)
    pipe = type("Pipe", (), {"transformer": network, "vae": vae})
    weights, largest = (2 * BESIDES + 2 * millions + 4 * AUTOENCODER) * 10**6, 2 * millions * 10**6
    checkpoint = Checkpoint(name, Path(), "turbo", 48_000, 1920, weights, covers=True)
    model = Model(checkpoint, pipe, torch.device("cpu"), torch.bfloat16, weights, largest, apart=False)
    return needs(model, seconds, guided=guided)


@pytest.mark.parametrize(
    ("name", "card", "seconds", "guided", "at_once", "offload"),
    [
        # The tiers that people know: all of it from 10 GB on, the larger network from 16 GB on, eight takes at 24 GB.
        ("2B", 6, 60, False, 8, True),
        ("2B", 8, 240, False, 8, True),
        ("2B", 10, 240, False, 8, False),
        ("2B", 24, 600, True, 8, False),
        ("XL", 12, 240, False, 4, True),
        ("XL", 16, 240, False, 8, False),
        ("XL", 24, 240, True, 8, False),
        ("XL", 24, 600, True, 4, False),
        # Nothing fits by the book: the least is tried.
        ("2B", 4, 240, False, 1, True),
        ("XL", 8, 60, False, 1, True),
    ],
)
def test_a_larger_card_makes_more_at_once(
    name: str, card: int, seconds: float, guided: bool, at_once: int, offload: bool
) -> None:
    usable = card * GIB * (1 - memory.SHARE) - memory.RESERVE
    budget = best(usable, published(name, seconds, guided=guided), 8)
    assert (budget.at_once, budget.offload) == (at_once, offload)


def test_takes_are_shared_out_evenly_and_the_last_try_is_the_least() -> None:
    need = Needs(weights=10, largest=5, take=10, shared=0, tile=1)
    assert [best(50.0, need, takes).at_once for takes in range(1, 9)] == [1, 2, 3, 4, 3, 3, 4, 4]
    least = smaller(best(50.0, need, 8))
    assert least == Budget(1, memory.LEAST_TILE, offload=True)
    assert smaller(least) is None


class Peak(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes that live at once of what is made inside; `known` is not counted."""

    def __init__(self, *known: torch.nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._live = {tensor.untyped_storage()._cdata: 0 for module in known for tensor in module.parameters()}
        self._now = self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if (key := storage._cdata) not in self._live:
                    self._live[key] = storage.nbytes()
                    self._now += storage.nbytes()
                    self.most = max(self.most, self._now)
                    weakref.finalize(storage, self._gone, key)
        return made

    def _gone(self, key: int) -> None:
        self._now -= self._live.pop(key)


@pytest.fixture
def bfloat16() -> Iterator[None]:
    torch.set_default_dtype(torch.bfloat16)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("bfloat16")
@pytest.mark.parametrize(("name", "seconds"), [("2B", 240), ("2B", 600), ("XL", 240)])
def test_a_pass_over_a_published_network_holds_what_was_reckoned(name: str, seconds: int) -> None:
    (hidden, intermediate, heads), _ = PUBLISHED[name]
    need = published(name, seconds, guided=True)
    with FakeTensorMode(), torch.no_grad():
        network: Any = AceStepTransformer1DModel(
            hidden_size=hidden, intermediate_size=intermediate, num_attention_heads=heads, num_hidden_layers=2,
            encoder_hidden_size=2048,
        )  # fmt: skip
        attend_sparingly(network)
        takes, time = torch.empty(2, seconds * 25, 64), torch.ones(2)
        with Peak(network) as peak:
            network(takes, time, time, torch.empty(2, 1000, 2048), torch.empty(2, seconds * 25, 128), return_dict=False)
    assert 0.4 * (need.take + need.shared) < peak.most < need.take + need.shared


def test_decoding_a_tile_holds_what_was_reckoned() -> None:
    with FakeTensorMode(), torch.no_grad():
        vae = AutoencoderOobleck(
            encoder_hidden_size=8, downsampling_ratios=[2, 4, 4, 6, 10], decoder_channels=128, sampling_rate=48_000
        )
        parts._settle(vae)
        with Peak(vae.decoder) as peak:
            vae.decoder(torch.empty(1, 64, memory.TILE))
    tile = published("2B", 60, guided=False).tile
    assert 0.7 * tile < peak.most < tile


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("GET was unable to find an engine to execute this computation"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (EngineError("gpu_out_of_memory", permanent=True), False),
        (Cancelled(), False),
    ],
)
def test_libraries_have_many_words_for_no_memory(error: Exception, is_it: bool) -> None:
    assert is_out_of_memory(error) is is_it


def test_what_a_failed_call_held_is_given_back_before_the_next_try() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def greedy() -> None:
        mine = torch.zeros(8)
        held.append(weakref.ref(mine))
        torch.empty(2**50)

    def again() -> tuple[bool, bool]:
        try:
            greedy()
        except RuntimeError as error:
            # The error holds the calls that it ended, and they hold what they made.
            before = held[0]() is not None
            free(error)
            return is_out_of_memory(error) and before, held[0]() is None
        return False, False

    assert again() == (True, True)


class Part(torch.nn.Linear):
    """A part of a model that notes where it is."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.where = "cpu"

    def to(self, *args: Any, **_: Any) -> Any:
        self.where = str(args[0])
        return self


def test_parts_of_a_model_too_large_for_the_card_come_one_by_one() -> None:
    workers: list[torch.nn.Module] = [Part(), Part(), Part()]
    there: list[list[bool]] = []
    handles = memory._one_at_a_time(workers, torch.device("cuda"))
    for at_work in (2, 0, 0, 1, 2):
        workers[at_work](torch.zeros(1, 2))
        there.append([worker.where == "cuda" for worker in workers])
    assert there == [[worker == at_work for worker in range(3)] for at_work in (2, 0, 0, 1, 2)]
    for handle in handles:
        handle.remove()


def test_a_song_is_the_same_where_parts_come_one_by_one(shelf: dict[str, Checkpoint]) -> None:
    model = Models("cpu").of(shelf["turbo"], silent)
    whole = sound(model)
    with placed(model, Budget(1, 128, offload=True)):
        assert torch.equal(sound(model), whole)
    left = [len(module._forward_pre_hooks) for module in model.pipe.transformer.modules()]
    assert sum(left) == 0


def test_what_is_elsewhere_comes_to_where_the_model_works(shelf: dict[str, Checkpoint]) -> None:
    model = Models("cpu").of(shelf["turbo"], silent)
    # No card is here; and of the autoencoder one half may be there already.
    model.pipe.vae.encoder.to("meta")
    with placed(replace(model, device=torch.device("meta")), Budget(1, 128, offload=False)):
        where = {weight.device.type for part in parts.names(shelf["turbo"]) for weight in weights(model, part)}
    assert where == {"meta"}


def test_too_little_memory_is_said_in_numbers(shelf: dict[str, Checkpoint]) -> None:
    error = memory.too_large(shelf["turbo"], {"transformer": 5 * GIB}, torch.device("cpu"))
    assert (error.code, error.permanent) == ("checkpoint_too_large", True)
    assert error.params == {
        "name": "turbo", "needs": 6.0, "gigabytes": round(psutil.virtual_memory().total / GIB, 1), "memory": "machine",
    }  # fmt: skip


def test_memory_stays_flat_over_two_hundred_songs(tmp_path: Path) -> None:
    # Few latents a second: half a minute of timbre goes into each of them.
    checkpoint = inspect(save_tiny(tmp_path / "quick", ratios=(60, 160)))
    player, me = Player(Models("cpu"), {}), psutil.Process()

    def play(songs: int) -> int:
        for number in range(songs):
            wish = replace(WISH, sampling=replace(WISH.sampling, steps=1), starts=(Start(number),))
            ((_, audio),) = player.play(checkpoint, wish, silent)
            assert np.isfinite(audio).all()
        gc.collect()
        return int(me.memory_info().rss)

    play(10)
    early = play(10)
    # A song itself is 0.4 MB: two hundred that stayed would be 80.
    assert play(180) - early < 8 * 2**20


def test_whoever_waits_for_a_song_is_heard_at_every_step(shelf: dict[str, Checkpoint]) -> None:
    heard: list[float] = []
    wish = replace(WISH, sampling=replace(WISH.sampling, steps=8))
    # Loaded anew: people see that it began.
    list(Player(Models("cpu"), {}).play(shelf["turbo"], wish, heard.append))
    assert heard == sorted(heard)
    assert (heard[0], heard[-1]) == (0.0, 1.0)
    # On the CPU one take is made after the other: eight steps each.
    assert len(set(heard)) >= 2 * 8


class Crowded:
    """A card that is full `times` times, whenever it comes so far: to the second take. Hears a player's progress."""

    def __init__(self, times: int, at: float = 0.7) -> None:
        self.times, self.at, self.tries = times, at, 0

    def __call__(self, share: float) -> None:
        if share > self.at and self.tries < self.times:
            self.tries += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.mark.parametrize("at", [0.0, 0.7], ids=["reading", "making"])
def test_where_memory_runs_out_it_is_tried_once_more_with_less(shelf: dict[str, Checkpoint], at: float) -> None:
    player = Player(Models("cpu"), {})
    well = list(player.play(shelf["turbo"], WISH, silent))
    crowded = Crowded(1, at)
    again = list(player.play(shelf["turbo"], WISH, crowded))
    assert crowded.tries == 1
    assert [number for number, _ in again] == [0, 1]
    assert [audio.tobytes() for _, audio in again] == [audio.tobytes() for _, audio in well]


def test_where_less_is_too_much_too_it_ends(shelf: dict[str, Checkpoint]) -> None:
    player, crowded = Player(Models("cpu"), {}), Crowded(99)
    made: list[int] = []
    with pytest.raises(EngineError) as caught:
        made.extend(number for number, _ in player.play(shelf["turbo"], WISH, crowded))
    assert (caught.value.code, crowded.tries, made) == ("engine_out_of_memory", 2, [0])
    # The next song is made as if nothing had been.
    assert len(list(player.play(shelf["turbo"], WISH, silent))) == 2


@pytest.mark.parametrize(("others", "permanent"), [(GIB, True), (9 * GIB, False)])
def test_a_full_card_is_said_in_numbers_and_waiting_helps_only_where_others_hold_it(
    shelf: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch, others: int, permanent: bool
) -> None:
    # No machine of ours has a card: what it would say is put in its place.
    monkeypatch.setattr(memory, "_card", lambda _: (24 * GIB, GIB // 2, others))
    model = replace(Models("cpu").of(shelf["turbo"], silent), device=torch.device("cuda"))
    error = memory.out_of_memory(model, replace(WISH, seconds=240.0))
    assert (error.code, error.permanent) == ("gpu_out_of_memory", permanent)
    assert error.params == {"name": "turbo", "seconds": 240, "takes": 2, "gigabytes": 24.0, "free": 0.5}
