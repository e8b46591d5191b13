"""The checkpoints and adapters of this house for those who look after it: what is here, what can be fetched, and what
is wrong with it. Nothing is fetched unless somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bot.compose.checkpoints import place_of, read_models, shelf_of
from bot.compose.choice import Choice, choice, device, first_checkpoint
from config.settings import Settings
from engine.acestep import fetching, hub, lora
from engine.acestep.checkpoint import COMMON, EVERY, Checkpoint, inspect
from engine.acestep.checkup import Finding, OnProgress, findings
from engine.acestep.fetching import Missing, OnBytes
from engine.acestep.hub import Listing
from engine.acestep.shelf import Place, Shelf
from engine.spec import EngineError
from engine.spec.model_tasks import ModelTask
from workflows.models import Models, expanded, is_folder
from workflows.refusal import Refusal

__all__ = [
    "Choice", "Finding", "Offer", "Shown", "Stock", "fetch", "is_used", "offer", "stock", "to_check", "to_fetch",
    "tried",
]  # fmt: skip

State = Literal["here", "partial", "missing", "unreadable", "foreign"]
STATES: dict[str, State] = {
    "checkpoint_missing": "missing", "checkpoint_partial": "partial", "checkpoint_foreign": "foreign",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A checkpoint as a version uses it, or an adapter (without tasks). `error` says why it is not simply here."""

    version: str
    tasks: tuple[ModelTask, ...]
    name: str
    folder: Path
    fetch: str
    state: State
    size: int
    variant: str = ""
    error: EngineError | None = None


@dataclass(frozen=True)
class Stock:
    """What this house has for the GPU engine, which engine it uses, and the folder that checkpoints are fetched to.

    `ready`: something is here to make songs with.
    """

    choice: Choice
    ready: bool
    folder: Path
    checkpoints: tuple[Shown, ...]
    adapters: tuple[Shown, ...]


@dataclass(frozen=True)
class Offer:
    """What a fetch would bring: the files of `listing` that are `lacking` at `place`."""

    place: Place
    listing: Listing
    lacking: Missing


def stock(settings: Settings) -> Stock:
    """What is here, and what might be."""
    shelf = shelf_of(settings, read_models(settings))
    rows: dict[tuple[str, Place], list[ModelTask]] = {}
    for version, task, place in shelf.places():
        rows.setdefault((version, place), []).append(task)
    checkpoints = tuple(_checkpoint(version, tuple(tasks), place) for (version, place), tasks in rows.items())
    adapters = tuple(_adapter(name, path) for name, path in shelf.adapters.items())
    ready = not isinstance(first_checkpoint(shelf), EngineError)
    return Stock(choice(settings, shelf), ready, settings.home / "models", checkpoints, adapters)


def _checkpoint(version: str, tasks: tuple[ModelTask, ...], place: Place) -> Shown:
    shown = Shown(version, tasks, place.name, place.folder, place.fetch, "here", _size(place.folder))
    try:
        found = inspect(place.folder, place.name)
    except EngineError as error:
        return replace(shown, state=STATES.get(error.code, "unreadable"), error=error)
    unfit = _unfit(place, [task for task in tasks if task not in found.tasks])
    return replace(shown, variant=found.variant, error=unfit)


def _unfit(place: Place, tasks: Sequence[ModelTask]) -> EngineError | None:
    """What whoever asks for the first of `tasks` is told, none of which the checkpoint at `place` was trained for."""
    for task in tasks:
        try:
            Shelf({"": {task: place}}).checkpoint("", task)
        except EngineError as error:
            return error
    return None


def _adapter(name: str, path: Path) -> Shown:
    try:
        lora.read(path, name)
    except EngineError as error:
        state: State = "unreadable" if path.exists() else "missing"
        return Shown("", (), name, path, "", state, _size(path), error=error)
    return Shown("", (), name, path, "", "here", _size(path))


def _size(path: Path) -> int:
    """Bytes on the disk of a file, or of all in a folder."""
    size = 0
    for file in path.rglob("*") if path.is_dir() else [path]:
        # A fetch that is under way gives files other names.
        with suppress(OSError):
            size += file.stat().st_size if file.is_file() else 0
    return size


