"""Covers of our own songs, taken as sound only and by their scores: what stays, and whether more strength keeps more.

The truth is the source's score. Chords, tune and groove are compared score against score; tempo and key are also heard
in the cover's sound, by ears that know nothing of either score.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
import soundfile
from scipy.stats import spearmanr

from bench.ears import tempo, tonality
from bench.ears.hearing import TONIC_ONLY
from bench.ears.shared import Likeness, Song, likeness
from bench.ears.wave import at_rate
from bench.prompts import Prompt, prompts
from bench.table import Row, arguments, show
from bench.takes import made, presets, render
from config.files import load
from engine.hearing.listen import listen
from engine.separation.approximate import estimate
from engine.spec import Order, Recording, Words, parse
from engine.spec.tasks import Cover
from engine.studio.cover import brief_of
from engine.studio.cover.bars import bars_of
from engine.studio.cover.version import Original, version
from engine.studio.kept import Kept, from_bytes
from engine.studio.known import known
from engine.studio.session import Session
from engine.studio.sound.noise import RATE
from engine.studio.understanding.vocabulary import vocabulary
from engine.studio.voice.espeak import Speaker

WORKERS = 2
SECONDS, QUICK_SECONDS = 45.0, 30.0
# Which prompts of a genre are covered.
GROUPS = (2, 7)
QUICK_STEP = 7
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS = (1, 2, 3)
WHAT = ("chords", "melody", "groove")
MONOTONE = 0.9
# What people ask for who ask for nothing special.
USUAL_STRENGTH = 0.7
ROUNDED = 1e-9
# How much of a source has to be asked about for the answer to say anything.
TELLING = 0.1


@dataclass(frozen=True)
class Ladder:
    """How alike covers of rising strength are to their source, or to what was made out in it, the strongest of them.

    `source`: whether they go by its "sound" or its "score".
    """

    source: str
    what: str
    to_source: bool
    steps: tuple[float, ...]


@dataclass(frozen=True)
class Covered:
    """What became of one song: at full strength from its `sound` and from its `score`, and over all strengths.

    Tempo and key are those of its cover from sound.
    """

    name: str
    sound: Likeness
    score: Likeness
    ladders: tuple[Ladder, ...]
    score_tempo: bool
    heard_tempo: bool
    score_key: float
    heard_key: float


def main() -> None:
    args = arguments(__doc__ or "")
    asked = [prompt for prompt in prompts() if prompt.group in GROUPS]
    if args.quick:
        asked = asked[::QUICK_STEP]
    captions = {prompt.name: _other_style(prompt) for prompt in asked}
    work = partial(_covered, seconds=QUICK_SECONDS if args.quick else SECONDS)
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as pool:
        songs = list(pool.map(work, asked, captions.values()))
    show(_rows(songs), as_object=args.json)


def _other_style(prompt: Prompt) -> str:
    """The caption of the next genre's song."""
    every = [other for other in prompts() if other.group == prompt.group]
    at = next(number for number, other in enumerate(every) if other.preset == prompt.preset)
    return str(every[(at + 1) % len(every)].values["caption"])


