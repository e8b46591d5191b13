"""Keyboards: a grand piano, an electric piano with tines, a drawbar organ with its turning loudspeaker."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import TURN, frames, hertz, modes, partials
from engine.studio.sound.noise import RATE, band, coloured, draw, key_of
from engine.studio.sound.tone import Band, Instrument, Strike, decay, edges, levelled, samples_of, swell

# harmonic of the drawbar -> how far it is pulled
DRAWBARS = {0.5: 0.8, 1.5: 0.55, 1.0: 1.0, 2.0: 0.75, 3.0: 0.35, 4.0: 0.4, 5.0: 0.08, 6.0: 0.16, 8.0: 0.28}
ROTOR_HZ = 6.4


def piano(strike: Strike) -> Tensor:
    """Three stiff strings a key, struck at an eighth; felt, soundboard and a double decay. (2, samples)."""
    pitch, touch = strike.pitch, strike.velocity
    dice = draw(key_of("piano", pitch))
    f0 = hertz(pitch)
    stiff = np.exp(0.0926 * pitch - 13.64) + np.exp(-0.0847 * pitch - 5.82)
    edge = (650.0 + 4200.0 * touch**2) * 2 ** ((pitch - 60) / 30)
    # by eight times the felt's edge a partial is 40 dB down: nobody hears the rest
    count = int(np.clip(min(11_000.0, edge * 8) / f0, 2, 44))
    n = np.arange(1, count + 1, dtype=np.float64)
    f = n * f0 * np.sqrt((1 + stiff * n**2) / (1 + stiff))
    amps = (np.abs(np.sin(n * np.pi / 7.8)) + 0.07) * n**-0.75 / (1 + (f / edge) ** 2)
    # a soundboard is a poor radiator below 100 Hz
    amps *= (f / 100.0) ** 2 / (1 + (f / 100.0) ** 2) * (1 + 0.12 * dice.standard_normal(count))
    fall = 6.9 / np.clip(9.5 * 2 ** (-(pitch - 48) / 14), 0.45, 15.0)
    drops = fall * (0.6 + 0.4 * np.sqrt(n)) + 5e-7 * f**2
    size = samples_of(min(strike.seconds, 7.5 / fall))
    place = np.clip((pitch - 62) / 40, -0.7, 0.7) * 0.45
    lean = place + 0.22 * dice.uniform(-1, 1, count)
    sides = np.stack((np.cos((lean + 1) * np.pi / 4), np.sin((lean + 1) * np.pi / 4)))
    f_all = np.concatenate((f, f * 1.00025, f * 0.99982))
    a_all = np.concatenate((amps * 0.6 * sides, amps * 0.3 * sides[::-1], amps * 0.22 * sides), 1)
    signs = np.where(np.sin(n * np.pi / 7.8) < 0, np.pi, 0.0)
    phases = np.concatenate((signs, signs + dice.uniform(0, 0.5, count), signs + dice.uniform(0, 0.9, count)))
    out = levelled(modes(f_all, a_all, np.concatenate((drops * 1.9, drops * 0.75, drops * 0.4)), size, phases))
    short = min(size, samples_of(0.12))
    board = modes(dice.uniform(70, 420, 10), dice.uniform(0.3, 1, (2, 10)), dice.uniform(35, 80, 10), short)
    felt = coloured(key_of("felt", pitch, strike.variant), short, band(350, 1200 + 2600 * touch), 2) * decay(
        short, 0.05
    )
    out[:, :short] += levelled(board, 0.022 * (0.3 + touch)) + levelled(felt, 0.014 * (0.2 + touch))
    return edges(out, 0.0008, 0.03)


def electric_piano(strike: Strike) -> Tensor:
    """A tine and its tone bar by frequency modulation, panned to and fro by the amplifier's vibrato. (2, samples)."""
    pitch, touch = strike.pitch, strike.velocity
    f0 = hertz(pitch)
    ring = float(np.clip(5.5 * 2 ** (-(pitch - 48) / 22), 1.0, 9.0))
    size = samples_of(min(strike.seconds, ring))
    t = torch.arange(size, dtype=torch.float64) / RATE
    turn = (t * f0).remainder(1.0).float() * TURN
    bark = 0.18 + 1.9 * touch**2 * 2 ** (-(pitch - 60) / 24)
    second = torch.sin(turn) * (bark * (0.25 * decay(size, ring) + 0.75 * decay(size, 0.9)))
    bar_tone = torch.sin(turn + second) * decay(size, ring)
    ratio = 14.0 if f0 * 14 < 9000 else 7.0 if f0 * 7 < 11_000 else 4.0
    tine = torch.sin((t * f0 * ratio).remainder(1.0).float() * TURN) * decay(size, 0.42) * (0.05 + 0.2 * touch)
    out = bar_tone + tine + 0.1 * touch * torch.sin(2 * turn + 0.4) * decay(size, ring * 0.5)
    short = min(size, samples_of(0.03))
    out[:short] += (
        coloured(key_of("tine", pitch, strike.variant), short, band(300, 2600))[0] * decay(short, 0.02) * 0.12
    )
    sway = 0.28 * torch.sin(t.float() * (TURN * 4.7))
    out = torch.tanh(out * 0.9)
    return edges(levelled(torch.stack((out * (1 + sway), out * (1 - sway)))), 0.0015, 0.03)


