"""Which checkpoint does what a version of the model is asked for, and which style adapters may be used. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from engine.acestep.checkpoint import EVERY, Checkpoint, inspect
from engine.spec.errors import EngineError
from engine.spec.model_tasks import ModelTask

# What may come of a checkpoint by waiting for its fetch; anything else somebody has to mend.
NOT_HERE = ("checkpoint_missing", "checkpoint_partial")


@dataclass(frozen=True)
class Place:
    """Where a checkpoint lies, or would. `fetch` is what `minstrel models fetch` brings it by, where it can."""

    name: str
    folder: Path
    fetch: str = ""


@dataclass(frozen=True)
class Chosen:
    """The checkpoint to use, and the version that it is of."""

    checkpoint: Checkpoint
    version: str


@dataclass(frozen=True)
class Shelf:
    """The checkpoints of each version by the task of the model, and the files of the allowed adapters by name."""

    versions: Mapping[str, Mapping[ModelTask, Place]] = field(default_factory=dict)
    adapters: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """The shelf that `options` made these values of."""
        versions = {
            version: {task: Place(own["name"], Path(own["folder"]), own["fetch"]) for task, own in places.items()}
            for version, places in options.get("versions", {}).items()
        }
        return cls(versions, {name: Path(path) for name, path in options.get("adapters", {}).items()})

    def options(self) -> dict[str, Any]:
        """The shelf as values that travel as JSON."""
        versions = {
            version: {task: {**asdict(place), "folder": str(place.folder)} for task, place in places.items()}
            for version, places in self.versions.items()
        }
        return {"versions": versions, "adapters": {name: str(path) for name, path in self.adapters.items()}}

    def checkpoint(self, version: str, task: ModelTask) -> Chosen:
        """What does `task` for `version`; where that is not on this machine, what does it for another version.

        Raises `EngineError`, permanent: as `checkpoint.inspect` does (and `fetch`, where a command brings it), or
        `checkpoint_wrong_task` (name, task, needs).
        """
        first: EngineError | None = None
        for name in (version, *(other for other in self.versions if other != version)):
            place = self.versions.get(name, {}).get(task)
            if place is None:
                continue
            try:
                return Chosen(_fit(place, task), name)
            except EngineError as error:
                first = first or error
                if error.code not in NOT_HERE:
                    break
        raise first or EngineError(
            "checkpoint_wrong_task", permanent=True, name=version, task=task, needs="a checkpoint in models.toml"
        )

    def has(self, task: ModelTask) -> bool:
        """Whether something here is meant for `task`: `checkpoint` finds it, or says what is wrong with it."""
        return any(is_here(places[task]) for places in self.versions.values() if task in places)

    def adapter(self, name: str) -> Path:
        """Where the adapter called `name` lies. Raises `EngineError`, permanent: `adapter_unknown` (name, known)."""
        for known, path in self.adapters.items():
            if known.casefold() == name.casefold():
                return path
        raise EngineError("adapter_unknown", permanent=True, name=name, known=", ".join(self.adapters) or None)

    def places(self) -> Iterator[tuple[str, ModelTask, Place]]:
        """Every place with its version and its task."""
        for version, places in self.versions.items():
            for task in EVERY:
                if task in places:
                    yield version, task, places[task]


def _fit(place: Place, task: ModelTask) -> Checkpoint:
    """The checkpoint at `place`, which can do `task`."""
    try:
        checkpoint = inspect(place.folder, place.name)
    except EngineError as error:
        if place.fetch:
            error.params["fetch"] = place.fetch
        raise
    if task not in checkpoint.tasks:
        needs = "an audio tokenizer" if task == "cover" else "a base checkpoint"
        raise EngineError("checkpoint_wrong_task", permanent=True, name=place.name, task=task, needs=needs)
    return checkpoint


def is_here(place: Place) -> bool:
    """Whether a checkpoint lies at `place`, good or bad, with nothing of it still to come."""
    try:
        inspect(place.folder, place.name)
    except EngineError as error:
        return error.code not in NOT_HERE
    return True
