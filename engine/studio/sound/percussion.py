"""Hand percussion: shakers, skins, woods and bells, by their General MIDI percussion numbers (35 to 81)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import modes
from engine.studio.sound.noise import RATE, band, coloured, draw, key_of
from engine.studio.sound.tone import Band, Instrument, Strike, decay, edges, samples_of, stereo_place

# number -> (Hz, ring in seconds, slap, place) of drums played with hands or sticks
SKINS = {
    60: (410.0, 0.22, 0.35, -0.35), 61: (300.0, 0.28, 0.25, -0.25),
    62: (330.0, 0.1, 0.9, 0.35), 63: (305.0, 0.34, 0.3, 0.3), 64: (212.0, 0.45, 0.25, 0.4),
    65: (390.0, 0.4, 0.6, -0.4), 66: (270.0, 0.5, 0.5, -0.5),
    78: (520.0, 0.12, 0.1, 0.3), 79: (360.0, 0.28, 0.1, 0.3),
}  # fmt: skip
# number -> (frequencies, ring, place) of struck woods and bells
BARS = {
    56: ((562.0, 845.0, 1420.0, 2270.0, 3450.0), 0.3, 0.25),
    67: ((960.0, 2420.0, 4200.0), 0.35, -0.3), 68: ((680.0, 1710.0, 3060.0), 0.4, -0.35),
    75: ((2480.0, 5200.0, 7350.0), 0.07, 0.35),
    76: ((1180.0, 2870.0, 4600.0), 0.07, -0.3), 77: ((840.0, 2100.0, 3420.0), 0.09, -0.35),
    80: ((4180.0, 6890.0, 9340.0, 12100.0), 0.18, 0.45), 81: ((4180.0, 6890.0, 9340.0, 12100.0), 2.2, 0.45),
    53: ((1180.0, 2440.0, 3880.0), 0.8, 0.3),
    34: ((1850.0, 3120.0), 0.05, 0.0), 33: ((1600.0, 3400.0), 0.04, 0.0), 31: ((1900.0, 2650.0, 4100.0), 0.06, 0.0),
}  # fmt: skip
# number -> (low Hz, high Hz, times and strengths of its grains in seconds, grain length, place)
GRAINS = {
    54: (6500.0, 15000.0, ((0.0, 1.0), (0.022, 0.5), (0.05, 0.25)), 0.14, -0.35),
    69: (5200.0, 13000.0, ((0.0, 0.5), (0.028, 1.0)), 0.075, 0.45),
    70: (4600.0, 12500.0, ((0.0, 0.35), (0.02, 1.0)), 0.06, 0.4),
    82: (4300.0, 12000.0, ((0.0, 0.4), (0.03, 1.0)), 0.085, 0.4),
    58: (2600.0, 8000.0, tuple((0.026 * n, 0.82**n) for n in range(16)), 0.03, -0.2),
    73: (2800.0, 8500.0, tuple((0.011 * n, 1.0 - 0.05 * n) for n in range(8)), 0.014, 0.35),
    74: (2600.0, 8000.0, tuple((0.013 * n, 0.5 + 0.03 * n) for n in range(22)), 0.016, 0.35),
}  # fmt: skip
JINGLES = (4650.0, 6230.0, 7720.0, 9180.0, 11350.0)


def skin(strike: Strike, key: int) -> Tensor:
    """A conga, a bongo, a timbale: a membrane under a hand."""
    freq, ring, slap, _ = SKINS[strike.pitch]
    dice = draw(key)
    hard = 0.4 + 0.6 * strike.velocity
    size = samples_of(ring * 1.3 + 0.02)
    f = freq * (1 + 0.006 * dice.standard_normal()) * np.array([1.0, 1.59, 2.14, 2.3, 2.65, 3.16])
    amps = np.array([1.0, 0.42, 0.24, 0.16, 0.18, 0.12]) * np.array([1, 1, hard, hard, hard, hard])
    body = modes(f, amps, 6.9 / ring * np.array([1.0, 1.5, 1.9, 2.2, 2.6, 3.2]), size)
    palm = coloured(key, size, band(900, 5200))[0] * decay(size, 0.025 + 0.02 * slap) * ((0.25 + slap) * hard)
    return body + palm


def bar(strike: Strike, key: int) -> Tensor:
    """A clave, a block, a cowbell, a triangle: stiff things that ring."""
    freqs, ring, _ = BARS[strike.pitch]
    dice = draw(key)
    f = np.asarray(freqs) * (1 + 0.003 * dice.standard_normal(len(freqs)))
    size = samples_of(ring * 1.15 + 0.01)
    amps = 0.9 ** np.arange(len(f)) * np.where(np.arange(len(f)) > 0, 0.35 + 0.5 * strike.velocity, 1.0)
    ringing = modes(f, amps, 6.9 / ring * (1 + 0.5 * np.arange(len(f))), size)
    tap = coloured(key, size, band(2500, 9000))[0] * decay(size, 0.008)
    return ringing + tap * 0.3


def grain(strike: Strike, key: int) -> Tensor:
    """Beads, jingles, scraped notches: a few bursts of noise."""
    low, high, bursts, length, _ = GRAINS[strike.pitch]
    dice = draw(key)
    size = samples_of(bursts[-1][0] * 1.2 + length * 1.6)
    envelope = torch.zeros(size)
    for time, strength in bursts:
        at = samples_of(time * (1 + 0.08 * dice.uniform(-1, 1)))
        rise = min(samples_of(0.004), size - at)
        burst = decay(size - at, length) * strength
        burst[:rise] *= torch.linspace(0, 1, rise)
        envelope[at:] = torch.maximum(envelope[at:], burst)
    out = coloured(key, size, band(low, high * (0.75 + 0.25 * strike.velocity), 2.5)) * envelope
    if strike.pitch == 54:
        ring = modes(JINGLES, [0.3, 0.34, 0.3, 0.26, 0.2], 6.9 / np.array([0.3, 0.26, 0.24, 0.2, 0.16]), size)
        out += ring * (0.4 + 0.6 * envelope) * 0.6
    return out


def clap(strike: Strike, key: int) -> Tensor:
    """Several hands, not quite together, and the room's answer."""
    dice = draw(key)
    size = samples_of(0.32)
    envelope = decay(size, 0.26) * 0.28
    for time in (0.0, 0.009, 0.019, 0.028):
        at = samples_of(time * (1 + 0.12 * dice.uniform(-1, 1)))
        envelope[at:] += decay(size - at, 0.03) * (0.8 if time < 0.028 else 1.0)
    return coloured(key, size, band(850, 3200 + 2600 * strike.velocity, 2.2), 2) * envelope * 1.1


