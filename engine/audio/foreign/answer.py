"""All that is found out about one file, as it is told to whoever asked."""

from __future__ import annotations

import errno
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from engine.audio.foreign.kinds import kind_of, told_size
from engine.audio.foreign.labels import labels
from engine.audio.foreign.sound import WHOLE, make_ours
from engine.audio.foreign.wrong import Wrong

CAUSE = 1000
# A full disk is nobody's fault; memory and size of files are limits of ours.
CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.ENOMEM: "audio_too_hard",
    errno.EFBIG: "audio_too_hard",
}


def answer(file: Path, to: Path, most_s: float) -> dict[str, Any]:
    """Write the sound of `file` to `to`; returns what `Decoded` has, or `wrong` with a code. Raises nothing."""
    told: dict[str, Any] = {}

    def read() -> None:
        with file.open("rb") as begun:
            kind, size = kind_of(begun), told_size(begun)
        if kind is None:
            raise Wrong("audio_unknown")
        if size and file.stat().st_size < WHOLE * size:
            raise Wrong("audio_unreadable", f"{file.stat().st_size} of {size} bytes")
        sound = make_ours(file, kind, to, most_s, endless=size == 0)
        told.update(
            kind="wav" if kind == "w64" else kind,
            duration=sound.duration,
            sample_rate=sound.sample_rate,
            channels=sound.channels,
            peak=sound.peak,
            # Last: whatever a hostile list does, the sound is there.
            **labels(file, kind),
        )

    return wrong(read, "audio_unreadable") or told


def wrong(read: Callable[[], None], unreadable: str) -> dict[str, Any] | None:
    """What is wrong with what `read` reads, None where nothing is. `unreadable`: the code of whatever libraries say."""
    try:
        read()
    except Wrong as known:
        return {"wrong": known.code, "length": known.length, "cause": known.cause[:CAUSE]}
    except MemoryError as error:
        return {"wrong": "audio_too_hard", "cause": repr(error)[:CAUSE]}
    except OSError as error:
        code = CODES.get(error.errno, "decoder_failed") if error.errno else unreadable
        return {"wrong": code, "cause": repr(error)[:CAUSE]}
    except Exception as error:
        # Whatever a library says about a file that nobody made in good faith.
        return {"wrong": unreadable, "cause": repr(error)[:CAUSE]}
    return None


def programs() -> tuple[Path, ...]:
    """The folders of what has to be read to decode: Python's library, the packages, and ffmpeg."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {Path(sysconfig.get_path(name)).resolve() for name in names}
    found.add(Path(sys.base_prefix, "lib").resolve())
    return *sorted(found), Path(imageio_ffmpeg.get_ffmpeg_exe()).resolve()
