"""Checksums of a checkpoint's files, kept beside them, so that damage is found later without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

NAME = "checksums.json"
LARGEST = 2**22
PIECE = 2**23


@dataclass(frozen=True)
class Checksums:
    """Of which repository and commit the files are, and each one's SHA-256 by its path."""

    name: str = ""
    revision: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


def read(folder: Path) -> Checksums | None:
    """Those kept in `folder`; None where there are none that can be read."""
    try:
        with (folder / NAME).open("rb") as file:
            found = json.loads(file.read(LARGEST))
        files = found["files"]
        return Checksums(str(found["name"]), str(found["revision"]), {str(path): str(files[path]) for path in files})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def write(folder: Path, sums: Checksums) -> None:
    """Keep `sums` in `folder`: whole, or those before."""
    text = json.dumps({"name": sums.name, "revision": sums.revision, "files": dict(sums.files)}, indent=2)
    half = folder / f".{NAME}"
    half.write_text(text + "\n", "utf-8")
    half.replace(folder / NAME)


def damaged(folder: Path, sums: Checksums, on_piece: Callable[[int], None] = lambda _: None) -> list[str]:
    """The files that are not what was fetched, or are gone. `on_piece` hears how many bytes of them were read."""
    found = []
    for path, expected in sums.files.items():
        file = folder / path
        try:
            # The list may have come with a folder from elsewhere: it names nothing outside of it, and no device.
            same = _is_inside(path) and file.is_file() and sha256(file, on_piece) == expected
        except OSError:
            same = False
        if not same:
            found.append(path)
    return found


def _is_inside(path: str) -> bool:
    return not PurePath(path).is_absolute() and ".." not in PurePath(path).parts


def sha256(file: Path, on_piece: Callable[[int], None] = lambda _: None) -> str:
    """The SHA-256 of `file`, in hex."""
    return _sum(file, hashlib.sha256(), on_piece)


def git_id(file: Path) -> str:
    """What git calls a file of these bytes."""
    begun = hashlib.sha1(f"blob {file.stat().st_size}\0".encode(), usedforsecurity=False)
    return _sum(file, begun, lambda _: None)


def _sum(file: Path, begun: hashlib._Hash, on_piece: Callable[[int], None]) -> str:
    with file.open("rb") as data:
        while piece := data.read(PIECE):
            begun.update(piece)
            on_piece(len(piece))
    return begun.hexdigest()
