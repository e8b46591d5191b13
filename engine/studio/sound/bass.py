"""Basses: upright, electric, synthesiser and the 808."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import TURN, frames, hertz, partials
from engine.studio.sound.noise import RATE, band, coloured, draw, key_of
from engine.studio.sound.plucked import String, pluck
from engine.studio.sound.tone import Instrument, Strike, decay, edges, levelled, samples_of, swell

# Plucked at a third, a string lacks its third harmonic: small loudspeakers, which leave out the first one, would make
# that a fifth of the note that was meant.
UPRIGHT = String(
    "upright_bass", open_pitch=33, ring=2.6, pluck=0.333, edge_soft=550.0, edge_hard=1500.0, loss=4e-6, tilt=0.75,
    body=((62.0, 0.8, 14.0), (108.0, 1.4, 22.0), (205.0, 1.2, 40.0), (330.0, 0.8, 60.0), (680.0, 0.6, 160.0)),
    knock=0.32, scrape=0.12, scrape_band=(700.0, 3000.0), bloom=0.16, count=40, ceiling=5000.0,
)  # fmt: skip
ELECTRIC = String(
    "electric_bass", open_pitch=28, ring=6.5, pluck=0.333, edge_soft=750.0, edge_hard=2700.0, loss=1.3e-6, tilt=0.72,
    pickup=0.16,
    body=((95.0, 0.5, 50.0), (800.0, 0.5, 300.0), (2400.0, 0.8, 700.0)), knock=0.1, scrape=0.1,
    scrape_band=(900.0, 4500.0), count=48, ceiling=7000.0,
)  # fmt: skip
DRIVEN = {2: 0.32, 3: 0.14, 4: 0.1, 5: 0.06, 6: 0.03, 8: 0.02}


def electric(strike: Strike) -> Tensor:
    """A fingered electric bass through a warm preamplifier, (1, samples)."""
    out = pluck(ELECTRIC, strike)
    return torch.tanh(out * 4.0) * 0.25


def synth(strike: Strike) -> Tensor:
    """A saw and a square an octave apart through a resonant low-pass that closes, over a sine, (1, samples)."""
    hop = 128
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, hop)
    count = int(min(60, 9000.0 / f0))
    n = np.arange(1, count + 1, dtype=np.float64)
    f = n * f0
    top = f0 * (5.0 + 26.0 * strike.velocity**1.5)
    cutoff = 110.0 + f0 + top * (0.16 + 0.84 * np.exp(-t / 0.16))
    ratio = f[:, None] / cutoff
    low_pass = 1 / np.sqrt((1 - ratio**2) ** 2 + (ratio / 1.9) ** 2)
    amps = (1 / n)[:, None] * low_pass / (1 + ratio**2) ** 0.5
    square = np.where(n % 3 == 0, -0.6, np.where(n % 2 == 1, 0.35, 0.0))[:, None]
    amps = amps * (1 + square) * swell(t, 0.004)
    amps[0] += 0.75 * swell(t, 0.006)
    # a second oscillator, a little sharp, beats against the first
    second = amps[1:] * 0.4
    out = partials(
        np.concatenate((f, f[1:] * 1.0023)), np.concatenate((amps, second)), hop,
        phases=np.concatenate((np.zeros(count), draw(key_of("synth_bass", strike.pitch)).uniform(0, TURN, count - 1))),
    )  # fmt: skip
    return edges(torch.tanh(levelled(out) * 3.2) * 0.3, 0.0015, 0.01)


def sub(strike: Strike) -> Tensor:
    """An 808: a sine that drops into its pitch, driven, ringing while it is held; it glides where notes overlap."""
    size = samples_of(strike.seconds)
    f0 = hertz(strike.pitch)
    t = torch.arange(size, dtype=torch.float64) / RATE
    if strike.slide:
        start, fall = hertz(strike.slide), 0.045
    else:
        start, fall = f0 * 2.6 + 60.0 * strike.velocity, 0.014
    turn = ((f0 * t + (start - f0) * fall * (1 - torch.exp(-t / fall))) * TURN).remainder(TURN).float()
    ring = 3.4 * (55.0 / f0) ** 0.3
    out = torch.sin(turn) * decay(size, ring)
    # what small loudspeakers can play are the harmonics; the even ones keep the note's name
    for number, level in DRIVEN.items():
        out += torch.sin(turn * number) * decay(size, ring / number**0.5) * (level * (0.4 + 0.6 * strike.velocity))
    if not strike.slide:
        click = coloured(key_of("808", strike.variant), samples_of(0.012), band(700, 3500))[0]
        short = min(size, len(click))
        out[:short] += (click[:short] * decay(short, 0.008)) * 0.16
    return edges(levelled(out[None]), 0.0006, 0.02)


UPRIGHT_BASS = Instrument(play=partial(pluck, UPRIGHT), release=0.09, variants=3, send=0.12, low_cut=30.0, solo=True)
ELECTRIC_BASS = Instrument(play=electric, release=0.06, variants=2, send=0.04, low_cut=28.0, solo=True)
SYNTH_BASS = Instrument(play=synth, release=0.05, send=0.0, low_cut=26.0, solo=True)
SUB_808 = Instrument(play=sub, release=0.05, layers=(0.4, 0.7, 0.95), send=0.0, low_cut=24.0, solo=True, slides=True)
