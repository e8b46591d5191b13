"""The prototype, in a process of its own: `python -m bench.voice_peers.prototype FOLDER REPEATS < lines.json`.

In: `[{"text", "midi", "start", "end"}]`, one pitch a syllable, of equal length within these seconds. Out: `{"cost"}`,
the seconds of processor of the best of so many times, imports left out.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import torch

VOICE = "en-us"


def main() -> None:
    folder, repeats = sys.argv[1], int(sys.argv[2])
    lines: list[dict[str, Any]] = json.load(sys.stdin)
    sys.path.insert(0, folder)
    prototype = importlib.import_module("sing")
    # It asks for two when it is imported.
    torch.set_num_threads(1)
    # It may count a line's syllables otherwise; then they share the same seconds.
    notes = [_notes(line, prototype.nsyl(line["text"], VOICE)) for line in lines]
    best = float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        for line, sung in zip(lines, notes, strict=True):
            prototype.sing(line["text"], sung, voice=VOICE, backend="torch")
        best = min(best, time.process_time() - begin)
    print(json.dumps({"cost": best}))


def _notes(line: dict[str, Any], count: int) -> list[tuple[float, float, float]]:
    each = (line["end"] - line["start"]) / count
    pitches = (line["midi"] * 2)[:count]
    return [(pitch, line["start"] + each * at, line["start"] + each * (at + 1)) for at, pitch in enumerate(pitches)]


if __name__ == "__main__":
    main()
