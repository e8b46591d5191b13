"""What singing costs on one thread: against the prototype, on the same lines and notes, and as a share of a song."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import torch

from bench.prompts import prompts
from bench.sung import RATE, SEED
from bench.table import Row
from bench.takes import processor_s, render
from engine.studio.score import LyricLine
from engine.studio.voice.espeak import ROOT, Speaker
from engine.studio.voice.read import read_lyrics
from engine.studio.voice.sing import PhraseNote, PhrasePlan, sing

LINES = (
    "Morning light on the kitchen floor", "Coffee and rain at the open door",
    "Nobody knew what the night was for", "Now there is singing upon the shore",
    "Carry me over the sleeping town", "Lanterns are burning the valley down",
    "Somebody left me a paper crown", "Nothing is better than turning round",
    "Give me a reason to stay a while", "Winter is walking another mile",
    "Under the bridges the water sings", "Telling the city of golden rings",
    "Hold on a moment and close your eyes", "Summer is hiding in simple lies",
    "Every letter you never wrote", "Follows the river, a little boat",
)  # fmt: skip
EACH_S, FIRST_S, LEAST_LINE_S = 0.3, 0.3, 4.0
PITCHES = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64)
# Which of the prompts is sung whole: a pop song of a verse, a chorus and a verse.
WHOLE, WHOLE_TARGET = ("Modern Pop", 0.05)


def against(folder: Path, repeats: int) -> list[Row]:
    """The same lines by our voice and by the prototype in `folder`, which is left out where it is missing."""
    torch.set_num_threads(1)
    with Speaker() as speaker:
        lines = read_lyrics([("verse", line) for line in LINES], "en", speaker)
    ours = min(_ours(lines) for _ in range(repeats))
    rows = [Row(f"our voice, {len(LINES)} lines", ours, "s of processor", None, "absolute", ok=True)]
    if not (folder / "sing.py").is_file():
        print(f"The prototype is not at {folder}: it is left out. --prototype names its folder.")
        return rows
    asked = [
        {"text": line.text, "midi": _pitches(line), "start": FIRST_S, "end": FIRST_S + EACH_S * len(line.syllables)}
        for line in lines
    ]
    told = subprocess.run(
        [sys.executable, "-m", "bench.voice_peers.prototype", str(folder.resolve()), str(repeats)],
        input=json.dumps(asked), capture_output=True, cwd=ROOT, text=True, check=True,
    )  # fmt: skip
    theirs = float(json.loads(told.stdout.splitlines()[-1])["cost"])
    return [
        *rows,
        Row("the prototype's, same lines and notes", theirs, "s of processor", None, "absolute", ok=True),
        Row("our voice against the prototype's", ours / theirs, "of its cost", 1.0, "ratio", ours <= theirs),
    ]


def whole_song(repeats: int) -> Row:
    """A sung song from request to mix, as a share of its length: the best of so many."""
    prompt = next(prompt for prompt in prompts() if prompt.preset == WHOLE and "lyrics" in prompt.values)
    share = min(render(prompt).cost_s for _ in range(repeats)) / prompt.seconds
    ok = share <= WHOLE_TARGET
    return Row("a whole song with its voices, one thread", share, "of its length", WHOLE_TARGET, "absolute", ok)


def _pitches(line: LyricLine) -> list[int]:
    return [PITCHES[at % len(PITCHES)] for at in range(len(line.syllables))]


def _ours(lines: tuple[LyricLine, ...]) -> float:
    """Seconds of processor to speak and sing all lines, by a singer that has said none of them."""
    with Speaker() as speaker:
        # What starting costs is no part of it, as imports are no part of the prototype's.
        speaker.voices  # noqa: B018
        begin = processor_s()
        plans, start = [], FIRST_S
        for line in read_lyrics([("verse", line.text) for line in lines], "en", speaker):
            notes = tuple(
                PhraseNote(pitch, start + EACH_S * at, start + EACH_S * (at + 1), at)
                for at, pitch in enumerate(_pitches(line))
            )
            plans.append(PhrasePlan(line, notes))
            start += max(LEAST_LINE_S, notes[-1].end - start + FIRST_S)
        sing(plans, duration=start, seed=SEED, speaker=speaker, rate=RATE)
        return processor_s() - begin
