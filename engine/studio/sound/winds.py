"""Brass and woodwinds: blown columns of air whose brightness follows how hard they are blown."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from engine.studio.sound.additive import TURN, Floats, frames, hertz, partials
from engine.studio.sound.noise import band, coloured, draw, key_of
from engine.studio.sound.plucked import body_gain
from engine.studio.sound.strings import wander
from engine.studio.sound.tone import Band, Instrument, Strike, edges, levelled, ramped, swell

HOP = 128
TRUMPET_BELL = ((1250.0, 1.4, 500.0), (2300.0, 0.8, 700.0))
SAX_BELL = ((520.0, 0.9, 180.0), (1180.0, 1.3, 300.0), (2450.0, 1.0, 500.0), (3600.0, 0.5, 600.0))


def _brassy(n: Floats, loudness: Floats, f0: float, soft: float) -> Floats:
    """Strength of each harmonic (K, F): the louder, the slower they fall off. `soft`: the softest's reach in Hz."""
    reach = soft * (1 + 5.5 * loudness**1.6)
    return np.asarray(np.exp(-np.maximum(n[:, None] - 1, 0) * f0 / reach) * loudness)


def _breath(audio: Tensor, times: Floats, level: Floats, key: int, low: float, high: float, start: float) -> Tensor:
    """Adds noise from `low` to `high` Hz, `level` (F,) of the tone, with an extra `start` at the tongue's release."""
    size = audio.shape[1]
    shape = level * (1 + start * np.exp(-times / 0.03))
    return audio + coloured(key, size, band(low, high), audio.shape[0]) * (ramped(shape, HOP, size) * 0.1)


def _blow(strike: Strike, t: Floats, attack: float, dip: float = 0.0) -> Floats:
    """How hard it is blown over time: an accent, a settling, a small swell on long notes."""
    attack = min(attack, strike.seconds * 0.35)
    level = swell(t, attack, 0.7) * (1 - dip * swell(t - attack, 0.12) + 0.5 * dip * swell(t - attack - 0.2, 0.8))
    return np.asarray(level * (0.35 + 0.65 * strike.velocity))


def brass(strike: Strike) -> Tensor:
    """Trumpet, trombone and horn in unison, a few cents and milliseconds apart. (2, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, HOP)
    key = key_of("brass", strike.pitch)
    dice = draw(key)
    count = int(np.clip(10_000.0 / f0, 3, 28))
    n = np.arange(1, count + 1, dtype=np.float64)
    amps, bends, pans = [], [], []
    for player, (place, tuning, soft) in enumerate(((-0.5, -4.0, 520.0), (0.55, 4.5, 640.0), (0.05, 0.0, 430.0))):
        blow = _blow(strike, t - 0.008 * player * dice.uniform(), 0.055, 0.22)
        cents = tuning - 35 * np.exp(-t / 0.022) + wander(t, dice, 2.5, 1.0)
        cents += 4.0 * swell(t - 0.35, 0.5) * np.sin(TURN * dice.uniform(4.6, 5.4) * t)
        amps.append(_brassy(n, blow, f0, soft) * body_gain(n * f0, TRUMPET_BELL)[:, None])
        bends.append(np.broadcast_to(2 ** (cents / 1200), (count, len(t))))
        pans.append(np.tile([[np.cos((place + 1) * np.pi / 4)], [np.sin((place + 1) * np.pi / 4)]], (1, count)))
    phases = dice.uniform(0, TURN, 3 * count)
    out = partials(
        np.tile(n * f0, 3), np.concatenate(amps), HOP, np.concatenate(bends), phases, np.concatenate(pans, 1)
    )
    out = _breath(levelled(out), t, 0.012 * swell(t, 0.05), key + 1, 1200, 6500, 3.0)
    return edges(out, 0.003, 0.01)


def trumpet(strike: Strike) -> Tensor:
    """One trumpet. (1, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, HOP)
    key = key_of("trumpet", strike.pitch, strike.variant)
    dice = draw(key)
    n = np.arange(1, int(np.clip(11_000.0 / f0, 3, 30)) + 1, dtype=np.float64)
    blow = _blow(strike, t, 0.04, 0.15)
    cents = -40 * np.exp(-t / 0.018) + wander(t, dice, 2.0, 1.0) + 9 * swell(t - 0.3, 0.4) * np.sin(TURN * 5.3 * t)
    amps = _brassy(n, blow, f0, 700.0) * body_gain(n * f0, TRUMPET_BELL)[:, None]
    out = partials(n * f0, amps, HOP, 2 ** (cents / 1200), dice.uniform(0, TURN, len(n)))
    return edges(_breath(levelled(out), t, 0.015 * swell(t, 0.04), key + 1, 1500, 7000, 3.0), 0.002, 0.01)


