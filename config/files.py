"""The data files an operator edits: ours, and over it the one in MINSTREL_HOME, which needs only what it changes.

A recipe is a file of its own: one in MINSTREL_HOME takes the place of ours with the same name, or adds to them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from config.errors import ConfigError, sentence

__all__ = ["ConfigError", "Written", "load", "read_toml", "recipes", "written"]

T = TypeVar("T")
RECIPES = "recipes"


@dataclass(frozen=True)
class Written:
    """A file as somebody wrote it: its name without the ending, where it lies, its `text`, or why it has none."""

    name: str
    path: str
    text: str
    unreadable: str | None = None


def load(name: str, model: type[T] | TypeAdapter[T], home: Path | None = None) -> T:
    """`name`.toml, checked by `model`.

    Tables of the operator's file are merged into ours key by key; any other value (lists too) replaces ours.
    Raises `ConfigError` naming the file, the key, the value and what is allowed.
    """
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    with resources.as_file(resources.files("config") / f"{name}.toml") as shipped:
        ours, ours_path = read_toml(shipped), shipped
    own_path = home / f"{name}.toml" if home else None
    own = read_toml(own_path) if own_path and own_path.exists() else {}
    try:
        return adapter.validate_python(_merged(ours, own))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        new = not _speaks_of(ours, detail["loc"][:-1])
        source = own_path if own_path and (new or _speaks_of(own, detail["loc"])) else ours_path
        key = ".".join(map(str, detail["loc"]))
        raise ConfigError(sentence(str(source), key, detail, adapter.json_schema())) from None


def recipes(home: Path | None = None) -> tuple[Written, ...]:
    """Every recipe's file, by its name."""
    with resources.as_file(resources.files("config") / RECIPES) as shipped:
        found = {path.stem: path for path in _yaml_in(shipped)}
        if home is not None:
            found |= {path.stem: path for path in _yaml_in(home / RECIPES)}
        return tuple(written(found[name]) for name in sorted(found))


def _yaml_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*.y*ml")) if path.suffix in (".yaml", ".yml") and path.is_file())


def written(path: Path) -> Written:
    """The file at `path`, whether it can be read or not."""
    try:
        return Written(path.stem, str(path), path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        return Written(path.stem, str(path), "", getattr(error, "strerror", None) or "it is no UTF-8 text")


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of the file at `path`. Raises `ConfigError` with the line where it is not TOML."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = f"line {text.count(chr(10)) + 1}: " if "end of document" in str(error) else ""
        raise ConfigError(f"{path}: not valid TOML: {place}{error}") from None


def _merged(ours: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(ours)
    for key, value in own.items():
        mine = both.get(key)
        both[key] = _merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return both


def _speaks_of(own: Any, loc: tuple[int | str, ...]) -> bool:
    """Whether the operator's file is to blame for `loc`: it sets that key, or a list that ours no longer shows through.

    A rule over the whole file (an empty `loc`) was kept by ours, so any file of the operator's broke it.
    """
    for step in loc:
        if isinstance(own, list):
            return True
        if not isinstance(own, dict) or step not in own:
            return False
        own = own[step]
    return bool(own != {})
