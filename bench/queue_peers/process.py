"""A measurement in a process of its own: queues keep global state and threads, and none shall slow down the next.

By hand: `python -m bench.queue_peers.process bench.queue_peers.bare life sqlite:////tmp/new.db 1000`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT_S = 300.0


def seconds(module: str, measure: str, *values: str | int) -> float:
    """What the function `measure` of `module` returns for `values`, in a new process."""
    words = [sys.executable, "-m", __name__, module, measure, *map(str, values)]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S)
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def main() -> None:
    module, measure, *words = sys.argv[1:]
    values = (int(word) if word.isdecimal() else word for word in words)
    taken = getattr(import_module(module), measure)(*values)
    print(json.dumps({"seconds": taken}), flush=True)
    # Not by returning: threads that wait for more work would keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
