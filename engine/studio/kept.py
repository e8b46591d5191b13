"""What a song leaves behind so that it can be edited: its score, how it was composed, and how it was mixed."""

from __future__ import annotations

import base64
import gzip
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, PlainSerializer, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from engine.spec.protocol import LineTime
from engine.studio.compose.brief import Brief
from engine.studio.compose.form import Form
from engine.studio.score import Score
from engine.studio.sound.likeness import Character
from engine.studio.sound.mix import Desk

# Another number where files of this one can't be read any more.
VERSION = 1


def _array(value: Any) -> NDArray[np.float32]:
    return value if isinstance(value, np.ndarray) else np.frombuffer(base64.b64decode(value, validate=True), "<f4")


def _text(value: NDArray[np.float32]) -> str:
    return base64.b64encode(value.astype("<f4").tobytes()).decode()


@checked(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class _Desk:
    faders: dict[str, float]
    gain: Annotated[NDArray[np.float32], BeforeValidator(_array), PlainSerializer(_text, return_type=str)]
    character: Character | None = None


@dataclass(frozen=True)
class _File:
    version: int
    brief: Brief
    form: Form
    score: Score
    language: str
    desk: _Desk
    lines: tuple[LineTime, ...]


@dataclass(frozen=True)
class Kept:
    """`score` as it was played; `brief` and `form` are what a new version is composed from; `language` was sung.

    `lines` is when the words of the lead voice sound.
    """

    brief: Brief
    form: Form
    score: Score
    language: str
    desk: Desk
    lines: tuple[LineTime, ...] = ()


class Unreadable(ValueError):
    """The file is none of ours, or of another version."""


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[_File]:
    return TypeAdapter(_File)


def to_bytes(kept: Kept) -> bytes:
    """`kept` as gzipped JSON; the same song gives the same bytes."""
    desk = _Desk(dict(kept.desk.faders), kept.desk.gain, kept.desk.character)
    file = _File(VERSION, kept.brief, kept.form, kept.score, kept.language, desk, kept.lines)
    return gzip.compress(_adapter().dump_json(file), mtime=0)


def from_bytes(data: bytes) -> Kept:
    """What `to_bytes` wrote. Raises `Unreadable`."""
    try:
        file = _adapter().validate_json(gzip.decompress(data))
    except (OSError, EOFError, zlib.error, TypeError, ValidationError) as error:
        raise Unreadable(str(error)) from error
    if file.version != VERSION:
        raise Unreadable(f"version {file.version}")
    desk = Desk(file.desk.faders, file.desk.gain, file.desk.character)
    return Kept(file.brief, file.form, file.score, file.language, desk, file.lines)
