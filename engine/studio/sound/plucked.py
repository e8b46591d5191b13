"""The physics that guitars and basses share: a string let go at a point, heard through a body or a pickup."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import TURN, Floats, hertz, modes
from engine.studio.sound.noise import band, coloured, draw, key_of
from engine.studio.sound.tone import Strike, decay, edges, levelled, samples_of


@dataclass(frozen=True)
class String:
    """A stringed instrument.

    `ring`: seconds to -60 dB at `open_pitch`; `pluck` and `pickup`: places, as fractions of the string; `edge_soft` and
    `edge_hard`: Hz above which a pluck has no force, at the softest and hardest touch; `loss` in s makes high partials
    die first; `body`: resonances (Hz, gain, width in Hz); `knock` and `scrape`: the body's thump and the nail's noise;
    `bloom`: partials that swell late; `width`: how far partials lean to either side (0: mono).
    """

    name: str
    open_pitch: int
    ring: float
    pluck: float
    edge_soft: float
    edge_hard: float
    loss: float
    stiffness: float = 4e-5
    tilt: float = 1.0
    pickup: float = 0.0
    body: tuple[tuple[float, float, float], ...] = ()
    knock: float = 0.2
    scrape: float = 0.1
    scrape_band: tuple[float, float] = (1500.0, 6000.0)
    bloom: float = 0.0
    width: float = 0.0
    count: int = 48
    ceiling: float = 14_000.0


def body_gain(f: Floats, body: tuple[tuple[float, float, float], ...]) -> Floats:
    """How much louder a body makes each frequency."""
    gain = np.ones_like(f)
    for centre, peak, width in body:
        gain += peak / (1 + ((f - centre) / width) ** 2)
    return gain


def pluck(string: String, strike: Strike) -> Tensor:
    """One plucked note, (1 or 2, samples), faded at both ends and levelled."""
    key = key_of(string.name, strike.pitch, strike.variant)
    dice = draw(key)
    f0 = hertz(strike.pitch)
    count = int(min(string.count, string.ceiling / f0))
    n = np.arange(1, max(count, 1) + 1, dtype=np.float64)
    f = n * f0 * np.sqrt((1 + string.stiffness * n**2) / (1 + string.stiffness))
    touch = strike.velocity
    point = string.pluck * (1 + 0.08 * dice.uniform(-1, 1))
    edge = string.edge_soft * (string.edge_hard / string.edge_soft) ** touch
    amps = np.abs(np.sin(n * np.pi * point)) + 0.05
    # a harder pluck also bends the string more sharply
    amps *= n ** -(string.tilt + 0.35 * (0.65 - touch)) / (1 + (f / edge) ** 3)
    if string.pickup:
        amps *= np.abs(np.sin(n * np.pi * string.pickup)) + 0.06
    amps *= body_gain(f, string.body) * (1 + 0.1 * dice.standard_normal(len(n)))
    slow = 6.9 / (string.ring * 2 ** ((string.open_pitch - strike.pitch) / 18))
    drops = slow * (0.75 + 0.25 * np.sqrt(n)) + string.loss * f**2
    size = samples_of(min(strike.seconds, 6.9 / slow * 1.1))
    signs = np.where(np.sin(n * np.pi * point) < 0, np.pi, 0.0)
    # a string swings in two planes: one feeds the bridge and dies soon, the other rings on, a hair out of tune
    both_f = np.concatenate((f, f * 1.00022))
    both_drops = np.concatenate((drops * 1.35, drops * 0.6))
    both_phases = np.concatenate((signs, signs + dice.uniform(0, 0.7, len(n))))
    if string.width:
        turn = dice.uniform(-1, 1, len(n)) * string.width
        sides = np.stack((1 + turn, 1 - turn))
        both_amps = np.concatenate((amps * 0.7 * sides, amps * 0.35 * sides[::-1]), 1)
    else:
        both_amps = np.concatenate((amps * 0.7, amps * 0.35))[None]
    out = modes(both_f, both_amps, both_drops, size, both_phases)
    if string.bloom:
        # the growl of a long neck: upper-middle partials that swell after the attack
        middle = np.exp(-(((f - 620) / 420) ** 2)) * amps.max() * string.bloom * n**-0.5
        late = modes(f, middle, drops * 0.9, size) - modes(f, middle, drops * 0.9 + 14.0, size)
        out = out + late
    out = levelled(out)
    if string.knock and string.body:
        centres = np.array([centre for centre, _, _ in string.body])
        widths = np.array([width for _, _, width in string.body])
        thump = modes(
            centres, dice.uniform(0.6, 1, len(centres)), np.maximum(TURN * widths / 2, 30.0), min(size, 14_400)
        )
        out[:, : thump.shape[1]] += levelled(thump, 0.1 * string.knock * (0.5 + 0.5 * touch))
    if string.scrape:
        low, high = string.scrape_band
        short = min(size, samples_of(0.05))
        noise = coloured(key + 1, short, band(low, high * (0.6 + 0.4 * touch)), out.shape[0])
        noise *= decay(short, 0.03) * torch.linspace(0, 1, short).mul_(40).clamp_(max=1)
        out[:, :short] += levelled(noise, 0.1 * string.scrape * (0.4 + 0.6 * touch))
    return edges(out, 0.0012, 0.02)