def flute(strike: Strike) -> Tensor:
    """A flute: few harmonics, much air, vibrato more in loudness than in pitch. (1, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, HOP)
    key = key_of("flute", strike.pitch, strike.variant)
    dice = draw(key)
    n = np.arange(1, int(np.clip(9000.0 / f0, 2, 10)) + 1, dtype=np.float64)
    blow = _blow(strike, t, 0.07, 0.08)
    shake = swell(t - 0.2, 0.4) * np.sin(TURN * (5.0 * t + 0.1 * np.sin(TURN * 0.5 * t)))
    strength = np.array([1.0, 0.42, 0.2, 0.1, 0.05, 0.035, 0.02, 0.012, 0.008, 0.005])[: len(n)]
    bright = 0.45 + 0.9 * blow + 0.18 * shake
    amps = strength[:, None] * blow * bright ** np.minimum(n - 1, 4)[:, None] * (1 + 0.16 * shake)
    cents = -18 * np.exp(-t / 0.04) + 6 * shake + wander(t, dice, 2.0, 1.3)
    out = levelled(partials(n * f0, amps, HOP, 2 ** (cents / 1200), dice.uniform(0, TURN, len(n))))
    air = swell(t, 0.03) * (1 + 0.3 * shake)
    out = _breath(out, t, 0.05 * air, key + 1, f0 * 0.9, f0 * 2.4, 1.5)
    out = _breath(out, t, 0.035 * air, key + 2, 2800, 9000, 4.0)
    return edges(out, 0.003, 0.01)


def saxophone(strike: Strike) -> Tensor:
    """A tenor saxophone: a scoop into the note, a reedy middle, breath. (1, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, HOP)
    key = key_of("saxophone", strike.pitch, strike.variant)
    dice = draw(key)
    n = np.arange(1, int(np.clip(9500.0 / f0, 3, 32)) + 1, dtype=np.float64)
    blow = _blow(strike, t, 0.045, 0.12)
    shake = swell(t - 0.25, 0.45) * np.sin(TURN * 5.1 * t)
    cents = -55 * np.exp(-t / 0.03) + 11 * shake + wander(t, dice, 3.0, 1.0)
    # the second to fourth harmonics are as strong as the first
    colour = np.where(n < 5, 1.0, (5 / n) ** 0.6) * np.where(n % 2 == 0, 1.15, 0.9)
    amps = _brassy(n, blow * (1 + 0.1 * shake), f0, 620.0) * (colour * body_gain(n * f0, SAX_BELL))[:, None]
    out = levelled(partials(n * f0, amps, HOP, 2 ** (cents / 1200), dice.uniform(0, TURN, len(n))))
    return edges(_breath(out, t, 0.03 * swell(t, 0.03), key + 1, 1500, 7500, 3.0), 0.003, 0.01)


OPEN = (Band("high_shelf", 3500.0, 4.0, 0.6),)
BRASS_SECTION = Instrument(
    play=brass, release=0.09, stereo=True, layers=(0.4, 0.7, 0.95), send=0.5, low_cut=120.0, bands=OPEN
)
TRUMPET = Instrument(play=trumpet, release=0.08, variants=2, send=0.5, low_cut=160.0, bands=OPEN)
FLUTE = Instrument(
    play=flute, release=0.1, variants=2, send=0.6, low_cut=200.0, bands=(Band("high_shelf", 4000.0, 5.0, 0.6),)
)
SAXOPHONE = Instrument(play=saxophone, release=0.08, variants=2, send=0.45, low_cut=110.0, bands=OPEN)
