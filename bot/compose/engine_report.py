"""What `minstrel doctor` tells of the engine: which it is, why, and what it has to make music with."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from bot.compose.checkpoints import read_models, shelf_of
from bot.compose.choice import Choice, choice, first_checkpoint, has_cuda, missing_parts
from config.settings import Settings
from engine.acestep.checkpoint import EVERY
from engine.acestep.shelf import NOT_HERE, Chosen
from engine.spec import EngineError


# A small sum tells more than the number of devices: a card may be too old, or taken.
PROBE = (sys.executable, "-c", "import torch; torch.ones(2, device='cuda').sum().item()")
PATIENCE_S = 120.0


@dataclass(frozen=True)
class EngineReport:
    """`first` makes songs where nobody names a version; `tasks` of the model can be done with what is here.

    `wrong` is what is here and of no use where it stands; `card` is why torch can't use the CUDA device that is here,
    in its own words.
    """

    choice: Choice
    missing: tuple[str, ...]
    cuda: bool
    first: Chosen | EngineError
    tasks: tuple[str, ...]
    wrong: tuple[EngineError, ...]
    card: str = ""


def engine_report(settings: Settings) -> EngineReport:
    """Raises `config.files.ConfigError`."""
    shelf = shelf_of(settings, read_models(settings))
    tasks: dict[str, None] = {}
    wrong: dict[tuple[object, ...], EngineError] = {}
    for version, task, _ in shelf.places():
        try:
            shelf.checkpoint(version, task)
            tasks[task] = None
        except EngineError as error:
            if error.code not in NOT_HERE:
                wrong[error.code, *map(str, error.params.values())] = error
    chosen, missing, cuda = choice(settings, shelf), missing_parts(), has_cuda()
    return EngineReport(
        choice=chosen,
        missing=missing,
        cuda=cuda,
        first=first_checkpoint(shelf),
        tasks=tuple(task for task in EVERY if task in tasks),
        wrong=tuple(wrong.values()),
        card=_card() if chosen.engine == "acestep" and cuda and not missing else "",
    )


def _card() -> str:
    """What torch has against the CUDA device, asked in a process of its own: a driver may be of any age."""
    try:
        asked = subprocess.run(PROBE, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return "it doesn't answer"
    said = asked.stderr.strip().splitlines() or [f"code {asked.returncode}"]
    return said[-1].partition("Error: ")[2] or said[-1] if asked.returncode else ""
