"""The parts of a checkpoint: which there are, how much memory each takes, and how it is read."""

from __future__ import annotations

import math
from typing import Any

import torch
from diffusers import AceStepTransformer1DModel, AutoencoderOobleck
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
    AceStepConditionEncoder,
)
from torch.nn.utils import remove_weight_norm
from transformers import AutoModel

from engine.acestep.attention import attend_sparingly
from engine.acestep.checkpoint import DIFFUSERS, FOR_COVERS, NEEDED, NO_CONDITION, Checkpoint
from engine.acestep.folder import Folder

# In the order in which they are at work; the autoencoder may also be the first.
KINDS: dict[str, Any] = {
    "text_encoder": AutoModel,
    "condition_encoder": AceStepConditionEncoder,
    "audio_tokenizer": AceStepAudioTokenizer,
    "audio_token_detokenizer": AceStepAudioTokenDetokenizer,
    "transformer": AceStepTransformer1DModel,
    "vae": AutoencoderOobleck,
}


def names(checkpoint: Checkpoint) -> tuple[str, ...]:
    """The parts that `checkpoint` has."""
    return tuple(name for name in KINDS if name in NEEDED or (checkpoint.covers and name in FOR_COVERS))


def sizes(checkpoint: Checkpoint, dtype: torch.dtype) -> dict[str, int]:
    """Bytes in memory of each part, where the network has the type `dtype`; as the headers of its files say."""
    folder = Folder(checkpoint.folder, checkpoint.name)
    return {
        name: _type(name, dtype).itemsize
        * sum(math.prod(shape) for file in folder.weights(name, _stem(name)) for shape in file.shapes.values())
        for name in names(checkpoint)
    }


def read(checkpoint: Checkpoint, name: str, dtype: torch.dtype) -> torch.nn.Module:
    """The part `name` in the machine's memory, ready to work. Raises whatever the libraries raise."""
    kind = KINDS[name]
    # The two libraries have different words for it.
    told = {"dtype" if kind is AutoModel else "torch_dtype": _type(name, dtype)}
    part, found = kind.from_pretrained(
        checkpoint.folder / name, use_safetensors=True, local_files_only=True, output_loading_info=True, **told
    )
    missing = set(found["missing_keys"])
    if checkpoint.variant == "turbo" and NO_CONDITION in missing:
        # Nothing listens to it without guidance, and some are published without.
        missing.remove(NO_CONDITION)
        part.null_condition_emb = torch.nn.Parameter(torch.zeros(part.null_condition_emb.shape, dtype=part.dtype))
    if missing:
        # The libraries would leave these at random, and go on.
        raise ValueError(f"{len(missing)} of its weights are not there, {min(missing)} among them")
    match part:
        case AutoencoderOobleck():
            _settle(part)
        case AceStepTransformer1DModel():
            attend_sparingly(part)
    ready: torch.nn.Module = part.eval().requires_grad_(False)
    return ready


def _settle(vae: Any) -> None:
    """Work out its normalised weights once, which the library does at every call and keeps as well.

    Its tiles are off in the library, where ten minutes at once take more memory than any card has.
    """
    for layer in vae.modules():
        if hasattr(layer, "weight_g"):
            remove_weight_norm(layer)
    vae.enable_tiling()


def _type(name: str, dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if name == "vae" else dtype


def _stem(name: str) -> str:
    return "model" if KINDS[name] is AutoModel else DIFFUSERS
