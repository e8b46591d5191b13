"""Which stems can be told apart here: read off a checkpoint's header, without loading it or torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.spec.errors import EngineError
from engine.spec.fields import STEMS

# what is told apart without a model
APPROXIMATE = ("vocals", "drums", "bass")
# what models call otherwise than we do
OURS = {"piano": "keyboard"}
ENDING = ".safetensors"
# Headers of known models have 70 kB; a file that says more of itself is none of them.
LARGEST_HEADER = 16 * 2**20


def separates(checkpoint: Path | None) -> tuple[str, ...]:
    """The stems that come out, in the order of `STEMS`: those of `checkpoint`, or those there are without one.

    Raises `EngineError`, permanent: `separation_model` (file, cause) where the checkpoint is missing or damaged.
    """
    if checkpoint is None:
        return APPROXIMATE
    own = {stem_of(name) for name in sources(files_of(checkpoint)[0])}
    return tuple(name for name in STEMS if name in own)


def stem_of(source: str) -> str:
    """A model's name of a part as ours."""
    return OURS.get(source, source)


def files_of(checkpoint: Path) -> tuple[Path, ...]:
    """The checkpoint itself, or those in its folder. Raises `EngineError` where there is none."""
    found = (checkpoint,) if checkpoint.suffix == ENDING else tuple(sorted(checkpoint.glob(f"*{ENDING}")))
    if not found or not all(file.is_file() for file in found):
        raise unusable(checkpoint, f"there is no {ENDING} file")
    return found


def sources(file: Path) -> tuple[str, ...]:
    """What the model in `file` tells apart, in its own words and order. Raises `EngineError`."""
    told = header(file)
    try:
        listed = json.loads(told["kwargs"]).get("sources") or json.loads(told["args"])[0]
    except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
        raise unusable(file, "it does not say what it separates") from error
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise unusable(file, "it does not say what it separates")
    return tuple(listed)


def header(file: Path) -> dict[str, str]:
    """What a safetensors file says of itself (its `__metadata__`). Raises `EngineError`."""
    try:
        with file.open("rb") as opened:
            size = int.from_bytes(opened.read(8), "little")
            if not 2 <= size <= LARGEST_HEADER:
                raise unusable(file, "it is no safetensors file")
            read: Any = json.loads(opened.read(size))
    except (OSError, ValueError, RecursionError) as error:
        raise unusable(file, str(error)) from error
    told = read.get("__metadata__") if isinstance(read, dict) else None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise unusable(file, "it says nothing about its model")
    return told


def unusable(file: Path, cause: str) -> EngineError:
    """What is wrong with a checkpoint, for people and for the log."""
    return EngineError("separation_model", permanent=True, cause=f"{file}: {cause}", file=file.name, reason=cause)
