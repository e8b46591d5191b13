"""Stems of any mix without a trained network: cues of hearing, a table of how much each counts, a soft mask a part."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.separation import cues
from engine.separation.cues import BIN_HZ, BINS
from engine.separation.names import APPROXIMATE
from engine.separation.pieces import SILENCE, in_pieces, level_of
from engine.spec.parts import REST

Audio = NDArray[np.float32]

PARTS = (*APPROXIMATE, REST)
# Where the exponents of a cue are known; in between they go straight over the logarithm of the frequency.
ZONES_HZ = (60.0, 180.0, 700.0, 3000.0, 10_000.0)
# Below this share of the power a part is not there; then this many decibels are right.
AUDIBLE = 1e-3
ABSENT = -20.0
# Share of the work that is done when the masks are known.
MASKED = 0.9


def estimate(audio: Audio, on_progress: Callable[[float], None] = lambda _: None) -> dict[str, Audio]:
    """What each of `PARTS` contributes to `audio` (2, samples), float32 at 48 kHz; together they are `audio`.

    A generalised Wiener filter (Liutkus and Badeau 2015): the power of each part is the mix times a product of cues,
    each to a power that depends on the frequency (`exponents.toml`). The same sound gives the same bytes.
    `on_progress` hears how far it is (0 to 1), and MAY raise to stop.
    """
    return in_pieces(audio, PARTS[:-1], _parted, on_progress)


def expected(audio: Audio) -> dict[str, float]:
    """How clean `estimate` expects each of `PARTS` to come out of `audio` (2, samples): decibels over what is wrong.

    Were every place divided as its mask says, then this much would be right. A part that is not heard gets `ABSENT`.
    """
    level = level_of(audio)
    if level <= SILENCE:
        return dict.fromkeys(PARTS, ABSENT)
    spectra, masks = _masked(torch.from_numpy(audio / np.float32(level)))
    power = spectra.abs().square_().sum(0)
    found = {}
    for name, mask in zip(PARTS, masks, strict=True):
        right, wrong = float((mask * power).sum()), float((mask * (1 - mask) * power).sum())
        there = right > AUDIBLE * float(power.sum())
        found[name] = 10 * math.log10(right / (wrong + 1e-9)) if there else ABSENT
    return found


def shares(cues_of: Iterable[tuple[str, Tensor]], frames: int) -> Tensor:
    """How much of each place belongs to each of `PARTS`: (parts, bins, frames), adding up to 1."""
    powers = exponents()
    logits = torch.zeros(len(PARTS), BINS, frames)
    for name, cue in cues_of:
        for part in range(len(PARTS)):
            logits[part].addcmul_(powers[name][part][:, None], cue)
    return logits.softmax(0)


def zones() -> Tensor:
    """How near each bin lies to each of `ZONES_HZ`: (zones, bins), adding up to 1."""
    at = (torch.arange(BINS) * BIN_HZ).clamp(min=ZONES_HZ[0], max=ZONES_HZ[-1]).log()
    centres = torch.tensor(ZONES_HZ).log()
    edges = torch.cat((centres[:1] - 1, centres, centres[-1:] + 1))
    rising = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(0, 1)


@cache
def exponents() -> dict[str, Tensor]:
    """Cue to (parts, bins)."""
    read = tomllib.loads((Path(__file__).parent / "exponents.toml").read_text("utf-8"))
    over = zones()
    return {name: torch.tensor([read[part][name] for part in PARTS]) @ over for name in cues.NAMES}


def _parted(audio: Audio, on_progress: Callable[[float], None]) -> Iterator[tuple[str, Audio]]:
    spectra, masks = _masked(torch.from_numpy(audio))
    on_progress(MASKED)
    for name, mask in zip(PARTS[:-1], masks, strict=False):
        yield name, cues.sounding(spectra * mask, audio.shape[1]).numpy()


def _masked(audio: Tensor) -> tuple[Tensor, Tensor]:
    """Spectra (2, bins, frames) and each part's share of them (parts, bins, frames)."""
    # The longest frame has to be mirrored at the ends.
    short = max(0, cues.LONG_SIZE - audio.shape[1])
    whole = torch.nn.functional.pad(audio, (0, short))
    spectra = cues.transformed(whole)
    return spectra, shares(cues.cues(whole, spectra), spectra.shape[2])
