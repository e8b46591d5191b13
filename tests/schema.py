"""SQLite files with all tables, laid where a test wants one: migrating each anew costs more than most tests."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from storage.migrate import upgrade


def lay(file: Path) -> str:
    """Write a migrated database to `file`, unless there is one; returns its URL."""
    if not file.exists():
        file.write_bytes(_migrated())
    return f"sqlite:///{file}"


@cache
def _migrated() -> bytes:
    """What a file has once it is migrated; made once a process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        upgrade(f"sqlite:///{file}")
        # The last one who closes it leaves no journal beside it.
        return file.read_bytes()
