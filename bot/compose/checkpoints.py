"""Which checkpoints and style adapters this house has, as its settings and `models.toml` say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from config.files import load
from config.settings import Settings
from engine.acestep.checkpoint import COMMON, EVERY, inspect
from engine.acestep.shelf import Place, Shelf, is_here
from engine.acestep.weights import ENDING
from engine.spec import EngineError
from engine.spec.model_tasks import ModelTask
from workflows.models import Models, expanded, folder_of, is_folder, is_on_hub

Places = Mapping[ModelTask, Place]


def read_models(settings: Settings) -> Models:
    """`models.toml`. Raises `config.files.ConfigError`."""
    return load("models", Models, settings.home)


def shelf_of(settings: Settings, models: Models) -> Shelf:
    """The checkpoints by version and task, and the adapters. One that the settings name comes first."""
    versions: dict[str, Places] = {
        version: {task: place_of(own[task], settings.home) for task in EVERY if task in own}
        for version, own in ((version, listed.checkpoints) for version, listed in models.versions.items())
    }
    named = settings.acestep_checkpoint
    if named in versions:
        versions = {named: versions[named]}
    elif named is not None:
        one = _one(named, settings.home, (place.name for places in versions.values() for place in places.values()))
        versions = {version: _with(one, places) for version, places in versions.items()}
    return Shelf(versions, _adapters(models, settings.home))


def place_of(name: str, home: Path) -> Place:
    """Where the checkpoint that `models.toml` calls `name` lies."""
    folder = folder_of(name, home)
    return Place(folder.name, folder) if is_folder(name) else Place(name, folder, fetch=name)


def _one(named: str, home: Path, known: Iterator[str]) -> Place:
    """The checkpoint that a setting names: one of `models.toml`, a folder as seen from here, or what the hub has."""
    folder = expanded(named).absolute()
    if named in known or (is_on_hub(named) and not folder.is_dir()):
        return place_of(named, home)
    return Place(folder.name, folder)


def _with(one: Place, others: Places) -> Places:
    """`one` for all that it can do; `others` for the rest, but for what any can do only where they are here."""
    try:
        able: tuple[ModelTask, ...] = inspect(one.folder, one.name).tasks
    except EngineError:
        able = COMMON
    places = {**others, **dict.fromkeys(able, one)}
    for task in COMMON:
        if task not in places or not (task in able or is_here(places[task])):
            places[task] = one
    return places


def _adapters(models: Models, home: Path) -> dict[str, Path]:
    """Those of `models.toml`, and whatever lies in the house's own folder, by its name."""
    folder = home / "adapters"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    own = {path.name.removesuffix(ENDING): path for path in found if path.is_dir() or path.suffix == ENDING}
    return {
        **{name: path for name, path in own.items() if not name.startswith(".")},
        **{name: home / expanded(adapter.path) for name, adapter in models.adapters.items()},
    }
