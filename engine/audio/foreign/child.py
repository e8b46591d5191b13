"""The process that reads one stranger's file: `python -m engine.audio.foreign.child`, started by
`engine.pool.decoding` and of no use by hand.

Its stdin is the cord that it hangs on: it dies when the other end is closed. It says one line of JSON on stdout: what
`Decoded` has, or `wrong` (a code), with `cause`, and `length` in seconds where that is what is wrong. `peak_mb` is the
memory (in 2^20 bytes) that it or ffmpeg held at most.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.audio.foreign import limits
from engine.audio.foreign.kinds import kind_of
from engine.pool.guard import guard

# People who press a button are answered before a file is read.
NICE = 10
RAW_BYTES_A_SECOND = 48_000 * 2 * 4
SPARE_BYTES = 16 * limits.MB
OURS = "ours.flac"


def main() -> None:
    file, folder = Path(sys.argv[1]), Path(sys.argv[2])
    memory_mb, time_s, most_s = int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
    cord = os.dup(0)
    guard(cord)
    os.close(cord)
    # What is started from here reads nothing, and writes where we are not heard.
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    answers = os.dup(1)
    os.dup2(2, 1)
    os.umask(0o077)
    os.chdir(folder)
    os.nice(NICE)
    limits.limit(memory_mb, time_s, round((most_s + 2) * RAW_BYTES_A_SECOND) + SPARE_BYTES)
    said = _said(file, folder, most_s) | {"peak_mb": limits.peak_mb()}
    os.write(answers, json.dumps(said).encode())


def _said(file: Path, folder: Path, most_s: float) -> dict[str, Any]:
    with file.open("rb") as begun:
        if kind_of(begun) is None:
            return {"wrong": "audio_unknown"}
    # Only now: most of what is no sound is known for it before anything heavy is imported.
    from engine.audio.foreign.answer import answer, programs

    limits.fence((file, *programs()), folder)
    return answer(file, folder / OURS, most_s)


if __name__ == "__main__":
    main()
