"""What a song leaves behind so that it can be made once more, a little different: what it was made from."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from engine.acestep.checkpoint import ModelTask
from engine.acestep.wish import Adapter, Sampling, Start, Text
from engine.spec import Source
from engine.studio.given import score_of

# Another number where files of this one can't be read any more.
VERSION = 1
ENGINE = "acestep"


@dataclass(frozen=True)
class Cut:
    """What of the sound that the model made is handed over: `seconds` of it from `begin` on.

    A `looped` one leads back to its own beginning; a single hit begins with the first sound after `begin`.
    """

    begin: float
    seconds: float
    looped: bool


@dataclass(frozen=True)
class Kept:
    """`checkpoint` is the name of the one that made it, of the model's `version`, by `task` from the noise of `start`.

    It was `seconds` long, of which `cut` was handed over. `alike`: it had the sound of another song.
    """

    checkpoint: str
    version: str
    task: ModelTask
    text: Text
    sampling: Sampling
    start: Start
    seconds: float
    adapter: Adapter | None = None
    alike: bool = False
    cut: Cut | None = None

    @property
    def anew(self) -> bool:
        """Whether all that it was made from is here: a song that began as another one needs that other one."""
        return self.task == "text2music"


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class _File:
    engine: str
    version: int
    kept: Kept


class Unreadable(ValueError):
    """The file is none of ours, or of another version."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


def to_bytes(kept: Kept) -> bytes:
    """`kept` as gzipped JSON; the same song gives the same bytes."""
    return gzip.compress(_adapter().dump_json(_File(ENGINE, VERSION, kept)), mtime=0)


def from_bytes(data: bytes) -> Kept:
    """What `to_bytes` wrote. Raises `Unreadable`."""
    try:
        file = _adapter().validate_json(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, ValidationError) as error:
        raise Unreadable(str(error)) from error
    if (file.engine, file.version) != (ENGINE, VERSION):
        raise Unreadable(f"version {file.version} of {file.engine}")
    return file.kept


def kept_of(source: Source) -> Kept | None:
    """How `source` was made; None where this engine didn't make it. Raises `EngineError`, permanent: `source_gone`."""
    data = score_of(source)
    try:
        return from_bytes(data) if data is not None else None
    except Unreadable:
        return None
