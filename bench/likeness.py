"""How much nearer a reference brings a new song: beside the same song without one, by ears that are not the engine's.

References are own songs of other genres, and one of them made extreme in every way there is. What comes nearer is
measured as a share of what lay between: balance, range of loudness, crest, width, space, tempo.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy import signal

from bench.ears import level
from bench.ears.wave import Floats
from bench.prompts import Prompt, prompts
from bench.table import Row, arguments, show
from bench.takes import made, render
from engine.hearing.space import reverberation
from engine.spec import Order, Recording, Take, parse

RATE = 48_000
SECONDS, QUICK_SECONDS = 30.0, 15.0
# Own songs that are references, and those whose captions are asked for, by their place in the list of prompts.
REFERENCES, QUICK_REFERENCES = 12, 2
ASKED = (5, 48, 96, 27, 71)
EXTREMES_OF = 100
QUICK_EXTREMES = ("bright", "wet", "crushed", "mono")
# What no song may have that is as loud as every other: the peaks of the reference count up to here.
HIGHEST_CREST_DB = 12.65
# Differences that nobody hears: where the plain song is this near already, there is nothing to bring nearer.
ENOUGH = {"balance": 1.0, "range": 0.5, "crest": 0.2, "width": 0.01, "space": 0.05, "tempo": 0.01}
FLOOR_DB = -75.0
SHORT_TERM_S, STRIDE_S = 3.0, 0.1
NEARER = 0.8


@dataclass(frozen=True)
class Portrait:
    """`bands` in dB against the whole, `width` the share of the side in each, `range` in LU, `crest` in dB."""

    bands: Floats
    width: Floats
    range: float
    crest: float
    space: float


@dataclass(frozen=True)
class Beside:
    """How far the song without a reference lies from it, and the one with it, by what is measured."""

    name: str
    plain: dict[str, float]
    alike: dict[str, float]
    lufs: float
    peak_db: float
    stems_db: float


def main() -> None:
    args = arguments(__doc__ or "")
    seconds = QUICK_SECONDS if args.quick else SECONDS
    pairs = [_beside(*each, seconds) for each in _references(args.quick, seconds)]
    rows = []
    for what in ENOUGH:
        far = [pair for pair in pairs if pair.plain[what] > ENOUGH[what]]
        if not far:
            continue
        left = float(np.median([pair.alike[what] / pair.plain[what] for pair in far]))
        nearer = float(np.mean([pair.alike[what] < pair.plain[what] for pair in far]))
        target = 0.5 if what == "balance" else None
        rows.append(Row(f"{what}: left of the distance, median", left, "of plain", target, "ratio", left <= 0.5))
        rows[-1] = rows[-1] if target else Row(rows[-1].name, left, "of plain", None, "ratio", ok=True)
        rows.append(Row(f"{what}: nearer than plain", nearer, f"of {len(far)}", NEARER, "ratio", nearer >= NEARER))
    worst = max(abs(pair.lufs + 14) for pair in pairs)
    rows.append(Row("loudness off -14 LUFS, worst", worst, "LU", 0.5, "absolute", worst <= 0.5))
    peak = max(pair.peak_db for pair in pairs)
    rows.append(Row("true peak, worst", peak, "dBTP", -1.0, "absolute", peak <= -1.0))
    stems = max(pair.stems_db for pair in pairs)
    rows.append(Row("stems' sum off the mix, worst", stems, "dBFS", -80.0, "absolute", stems <= -80))
    beside = [
        Row(f"{pair.name}, {what}", pair.alike[what], f"plain {pair.plain[what]:.3f}", None, "absolute", ok=True)
        for pair in pairs
        for what in ENOUGH
    ]
    show(rows, as_object=args.json, beside=beside)


def _references(quick: bool, seconds: float) -> Iterator[tuple[str, Floats, float | None, Prompt]]:
    """Name, sound and tempo of each reference, and the song that is asked for."""
    every = prompts()
    count = QUICK_REFERENCES if quick else REFERENCES
    chosen = [every[at * len(every) // count] for at in range(count)]
    asked = [every[at] for at in ASKED]
    number = 0
    for prompt in chosen:
        song = render(prompt, duration=seconds)
        others = [each for each in asked if each.preset != prompt.preset]
        yield prompt.name, song.take.audio, song.take.bpm, others[number % len(others)]
        number += 1
    for name, sound in _extremes(render(every[EXTREMES_OF], duration=seconds).take.audio):
        if not quick or name in QUICK_EXTREMES:
            yield name, sound, None, asked[number % len(asked)]
            number += 1


def _extremes(song: Floats) -> Iterator[tuple[str, Floats]]:
    """`song` made bright, dark, mono, wide, wet, crushed and dynamic, and clicks without any room."""
    draw = np.random.default_rng(7)
    time = np.arange(song.shape[1]) / RATE
    middle, side = (song[0] + song[1]) / 2, (song[0] - song[1]) / 2
    highs = signal.sosfilt(signal.butter(2, 3000, "high", fs=RATE, output="sos"), song)
    tail = np.arange(round(2.6 * RATE)) / RATE
    room = draw.standard_normal((2, len(tail))) * 10 ** (-3 * tail / 2.6) / 80
    room[:, 0] += 1
    clicks = draw.standard_normal(song.shape[1]) * np.exp(-(time % 0.4) / 0.008)
    made = {
        "bright": song + 5 * highs,
        "dark": signal.sosfilt(signal.butter(3, 1200, "low", fs=RATE, output="sos"), song),
        "mono": np.stack((middle, middle)),
        "wide": np.stack((0.7 * middle + 2.5 * side, 0.7 * middle - 2.5 * side)),
        "wet": signal.fftconvolve(song, room, axes=1)[:, : song.shape[1]],
        "crushed": np.tanh(8 * song),
        "dynamic": song * 10 ** (8 * np.sin(2 * np.pi * time / 11) / 20),
        "dry": np.stack((clicks, 0.9 * clicks)),
    }
    for name, sound in made.items():
        yield name, np.asarray(0.7 * sound / np.abs(sound).max(), np.float32)


def _beside(name: str, sound: Floats, bpm: float | None, asked: Prompt, seconds: float) -> Beside:
    # a reference has no genre preset
    values: dict[str, Any] = {name: value for name, value in asked.values.items() if name != "genre_preset"}
    values["duration"] = seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.flac"
        soundfile.write(path, sound.T, RATE, subtype="PCM_24")
        recording = Recording(id=name, title=name, artist="", lyrics="", duration=sound.shape[1] / RATE, path=str(path))
        order = Order(job=1, spec={}, duration=seconds, takes=1, seed=asked.seed, workdir=folder)
        plain = made(parse("text2music", values), order)[1]
        spec = parse("reference", {"reference_audio_url": "https://example.org/song.flac", **values})
        alike = made(spec, order.model_copy(update={"recording": recording}))[1]
    aim = _portrait(sound)
    return Beside(
        name,
        _distances(aim, bpm, plain),
        _distances(aim, bpm, alike),
        level.loudness(alike.audio, RATE),
        level.true_peak(alike.audio),
        level.stems_off(alike.audio, alike.stems),
    )


def _distances(aim: Portrait, bpm: float | None, take: Take) -> dict[str, float]:
    own = _portrait(take.audio)
    # a tempo counted in half or double is the same one
    apart = abs(np.log2(take.bpm / bpm)) % 1 if bpm else 0.0
    return {
        "balance": float(np.abs(np.maximum(aim.bands, FLOOR_DB) - np.maximum(own.bands, FLOOR_DB)).mean()),
        "range": abs(aim.range - own.range),
        "crest": abs(min(aim.crest, HIGHEST_CREST_DB) - min(own.crest, HIGHEST_CREST_DB)),
        "width": float(np.abs(aim.width - own.width)[aim.bands > FLOOR_DB].mean()),
        "space": abs(aim.space - own.space),
        "tempo": float(min(apart, 1 - apart)),
    }


def _portrait(audio: Floats) -> Portrait:
    hertz, middle = signal.welch((audio[0] + audio[1]) / 2, RATE, nperseg=16_384)
    _, side = signal.welch((audio[0] - audio[1]) / 2, RATE, nperseg=16_384)
    edges = 1000 * 2 ** ((np.arange(-16, 14) - 0.5) / 3)
    inside = [(hertz >= low) & (hertz < high) for low, high in pairwise(edges)]
    powers = np.array([[kind[band].sum() for band in inside] for kind in (middle, side)]) + 1e-18
    both = powers.sum(axis=0)
    lufs = level.loudness(audio, RATE)
    return Portrait(
        bands=10 * np.log10(both / both.sum()),
        width=powers[1] / both,
        range=_range(audio),
        crest=level.true_peak(audio) - lufs,
        # the same measure as the engine's own: there is no other for music without its dry sound
        space=reverberation(np.asarray(audio, np.float32), RATE),
    )


def _range(audio: Floats) -> float:
    """Loudness range in LU after EBU Tech 3342, from power above 100 Hz instead of the K-weighting."""
    heard = signal.sosfilt(signal.butter(2, 100, "high", fs=RATE, output="sos"), audio)
    sums = np.concatenate(([0.0], np.cumsum((heard**2).sum(axis=0))))
    width, stride = round(SHORT_TERM_S * RATE), round(STRIDE_S * RATE)
    starts = np.arange(0, max(1, audio.shape[1] - width), stride)
    short = (sums[np.minimum(starts + width, audio.shape[1])] - sums[starts]) / width + 1e-12
    loud = short[short > short.mean() / 100]
    low, high = np.quantile(loud, (0.1, 0.95))
    return float(10 * np.log10(high / low))


if __name__ == "__main__":
    main()
