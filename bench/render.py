"""What playing the notes of a song costs: our instruments against fluidsynth on the same notes, one core each."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mido
import torch

from bench.prompts import prompts
from bench.table import Row, arguments, show
from bench.takes import render
from engine.studio.kept import from_bytes
from engine.studio.score import Score
from engine.studio.sound.parts import Tones, render_part

PEER = "fluidsynth"
SOUNDFONTS = (Path("/usr/share/sounds/sf2/TimGM6mb.sf2"), Path("/usr/share/sounds/sf2/default-GM.sf2"))
# The peer at its fastest: floats to a file, neither its reverb nor its chorus (ours belong to the mix too), of these
# block sizes the one that is faster.
PERIODS = (64, 1024)
# Instrumentals of this prompt are played, a song of each genre.
GROUP, QUICK_PRESETS = 5, 4
ROUNDS, QUICK_ROUNDS = 3, 2


def played(score: Score) -> float:
    """Seconds of processor for every part as the engine plays it, before any mixing, no tone known from before."""
    begin = time.process_time()
    tones = Tones()
    for part in score.parts:
        render_part(part, score, tones)
    return time.process_time() - begin


def theirs(midi: Path, soundfont: Path, period: int, out: Path) -> float:
    """Seconds of processor that fluidsynth takes for a file, start and soundfont included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [
            PEER, "-ni", "-q", "-F", str(out), "-T", "raw", "-O", "float", "-r", "48000", "-R", "0", "-C", "0",
            "-o", f"audio.period-size={period}", str(soundfont), str(midi),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    args = arguments(__doc__ or "")
    soundfont = next((path for path in SOUNDFONTS if path.is_file()), None)
    if shutil.which(PEER) is None or soundfont is None:
        print(
            "fluidsynth or its soundfont is not installed (apt install fluidsynth); there is nothing to compare with."
        )
        show([], as_object=args.json)
        sys.exit(0)
    torch.set_num_threads(1)
    rounds = QUICK_ROUNDS if args.quick else ROUNDS
    songs = [prompt for prompt in prompts() if prompt.group == GROUP][: QUICK_PRESETS if args.quick else None]
    rows, sums = [], [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder:
        out, nothing, file = (Path(folder, name) for name in ("out.raw", "nothing.mid", "song.mid"))
        mido.MidiFile(tracks=[mido.MidiTrack()]).save(nothing)
        start = {period: _best(rounds, partial(theirs, nothing, soundfont, period, out)) for period in PERIODS}
        for prompt in songs:
            take = render(prompt).take
            file.write_bytes(take.midi or b"")
            score = from_bytes(take.score or b"").score
            mine = _best(rounds, partial(played, score))
            peer = min(
                _best(rounds, partial(theirs, file, soundfont, period, out)) - start[period] for period in PERIODS
            )
            sums = [sums[0] + mine, sums[1] + peer]
            notes = sum(len(part.notes) for part in score.parts)
            name = f"{prompt.preset}, {notes} notes"
            rows.append(Row(name, mine / peer, "of fluidsynth's time", 1.0, "ratio", mine <= peer))
    whole = sums[0] / sums[1]
    rows.append(Row("all songs", whole, "of fluidsynth's time", 1.0, "ratio", whole <= 1.0))
    length = sum(prompt.seconds for prompt in songs)
    for name, seconds in (("ours", sums[0]), ("fluidsynth", sums[1])):
        rows.append(Row(f"{name}, all songs", seconds / length, "of their length", None, "absolute", ok=True))
    show(rows, as_object=args.json)


def _best(rounds: int, measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(rounds))


if __name__ == "__main__":
    main()