def _covered(prompt: Prompt, caption: str, seconds: float) -> Covered:
    """The song of `prompt` covered in the style of `caption`."""
    song = render(prompt, duration=seconds)
    kept = from_bytes(song.take.score or b"")
    audio = song.take.audio
    heard, exact = listen(audio, voice=estimate(audio)["vocals"]), known(kept, audio)
    ladders: list[Ladder] = []
    full: dict[str, list[Likeness]] = {"sound": [], "score": []}
    for source, original in (("sound", Original(heard)), ("score", Original(exact, kept))):
        later = bars_of(heard).starts[0] if source == "sound" else 0.0
        for seed in SEEDS:
            covers = [_cover(original, kept, caption, strength, seed) for strength in STRENGTHS]
            to_source = [likeness(Song.of(kept.score, kept.brief), cover, later) for cover in covers]
            to_heard = [likeness(covers[-1], cover) for cover in covers]
            full[source].append(to_source[-1])
            for what in WHAT:
                ladders.append(Ladder(source, what, True, tuple(getattr(each, what) for each in to_source)))
                ladders.append(Ladder(source, what, False, tuple(getattr(each, what) for each in to_heard)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "source.flac"
        soundfile.write(path, audio.T, song.take.sample_rate, subtype="PCM_24")
        recording = Recording(id="r", title="", artist="", lyrics="", duration=seconds, path=str(path))
        values = {"src_audio_url": "https://example.com/a", "caption": caption, "audio_cover_strength": USUAL_STRENGTH}
        spec = parse("cover", values)
        order = Order(job=1, spec={}, duration=seconds, takes=1, seed=5, workdir=folder, recording=recording)
        plan, take = made(spec, order)
    ears = at_rate(take.audio, take.sample_rate)
    key = (kept.score.tonic, kept.score.minor)
    tonic_only = bool({prompt.preset, plan.genre_preset} & TONIC_ONLY)
    return Covered(
        prompt.name,
        sound=_mean(full["sound"]),
        score=_mean(full["score"]),
        ladders=tuple(ladders),
        score_tempo=tempo.right_tempo(kept.score.bpm, plan.bpm),
        heard_tempo=tempo.right_tempo(kept.score.bpm, tempo.heard_tempo(ears)),
        score_key=_in_key(key, tonality.key_of(plan.keyscale), tonic_only),
        heard_key=_in_key(key, tonality.heard_key(tonality.chroma(ears)), tonic_only),
    )


def _cover(original: Original, source: Kept, caption: str, strength: float, seed: int) -> Song:
    spec = Cover(source_job_id=1, caption=caption, audio_cover_strength=strength)
    brief, _ = brief_of(spec, original, seed, _session())
    words = () if original.kept is None else None
    cover = version(original, brief, words, strength, source.score.duration, seed, "")
    return Song.of(cover.score, cover.brief)


@cache
def _session() -> Session:
    """What covers are understood with; its singer is never asked."""
    return Session("studio", RATE, vocabulary(presets(), load("words", Words)), Speaker())


def _in_key(asked: tonality.Key, heard: tonality.Key, tonic_only: bool) -> float:
    return float(asked[0] == heard[0]) if tonic_only else tonality.mirex(asked, heard)


def _mean(found: Sequence[Likeness]) -> Likeness:
    return Likeness(*(float(np.mean(values)) for values in zip(*map(astuple, found), strict=True)))


def _rows(songs: Sequence[Covered]) -> list[Row]:
    rows = [
        _share("tempo stays, in the score", (song.score_tempo for song in songs), 0.95),
        _share("tempo stays, as it is heard", (song.heard_tempo for song in songs), 0.95),
        _share("key stays, in the score (MIREX)", (song.score_key for song in songs), 0.9),
        _share("key stays, as it is heard (MIREX)", (song.heard_key for song in songs), 0.9),
    ]
    for source, found in (("sound", [song.sound for song in songs]), ("score", [song.score for song in songs])):
        for what in ("chords", "melody", "contour", "groove"):
            # music without drums has no groove, and some styles have no kit
            values = [getattr(each, what) for each in found if what != "groove" or each.groove > 0]
            rows.append(_share(f"{what} at full strength, from its {source}", values, None))
        for what, to_source in product(WHAT, (True, False)):
            steps = [
                each.steps
                for song in songs
                for each in song.ladders
                if (each.source, each.what, each.to_source) == (source, what, to_source)
                and max(each.steps) - min(each.steps) > TELLING
            ]
            if not steps:
                continue
            ranks = [float(spearmanr(STRENGTHS, each).statistic) for each in steps]
            truth = "the truth" if to_source else "what is heard"
            # What was heard wrong can't come nearer to the truth the more of it is kept.
            target = 1.0 if not to_source or source == "score" else None
            rising = (rank >= MONOTONE - ROUNDED for rank in ranks)
            rows.append(_share(f"{what} rise to {truth}, from its {source}", rising, target))
            rows.append(Row("  the worst of them, Spearman", min(ranks), "", None, "absolute", ok=True))
            rows.append(_share("  at strength 0", (each[0] for each in steps), None))
    return rows


def _share(name: str, values: Iterable[float], target: float | None) -> Row:
    mean = float(np.mean([float(value) for value in values]))
    return Row(name, mean, "", target, "absolute", target is None or mean >= target - ROUNDED)


if __name__ == "__main__":
    main()
