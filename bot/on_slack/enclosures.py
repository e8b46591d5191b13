"""What goes with a bulletin: its files, its sheet and its bundle. What is there already is not sent again."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bot.on_slack.failures import TROUBLE, code_of, failure
from bot.on_slack.uploads import MOST_FILES, Upload, Uploads
from bot.placard import Bundle, Placard
from bot.replies import reply

log = logging.getLogger(__name__)


@dataclass
class Enclosed:
    """The files of a bulletin in Slack: what each is, and its id. `lost` could not be brought, `left_out` don't fit."""

    files: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    left_out: int = 0

    def notices(self) -> list[str]:
        """What people are told about files that are not there."""
        counted = {"files_lost": self.lost, "bundle_left_out": self.left_out}
        return [reply(code, count=count) for code, count in counted.items() if count]


def has_any(shown: Placard) -> bool:
    """Whether anything goes with it."""
    return bool(shown.files or shown.sheet or shown.bundle)


async def bring(uploads: Uploads, key: str, shown: Placard, known: Mapping[str, str]) -> Enclosed:
    """Bring what goes with `shown`. `known`: what its message has by now."""
    enclosed = Enclosed()
    room = MOST_FILES - (shown.sheet is not None) - (shown.bundle is not None)
    enclosed.left_out = max(len(shown.files) - room, 0)
    for file in shown.files[:room]:
        what = _named([file.name, file.digest])
        if what in known:
            enclosed.files[what] = known[what]
            continue
        try:
            upload = uploads.of(file)
        except FileNotFoundError:
            log.error("%s: the file %s (%s) is lost", key, file.name, file.digest)
            enclosed.lost += 1
        else:
            await _one(uploads, key, Upload(upload.name, what, upload.path), enclosed)
    if shown.sheet is not None:
        await _sheet(uploads, key, shown.sheet, known, enclosed)
    if shown.bundle is not None:
        await _bundle(uploads, key, shown.bundle, known, enclosed)
    return enclosed


async def _sheet(
    uploads: Uploads, key: str, sheet: tuple[str, str], known: Mapping[str, str], enclosed: Enclosed
) -> None:
    what = _named(sheet)
    if what in known:
        enclosed.files[what] = known[what]
        return
    name, text = sheet
    with tempfile.TemporaryDirectory(prefix="minstrel-") as folder:
        path = Path(folder) / "sheet"
        # Slack takes no file that is empty.
        path.write_bytes(text.encode() or b"\n")
        await _one(uploads, key, Upload(name, what, path), enclosed)


async def _bundle(uploads: Uploads, key: str, bundle: Bundle, known: Mapping[str, str], enclosed: Enclosed) -> None:
    what = _named(asdict(bundle))
    there = {part: file for part, file in known.items() if part.startswith(f"{what}.")}
    if there:
        _, _, count, left_out = next(iter(there)).split(".")
        if len(there) == int(count):
            enclosed.files |= there
            enclosed.left_out += int(left_out)
            return
    async with uploads.packed(bundle, MOST_FILES - len(enclosed.files)) as zips:
        enclosed.left_out += zips.left_out
        for number, path in enumerate(zips.paths):
            part = f"{what}.{number}.{len(zips.paths)}.{zips.left_out}"
            await _one(uploads, key, Upload(path.name, part, path), enclosed)


async def _one(uploads: Uploads, key: str, upload: Upload, enclosed: Enclosed) -> None:
    """One by one, so that a slow line that breaks goes on where it was. What Slack takes never is counted."""
    try:
        [enclosed.files[upload.what]] = await uploads.bring(key, [upload])
    except TROUBLE as trouble:
        if not failure(trouble, posted=True).permanent:
            raise
        log.error("%s: %s is left out: %s", key, upload.name, code_of(trouble) or repr(trouble))
        enclosed.lost += 1


def _named(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
