"""A couplet in every language, sung and heard: in tune, in place, with the sounds of that language; what it costs."""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import torch

from bench import voice_cost
from bench.couplets import Couplet, couplets
from bench.ears.hearing import LINE_S, OUT_OF_TUNE_CENTS, WORD_S
from bench.sung import HeardCouplet, Overheard, Timbre, digest, heard
from bench.table import Row, parser, show
from engine.studio.voice.espeak import VoiceUnavailable

WORKERS = 2
# Of all languages, every so many are sung where it must be quick.
QUICK_STEP = 8
REPEATS, QUICK_REPEATS = 5, 2
# Where the prototype lies: it is not part of this repository.
PROTOTYPE = Path(__file__).parents[2] / "shared" / "prototype"
# So many of the expected sounds must be sung, and another language's voice must miss that.
SOUNDS = 0.8
CENTS = 10.0
# Languages that the engine is known to refuse, and why.
REFUSED = {"th": "eSpeak NG spells Thai vowels and tone marks out"}


@cache
def speaker() -> Overheard:
    """This process's, on one thread."""
    torch.set_num_threads(1)
    return Overheard()


def work(couplet: Couplet, timbre: Timbre) -> HeardCouplet | str:
    """The couplet as heard, or why it is refused."""
    try:
        return heard(couplet, timbre, speaker())
    except VoiceUnavailable as refused:
        return str(refused)


def again(song: HeardCouplet) -> str:
    """The digest of the same couplet, sung after others."""
    return digest(couplets()[song.language], song.timbre, speaker())


def main() -> None:
    args = _arguments()
    asked = [*couplets().values()]
    if args.language:
        asked = [couplet for couplet in asked if couplet.language in args.language]
    elif args.quick:
        asked = asked[::QUICK_STEP]
    timbres: list[Timbre] = ["female" if at % 2 == 0 else "male" for at in range(len(asked))]
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        found = dict(zip([couplet.language for couplet in asked], pool.map(work, asked, timbres), strict=True))
        songs = [song for song in found.values() if isinstance(song, HeardCouplet)]
        same = dict(zip([song.language for song in songs], pool.map(again, songs), strict=True))
    by_language: list[Row] = []
    for couplet in asked:
        song = found[couplet.language]
        rows = _refused(couplet) if isinstance(song, str) else _rows(song, same[song.language])
        print(_line(couplet, song, rows))
        by_language += rows
    repeats = QUICK_REPEATS if args.quick else REPEATS
    cost = [*voice_cost.against(args.prototype, repeats), voice_cost.whole_song(repeats)]
    show([*_together(songs, by_language), *cost], as_object=args.json, beside=by_language)


def _refused(couplet: Couplet) -> list[Row]:
    return [Row(f"{couplet.language}, refused", 1, "", None, "ratio", couplet.language in REFUSED)]


def _rows(song: HeardCouplet, second: str) -> list[Row]:
    """One language's measures. How far words are off is judged over all languages: a couplet has few of them."""

    def row(name: str, value: float, unit: str, target: float | None, ok: bool) -> Row:
        return Row(f"{song.language}, {name}", value, unit, target, "ratio", ok)

    cents = float(np.median(song.cents))
    words = float(np.quantile(song.words_s, 0.9)) if len(song.words_s) else 0.0
    return [
        row("sounds of the language", song.sounds, "of those expected", SOUNDS, song.sounds >= SOUNDS),
        row("sounds by another voice", song.wrong, "of those expected", SOUNDS, song.wrong < SOUNDS),
        row("changes of language", len(song.switched), "", 0, not song.switched),
        row("notes off, median", cents, "cents", CENTS, cents <= CENTS),
        row("lines off, worst", 1000 * song.lines_s.max(), "ms", 1000 * LINE_S, bool(song.lines_s.max() <= LINE_S)),
        row("words off, p90", 1000 * words, "ms", None, ok=True),
        row("same bytes again", float(song.digest == second), "", 1, song.digest == second),
    ]


def _line(couplet: Couplet, song: HeardCouplet | str, rows: Sequence[Row]) -> str:
    """One language in a line, what misses its target with a mark."""
    head = f"{couplet.language:<4}{couplet.name:<15}"
    if isinstance(song, str):
        return f"{head} {'' if rows[0].ok else '!'}refused: {song}"
    sounds, wrong, changes, cents, lines, words, same = rows

    def marked(row: Row, text: str) -> str:
        return f"{'' if row.ok else '!'}{text}"

    off = int((song.cents > OUT_OF_TUNE_CENTS).sum())
    return " | ".join(
        (
            f"{head}{song.timbre:<6}",
            marked(sounds, f"sounds {sounds.value:.2f}"),
            marked(wrong, f"by another voice {wrong.value:.2f}"),
            marked(cents, f"{cents.value:.1f} cents, {off} of {len(song.cents)} notes off"),
            marked(lines, f"lines {lines.value:.0f} ms"),
            f"words {words.value:.0f} ms" if len(song.words_s) else "no second word",
            marked(same, "same bytes" if same.ok else "other bytes"),
            *([marked(changes, " ".join(song.switched))] if song.switched else []),
        )
    )


def _together(songs: Sequence[HeardCouplet], rows: Sequence[Row]) -> list[Row]:
    """What holds over all languages that are sung."""
    if not songs:
        return []
    cents = np.concatenate([song.cents for song in songs])
    lines = np.concatenate([song.lines_s for song in songs])
    words = 1000 * float(np.quantile(np.concatenate([song.words_s for song in songs]), 0.9))
    chance = 1000 * float(np.quantile(np.concatenate([song.words_chance_s for song in songs]), 0.9))
    over = float(np.mean(cents > OUT_OF_TUNE_CENTS))
    missed = {row.name.split(",")[0] for row in rows if not row.ok}
    return [
        Row("languages sung", len(songs), "", None, "absolute", ok=True),
        Row("languages with a miss", len(missed), "", 0, "ratio", not missed),
        Row("sounds, worst", min(song.sounds for song in songs), "of those expected", SOUNDS, "ratio",
            all(song.sounds >= SOUNDS for song in songs)),
        Row("sounds by another voice, worst", max(song.wrong for song in songs), "of those expected", SOUNDS, "ratio",
            all(song.wrong < SOUNDS for song in songs)),
        Row("notes, median off", float(np.median(cents)), "cents", CENTS, "ratio", bool(np.median(cents) <= CENTS)),
        Row("notes over 50 cents off", over, "of notes", 0.02, "ratio", over <= 0.02),
        Row("lines off, worst", 1000 * lines.max(), "ms", 1000 * LINE_S, "ratio", bool(lines.max() <= LINE_S)),
        Row("words off, p90", words, "ms", 1000 * WORD_S, "ratio", words <= 1000 * WORD_S),
        Row("words off, p90 by chance", chance, "ms", None, "absolute", ok=True),
    ]  # fmt: skip


def _arguments() -> argparse.Namespace:
    options = parser(__doc__ or "")
    options.add_argument("--language", action="append", metavar="CODE", help="only this one; may come again")
    options.add_argument("--prototype", type=Path, default=PROTOTYPE, metavar="DIR", help="where the prototype lies")
    return options.parse_args()


if __name__ == "__main__":
    main()
