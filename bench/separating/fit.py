"""Fits the exponents of `engine.separation.approximate` to mixtures with known parts, and writes them down.

The songs are our own (of prompts that `bench/separation.py` doesn't ask for) and those of `mixtures`, put together
anew: a voice from one, a band from another, other levels, other places, other brightness. Run it after a change of
the cues; it takes some ten minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt
from torch import Tensor

from bench.prompts import prompts
from bench.separating.mixtures import PARTS, mixture, speaker
from bench.separating.parts import parts_of
from bench.takes import render
from engine.separation import approximate, cues

FILE = Path(approximate.__file__).with_name("exponents.toml")
# Prompts that are sung; the benchmark asks for others.
GROUPS = (1, 2)
SECONDS = 20.0
FOREIGN = 16
REMIXES = 90
# Every so many frames are enough to go by.
THINNED = 7
ROUNDS, AT_ONCE = 400, 8
WEIGHTS = (1.2, 1.0, 1.0, 0.6)
# What keeps exponents small that make little difference.
SMALL = 3e-4

Sound = NDArray[np.float32]
Example = tuple[dict[str, Tensor], Tensor, Tensor, Tensor]


def songs() -> list[dict[str, Sound]]:
    """Parts (2, samples) of every song there is to learn from."""
    own = [parts_of(render(prompt, duration=SECONDS).take) for prompt in prompts() if prompt.group in GROUPS]
    return own + [mixture(number, SECONDS) for number in range(FOREIGN)]


def remixed(found: Sequence[dict[str, Sound]], draw: np.random.Generator) -> Sound:
    """(parts, 2, samples): a song as it is, or parts of several, changed. Some lack a voice or drums."""
    one = found[int(draw.integers(len(found)))]
    if draw.uniform() < 0.3:
        return np.stack([one[name] for name in PARTS])
    from_many = draw.uniform() < 0.5
    out = []
    for name in PARTS:
        chosen = found[int(draw.integers(len(found)))] if from_many and name != "other" else one
        sound = _placed(_brightened(chosen[name], draw), draw)
        loud = float(np.sqrt(np.mean(sound**2)))
        silent = name in ("vocals", "drums") and draw.uniform() < 0.1
        gain = 0.0 if silent else 10 ** (draw.uniform(-5, 5) / 20)
        # levels of parts that never met are brought together first
        out.append(sound * gain * (0.1 / loud if from_many and loud > 1e-4 else 1.0))
    return np.stack(out).astype(np.float32)


def _brightened(sound: Sound, draw: np.random.Generator) -> Sound:
    kind = int(draw.integers(4))
    if kind == 0:
        return _filtered(sound, draw.uniform(3000, 12000), "low")
    if kind == 1:
        return sound + np.float32(draw.uniform(0.3, 1.0)) * _filtered(sound, draw.uniform(800, 3000), "high")
    return sound


def _filtered(sound: Sound, hertz: float, side: str) -> Sound:
    kept: Sound = sosfilt(butter(1, hertz, side, fs=cues.RATE, output="sos"), sound).astype(np.float32)
    return kept


def _placed(sound: Sound, draw: np.random.Generator) -> Sound:
    """Narrower, sometimes mono, or with its sides changed."""
    middle, side = (sound[0] + sound[1]) / 2, (sound[0] - sound[1]) / 2
    width = float(draw.choice((0.0, 0.6, 1.0, 1.3, -1.0)))
    return np.stack((middle + width * side, middle - width * side))


def example(parts: Sound) -> Example:
    """The cues of a mix, and what the error of any masks can be told from: see `error`."""
    level = float(np.sqrt(np.mean(parts.sum(0) ** 2))) + 1e-9
    mix = torch.from_numpy(parts.sum(0) / level)
    spectra = cues.transformed(mix)
    thin = slice(2, None, THINNED)
    found = {}
    for name, cue in cues.cues(mix, spectra):
        found[name] = cue[:, thin].clone() if cue.shape[1] > 1 else cue.clone()
    truth = torch.stack([cues.transformed(torch.from_numpy(part / level)) for part in parts])
    shared = (truth * spectra.conj()[None]).real.sum(1)[:, :, thin].clone()
    whole = spectra.abs().square().sum(0)[:, thin].clone()
    own = truth.abs().square().sum(1)[:, :, thin].sum((1, 2))
    return found, shared, whole, own


def ratios(powers: Tensor, one: Example, over: Tensor) -> Tensor:
    """Signal to distortion (dB) of each part, as far as it is there at all. `powers`: (cues, parts, zones)."""
    found, shared, whole, own = one
    by_bin = powers @ over
    logits = torch.zeros(())
    for place, name in enumerate(cues.NAMES):
        logits = logits + by_bin[place][:, :, None] * found[name]
    masks = logits.softmax(0)
    wrong = own - (2 * masks * shared - masks.square() * whole).sum((1, 2))
    # A part that is not there has its error weighed against the mix.
    floor = 0.01 * whole.sum()
    return 10 * torch.log10((own + floor) / (wrong + floor))


def fitted(examples: Sequence[Example], draw: np.random.Generator) -> Tensor:
    """(cues, parts, zones)."""
    over = approximate.zones()
    powers = torch.zeros(len(cues.NAMES), len(PARTS), len(approximate.ZONES_HZ), requires_grad=True)
    steps = torch.optim.Adam([powers], lr=0.08)
    weights = torch.tensor(WEIGHTS)
    for number in range(ROUNDS):
        steps.zero_grad()
        for chosen in draw.permutation(len(examples))[:AT_ONCE]:
            torch.autograd.backward(-(ratios(powers, examples[chosen], over) * weights).mean() / AT_ONCE)
        torch.autograd.backward(SMALL * powers.square().sum())
        steps.step()
        for group in steps.param_groups:
            group["lr"] = 0.08 * (1 - number / ROUNDS) + 0.002
    return powers.detach()


def written(powers: Tensor) -> str:
    """The file's text. What all parts share makes no difference, and is left out."""
    centred = powers - powers.mean(1, keepdim=True)
    zones = ", ".join(f"{hertz:g}" for hertz in approximate.ZONES_HZ)
    text = [
        "# How much each cue of engine/separation/cues.py speaks for each part (the exponents of a generalised Wiener",
        f"# filter), at {zones} Hz. Fitted by bench/separating/fit.py to our own songs and other mixtures.",
    ]
    for part, name in enumerate(PARTS):
        text += ["", f"[{name}]"]
        for place, cue in enumerate(cues.NAMES):
            text.append(f"{cue} = [{', '.join(f'{value:.2f}' for value in centred[place, part].tolist())}]")
    return "\n".join(text) + "\n"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=FILE)
    out = options.parse_args().out
    torch.set_num_threads(1)
    draw = np.random.default_rng(9)
    found = songs()
    speaker().close()
    examples = [example(remixed(found, draw)) for _ in range(REMIXES)]
    powers = fitted(examples, draw)
    over = approximate.zones()
    reached = torch.stack([ratios(powers, one, over) for one in examples])
    print("median, dB:", dict(zip(PARTS, reached.median(0).values.tolist(), strict=True)))
    out.write_text(written(powers), "utf-8")


if __name__ == "__main__":
    main()
