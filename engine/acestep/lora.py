"""A style adapter on disk: what it changes, and how much of that counts. Read without torch.

A LoRA adds `scale * up @ down` to the weights of some layers. The arrays are half of it: trained at `alpha`, they count
`alpha / rank`, and each kind of trainer writes alpha elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.acestep.weights import ENDING, Cut, NotWeights, Weights
from engine.acestep.weights import read as weights_of
from engine.spec.errors import EngineError

# What a folder's own file is called, by those who write folders.
WEIGHTS = ("adapter_model.safetensors", "pytorch_lora_weights.safetensors")
CONFIG = "adapter_config.json"
LARGEST_CONFIG = 2**20
# A reason may hold names out of the file, which may be anything.
LONGEST_REASON = 200
# What trainers put before the names of the layers.
PREFIXES = (
    "base_model.model.", "transformer.", "diffusion_model.", "decoder.",
    "lora_unet_", "lora_transformer_", "lycoris_", "decoder_",
)  # fmt: skip
HALVES = {
    "lora_A.weight": "down", "lora_down.weight": "down",
    "lora_B.weight": "up", "lora_up.weight": "up", "lora_B.bias": "bias",
}  # fmt: skip
# PEFT may put the adapter's own name (mostly "default") before the last word.
ARRAY = re.compile(r"(?P<layer>.{1,200})\.(?P<half>lora_A|lora_B|lora_down|lora_up)(\.[^.]+)?\.(?P<kind>weight|bias)")
# Other ways to change a model. Read as a LoRA, each would sound like something else.
OTHERS = {
    "lora_magnitude_vector": "DoRA", "dora_scale": "DoRA", ".lokr_": "LoKr", ".hada_": "LoHa", ".oft_": "OFT",
}  # fmt: skip
# The ways to begin a training that leave the model itself as it was.
PLAIN_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")


class Unusable(Exception):
    """It is no LoRA that can be used; says why, in words."""


@dataclass(frozen=True)
class Part:
    """What changes one layer. `layer` is the trainer's name for it, without prefixes.

    `down` (rank, in), `up` (out, rank) and maybe `bias` (out) are names of arrays in the file, and `own_alpha` that of
    the one with its own alpha, which goes before `alpha`. It counts `alpha / rank`, or `alpha / sqrt(rank)` where
    `rooted`, and in full where nobody wrote an alpha.
    """

    layer: str
    down: str
    up: str
    bias: str | None
    own_alpha: str | None
    rank: int
    inputs: int
    outputs: int
    alpha: float | None
    rooted: bool

    def scale(self, alpha: float | None) -> float:
        """How much of it counts at `alpha`."""
        if alpha is None:
            return 1.0
        return alpha / (math.sqrt(self.rank) if self.rooted else self.rank)


@dataclass(frozen=True)
class Lora:
    """A whole LoRA: the file, and its parts."""

    file: Path
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class _Settings:
    """How it was trained, as far as that is written down."""

    alpha: float | None = None
    rooted: bool = False
    # For layers whose names end so.
    alphas: Mapping[str, float] = field(default_factory=dict)


def read(path: Path, name: str) -> Lora:
    """The adapter called `name` in `path`, a safetensors file or a folder with one, without its numbers.

    Raises `EngineError`, permanent: `adapter_unreadable` (name, file, reason).
    """
    file = path
    try:
        file = _file(path)
        told = weights_of(file)
        return Lora(file, _parts(told, _settings(file, told)))
    except (NotWeights, Unusable) as error:
        raise unreadable(name, file, str(error)) from error
    except Cut as error:
        raise unreadable(name, file, "a part of it is missing") from error
    except OSError as error:
        raise unreadable(name, file, error.strerror or str(error)) from error


def unreadable(name: str, file: Path, reason: str) -> EngineError:
    """What is wrong with an adapter, for people and for the log."""
    short = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]}…"
    return EngineError(
        "adapter_unreadable", permanent=True, cause=f"{file}: {short}", name=name, file=file.name, reason=short
    )


def _file(path: Path) -> Path:
    """The file itself, or the one in a folder that is an adapter."""
    if not path.is_dir():
        if path.suffix != ENDING:
            raise Unusable(f"only {ENDING} files are read")
        return path
    own = [path / known for known in WEIGHTS if (path / known).is_file()] or sorted(path.glob(f"*{ENDING}"))
    if not own:
        raise Unusable(f"there is no {ENDING} file in it")
    if len(own) > 1 and own[0].name not in WEIGHTS:
        raise Unusable(f"there are several {ENDING} files in it, and none is called {WEIGHTS[0]}")
    return own[0]


def _parts(told: Weights, settings: _Settings) -> tuple[Part, ...]:
    """What `told` has, layer by layer."""
    found: dict[str, dict[str, str]] = {}
    for key in told.shapes:
        other = next((kind for mark, kind in OTHERS.items() if mark in key), None)
        if other:
            raise Unusable(f"it is a {other}, and only plain LoRAs can be used")
        match = ARRAY.fullmatch(key)
        layer = match["layer"] if match else key.removesuffix(".alpha")
        what = HALVES.get(f"{match['half']}.{match['kind']}") if match else "alpha" if layer != key else None
        if what is None:
            raise Unusable(f"it holds what is no part of a LoRA: {key!r}")
        if found.setdefault(_bare(layer), {}).setdefault(what, key) != key:
            raise Unusable(f"it changes {_bare(layer)!r} twice")
    if not found:
        raise Unusable("there is nothing in it")
    return tuple(_part(layer, keys, told, settings) for layer, keys in found.items())


def _part(layer: str, keys: Mapping[str, str], told: Weights, settings: _Settings) -> Part:
    if "down" not in keys or "up" not in keys:
        raise Unusable(f"a half of {layer!r} is missing in it")
    down, up = told.shapes[keys["down"]], told.shapes[keys["up"]]
    if len(down) != 2 or len(up) != 2:
        raise Unusable(f"{layer!r} in it is no linear layer")
    if down[0] != up[1] or not down[0] or ("bias" in keys and told.shapes[keys["bias"]] != up[:1]):
        raise Unusable(f"the halves of {layer!r} in it don't belong together")
    if "alpha" in keys and math.prod(told.shapes[keys["alpha"]]) != 1:
        raise Unusable(f"the alpha of {layer!r} in it is not one number")
    alpha = next((own for ending, own in settings.alphas.items() if f".{layer}".endswith(f".{ending}")), settings.alpha)
    return Part(
        layer=layer, down=keys["down"], up=keys["up"], bias=keys.get("bias"), own_alpha=keys.get("alpha"),
        rank=down[0], inputs=down[1], outputs=up[0],
        alpha=alpha, rooted=settings.rooted,
    )  # fmt: skip


def _bare(layer: str) -> str:
    """A layer's name without what trainers put before it."""
    while prefix := next((each for each in PREFIXES if layer.startswith(each)), ""):
        layer = layer.removeprefix(prefix)
    return layer


