"""What a song costs on one thread as a share of its length: composed, sung, played, mixed; and with its files."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import torch
from pydantic import TypeAdapter

from bench.table import Row, arguments, show
from config.files import load
from engine.audio.package import package
from engine.spec import Order, Preset, Take, Words, estimate, parse
from engine.studio.engine import Studio

LYRICS = """[verse]
Morning light on the kitchen floor
Coffee and rain at the open door
Every small thing I was waiting for
Comes in with you and asks for more
[chorus]
Sing it out loud, let the whole street know
We built a radio out of snow
Sing it out loud, let the speakers glow
This is the song that we all will know"""
SONGS = (
    ("sung pop, 75 s", {"caption": "indie pop", "lyrics": LYRICS, "duration": 75}, 0.05),
    ("instrumental techno, 60 s", {"caption": "driving techno", "duration": 60}, 0.02),
    ("instrumental waltz, 60 s", {"caption": "melancholic piano waltz", "duration": 60}, 0.02),
)


class Shelf:
    """A sink that keeps the takes."""

    def __init__(self) -> None:
        self.takes: list[Take] = []

    def progress(self, fraction: float) -> None:
        """Nobody watches."""

    def take(self, take: Take) -> None:
        """Keep it."""
        self.takes.append(take)


def main() -> None:
    args = arguments(__doc__ or "")
    torch.set_num_threads(1)
    studio = Studio(load("presets", TypeAdapter(dict[str, Preset])), load("words", Words))
    rows = []
    for name, values, target in SONGS:
        spec = parse("text2music", values)
        best = best_files = float("inf")
        for _ in range(2 if args.quick else 5):
            with tempfile.TemporaryDirectory() as folder:
                length = estimate(spec).duration
                order = Order(job=1, spec={}, duration=length, takes=1, seed=7, workdir=folder)
                shelf = Shelf()
                begin = time.perf_counter()
                plan = studio.plan(spec, order)
                studio.render(spec, plan, order, shelf)
                rendered = time.perf_counter()
                package(shelf.takes[0], plan=plan, spec=spec, workdir=Path(folder))
                best = min(best, (rendered - begin) / length)
                best_files = min(best_files, (time.perf_counter() - begin) / length)
        rows.append(Row(name, best, "of its length", target, "absolute", best <= target))
        rows.append(Row(f"{name}, with files", best_files, "of its length", None, "absolute", ok=True))
    show(rows, as_object=args.json)


if __name__ == "__main__":
    main()
