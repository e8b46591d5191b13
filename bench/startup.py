"""How long a person waits for the commands that make no music, against starting Python and loading its libraries."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median

from bench.table import Row, arguments, show

# The peer: what any Python program with a database library pays before it does anything.
BARE = ("-c", "import argparse")
PEER = ("-c", "import sqlmodel, pydantic_settings")


def seconds(words: tuple[str, ...], environment: dict[str, str], rounds: int) -> float:
    """Median wall time of one Python process."""
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return median(times)


def main() -> None:
    args = arguments(__doc__ or "")
    rounds = 3 if args.quick else 9
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "MINSTREL_HOME": home}
        jobs = ("-m", "bot", "jobs", "list")
        subprocess.run([sys.executable, *jobs], env=environment, check=True, capture_output=True)
        bare, peer = (seconds(words, environment, rounds) for words in (BARE, PEER))
        rows = []
        for name, words, against, target in (
            ("minstrel --help / bare Python", ("-m", "bot", "--help"), bare, 3.0),
            ("minstrel jobs list / importing its libraries", jobs, peer, 1.6),
        ):
            taken = seconds(words, environment, rounds)
            rows.append(Row(name, taken / against, "x", target, "ratio", taken / against <= target))
            rows.append(Row(name.partition(" /")[0], taken * 1000, "ms", None, "absolute", ok=True))
    show(rows, as_object=args.json)


if __name__ == "__main__":
    main()
