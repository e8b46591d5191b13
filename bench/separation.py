"""How much of each part of a mix is told apart: signal to distortion on songs whose parts are known."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from bench.prompts import prompts
from bench.separating.mixtures import PARTS, RATE, mixture, speaker
from bench.separating.parts import parts_of
from bench.table import Row, arguments, show
from bench.takes import render, studio
from engine.audio.encode import decode, encode
from engine.separation.approximate import estimate, expected

Sound = NDArray[np.float32]
Parts = dict[str, Sound]

# Prompts and numbers that the exponents were not fitted to.
GROUP, NUMBERS = 0, range(100, 108)
QUICK_OWN, QUICK_OTHER = 3, 2
SECONDS, QUICK_SECONDS = 15.0, 7.0
# kbit/s, and what that may cost (dB)
MP3, MP3_COSTS = 128, 1.0
NAMED = PARTS[:3]
# decibels of the prototype on its own songs
PROTOTYPE = {"vocals": 6.4, "drums": 1.4, "bass": 3.4}
BUDGET = 0.1
KEPT_DB = -80.0
SURE, ENOUGH = 0.5, 10
SIZE, HOP = 4096, 1024
TINY = 1e-12


@dataclass
class Scores:
    """Of one way to separate: decibels of every song, by part; the ratio as it is, and whatever the level is."""

    plain: dict[str, list[float]] = field(default_factory=dict)
    scaled: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, name: str, truth: Sound, found: Sound) -> None:
        self.plain.setdefault(name, []).append(_ratio(truth, found))
        own = truth.astype(np.float64)
        share = float((own * found).sum() / (own**2).sum())
        self.scaled.setdefault(name, []).append(_ratio(share * own, found))

    def median(self, name: str) -> float:
        return float(np.median(self.plain[name])) if name in self.plain else float("nan")


def _ratio(truth: NDArray[np.floating], found: Sound) -> float:
    wrong = ((truth - found).astype(np.float64) ** 2).sum()
    return float(10 * np.log10((truth.astype(np.float64) ** 2).sum() / (wrong + TINY) + TINY))


def songs(own: int | None, other: int | None, seconds: float) -> Iterator[tuple[str, Parts]]:
    """Whose song it is, and its parts: our own with their stems, then mixtures of other sounds."""
    asked = [prompt for prompt in prompts() if prompt.group == GROUP][:: 4 if own else 1][:own]
    for prompt in asked:
        yield "own", parts_of(render(prompt, duration=seconds).take)
    for number in NUMBERS[:other]:
        yield "other", mixture(number, seconds)


def as_mp3(mix: Sound) -> Sound:
    """What is left of a mix in an MP3 file, where it was."""
    with tempfile.TemporaryDirectory() as folder:
        small, _ = decode(encode(mix, RATE, Path(folder, "mix.mp3"), bit_rate=MP3))
    length = mix.shape[1]
    return np.ascontiguousarray(np.pad(small, ((0, 0), (0, max(0, length - small.shape[1]))))[:, :length])


def itself(mix: Sound, parts: Parts) -> Parts:
    """The floor: the mix is the estimate."""
    return dict.fromkeys(parts, mix)


def ideal(mix: Sound, parts: Parts) -> Parts:
    """The ceiling of soft masks: the ideal ratio mask, which knows the parts."""
    powers = {name: (_spectra(sound).abs() ** 2).sum(0) for name, sound in parts.items()}
    whole, spectra = sum(powers.values()) + TINY, _spectra(mix)
    return {name: _sound(spectra * (power / whole), mix.shape[1]) for name, power in powers.items()}


def hpss(mix: Sound, parts: Parts) -> Parts:
    """librosa's harmonic-percussive separation as it comes: its percussion is the drums."""
    del parts
    spectra = np.stack([librosa.stft(channel) for channel in mix])
    found = [librosa.decompose.hpss(each)[1] for each in spectra]
    return {"drums": np.stack([librosa.istft(each, length=mix.shape[1]) for each in found]).astype(np.float32)}


def similar(mix: Sound, parts: Parts) -> Parts:
    """librosa's example of REPET-SIM, with the settings given there: its foreground is the voice."""
    del parts
    spectra = np.stack([librosa.stft(channel, n_fft=SIZE, hop_length=HOP) for channel in mix])
    whole = np.abs(spectra).mean(axis=0)
    width = int(librosa.time_to_frames(2, sr=RATE, hop_length=HOP))
    back = librosa.decompose.nn_filter(whole, aggregate=np.median, metric="cosine", width=width)
    back = np.minimum(whole, back)
    mask = librosa.util.softmask(whole - back, 10 * back, power=2)
    voice = [librosa.istft(mask * each, hop_length=HOP, length=mix.shape[1]) for each in spectra]
    return {"vocals": np.stack(voice).astype(np.float32)}


