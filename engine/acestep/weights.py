"""Files of weights (safetensors) as they lie on the disk: what is in them, and whether all of it is there.

Nothing is loaded: a header says which tensors a file has and where each lies in it.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENDING = ".safetensors"
# The largest models known have headers of less than 1 MB; a file that says more of itself is none of them.
LARGEST_HEADER = 16 * 2**20
# What git leaves in place of a large file that it did not fetch.
POINTER = b"version https://git-lfs"


class Cut(Exception):
    """The file ends before its tensors do: only a part of it was fetched."""


class NotWeights(Exception):
    """The file is no safetensors file, or a damaged one; says in words what is wrong."""


@dataclass(frozen=True)
class Weights:
    """A whole file: its size in bytes, the shape of each tensor by its name, and what the file says of itself."""

    size: int
    shapes: Mapping[str, tuple[int, ...]]
    says: Mapping[str, str]


def read(file: Path) -> Weights:
    """What is in `file`. Raises `Cut`, `NotWeights`, `OSError`."""
    kind, size = (told := file.stat()).st_mode, told.st_size
    if not stat.S_ISREG(kind):
        # Reading from a pipe or a device might never end.
        raise NotWeights("it is no file")
    with file.open("rb") as opened:
        first = opened.read(len(POINTER))
        if first == POINTER or len(first) < 8:
            raise Cut
        length = int.from_bytes(first[:8], "little")
        # A pickle or a page of text has letters here, which make a huge number.
        if not 2 <= length <= LARGEST_HEADER:
            raise NotWeights("it is no safetensors file")
        if 8 + length > size:
            raise Cut
        opened.seek(8)
        header = opened.read(length)
    try:
        told = json.loads(header)
    except (ValueError, RecursionError):
        raise NotWeights("its header can't be read") from None
    if not isinstance(told, dict):
        raise NotWeights("its header is no list of tensors")
    says = told.pop("__metadata__", {})
    tensors = {name: _tensor(tensor) for name, tensor in told.items()}
    end = 8 + length + max((end for _, end in tensors.values()), default=0)
    if size < end:
        raise Cut
    if size > end:
        raise NotWeights("it has more in it than its header says")
    return Weights(size, {name: shape for name, (shape, _) in tensors.items()}, says if _is_told(says) else {})


def _tensor(told: Any) -> tuple[tuple[int, ...], int]:
    """The shape of a tensor, and where it ends in the data."""
    try:
        shape, (start, end) = told["shape"], told["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise NotWeights("its header is no list of tensors") from None
    if not isinstance(shape, list) or not all(type(number) is int and number >= 0 for number in (*shape, start, end)):
        raise NotWeights("its header is no list of tensors")
    return tuple(shape), end


def _is_told(says: Any) -> bool:
    return isinstance(says, dict) and all(isinstance(value, str) for value in says.values())
