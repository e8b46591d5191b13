"""How much at once: what fits into a card's memory, what less is, and what to say when that is not enough either."""

from __future__ import annotations

import gc
import math
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
import torch
from torch.utils.hooks import RemovableHandle

from engine.acestep.checkpoint import Checkpoint
from engine.acestep.wish import Wish
from engine.spec import EngineError

if TYPE_CHECKING:
    from engine.acestep.model import Model

GIB = 2**30
# What the driver, the libraries' working space and gaps between tensors take, beside a share of the whole.
RESERVE, SHARE = GIB, 0.08
# More takes at once are no faster: the card is busy.
MOST = 8
# Latents decoded at once. A sample hears 10 latents to either side, so the sound is the same for every tile.
TILE, LEAST_TILE = 256, 128
# The autoencoder's last layers hold so many values for each channel and sample, counted on its published shape.
HELD_BY_DECODER = 5
# A mask over all pairs of tokens is worked out from their distances, which are long integers.
MASK_BYTES = 24
# The words are 2,048 + 256 tokens at most, and half a minute of sound.
HEARD_TOKENS = 2500
# So much of a card held by others is a desktop; where it is more, waiting helps.
DESKTOP = 1.5 * GIB


@dataclass(frozen=True)
class Budget:
    """`at_once` takes are made together, `tile` latents are decoded at once; `offload`: one part is on the card."""

    at_once: int
    tile: int
    offload: bool


LEAST = Budget(1, LEAST_TILE, offload=True)


@dataclass(frozen=True)
class Needs:
    """Bytes: of all `weights`, of the `largest` part, of one `take` as it is made, of what all takes share while they
    are made, and of a tile as it is decoded.
    """

    weights: float
    largest: float
    take: float
    shared: float
    tile: float


def budget_for(model: Model, seconds: float, takes: int, *, guided: bool) -> Budget:
    """How `takes` of `seconds` are made on the model's device. `guided`: the network runs twice for each step.

    It follows from the size of the card and the checkpoint, never from what is free just now: how many takes are made
    together is heard in their last bits, and the same request is to give the same bytes.
    """
    if model.device.type != "cuda":
        return Budget(1, LEAST_TILE, offload=False)
    return best(_usable(model.device), needs(model, seconds, guided=guided), takes)


def needs(model: Model, seconds: float, *, guided: bool) -> Needs:
    """What takes of `seconds` need in memory; counted on the published shapes, and from the checkpoint's own."""
    shape, checkpoint = model.pipe.transformer.config, model.checkpoint
    tokens = math.ceil(seconds * checkpoint.rate / checkpoint.hop / shape.patch_size)
    # The widest layer's four products beside its tokens, and keys and values for each head of what is attended to.
    values = tokens * (2 * shape.hidden_size + 4 * shape.intermediate_size)
    heard = 2 * HEARD_TOKENS * shape.num_attention_heads * shape.head_dim
    channels: int = model.pipe.vae.config.decoder_channels
    return Needs(
        weights=model.weights,
        largest=model.largest,
        take=(2 if guided else 1) * model.dtype.itemsize * (values + heard),
        shared=MASK_BYTES * tokens**2,
        tile=HELD_BY_DECODER * torch.float32.itemsize * channels * TILE * checkpoint.hop,
    )


def best(usable: float, need: Needs, takes: int) -> Budget:
    """The most at once that `usable` bytes of a card have room for."""
    for offload in (False, True):
        spare = usable - (need.largest if offload else need.weights)
        at_once = min(int((spare - need.shared) / need.take), MOST)
        if at_once >= 1 and spare >= need.tile:
            # As even as can be: five takes as three and two rather than four and one.
            return Budget(math.ceil(takes / math.ceil(takes / at_once)), TILE, offload)
    return LEAST


def smaller(budget: Budget) -> Budget | None:
    """The least there is, for the one more try; None where that was it."""
    return None if budget == LEAST else LEAST


def apart(sizes: dict[str, int], device: torch.device) -> bool:
    """Whether parts of so many bytes leave too little of the card to work in, were they all there."""
    return device.type == "cuda" and sum(sizes.values()) + GIB > _usable(device)


