"""Style adapters (LoRA) on the network: put on for one wish, and taken off without a trace.

The library's own loader knows nothing of the alpha that most adapters were trained at, and leaves its layers behind.
Here the network stays as it is, and what the adapter adds to a layer is added to what comes out of that layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn.functional import linear

from engine.acestep.lora import Lora, Part, read, unreadable
from engine.acestep.model import Model
from engine.acestep.wish import Adapter
from engine.spec.errors import EngineError

# The original's names of layers, for those that the library calls otherwise.
ORIGINALS = {".to_q": ".q_proj", ".to_k": ".k_proj", ".to_v": ".v_proj", ".to_out.0": ".o_proj"}


class Addition:
    """What an adapter adds to one layer: `up @ down` of what goes in. A hook for that layer."""

    def __init__(self, down: Tensor, up: Tensor, bias: Tensor | None) -> None:
        self._down, self._up, self._bias = down, up, bias

    def __call__(self, _: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> Tensor:
        return made + linear(linear(given[0], self._down), self._up, self._bias)


@contextmanager
def fitted(model: Model, path: Path, adapter: Adapter) -> Iterator[None]:
    """Inside, `model` sounds as the LoRA in `path` makes it, `adapter.weight` times; afterwards it is as before.

    At a weight of 0 it is not even read. Raises `EngineError`, permanent, with nothing left on the model:
    `adapter_unreadable` (name, file, reason), `adapter_unfit` (name, checkpoint, reason).
    """
    if adapter.weight == 0:
        yield
        return
    lora = read(path, adapter.name)
    layers = _layers(model, lora, adapter.name)
    additions = _additions(model, lora, adapter)
    hooks = [layer.register_forward_hook(addition) for layer, addition in zip(layers, additions, strict=True)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _layers(model: Model, lora: Lora, name: str) -> list[nn.Linear]:
    """The layer that each part of `lora` is for. Raises `adapter_unfit`."""
    known = _names(model.pipe.transformer)
    found: list[nn.Linear] = []
    for part in lora.parts:
        layer = known.get(part.layer)
        if layer is None:
            raise _unfit(model, name, f"it changes {part.layer!r}, which is no linear layer here")
        wide, here = (part.inputs, part.outputs), (layer.in_features, layer.out_features)
        if wide != here:
            raise _unfit(
                model, name, "it was made for a model of another size "
                f"({part.layer} is {wide[0]} by {wide[1]} in it, and {here[0]} by {here[1]} here)",
            )  # fmt: skip
        if layer in found:
            raise _unfit(model, name, f"it changes {part.layer!r} twice")
        found.append(layer)
    return found


def _names(network: nn.Module) -> dict[str, nn.Linear]:
    """The linear layers by all the names that trainers have for them."""
    names: dict[str, nn.Linear] = {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Linear):
            ours = next((ending for ending in ORIGINALS if name.endswith(ending)), "")
            original = name.removesuffix(ours) + ORIGINALS.get(ours, "")
            for each in (name, original):
                names[each] = names[each.replace(".", "_")] = layer
    return names


def _additions(model: Model, lora: Lora, adapter: Adapter) -> list[Addition]:
    """What each part adds, on the model's device and in its numbers. Raises `adapter_unreadable`."""
    try:
        with safe_open(lora.file, framework="pt", device="cpu") as opened:
            return [_addition(model, part, opened, adapter.weight) for part in lora.parts]
    except (OSError, SafetensorError, ValueError) as error:
        raise unreadable(adapter.name, lora.file, str(error)) from error


def _addition(model: Model, part: Part, opened: Any, weight: float) -> Addition:
    def numbers(key: str, scale: float = 1.0) -> Tensor:
        stored: Tensor = opened.get_tensor(key)
        if not stored.is_floating_point():
            raise ValueError(f"{key!r} in it is stored in a way that isn't read ({stored.dtype})")
        # Scaled before it is rounded to the model's kind of numbers, and once rather than at every step.
        scaled = (scale * stored.float()).to(model.device, model.dtype)
        if not torch.isfinite(scaled).all():
            raise ValueError(f"{key!r} in it holds what is no number")
        return scaled

    alpha = part.alpha if part.own_alpha is None else opened.get_tensor(part.own_alpha).item()
    scale = weight * part.scale(alpha)
    bias = None if part.bias is None else numbers(part.bias, scale)
    return Addition(numbers(part.down), numbers(part.up, scale), bias)


def _unfit(model: Model, name: str, reason: str) -> EngineError:
    return EngineError(
        "adapter_unfit", permanent=True, cause=f"{name} on {model.checkpoint.name}: {reason}",
        name=name, checkpoint=model.checkpoint.name, reason=reason,
    )  # fmt: skip
