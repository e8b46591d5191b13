"""The process that makes another format of a file: `python -m engine.audio.converting_child`, started by
`engine.pool.converting` and of no use by hand.

Its stdin is the cord that it hangs on: it dies when the other end is closed. It says one line of JSON on stdout: an
object that is empty or, where something is wrong, has the code (`wrong`), whether that is `permanent`, and the `cause`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from engine.audio.foreign import limits
from engine.pool.guard import tied

# People who press a button are answered before a file is made.
NICE = 10
# More than ten minutes have in any format.
LARGEST = 2**29


def main() -> None:
    source, target, form, bit_rate = sys.argv[1:5]
    memory_mb, time_s = int(sys.argv[5]), float(sys.argv[6])
    answers = tied()
    os.nice(NICE)
    limits.limit(memory_mb, time_s, LARGEST)
    # Only now, so that the guard stays small.
    from engine.audio.encode import convert
    from engine.spec import EngineError

    said: dict[str, object] = {}
    try:
        convert(Path(source), Path(target), form, int(bit_rate) if bit_rate else None)
    except EngineError as error:
        said = {"wrong": error.code, "permanent": error.permanent, "cause": error.cause}
    os.write(answers, json.dumps(said).encode())


if __name__ == "__main__":
    main()
