"""Writes docs/listening.md: a song of each genre as a picture and in numbers, for those who can't listen here."""

from __future__ import annotations

import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.ears import notes
from bench.ears.hearing import Heard, hear
from bench.ears.portrait import portrait, starts
from bench.ears.tonality import spelt
from bench.prompts import Prompt, prompts
from bench.table import Row, parser, show
from bench.takes import render
from engine.audio.quality import quality_score

DOCS = Path(__file__).parent.parent / "docs"
GROUP, QUICK_SONGS = 0, 3
HEAD = """# What the built-in engine sounds like

One song of each genre as a picture and in numbers, written by `python -m bench.listening`. The upper part is a
spectrogram from 30 Hz to 11 kHz, low notes at the bottom, with the sections of the song marked; below it, how loud each
stem is over time, each against its own loudest. Tempo, key, loudness and peaks are measured on the finished song by
librosa, pyloudnorm and scipy, which know nothing of the score; [quality](quality.md) says what the score means.
"""


def work(prompt: Prompt, folder: str) -> tuple[Heard, float]:
    """Render one song, draw it into `folder`, and hear it."""
    song = render(prompt)
    take, score = song.take, notes.read(song.take.midi or b"")
    picture = portrait(take.audio, take.stems, take.sample_rate, starts(score.sections, score.quarter_s))
    Path(folder, _file(prompt)).write_bytes(picture)
    return hear(prompt, song), quality_score(take.audio, take.sample_rate, take.stems)


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument(
        "--out", type=Path, metavar="DIR", help="where listening.md goes (docs; a new one with --quick)"
    )
    args = options.parse_args()
    out = args.out or (Path(tempfile.mkdtemp()) if args.quick else DOCS)
    pictures = out / "listening"
    pictures.mkdir(parents=True, exist_ok=True)
    asked = [prompt for prompt in prompts() if prompt.group == GROUP][: QUICK_SONGS if args.quick else None]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(work, asked, [str(pictures)] * len(asked)))
    text = HEAD + "".join(_section(song, quality) for song, quality in found)
    (out / "listening.md").write_text(text, "utf-8")
    print(f"{out / 'listening.md'}: {len(found)} songs")
    rows = [Row(f"{song.prompt.preset}, quality score", score, "", None, "absolute", ok=True) for song, score in found]
    show(rows, as_object=args.json)


def _section(song: Heard, quality: float) -> str:
    prompt = song.prompt
    heard = "no beat" if song.heard_bpm is None else f"{song.heard_bpm:.1f} BPM"
    rows = (
        ("tempo", f"{song.bpm:g} BPM, {song.timesignature}; heard {heard}"),
        ("key", f"{spelt(song.key)}; heard {spelt(song.heard_key)}"),
        ("level", f"{song.lufs:.1f} LUFS, {song.peak_db:.1f} dBTP"),
        ("energy below 150 Hz", f"{100 * song.low:.0f} %"),
        ("quality score", f"{quality:.2f}"),
        ("stems", ", ".join(stem.replace("_", " ") for stem in song.stems)),
    )
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return (
        f'\n## {prompt.preset}\n\n"{prompt.values["caption"]}", {prompt.seconds:g} s, seed {prompt.seed}\n\n'
        f"![{prompt.preset}](listening/{_file(prompt)})\n\n| | |\n|---|---|\n{table}\n"
    )


def _file(prompt: Prompt) -> str:
    return f"{prompt.preset.lower().replace(' ', '-').replace('&', 'n')}.png"


if __name__ == "__main__":
    main()
