"""What is handed over to whoever sits at the terminal: ZIPs in the folder they named, or the one they are in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from bot.bundles import packed
from bot.placard import Bundle

# Room for anybody's songs in one file.
LIMIT = 2**50


def hand_over(bundle: Bundle, blob: Callable[[str], Path], folder: Path) -> Path:
    """Write `bundle` into `folder` as one ZIP, whole or not at all; an older one of that name gives way to it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".mydata-") as half:
        [path] = packed(bundle, blob, LIMIT, Path(half), most=1).paths
        return Path(shutil.move(path, folder / path.name))
