"""Files handed over together, as ZIPs: nothing is squeezed (music is already), so packing is only copying."""

from __future__ import annotations

import shutil
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.placard import Bundle

# What a ZIP keeps of each file besides its bytes: a heading, an entry in the table at the end, and its name in both.
PER_FILE, AT_END = 30 + 46, 22
# And for one of more than four gigabytes, or in a ZIP of that size.
LARGE, PER_LARGE = 2**31, 20 + 28 + 76
# The same files always make the same ZIP.
WHEN = (1980, 1, 1, 0, 0, 0)
LONGEST_NAME = 120


@dataclass(frozen=True)
class Packed:
    """ZIPs, in their order, and how many files are in none of them: too large, too many, or lost."""

    paths: tuple[Path, ...]
    left_out: int


@dataclass(frozen=True)
class _Entry:
    """A file on its way into a ZIP: of this machine, or a text with the size that it has there."""

    name: str
    source: Path | bytes
    size: int

    @property
    def room(self) -> int:
        """Bytes that it takes in the ZIP."""
        more = PER_LARGE if self.size >= LARGE else 0
        return self.size + PER_FILE + 2 * len(self.name.encode()) + more


def packed(bundle: Bundle, blob: Callable[[str], Path], limit: int, folder: Path, most: int = 10) -> Packed:
    """`bundle` as at most `most` ZIPs of at most `limit` bytes each, in `folder`. Its texts are in the first."""
    taken: set[str] = set()
    texts = [_text(_own(name, taken), text) for name, text in bundle.texts]
    files, lost = [], 0
    for name, digest, _ in bundle.files:
        try:
            path = blob(digest)
            files.append(_Entry(_own(name, taken), path, path.stat().st_size))
        except FileNotFoundError:
            lost += 1
    parts, left_out = _shared_out([*texts, *files], limit, most)
    names = [_part(bundle.name, number, len(parts)) for number in range(1, len(parts) + 1)]
    for name, part in zip(names, parts, strict=True):
        _write(folder / name, part)
    return Packed(tuple(folder / name for name in names), lost + left_out)


def _shared_out(entries: Iterable[_Entry], limit: int, most: int) -> tuple[list[list[_Entry]], int]:
    """Files in their order, as many in each part as fit, and how many fit in none."""
    parts: list[list[_Entry]] = []
    room, left_out = 0, 0
    for entry in entries:
        if entry.room + AT_END > limit:
            left_out += 1
        elif entry.room <= room:
            parts[-1].append(entry)
            room -= entry.room
        elif len(parts) < most:
            parts.append([entry])
            room = limit - AT_END - entry.room
        else:
            left_out += 1
    return parts, left_out


def _write(place: Path, entries: Iterable[_Entry]) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, WHEN)
            info.external_attr = 0o644 << 16
            if isinstance(entry.source, bytes):
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, entry.source, compresslevel=9)
                continue
            info.file_size = entry.size
            with entry.source.open("rb") as source, archive.open(info, "w", force_zip64=entry.size >= LARGE) as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def _text(name: str, text: str) -> _Entry:
    data = text.encode()
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return _Entry(name, data, len(squeeze.compress(data)) + len(squeeze.flush()))


def _own(name: str, taken: set[str]) -> str:
    """`name` as a path that stays below the folder where the ZIP is opened, and that no other file there has."""
    parts = [part for part in (_plain(part) for part in name.replace("\\", "/").split("/")) if part]
    path = PurePosixPath(*(parts or ["file"]))
    found, number = path, 1
    while str(found).casefold() in taken:
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    taken.add(str(found).casefold())
    return str(found)


def _plain(part: str) -> str:
    """One name without what some system can't have in it, or reads as something else."""
    seen = "".join("-" if sign in '<>:"|?*' or unicodedata.category(sign)[0] == "C" else sign for sign in part)
    return unicodedata.normalize("NFC", seen).strip(" .")[-LONGEST_NAME:]


def _part(name: str, number: int, count: int) -> str:
    base = _plain(name.replace("/", "-").replace("\\", "-")) or "files"
    return f"{base}.zip" if count == 1 else f"{base}-{number}-of-{count}.zip"
