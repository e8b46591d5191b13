"""Checkpoints that are whole as far as anybody sees who does not load them. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NETWORKS = {
    "text_encoder": ("transformers", "Qwen3Model"),
    "vae": ("diffusers", "AutoencoderOobleck"),
    "transformer": ("diffusers", "AceStepTransformer1DModel"),
    "condition_encoder": ("ace_step", "AceStepConditionEncoder"),
    "audio_tokenizer": ("ace_step", "AceStepAudioTokenizer"),
    "audio_token_detokenizer": ("ace_step", "AceStepAudioTokenDetokenizer"),
}
OTHERS = {
    "tokenizer": ("transformers", "Qwen2Tokenizer"),
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
}
FOR_COVERS = ("audio_tokenizer", "audio_token_detokenizer")


def save_bare(
    folder: Path,
    variant: str | None = "turbo",
    *,
    numbers: int = 16,
    covers: bool = True,
    scheduler: bool = True,
    shards: int = 0,
    rate: int = 48_000,
    ratios: tuple[int, ...] = (2, 4, 4, 6, 10),
) -> Path:
    """A pipeline in `folder` whose networks have a tensor or two of `numbers` zeros each.

    `variant` None: it does not say which it is. `shards`: its transformer is in so many files. Without `scheduler` its
    index names none, as that of a converted one.
    """
    named: dict[str, list[str | None]] = {
        part: list(of) for part, of in (NETWORKS | OTHERS).items() if scheduler or part != "scheduler"
    }
    named |= {} if covers else {part: [None, None] for part in FOR_COVERS}
    write(folder / "model_index.json", {"_class_name": "AceStepPipeline", "_diffusers_version": "0.42.1", **named})
    said = {} if variant is None else {"is_turbo": variant == "turbo", "model_version": variant}
    settings: dict[str, dict[str, Any]] = {
        "transformer": said, "vae": {"sampling_rate": rate, "downsampling_ratios": list(ratios)},
    }  # fmt: skip
    for part, (library, kind) in NETWORKS.items():
        if not covers and part in FOR_COVERS:
            continue
        write(folder / part / "config.json", {"_class_name": kind, **settings.get(part, {})})
        file = folder / part / f"{'model' if library == 'transformers' else 'diffusion_pytorch_model'}.safetensors"
        if part == "transformer" and shards:
            _shards(file, shards, numbers)
        else:
            names = ["silence_latent", "null_condition_emb"] if part == "condition_encoder" else ["weight"]
            file.write_bytes(safetensors(*names, numbers=numbers))
    write(folder / "tokenizer" / "tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer"})
    write(folder / "tokenizer" / "tokenizer.json", {"model": {"type": "BPE"}})
    if scheduler:
        write(folder / "scheduler" / "scheduler_config.json", {"num_train_timesteps": 1})
    return folder


def write(file: Path, told: Any) -> None:
    """`told` as the JSON of `file`."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told), "utf-8")


def safetensors(*names: str, numbers: int = 16) -> bytes:
    """A file with tensors of `names`, each of so many zeros."""
    size = 4 * numbers
    header = json.dumps({
        name: {"dtype": "F32", "shape": [numbers], "data_offsets": [at * size, (at + 1) * size]}
        for at, name in enumerate(names)
    }).encode()  # fmt: skip
    return len(header).to_bytes(8, "little") + header + bytes(size * len(names))


def _shards(single: Path, count: int, numbers: int) -> None:
    files = [single.with_name(f"{single.stem}-{at:05}-of-{count:05}.safetensors") for at in range(1, count + 1)]
    for at, file in enumerate(files):
        file.write_bytes(safetensors(f"layers.{at}.weight", numbers=numbers))
    told = {f"layers.{at}.weight": file.name for at, file in enumerate(files)}
    index = single.with_name(f"{single.name}.index.json")
    write(index, {"metadata": {"total_size": 4 * numbers * count}, "weight_map": told})
