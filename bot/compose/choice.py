"""Who makes the music here: the GPU engine where everything that it needs is there, else the built-in one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from config.settings import Settings
from engine.acestep.shelf import Chosen, Shelf
from engine.spec import EngineError

# What the GPU engine needs besides what every engine does.
PARTS = ("torch", "diffusers", "transformers", "accelerate")
# What a driver for CUDA leaves in the file system; the last is Windows' own, seen from inside of it.
SIGNS = ("proc/driver/nvidia/version", "dev/nvidia0", "dev/dxg")
ROOT = Path("/")
# A small sum tells more than the number of devices: a card may be too old, or taken.
PROBE = (sys.executable, "-c", "import torch; torch.ones(2, device='cuda').sum().item()")
PATIENCE_S = 120.0

Why = Literal["asked_for", "parts_missing", "no_cuda", "cpu_torch", "no_checkpoint", "all_there"]


@dataclass(frozen=True)
class Choice:
    """The engine, and why it is that one."""

    engine: Literal["studio", "acestep"]
    why: Why


def choice(settings: Settings, shelf: Shelf) -> Choice:
    """Which engine works here. Looks at a few small files, and loads nothing."""
    if settings.engine != "auto":
        return Choice(settings.engine, "asked_for")
    if missing_parts():
        return Choice("studio", "parts_missing")
    if not has_card():
        return Choice("studio", "no_cuda")
    if not has_cuda():
        return Choice("studio", "cpu_torch")
    if isinstance(first_checkpoint(shelf), EngineError):
        return Choice("studio", "no_checkpoint")
    return Choice("acestep", "all_there")


def first_checkpoint(shelf: Shelf) -> Chosen | EngineError:
    """What makes songs where nobody names a version, or what is wrong with it."""
    try:
        return shelf.checkpoint(next(iter(shelf.versions), ""), "text2music")
    except EngineError as error:
        return error


def missing_parts() -> tuple[str, ...]:
    """What the GPU engine needs and is not installed."""
    return tuple(part for part in PARTS if importlib.util.find_spec(part) is None)


def has_card() -> bool:
    """Whether a CUDA device is here that this process may see."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() not in ("", "-1")
    return visible and any((ROOT / sign).exists() for sign in SIGNS)


def has_cuda() -> bool:
    """Whether a CUDA device is here that torch was built for, found out without loading torch."""
    # torch itself says so in its version where it was built for the CPU alone.
    return has_card() and (
        importlib.util.find_spec("torch") is None or "+cpu" not in importlib.metadata.version("torch")
    )


def device() -> str:
    """What the GPU engine plays on. A card that can't be used is told: an hour on the CPU is what nobody asked for."""
    return "cuda" if has_cuda() else "auto"


def card_trouble() -> str:
    """What torch has against the CUDA device, asked in a process of its own: a driver may be of any age."""
    try:
        asked = subprocess.run(PROBE, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return "it doesn't answer"
    if not asked.returncode:
        return ""
    lines = asked.stderr.strip().splitlines() or [f"code {asked.returncode}"]
    # What comes after it is advice for programmers.
    said = next((line.partition("Error: ")[2] for line in lines if "Error: " in line), lines[-1])
    return said.rstrip(".")
