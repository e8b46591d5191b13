"""What `minstrel doctor` tells of the engine: which it is, why, and what it has to make music with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.compose.checkpoints import read_models, shelf_of
from bot.compose.choice import Choice, card_trouble, choice, first_checkpoint, has_cuda, missing_parts
from config.settings import Settings
from engine.acestep.checkpoint import EVERY
from engine.acestep.shelf import NOT_HERE, Chosen
from engine.spec import EngineError


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
        card=card_trouble() if chosen.engine == "acestep" and cuda and not missing else "",
    )
