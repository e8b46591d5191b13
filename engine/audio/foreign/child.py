"""The process that reads one stranger's file: `python -m engine.audio.foreign.child`, started by
`engine.pool.decoding` and of no use by hand.

Its stdin is the cord that it hangs on: it dies when the other end is closed. It says one line of JSON on stdout: what
`Decoded` has (of sound; of a picture nothing), or `wrong` (a code), with `cause`, and `length` in seconds where that is
what is wrong. `peak_mb` is the memory (in 2^20 bytes) that it or ffmpeg held at most.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.audio.foreign import limits
from engine.audio.foreign.kinds import kind_of
from engine.pool.guard import tied

# People who press a button are answered before a file is read.
NICE = 10
RAW_BYTES_A_SECOND = 48_000 * 2 * 4
SPARE_BYTES = 16 * limits.MB
OURS = "ours"


def main() -> None:
    what, file, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    memory_mb, time_s, most_s = int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6])
    answers = tied()
    os.umask(0o077)
    os.chdir(folder)
    os.nice(NICE)
    limits.limit(memory_mb, time_s, round((most_s + 2) * RAW_BYTES_A_SECOND) + SPARE_BYTES)
    said = _picture(file, folder) if what == "picture" else _sound(file, folder, most_s)
    said |= {"peak_mb": limits.peak_mb()}
    os.write(answers, json.dumps(said).encode())


def _sound(file: Path, folder: Path, most_s: float) -> dict[str, Any]:
    with file.open("rb") as begun:
        if kind_of(begun) is None:
            return {"wrong": "audio_unknown"}
    # Only now: most of what is no sound is known for it before anything heavy is imported.
    from engine.audio.foreign.answer import answer, programs

    limits.fence((file, *programs()), folder)
    return answer(file, folder / OURS, most_s)


def _picture(file: Path, folder: Path) -> dict[str, Any]:
    from engine.audio.foreign.answer import programs, wrong
    from engine.audio.foreign.picture import make_ours

    limits.fence((file, *programs()), folder)
    return wrong(lambda: make_ours(file, folder / OURS), "picture_unreadable") or {}


if __name__ == "__main__":
    main()
