"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.spec.errors import EngineError

# a full disk, a spent quota, and a limit on file size: all end when somebody makes room
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; gone afterwards. An `OSError` inside becomes an `EngineError`."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temp
    except OSError as error:
        if error.errno in NO_ROOM:
            raise EngineError("disk_full", permanent=False, cause=str(error)) from error
        raise EngineError("encode_failed", permanent=False, cause=str(error)) from error
    finally:
        temp.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> Path:
    """Put `data` at `path`, replacing what was there. Raises `EngineError` (`disk_full`, `encode_failed`)."""
    with scratch(path) as temp:
        temp.write_bytes(data)
        temp.replace(path)
    return path


def copy_whole(source: Path, path: Path) -> Path:
    """Put a copy of the file `source` at `path`. Raises as `write_whole` does."""
    with scratch(path) as temp:
        shutil.copyfile(source, temp)
        temp.replace(path)
    return path


@contextmanager
def borrowed(source: Path) -> Iterator[Path]:
    """`source` belongs to another song, which may be deleted while we read: then that is what went wrong inside.

    Raises `EngineError` (`source_gone`) in place of whatever it led to.
    """
    try:
        yield source
    except (OSError, EngineError) as error:
        if source.is_file():
            raise
        raise EngineError("source_gone", permanent=True, cause=str(error)) from error