def to_fetch(settings: Settings, names: Sequence[str], *, everything: bool) -> tuple[Place, ...]:
    """What `names` (versions, or ORG/NAME of the hub) need for songs; of a version `everything`, where asked for.

    Without names it is the version that songs use which name none. Raises `Refusal`.
    """
    models = read_models(settings)
    shelf = shelf_of(settings, models)
    tasks = EVERY if everything else COMMON
    for name in names:
        if is_folder(name) and expanded(name).is_dir():
            raise Refusal("models_own_folder", field="WHAT", folder=name)
    wanted = [
        place for name in names or list(shelf.versions)[:1] for place in _named(settings, models, shelf, name, tasks)
    ]
    own = next((place for place in wanted if not place.fetch), None)
    if own is not None:
        raise Refusal("models_own_folder", field="WHAT", folder=str(own.folder))
    return _once(wanted)


def _named(settings: Settings, models: Models, shelf: Shelf, name: str, tasks: Iterable[ModelTask]) -> Iterator[Place]:
    if name in models.versions:
        # As the house uses them, else as the file has them: a setting may have put another in their place.
        own = models.versions[name].checkpoints
        places = shelf.versions.get(name) or {task: place_of(own[task], settings.home) for task in EVERY if task in own}
        yield from (places[task] for task in tasks if task in places)
    elif hub.is_repository(name):
        yield place_of(name, settings.home)
    else:
        raise Refusal("models_unknown", field="WHAT", value=name, versions=tuple(models.versions))


def to_check(settings: Settings, names: Sequence[str]) -> tuple[Place, ...]:
    """What `names` (versions, ORG/NAME, or folders) mean; without names all that is here. Raises `Refusal`."""
    models = read_models(settings)
    shelf = shelf_of(settings, models)
    if names:
        wanted: list[Place] = []
        for name in names:
            folder = expanded(name)
            if name not in models.versions and folder.is_dir():
                wanted.append(Place(folder.absolute().name, folder.absolute()))
            elif is_folder(name):
                raise Refusal("models_no_folder", field="WHAT", folder=name)
            else:
                # What a version needs for songs has to be here; the rest is looked at where it is.
                places = list(_named(settings, models, shelf, name, EVERY))
                needed = list(_named(settings, models, shelf, name, COMMON))
                wanted += [place for place in places if place in needed or place.folder.is_dir()]
        return _once(wanted)
    every = _once(place for _, _, place in shelf.places())
    return tuple(place for place in every if place.folder.is_dir()) or every[:1]


def _once(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple({place.folder: place for place in places}.values())


def is_used(settings: Settings, place: Place) -> bool:
    """Whether some version does something with what lies at `place`."""
    return any(each.folder == place.folder for _, _, each in shelf_of(settings, read_models(settings)).places())


def offer(place: Place) -> Offer:
    """What the hub has for `place`, and what of it is not here. Raises `EngineError` as `hub.listed` does."""
    listing = hub.listed(place.fetch)
    lacking = fetching.missing(listing, place.folder)
    fetching.require_room(listing, lacking, place.folder)
    return Offer(place, listing, lacking)


def fetch(offered: Offer, on_bytes: OnBytes) -> Checkpoint:
    """Bring what is lacking, and look whether it is a whole checkpoint. Raises `EngineError` as these do."""
    place = offered.place
    fetching.fetch(offered.listing, offered.lacking, place.folder, on_bytes)
    try:
        return inspect(place.folder, place.name)
    except EngineError as error:
        if error.code != "checkpoint_partial":
            raise
        # All that its publisher has is here.
        what = error.params["file"]
        raise EngineError("hub_incomplete", permanent=True, fetch=place.fetch, what=what) from error


def tried(place: Place, on_progress: OnProgress) -> Iterator[Finding]:
    """What is found out about the checkpoint at `place`, one after the other."""
    for finding in findings(place.folder, place.name, device(), on_progress):
        yield replace(finding, params={**finding.params, "fetch": place.fetch}) if place.fetch else finding
