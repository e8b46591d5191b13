"""Bowed strings: a section of several players, and one violin."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from engine.studio.sound.additive import TURN, Floats, frames, hertz, partials
from engine.studio.sound.noise import band, coloured, draw, key_of
from engine.studio.sound.plucked import body_gain
from engine.studio.sound.tone import Band, Instrument, Strike, edges, levelled, ramped, swell

VIOLIN_BODY = (
    (280.0, 1.2, 40.0), (460.0, 1.6, 60.0), (560.0, 1.3, 70.0), (920.0, 0.7, 140.0), (1250.0, 0.8, 180.0),
    (2600.0, 1.8, 800.0), (3900.0, 0.6, 700.0),
)  # fmt: skip
PLAYERS = 5


def wander(t: Floats, dice: np.random.Generator, cents: float, hz: float) -> Floats:
    """A slow, smooth drift in cents around 0: three sines nobody can count."""
    rates = hz * dice.uniform(0.5, 1.6, 3)
    starts = dice.uniform(0, TURN, 3)
    return np.asarray(cents * np.sin(TURN * rates[:, None] * t + starts[:, None]).mean(0) * 1.7)


def section(strike: Strike) -> Tensor:
    """Five desks a few cents apart, each with its own vibrato, entering together softly. (2, samples)."""
    hop = 128
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, hop)
    key = key_of("section", strike.pitch)
    dice = draw(key)
    count = int(np.clip(8500.0 / f0, 3, 24))
    n = np.arange(1, count + 1, dtype=np.float64)
    hard = strike.velocity
    # short notes are bowed with a bite, long ones grow
    attack = float(np.clip(strike.seconds * 0.3, 0.03, 0.24 - 0.12 * hard))
    rise = swell(t, attack, 0.8)
    edge = (1500.0 + 3600.0 * hard) * 2 ** ((strike.pitch - 60) / 48)
    tone = n**-0.95 / (1 + (n * f0 / edge) ** 2) * body_gain(n * f0, VIOLIN_BODY)
    # the upper partials follow the bow's pressure
    grow = rise[None] ** (1 + 0.05 * n[:, None])
    tunings = np.array([0.0, -5.5, 5.5, -10.0, 10.0])
    freqs, amps, bends, pans = [], [], [], []
    for player in range(PLAYERS):
        cents = tunings[player] + wander(t, dice, 3.0, 0.7)
        cents += (
            (7 + 5 * dice.uniform())
            * swell(t - 0.12, 0.4)
            * np.sin(TURN * (dice.uniform(4.7, 6.0) * t + dice.uniform()))
        )
        late = swell(t - 0.02 * dice.uniform(), attack, 0.5)
        loud = 1 + 0.12 * wander(t, dice, 1.0, 1.1)
        freqs.append(n * f0)
        amps.append((tone * (1 + 0.25 * dice.uniform(-1, 1, count)))[:, None] * grow * (late * loud))
        bends.append(np.broadcast_to(2 ** (cents / 1200), (count, len(t))))
        place = (-0.75, 0.6, -0.3, 0.8, 0.1)[player]
        pans.append(np.tile([[np.cos((place + 1) * np.pi / 4)], [np.sin((place + 1) * np.pi / 4)]], (1, count)))
    phases = dice.uniform(0, TURN, PLAYERS * count)
    out = partials(
        np.concatenate(freqs), np.concatenate(amps), hop, np.concatenate(bends), phases, np.concatenate(pans, 1)
    )
    out = levelled(out)
    bow = coloured(key + 1, out.shape[1], band(1800, 7000), 2)
    level = ramped(rise * (1 + 1.5 * np.exp(-t / 0.08)), hop, out.shape[1])
    return edges(out + bow * (level * 0.0022), 0.004, 0.01)


def violin(strike: Strike) -> Tensor:
    """One violin: late vibrato that makes the body's resonances shimmer, and the bow's noise. (1, samples)."""
    hop = 64
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, hop)
    key = key_of("violin", strike.pitch, strike.variant)
    dice = draw(key)
    count = int(np.clip(11_000.0 / f0, 3, 30))
    n = np.arange(1, count + 1, dtype=np.float64)
    hard = strike.velocity
    attack = float(np.clip(strike.seconds * 0.25, 0.02, 0.11 - 0.05 * hard))
    depth = 16.0 * swell(t - 0.18, 0.35)
    beat = TURN * (5.6 + 0.25 * np.sin(TURN * 0.4 * t)) * t
    bend = 2 ** ((depth * np.sin(beat) + wander(t, dice, 2.0, 1.2)) / 1200)
    rise = swell(t, attack, 0.8) * (1 - 0.12 * np.exp(-(((t - attack * 2) / 0.1) ** 2)))
    edge = 2400.0 + 4200.0 * hard
    moving = n[:, None] * f0 * bend[None]
    tone = n[:, None] ** -0.9 / (1 + (moving / edge) ** 2) * body_gain(moving, VIOLIN_BODY)
    amps = tone * rise ** (1 + 0.06 * n[:, None]) * (1 + 0.06 * np.sin(beat + 0.8) * (depth / 16))
    out = levelled(partials(n * f0, amps, hop, bend, dice.uniform(0, TURN, count)))
    bow = coloured(key + 1, out.shape[1], band(2200, 8500))
    level = ramped(rise * (1 + 2 * np.exp(-t / 0.05)), hop, out.shape[1])
    return edges(out + bow * (level * 0.003), 0.002, 0.01)


STRING_ENSEMBLE = Instrument(
    play=section, release=0.32, stereo=True, layers=(0.35, 0.65, 0.9), send=0.7, low_cut=100.0,
    bands=(Band("high_shelf", 3500.0, 5.0, 0.6),),
)  # fmt: skip
SOLO_VIOLIN = Instrument(
    play=violin, release=0.12, variants=2, send=0.6, low_cut=170.0, bands=(Band("high_shelf", 3500.0, 4.0, 0.6),)
)
