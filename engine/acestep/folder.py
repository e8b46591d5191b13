"""The folder of a checkpoint as it is read: its settings and its weights, or an error that names what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from engine.acestep.weights import ENDING, Cut, NotWeights, Weights, read
from engine.spec.errors import EngineError

# No settings of a part are anywhere near as long.
LONGEST_TEXT = 2**20
# How much of each end of a long text is looked at.
ENDS = 64
# What a file is called until all of it was fetched.
HALF_FETCHED = "*.incomplete"
MARKED = re.compile(r"(\.[0-9a-f]{12})?\.incomplete$")
PICKLES = (".bin", ".pt", ".pth", ".ckpt")


@dataclass(frozen=True)
class Folder:
    """A folder at `path` that people know by `name`. Files are named within it, as "vae/config.json"."""

    path: Path
    name: str

    def has(self, file: str) -> bool:
        return (self.path / file).is_file()

    def require_index(self, index: str) -> None:
        """Raise `EngineError` unless the file that says what this is lies here."""
        if self.has(index):
            return
        if not self.path.is_dir() or all(file.name.startswith(".") for file in self.path.iterdir()):
            raise EngineError("checkpoint_missing", permanent=True, name=self.name, folder=str(self.path))
        if any(self.path.rglob(HALF_FETCHED)):
            self.partial(index)
        self.foreign()

    def require_all_fetched(self, parts: Iterable[str]) -> None:
        """Raise `EngineError` while a file of this checkpoint is being fetched, or fetched anew."""
        for place in (self.path, *(self.path / part for part in parts)):
            for file in place.glob(HALF_FETCHED):
                # As it is called once it is whole.
                self.partial(MARKED.sub("", str(file.relative_to(self.path))))

    def json(self, file: str) -> dict[str, Any]:
        """The table in `file`. Raises `EngineError`."""
        path = self.path / file
        if not path.is_file():
            self.partial(file)
        if path.stat().st_size > LONGEST_TEXT:
            self.unreadable(file, "it is far too long")
        try:
            told = json.loads(path.read_bytes())
        except (ValueError, RecursionError):
            self.unreadable(file, "it is no JSON")
        if not isinstance(told, dict):
            self.unreadable(file, "it is no table of settings")
        return told

    def require_table(self, file: str) -> None:
        """Raise `EngineError` unless `file` is a long table, as far as its two ends tell: it is not read as a whole."""
        path = self.path / file
        if not path.is_file():
            self.partial(file)
        with path.open("rb") as opened:
            first = opened.read(ENDS)
            opened.seek(max(path.stat().st_size - ENDS, 0))
            last = opened.read(ENDS)
        if not first.lstrip().startswith(b"{"):
            self.unreadable(file, "it is no table of settings")
        if not last.rstrip().endswith(b"}"):
            self.partial(file)

    def weights(self, part: str, stem: str) -> tuple[Weights, ...]:
        """The weights of `part`, in one file called `stem` or in shards of it. Raises `EngineError`."""
        single, index = f"{part}/{stem}{ENDING}", f"{part}/{stem}{ENDING}.index.json"
        if self.has(index):
            return tuple(self._whole(f"{part}/{shard}") for shard in self._shards(index))
        if not self.has(single):
            for file in sorted((self.path / part).glob("*")):
                if file.suffix in PICKLES:
                    self.unreadable(f"{part}/{file.name}", f"weights have to be {ENDING}: any other may run code")
        return (self._whole(single),)

    def _shards(self, index: str) -> list[str]:
        named = self.json(index).get("weight_map")
        shards = set(named.values()) if isinstance(named, dict) and _are_names(named.values()) else set()
        if not shards:
            self.unreadable(index, f"it names no {ENDING} files beside it")
        return sorted(shards)

    def _whole(self, file: str) -> Weights:
        if not self.has(file):
            self.partial(file)
        try:
            return read(self.path / file)
        except Cut:
            self.partial(file)
        except NotWeights as wrong:
            self.unreadable(file, str(wrong))

    def partial(self, file: str) -> NoReturn:
        raise EngineError("checkpoint_partial", permanent=True, name=self.name, file=file, folder=str(self.path))

    def foreign(self) -> NoReturn:
        raise EngineError("checkpoint_foreign", permanent=True, name=self.name, folder=str(self.path))

    def unreadable(self, file: str, reason: str) -> NoReturn:
        """Whoever asks for a song reads `file` and `reason` too: where this machine keeps things is not for them."""
        here = str(self.path)
        file, reason = (words.replace(f"{here}/", "").replace(here, self.name) for words in (file, reason))
        raise EngineError(
            "checkpoint_unreadable",
            permanent=True,
            cause=f"{self.path / file}: {reason}",
            name=self.name,
            file=file,
            folder=str(self.path),
            reason=reason.rstrip("."),
        )


def _are_names(values: Iterable[Any]) -> bool:
    """Whether all are names of files of weights, without a way to another folder."""
    return all(isinstance(value, str) and value.endswith(ENDING) and value == Path(value).name for value in values)