@contextmanager
def placed(model: Model, budget: Budget) -> Iterator[None]:
    """The model's parts are where `budget` wants them: all on the device, or each there only while it is at work."""
    parts = [part for part in model.pipe.components.values() if isinstance(part, torch.nn.Module)]
    if not budget.offload:
        for part in parts:
            # Looked at first: the library goes through all of a part even where nothing is to be moved.
            if any(weight.device.type != model.device.type for weight in part.parameters()):
                part.to(model.device)
        yield
        return
    # The autoencoder's halves are called by themselves.
    workers = [half for part in parts for half in _halves(part)]
    for worker in workers:
        worker.to("cpu")
    handles = _one_at_a_time(workers, model.device)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _halves(part: torch.nn.Module) -> list[torch.nn.Module]:
    found = [getattr(part, name, None) for name in ("encoder", "decoder")]
    return [half for half in found if half is not None] or [part]


def _one_at_a_time(workers: list[torch.nn.Module], device: torch.device) -> list[RemovableHandle]:
    """From now on each worker comes to `device` when it is called, and the one that was there leaves first.

    The library's own way sends away only the part that comes before in one fixed order, and ours is another.
    """
    there: list[torch.nn.Module] = []

    def come(worker: torch.nn.Module, _: object) -> None:
        if there != [worker]:
            while there:
                there.pop().to("cpu")
            worker.to(device)
            there.append(worker)

    return [worker.register_forward_pre_hook(come) for worker in workers]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that there is no more memory, the card's or the machine's; libraries say it in many ways."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    # The last is what is left of it where no way to do a convolution found room to work in.
    signs = ("out of memory", "_STATUS_ALLOC_FAILED", "can't allocate memory", "unable to find an engine to execute")
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs)


def free(after: BaseException | None = None) -> None:
    """Give back what nobody holds any more, and what only the calls that `after` ended in still hold."""
    while after is not None:
        traceback.clear_frames(after.__traceback__)
        after = after.__context__
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def out_of_memory(model: Model, wish: Wish) -> EngineError:
    """What to say where the least was too much: on a card `gpu_out_of_memory` (name, seconds, takes, gigabytes, free).

    It is permanent, unless others hold a good part of the card.
    """
    if model.device.type != "cuda":
        return EngineError("engine_out_of_memory", permanent=False, cause="no more of the machine's memory")
    total, unused, others = _card(model.device)
    return EngineError(
        "gpu_out_of_memory",
        permanent=others < DESKTOP,
        cause=f"{unused / GIB:.1f} of {total / GIB:.1f} GiB are free, others hold {others / GIB:.1f}",
        name=model.checkpoint.name,
        seconds=round(wish.seconds),
        takes=len(wish.starts),
        gigabytes=round(total / GIB, 1),
        free=round(unused / GIB, 1),
    )


def too_large(checkpoint: Checkpoint, sizes: dict[str, int], device: torch.device) -> EngineError:
    """What to say where a checkpoint doesn't fit: `checkpoint_too_large` (name, needs, gigabytes, memory)."""
    cuda = device.type == "cuda"
    total, _, others = _card(device) if cuda else (psutil.virtual_memory().total, 0, 0)
    return EngineError(
        "checkpoint_too_large",
        permanent=others < DESKTOP,
        cause=f"others hold {others / GIB:.1f} GiB" if others else "",
        name=checkpoint.name,
        needs=round(sum(sizes.values()) / GIB + 1, 1),
        gigabytes=round(total / GIB, 1),
        memory="graphics card" if cuda else "machine",
    )


def _card(device: torch.device) -> tuple[int, int, int]:
    """Bytes of the whole card, of what is free, and of what others hold."""
    unused, total = torch.cuda.mem_get_info(device)
    return total, unused, total - unused - torch.cuda.memory_reserved(device)


def _usable(device: torch.device) -> float:
    return torch.cuda.get_device_properties(device).total_memory * (1 - SHARE) - RESERVE
