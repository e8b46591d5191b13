"""Writes docs/listening.md: a song of each genre, and five in five languages, as pictures and in numbers."""

from __future__ import annotations

import multiprocessing
import re
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from bench.ears import notes
from bench.ears.hearing import Heard, hear
from bench.ears.portrait import portrait, starts
from bench.ears.tonality import spelt
from bench.prompts import Prompt, prompts
from bench.table import Row, parser, show
from bench.takes import render
from engine.audio.quality import quality_score
from engine.spec import Plan
from engine.spec.languages import LANGUAGES

DOCS = Path(__file__).parent.parent / "docs"
GROUP, QUICK_SONGS = 0, 3
HEAD = """# What the built-in engine sounds like

One song of each genre as a picture and in numbers, written by `python -m bench.listening`. The upper part is a
spectrogram from 30 Hz to 11 kHz, low notes at the bottom, with the sections of the song marked; below it, how loud each
stem is over time, each against its own loudest. Tempo, key, loudness and peaks are measured on the finished song by
librosa, pyloudnorm and scipy, which know nothing of the score; [quality](quality.md) says what the score means.
"""
SUNG = """
## Five languages

Each of these began as one sentence in its own language; the built-in writer wrote the words. The first verse and chorus
are shown. How far notes, lines and words are off is measured on the vocal stem, by where something audibly begins: a
word whose first vowel follows a vowel has no such place, and counts with the next one's distance, at most 200 ms.
"""


def demos() -> tuple[Prompt, ...]:
    """The songs of `demos.toml`: each one sentence, from which words and music are made."""
    songs = tomllib.loads((Path(__file__).parent / "demos.toml").read_text("utf-8"))["songs"]
    return tuple(
        Prompt(
            preset=song["preset"],
            group=0,
            seconds=float(song["seconds"]),
            seed=song["seed"],
            values={"query": song["query"], "vocal_language": song["language"]},
            task="simple",
        )
        for song in songs
    )


def work(prompt: Prompt, folder: str, keep: str | None) -> tuple[Heard, float, Plan]:
    """Render one song, draw it into `folder`, and hear it. `keep`: where its sound goes."""
    song = render(prompt)
    take, score = song.take, notes.read(song.take.midi or b"")
    picture = portrait(take.audio, take.stems, take.sample_rate, starts(score.sections, score.quarter_s))
    Path(folder, _file(prompt)).write_bytes(picture)
    if keep:
        soundfile.write(Path(keep, _file(prompt)).with_suffix(".flac"), take.audio.T, take.sample_rate)
    return hear(prompt, song), quality_score(take.audio, take.sample_rate, take.stems), song.plan


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument(
        "--out", type=Path, metavar="DIR", help="where listening.md goes (docs; a new one with --quick)"
    )
    options.add_argument("--keep", metavar="DIR", help="write each song there as FLAC")
    args = options.parse_args()
    if args.keep:
        Path(args.keep).mkdir(parents=True, exist_ok=True)
    out = args.out or (Path(tempfile.mkdtemp()) if args.quick else DOCS)
    pictures = out / "listening"
    pictures.mkdir(parents=True, exist_ok=True)
    asked = [prompt for prompt in prompts() if prompt.group == GROUP][: QUICK_SONGS if args.quick else None]
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        draw = partial(work, folder=str(pictures), keep=args.keep)
        genres = list(pool.map(draw, asked))
        languages = list(pool.map(draw, demos()[: 1 if args.quick else None]))
    text = HEAD + "".join(_section(song, quality) for song, quality, _ in genres)
    text += SUNG + "".join(_written(song, quality, plan) for song, quality, plan in languages)
    found = [*genres, *languages]
    (out / "listening.md").write_text(text, "utf-8")
    print(f"{out / 'listening.md'}: {len(found)} songs")
    rows = [Row(f"{_title(song)}, quality score", score, "", None, "absolute", ok=True) for song, score, _ in found]
    show(rows, as_object=args.json)


def _section(song: Heard, quality: float) -> str:
    prompt = song.prompt
    return (
        f'\n## {_title(song)}\n\n"{prompt.values["caption"]}", {prompt.seconds:g} s, seed {prompt.seed}\n\n'
        + _portrait(song, _measures(song, quality))
    )


def _written(song: Heard, quality: float, plan: Plan) -> str:
    """A song that began as one sentence: what was made of it, and its first verse and chorus."""
    prompt = song.prompt
    asked = f"`/simple {prompt.values['query']}` · {prompt.seconds:g} s, seed {prompt.seed}"
    opening = "\n\n".join(re.split(r"\n\s*\n", plan.lyrics.strip())[:2])
    cents = f"{np.median(song.cents):.1f} cents off in the middle" if len(song.cents) else "spoken"
    sung = (
        ("title", plan.title),
        ("sung notes", cents),
        ("lines", f"within {1000 * song.lines_off.max():.0f} ms of the LRC"),
        ("words", "half within {:.0f} ms of the LRC, nine in ten within {:.0f} ms".format(*_off(song))),
    )
    return f"\n### {_title(song)}\n\n{asked}\n\n```\n{opening}\n```\n\n" + _portrait(
        song, (*sung, *_measures(song, quality))
    )


def _off(song: Heard) -> tuple[float, float]:
    """Milliseconds from the LRC within which half and nine in ten of the words are heard to begin."""
    half, most = np.quantile(song.words_off, (0.5, 0.9))
    return 1000 * float(half), 1000 * float(most)


def _measures(song: Heard, quality: float) -> tuple[tuple[str, str], ...]:
    heard = "no beat" if song.heard_bpm is None else f"{song.heard_bpm:.1f} BPM"
    return (
        ("tempo", f"{song.bpm:g} BPM, {song.timesignature}; heard {heard}"),
        ("key", f"{spelt(song.key)}; heard {spelt(song.heard_key)}"),
        ("level", f"{song.lufs:.1f} LUFS, {song.peak_db:.1f} dBTP"),
        ("energy below 150 Hz", f"{100 * song.low:.0f} %"),
        ("quality score", f"{quality:.2f}"),
        ("stems", ", ".join(stem.replace("_", " ") for stem in song.stems)),
    )


def _portrait(song: Heard, rows: Sequence[tuple[str, str]]) -> str:
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"![{_title(song)}](listening/{_file(song.prompt)})\n\n| | |\n|---|---|\n{table}\n"


def _title(song: Heard) -> str:
    language = song.prompt.values.get("vocal_language")
    return f"{LANGUAGES[language]}, {song.prompt.preset}" if language else song.prompt.preset


def _file(prompt: Prompt) -> str:
    name = f"{prompt.values.get('vocal_language', '')} {prompt.preset}".strip()
    return f"{name.lower().replace(' ', '-').replace('&', 'n')}.png"


if __name__ == "__main__":
    main()