def _settings(file: Path, told: Weights) -> _Settings:
    """What the file itself says goes before what lies beside it."""
    own = told.says.get("lora_adapter_metadata")
    if own is not None:
        return _of(_object(own, "what it says of its training"))
    written = next((told.says[key] for key in ("ss_network_alpha", "lora_alpha", "alpha") if key in told.says), "")
    if written and written != "None":
        return _Settings(alpha=_number(written))
    beside = file.with_name(CONFIG)
    # One file of settings is for one adapter: beside several nobody knows which.
    if not beside.is_file() or (file.name not in WEIGHTS and len(list(file.parent.glob(f"*{ENDING}"))) > 1):
        return _Settings()
    try:
        if beside.stat().st_size > LARGEST_CONFIG:
            raise Unusable(f"{CONFIG} is too large")
        return _of(_object(beside.read_bytes(), CONFIG))
    except OSError as error:
        raise Unusable(f"{CONFIG} can't be read") from error


def _of(config: dict[str, Any]) -> _Settings:
    """The settings as PEFT keeps them. Raises `Unusable` for what is no plain LoRA."""
    config = {key.removeprefix("transformer."): value for key, value in config.items()}
    kind = config.get("peft_type") or "LORA"
    ways = [key for key, value in config.items() if key.startswith("use_") and value and key != "use_rslora"]
    if kind != "LORA" or ways:
        raise Unusable(f"it is no plain LoRA ({ways[0] if ways else kind}), and no other kind can be used")
    start = config.get("init_lora_weights")
    if start not in PLAIN_STARTS:
        raise Unusable(f"its training changed the model itself ({start})")
    patterns = config.get("alpha_pattern") or {}
    alpha = config.get("lora_alpha")
    if not isinstance(patterns, dict):
        raise Unusable("its alpha_pattern can't be read")
    return _Settings(
        alpha=None if alpha is None else _number(alpha),
        rooted=bool(config.get("use_rslora")),
        alphas={_ending(pattern): _number(value) for pattern, value in patterns.items()},
    )


def _ending(pattern: str) -> str:
    """The end of the names that `pattern` is for. PEFT takes any expression here; trainers write names."""
    ending = _bare(pattern.removeprefix("^").removesuffix("$").replace("\\.", "."))
    if not re.fullmatch(r"[\w.]+", ending):
        raise Unusable(f"its alpha_pattern {pattern!r} can't be read")
    return ending


def _number(value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Unusable(f"its alpha is no number: {value!r}")
    return number


def _object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{what} can't be read") from error
    if not isinstance(found, dict):
        raise Unusable(f"{what} can't be read")
    return found