def whistle(strike: Strike, key: int) -> Tensor:
    """A samba whistle, short (71) or long (72)."""
    size = samples_of(0.14 if strike.pitch == 71 else 0.4)
    t = torch.arange(size) / RATE
    tone = torch.sin(2 * torch.pi * 2350 * t + 1.5 * torch.sin(2 * torch.pi * 32 * t))
    breath = coloured(key, size, band(1800, 4200))[0] * 0.25
    return ((tone + breath) * torch.sin(torch.pi * t * RATE / size).clamp_(min=0) ** 0.5 * 0.6)[None]


def hand_hit(number: int, strike: Strike, key: int) -> tuple[Tensor, float, float]:
    """A hit, its level against a kick, and its place; a number that nobody plays falls to its nearest neighbour."""
    if number in GRAINS:
        return grain(strike, key), 0.32, GRAINS[number][4]
    if number in SKINS:
        return skin(strike, key), 0.55, SKINS[number][3]
    if number in BARS:
        return bar(strike, key), 0.4 if number < 80 else 0.16, BARS[number][2]
    if number in (71, 72):
        return whistle(strike, key), 0.25, 0.1
    if number == 39:
        return clap(strike, key), 0.6, 0.05
    known = sorted({*SKINS, *BARS, *GRAINS})
    near = min(known, key=lambda n: (abs(n - number), n))
    return hand_hit(near, Strike(near, strike.seconds, strike.velocity, strike.variant), key)


def play(strike: Strike) -> Tensor:
    """One hit of the hand percussionist, (2, samples)."""
    hit, level, place = hand_hit(strike.pitch, strike, key_of("hand", strike.pitch, strike.variant))
    left, right = stereo_place(place)
    return edges(hit * torch.tensor([[left], [right]], dtype=torch.float32) * (level * 0.5), 0.0003, 0.02)


HAND_PERCUSSION = Instrument(
    play=play, release=0.02, stereo=True, layers=(0.35, 0.6, 0.85, 1.0), variants=4, send=0.45, drums=True,
    low_cut=140.0, bands=(Band("high_shelf", 9000.0, 1.0),),
)  # fmt: skip