def ours(mix: Sound, parts: Parts) -> Parts:
    """`engine.separation.approximate`."""
    del parts
    return estimate(mix)


WAYS: dict[str, Callable[[Sound, Parts], Parts]] = {
    "ours": ours, "mix itself": itself, "ideal ratio mask": ideal, "librosa hpss": hpss, "librosa nn_filter": similar,
}  # fmt: skip
PEERS = ("librosa hpss", "librosa nn_filter")


def _spectra(sound: Sound) -> torch.Tensor:
    return torch.stft(torch.from_numpy(sound), SIZE, HOP, window=torch.hann_window(SIZE), return_complex=True)


def _sound(spectra: torch.Tensor, samples: int) -> Sound:
    found: Sound = torch.istft(spectra, SIZE, HOP, window=torch.hann_window(SIZE), length=samples).numpy()
    return found


def main() -> None:
    args = arguments(__doc__ or "")
    torch.set_num_threads(1)
    limits = (QUICK_OWN, QUICK_OTHER, QUICK_SECONDS) if args.quick else (None, None, SECONDS)
    scores: dict[tuple[str, str], dict[str, Scores]] = {}
    said: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMED}
    off, lasted = 0.0, 0.0
    for whose, parts in songs(*limits):
        clean: Sound = np.sum(list(parts.values()), axis=0)
        lasted += clean.shape[1] / RATE
        for state, mix in (("clean", clean), (f"MP3 {MP3}", as_mp3(clean))):
            for way, separate in WAYS.items():
                if way in PEERS and mix is not clean:
                    continue
                kept = scores.setdefault((whose, state), {}).setdefault(way, Scores())
                begin = time.process_time()
                found = separate(mix, parts)
                kept.seconds += time.process_time() - begin
                there = [name for name in found if np.abs(parts[name]).max() > 1e-3]
                for name in there:
                    kept.add(name, parts[name], found[name])
                if way == "ours":
                    off = max(off, float(np.abs(np.sum(list(found.values()), axis=0) - mix).max()))
                    if state == "clean":
                        sure = expected(clean)
                        for name in NAMED:
                            said[name] += [(sure[name], kept.plain[name][-1])] if name in there else []
    speaker().close()
    studio().close()

    rows, beside = [], []
    for (whose, state), ways in scores.items():
        for name in PARTS:
            peers = [ways[way].median(name) for way in PEERS if way in ways and name in ways[way].plain]
            value = ways["ours"].median(name)
            if state != "clean":
                target = scores[whose, "clean"]["ours"].median(name) - MP3_COSTS
            elif whose == "own" and name in PROTOTYPE:
                target = PROTOTYPE[name]
            else:
                target = max((*peers, ways["mix itself"].median(name)))
            rows.append(Row(f"{whose} songs, {state}: {name}", value, "dB", target, "ratio", value >= target))
            for way, kept in ways.items():
                if name in kept.plain:
                    beside += [
                        Row(f"{whose} {state} {name}: {way}, SDR", kept.median(name), "dB", None, "absolute", True),
                        Row(
                            f"{whose} {state} {name}: {way}, SI-SDR",
                            float(np.median(kept.scaled[name])), "dB", None, "absolute", True,
                        ),
                    ]  # fmt: skip
    for name, pairs in said.items():
        heard, true = np.array(pairs).T
        alike = float(spearmanr(heard, true).statistic)
        # Of a few songs an order says little.
        sure_of = SURE if len(pairs) >= ENOUGH else None
        rows.append(
            Row(f"{name}: expected against true, Spearman", alike, "", sure_of, "ratio", alike >= (sure_of or -1.0))
        )
        wide = float(np.median(np.abs(heard - true)))
        rows.append(Row(f"{name}: expected off the truth, median", wide, "dB", None, "absolute", True))
    kept_db = float(20 * np.log10(off + TINY))
    rows.append(Row("parts' sum off the mix, worst", kept_db, "dBFS", KEPT_DB, "absolute", kept_db <= KEPT_DB))
    spent = {way: sum(scores[whose, "clean"][way].seconds for whose in ("own", "other")) / lasted for way in WAYS}
    rows.append(
        Row("cost on one thread, of its length", spent["ours"], "", BUDGET, "absolute", spent["ours"] <= BUDGET)
    )
    theirs = sum(spent[way] for way in PEERS)
    rows.append(Row("cost against librosa's two", spent["ours"] / theirs, "x", 1.0, "ratio", spent["ours"] <= theirs))
    for row in beside:
        print(f"     {row.name:<60}{row.value:>8.2f} dB")
    show(rows, as_object=args.json, beside=beside)


if __name__ == "__main__":
    main()
