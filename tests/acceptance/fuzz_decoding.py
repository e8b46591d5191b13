"""A process that decodes damaged files one after the other, under the limits that each would have: `main` prints what
came of them as JSON."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from engine.audio.foreign import limits
from tests.bad_audio import damaged, good_files

MOST_S = 30


def main() -> None:
    folder, first, cases = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    good = [(kind, path.read_bytes()) for kind, path in sorted(good_files(folder).items())]
    room = folder / "room"
    room.mkdir()
    from engine.audio.foreign.answer import answer, programs

    limits.limit(700, 600, 2**26)
    fenced = limits.fence(programs(), folder)
    found: Counter[str] = Counter()
    for seed in range(first, first + cases):
        kind, data = good[seed % len(good)]
        file = folder / "damaged"
        file.write_bytes(damaged(data, good[seed // 7 % len(good)][1], seed))
        said = answer(file, room / "ours.flac", MOST_S)
        found[f"{kind} {said.get('wrong', 'fine')}"] += 1
    print(json.dumps({"found": found, "peak_mb": limits.peak_mb(), "fenced": fenced}))  # noqa: T201


if __name__ == "__main__":
    main()