def organ(strike: Strike) -> Tensor:
    """Nine tone wheels, the contacts' click, and a horn that turns past both ears. (2, samples)."""
    hop = 128
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, hop)
    ratios = np.array(list(DRAWBARS))
    pulled = np.array(list(DRAWBARS.values()))
    dice = draw(key_of("organ", strike.pitch))
    # wheels above the top octave fold back, as the real ones do
    f = f0 * ratios
    f = np.where(f > 6000.0, f / 2, f)
    pulled = pulled * (0.55 + 0.45 * strike.velocity) ** (ratios > 2)
    # an overdriven valve adds a little of the even and odd harmonics above
    f = np.concatenate((f, f0 * np.array([2.0, 3.0, 4.0, 5.0, 7.0, 9.0])))
    pulled = np.concatenate((pulled, 0.12 * strike.velocity * np.array([1, 0.8, 0.5, 0.5, 0.3, 0.2])))
    angle = TURN * ROTOR_HZ * t
    bend = 1 + 0.0022 * np.sin(angle)
    out = torch.zeros(2, (len(t) - 1) * hop)
    for side, shift in enumerate((0.0, 2.1)):
        # low notes come from the slow drum, high ones from the horn: the higher, the deeper the flutter
        depth = (0.1 + 0.25 * np.clip(np.log2(f / 400.0) / 3, 0, 1))[:, None]
        amps = pulled[:, None] * (1 + depth * np.cos(angle + shift)) * swell(t, 0.006)
        out[side] = partials(f, amps, hop, bend, dice.uniform(0, TURN, len(f)))[0]
    out = levelled(out)
    short = min(out.shape[1], samples_of(0.02))
    click = coloured(key_of("click", strike.pitch, strike.variant), short, band(1200, 6000)) * decay(short, 0.012)
    out[:, :short] += levelled(click, 0.02)
    leak = coloured(key_of("leak", strike.pitch), out.shape[1], band(500, 3500), 2)
    return edges(out + leak * (0.0006 / 0.3), 0.002, 0.01)


PIANO = Instrument(
    play=piano, release=0.22, stereo=True, send=0.4, low_cut=95.0,
    bands=(Band("peak", 300.0, -1.5, 0.8), Band("high_shelf", 3000.0, 6.0, 0.6)),
)  # fmt: skip
ELECTRIC_PIANO = Instrument(play=electric_piano, release=0.16, stereo=True, send=0.4, low_cut=100.0)
ORGAN = Instrument(play=organ, release=0.05, stereo=True, layers=(0.5, 0.85), send=0.3, low_cut=110.0)
