"""130 songs of 13 genres, heard by ears that know nothing of the score: tempo, key, level, singing, words, variety."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from bench.ears import targets, variety
from bench.ears.edits import edited
from bench.ears.hearing import LINE_S, Heard, hear
from bench.ears.targets import share
from bench.ears.tonality import spelt
from bench.prompts import Prompt, prompts
from bench.table import parser, show
from bench.takes import render

WORKERS = 2
SONGS = 10
# Of all songs, every so many are rendered where it must be quick.
QUICK_STEP = 15
# Which prompts of a genre get a second seed, which is rendered twice, and which is edited, in turn sung and played.
TWINS = (0, 4, 6, 9)
AGAIN = 1
EDITED = (3, 5)
SECOND_SEED = 777


def work(prompt: Prompt, keep: str | None) -> Heard:
    """Render and hear one song."""
    song = render(prompt)
    if keep:
        name = prompt.name.replace(" ", "_").replace("&", "n")
        soundfile.write(Path(keep) / f"{name}.wav", song.take.audio.T, song.take.sample_rate, subtype="PCM_24")
    return hear(prompt, song)


def twin(prompt: Prompt) -> bytes:
    """The MIDI of another seed."""
    return render(prompt, seed=prompt.seed + SECOND_SEED).take.midi or b""


def again(prompt: Prompt) -> str:
    """The digest of the same song, rendered after others."""
    return render(prompt).digest


def main() -> None:
    args = _arguments()
    if args.keep:
        Path(args.keep).mkdir(parents=True, exist_ok=True)
    asked = [prompt for prompt in prompts() if args.preset in (None, prompt.preset) and prompt.group < args.songs]
    if not asked:
        sys.exit(f"There is no preset {args.preset!r} in prompts.toml.")
    if args.quick:
        asked = asked[::QUICK_STEP]
    whole = [] if args.quick else asked
    names = [*dict.fromkeys(prompt.preset for prompt in prompts())]
    seeds = [prompt for prompt in whole if prompt.group in TWINS]
    twice = asked[:1] if args.quick else [prompt for prompt in asked if prompt.group == min(AGAIN, args.songs - 1)]
    changed = [prompt for prompt in whole if prompt.group == EDITED[names.index(prompt.preset) % len(EDITED)]]
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        songs = []
        for song in pool.map(work, asked, [args.keep] * len(asked)):
            songs.append(song)
            if args.verbose:
                print(_line(song), flush=True)
        other_seeds = dict(zip([prompt.name for prompt in seeds], pool.map(twin, seeds), strict=True))
        digests = dict(zip([prompt.name for prompt in twice], pool.map(again, twice), strict=True))
        edits = list(pool.map(edited, changed))
    twins = targets.pairs(songs, other_seeds)
    rows = [*targets.sound(songs), *targets.singing(songs), *targets.difference(songs, twins, digests)]
    rows += targets.edits(edits)
    if len(names) == len({song.prompt.preset for song in songs}) and args.songs > 2 and not args.quick:
        rows += targets.told_apart(songs, verbose=args.verbose)
    rows += targets.cost(songs)
    if args.verbose:
        _by_preset(songs)
        _alike(twins)
    show(rows, as_object=args.json)


def _line(song: Heard) -> str:
    """One song in a line, with a mark at what misses its target."""

    def marked(text: str, ok: bool) -> str:
        return text if ok else f"!{text}"

    heard = "none" if song.heard_bpm is None else f"{song.heard_bpm:.1f}"
    words = [
        f"{song.prompt.name:<13} {song.timesignature}",
        marked(f"tempo {song.bpm:g} heard {heard}", song.in_tempo),
        marked(f"key {spelt(song.key)} heard {spelt(song.heard_key)}", song.in_key >= 1),
        marked(f"{song.lufs:.2f} LUFS", abs(song.lufs + 14) <= 0.5),
        marked(f"{song.peak_db:.2f} dBTP", song.peak_db <= -1),
        marked(f"low {song.low:.2f}", song.in_band),
        marked(f"gap {song.gap_s:.2f} s", song.gap_s <= 1),
        marked(f"silent {song.silent:.3f}", song.silent <= 0.03),
        f"cost {song.cost:.3f}",
    ]
    if song.verses is not None:
        words.append(marked(f"verses {song.verses:.2f}", song.verses > variety.VERSE))
    if song.sung:
        words += [
            f"cents {np.median(song.cents):.1f}" if len(song.cents) else "spoken",
            marked(f"lines {1000 * song.lines_off.max():.0f} ms", bool(song.lines_off.max() <= LINE_S)),
            f"words {1000 * np.quantile(song.words_off, 0.9):.0f} ms",
        ]
    if song.taken_for != song.prompt.preset:
        words.append(f"!taken for {song.taken_for}")
    return " | ".join(words)


def _by_preset(songs: Sequence[Heard]) -> None:
    for name in dict.fromkeys(song.prompt.preset for song in songs):
        own = [song for song in songs if song.prompt.preset == name]
        lows = [song.low for song in own]
        print(
            f"  {name:<12} tempo {share(song.in_tempo for song in own):.2f}"
            f"  key {np.mean([song.in_key for song in own]):.2f}"
            f"  low {min(lows):.2f} to {max(lows):.2f}, in band {share(song.in_band for song in own):.2f}"
            f"  understood {share(song.taken_for == name for song in own):.2f}"
            f"  cost {np.mean([song.cost for song in own]):.3f}"
        )


def _alike(twins: Mapping[str, tuple[float, ...]]) -> None:
    """The songs whose other seed is too near, and in what."""
    for name, distances in twins.items():
        near = [
            f"{what} {off:.2f}" for (what, _, least), off in zip(targets.APART, distances, strict=True) if off <= least
        ]
        if near:
            print(f"  {name:<13} and its other seed: {', '.join(near)}")


def _arguments() -> argparse.Namespace:
    options = parser(__doc__ or "")
    options.add_argument("--preset", help="only this genre")
    options.add_argument("--songs", type=int, default=SONGS, help="songs of each genre (10)")
    options.add_argument("--keep", metavar="DIR", help="write each song there as WAV")
    options.add_argument("--verbose", action="store_true", help="a line for each song, and the genres one by one")
    return options.parse_args()


if __name__ == "__main__":
    main()
