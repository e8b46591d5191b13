"""Guitars: nylon, steel, clean electric, and an amplifier that is turned up."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.filters import response, sound_of, spectrum_of
from engine.studio.sound.noise import RATE
from engine.studio.sound.plucked import String, pluck
from engine.studio.sound.tone import Band, Instrument, Strike, edges, levelled

NYLON = String(
    "nylon_guitar", open_pitch=40, ring=3.6, pluck=0.27, edge_soft=900.0, edge_hard=3600.0, loss=1.1e-6,
    stiffness=2e-5, tilt=0.8,
    body=((104.0, 1.3, 16.0), (192.0, 1.7, 24.0), (268.0, 0.8, 30.0), (402.0, 0.9, 45.0), (560.0, 0.6, 70.0),
          (2300.0, 0.4, 900.0)),
    knock=0.3, scrape=0.1, scrape_band=(900.0, 4000.0), width=0.22, count=44, ceiling=9000.0,
)  # fmt: skip
STEEL = String(
    "steel_guitar", open_pitch=40, ring=5.0, pluck=0.17, edge_soft=2200.0, edge_hard=8500.0, loss=3e-7,
    stiffness=5e-5, tilt=0.55,
    body=((100.0, 1.0, 16.0), (185.0, 1.4, 26.0), (310.0, 0.7, 40.0), (420.0, 0.7, 50.0), (1600.0, 0.5, 600.0),
          (4200.0, 0.7, 1800.0)),
    knock=0.2, scrape=0.16, scrape_band=(2500.0, 9000.0), width=0.3, count=56, ceiling=15_000.0,
)  # fmt: skip
CLEAN = String(
    "clean_guitar", open_pitch=40, ring=5.5, pluck=0.14, edge_soft=1900.0, edge_hard=6500.0, loss=4e-7,
    stiffness=4e-5, tilt=0.6, pickup=0.21,
    body=((400.0, 0.3, 250.0), (2600.0, 1.0, 900.0)), knock=0.0, scrape=0.12, scrape_band=(1800.0, 6000.0), width=0.18,
    count=48, ceiling=9000.0,
)  # fmt: skip
BRIDGE = String(
    "bridge_guitar", open_pitch=40, ring=5.0, pluck=0.12, edge_soft=2600.0, edge_hard=5200.0, loss=5e-7, tilt=0.7,
    pickup=0.09, knock=0.0, scrape=0.1, scrape_band=(1500.0, 5000.0), count=40, ceiling=6000.0,
)  # fmt: skip
CABINET = (
    Band("high_pass", 85.0), Band("peak", 130.0, 3.0, 1.2), Band("peak", 420.0, -3.5, 0.9),
    Band("peak", 2400.0, 3.5, 1.0),
    Band("low_pass", 4800.0, q=0.9), Band("low_pass", 6200.0, q=0.6),
)  # fmt: skip


def distorted(strike: Strike) -> Tensor:
    """The notes of a chord together through one overdriven amplifier and its cabinet, (1, samples)."""
    palm = strike.seconds < 0.3
    hand = replace(BRIDGE, ring=0.5, edge_soft=1500.0, edge_hard=2400.0) if palm else BRIDGE
    strings = [
        pluck(hand, Strike(p, strike.seconds, strike.velocity, strike.variant)) for p in strike.chord or (strike.pitch,)
    ]
    size = max(s.shape[1] for s in strings)
    clean = torch.zeros(1, size)
    for one in strings:
        clean[:, : one.shape[1]] += one
    # twice the rate while it is bent, so that the new harmonics don't fold back
    length = 1 << (size + 4800 - 1).bit_length()
    spectrum = spectrum_of(clean, length) * response((Band("high_pass", 120.0), Band("low_pass", 5200.0)), length, RATE)
    spectrum = torch.nn.functional.pad(spectrum, (0, length // 2))
    fine = sound_of(spectrum, 2 * length) * 2
    gain = 16.0 + 22.0 * strike.velocity
    fine = torch.tanh(fine * gain + 0.15) - float(np.tanh(0.15))
    fine = torch.tanh(fine * 1.6)
    spectrum = spectrum_of(fine, 2 * length)[:, : length // 2 + 1] * response(CABINET, length, RATE)
    out = sound_of(spectrum, length)[:, :size] * 0.5
    return edges(levelled(out), 0.001, 0.03)


NYLON_GUITAR = Instrument(
    play=partial(pluck, NYLON), release=0.16, stereo=True, variants=2, send=0.45, low_cut=90.0,
    bands=(Band("high_shelf", 2500.0, 6.0, 0.6),),
)  # fmt: skip
STEEL_GUITAR = Instrument(
    play=partial(pluck, STEEL), release=0.14, stereo=True, variants=2, send=0.4, low_cut=110.0,
    bands=(Band("peak", 250.0, -2.0, 0.9), Band("high_shelf", 4000.0, 5.0, 0.6)),
)  # fmt: skip
CLEAN_GUITAR = Instrument(play=partial(pluck, CLEAN), release=0.09, stereo=True, variants=2, send=0.4, low_cut=120.0)
DISTORTED_GUITAR = Instrument(
    play=distorted, release=0.05, layers=(0.5, 0.9), variants=2, send=0.2,
    bands=(Band("high_shelf", 3200.0, -2.0, 0.6),), low_cut=95.0, chords=True,
)  # fmt: skip
