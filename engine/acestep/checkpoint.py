"""A checkpoint on disk: what it is, whether it is whole, and what it was trained for. Read without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.acestep.folder import Folder
from engine.acestep.weights import Weights
from engine.spec.model_tasks import ModelTask

__all__ = ["Checkpoint", "Defaults", "ModelTask", "Variant", "inspect"]

Variant = Literal["turbo", "base", "sft"]

EVERY: tuple[ModelTask, ...] = ("text2music", "cover", "repaint", "extract", "lego", "complete")
VARIANTS: tuple[Variant, ...] = ("sft", "base", "turbo")

INDEX = "model_index.json"
# The parts of a pipeline that hold weights, and those that some published ones go without.
NEEDED = ("text_encoder", "vae", "transformer", "condition_encoder")
FOR_COVERS = ("audio_tokenizer", "audio_token_detokenizer")
# Whose classes a pipeline may name: any other is a module that loading would import, whatever it does.
LIBRARIES = ("diffusers", "transformers", "ace_step")
# What each calls the weights of a part.
DIFFUSERS = "diffusion_pytorch_model"
TRANSFORMER = "AceStepTransformer1DModel"
# What of the condition encoder the library fills with noise or nothing where a conversion forgot it.
SILENCE, NO_CONDITION = "silence_latent", "null_condition_emb"

HIGHEST_RATE = 384_000

# Turbo and sft were trained for these alone, and nothing in the library says so.
COMMON: tuple[ModelTask, ...] = ("text2music", "cover", "repaint")


@dataclass(frozen=True)
class Defaults:
    """How a variant samples where nobody says otherwise. Guidance of 1 is none."""

    steps: int
    guidance: float
    shift: float


DEFAULTS: dict[Variant, Defaults] = {
    "turbo": Defaults(8, 1.0, 3.0),
    "base": Defaults(50, 7.0, 1.0),
    "sft": Defaults(50, 7.0, 1.0),
}


@dataclass(frozen=True)
class Checkpoint:
    """A whole pipeline in `folder`, called `name`; `weights` is the size of its weights in bytes.

    A latent stands for `hop` samples at `rate` Hz. `covers`: it has the audio tokenizer that covers need.
    """

    name: str
    folder: Path
    variant: Variant
    rate: int
    hop: int
    weights: int
    covers: bool

    @property
    def defaults(self) -> Defaults:
        return DEFAULTS[self.variant]

    @property
    def tasks(self) -> tuple[ModelTask, ...]:
        """What it was trained for, and has the parts for."""
        trained = EVERY if self.variant == "base" else COMMON
        return tuple(task for task in trained if task != "cover" or self.covers)


def inspect(folder: Path, name: str = "") -> Checkpoint:
    """The checkpoint in `folder`, without loading it; `name` is what people call it, else it is the folder's.

    Raises `EngineError`, permanent, each with name and folder: `checkpoint_missing`, `checkpoint_partial` (file),
    `checkpoint_unreadable` (file, reason), `checkpoint_foreign` (no pipeline of this kind).
    """
    looked = Folder(folder, name or folder.name)
    try:
        return _inspected(looked)
    except OSError as error:
        looked.unreadable(str(error.filename or folder), error.strerror or "it can't be read")


def _inspected(folder: Folder) -> Checkpoint:
    parts = _parts(folder)
    folder.require_all_fetched(parts)
    networks = (*NEEDED, *(part for part in FOR_COVERS if part in parts))
    configs = {part: folder.json(f"{part}/config.json") for part in networks}
    held = {part: folder.weights(part, "model" if parts[part] == "transformers" else DIFFUSERS) for part in networks}
    _require_tokenizer(folder)
    if "scheduler" in parts:
        folder.json("scheduler/scheduler_config.json")
    if configs["transformer"].get("_class_name", TRANSFORMER) != TRANSFORMER:
        folder.foreign()
    variant = _variant(folder, configs["transformer"])
    _require_conditions(folder, variant, held["condition_encoder"])
    rate, hop = _rates(folder, configs["vae"])
    return Checkpoint(
        name=folder.name,
        folder=folder.path,
        variant=variant,
        rate=rate,
        hop=hop,
        weights=sum(file.size for files in held.values() for file in files),
        covers=all(part in parts for part in FOR_COVERS),
    )


def _parts(folder: Folder) -> dict[str, str]:
    """The parts that the pipeline names, and the library of each."""
    folder.require_index(INDEX)
    told = folder.json(INDEX)
    if told.get("_class_name") != "AceStepPipeline":
        folder.foreign()
    parts: dict[str, str] = {}
    for part in (*NEEDED, "tokenizer", "scheduler", *FOR_COVERS):
        match told.get(part):
            case [str() as library, str()] if library in LIBRARIES:
                parts[part] = library
            case None | [None, None] if part in (*FOR_COVERS, "scheduler"):
                # Conversions leave these out; the scheduler is the same for all.
                continue
            case None | [None, None]:
                folder.unreadable(INDEX, f"it names no {part}")
            case _:
                folder.unreadable(INDEX, f"its {part} is of an unknown kind")
    return parts


def _require_tokenizer(folder: Folder) -> None:
    folder.json("tokenizer/tokenizer_config.json")
    if not (folder.has("tokenizer/vocab.json") and folder.has("tokenizer/merges.txt")):
        # Millions of characters: every command would wait for it.
        folder.require_table("tokenizer/tokenizer.json")


def _variant(folder: Folder, config: Mapping[str, Any]) -> Variant:
    version = str(config.get("model_version") or "").casefold()
    if config.get("is_turbo") is True or "turbo" in version:
        return "turbo"
    # Where its own configuration says nothing, its name may.
    for said in (version, f"{folder.name} {folder.path.name}".casefold()):
        for variant in VARIANTS:
            if variant in said:
                return variant
    return "base"


def _require_conditions(folder: Folder, variant: Variant, held: tuple[Weights, ...]) -> None:
    tensors = {name for file in held for name in file.shapes}
    for tensor in (SILENCE,) if variant == "turbo" else (SILENCE, NO_CONDITION):
        if tensor not in tensors:
            folder.unreadable("condition_encoder", f"it has no {tensor}, so it has to be converted anew")


def _rates(folder: Folder, config: Mapping[str, Any]) -> tuple[int, int]:
    """Samples a second, and samples a latent."""
    match config.get("sampling_rate"), config.get("downsampling_ratios"):
        case int() as rate, [*ratios] if ratios and all(_is_count(number) for number in (rate, *ratios)):
            pass
        case _:
            folder.unreadable("vae/config.json", "its sampling_rate or its downsampling_ratios are no numbers")
    hop = math.prod(ratios)
    if hop > rate:
        folder.unreadable("vae/config.json", "its downsampling_ratios make a latent longer than a second")
    return rate, hop


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= HIGHEST_RATE
