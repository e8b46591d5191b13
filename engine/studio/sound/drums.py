"""Drum kits: seven characters of one drummer's instruments, hit by their General MIDI percussion numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import TURN, modes
from engine.studio.sound.noise import RATE, band, coloured, draw, key_of
from engine.studio.sound.percussion import clap, hand_hit
from engine.studio.sound.tone import Band, Instrument, Strike, decay, edges, samples_of, stereo_place

KICKS = (35, 36)
# a closed or pedalled hat stops an open one
CHOKES = {42: 46, 44: 46}


@dataclass(frozen=True)
class Kit:
    """What makes a kit itself. Times in seconds to -60 dB, frequencies in Hz, levels against a kick of 1."""

    name: str
    kick_low: float = 43.0
    kick_sweep: float = 130.0
    kick_fall: float = 0.045
    kick_ring: float = 0.38
    kick_click: float = 0.25
    kick_drive: float = 1.4
    snare: float = 185.0
    snare_ring: float = 0.16
    snare_wires: float = 0.24
    snare_bright: float = 7000.0
    snare_body: float = 0.8
    snare_level: float = 0.85
    hat_ring: float = 0.07
    hat_open: float = 0.55
    hat_metal: float = 0.55
    hat_level: float = 0.26
    tom_ring: float = 0.55
    crash_ring: float = 2.6
    ride_ring: float = 1.8
    cymbal_level: float = 0.3
    swish: float = 0.0
    square_hats: bool = False


KITS = {
    kit.name: kit
    for kit in (
        Kit("acoustic_kit"),
        Kit("rock_kit", kick_ring=0.34, kick_click=0.45, kick_drive=2.2, snare=172.0, snare_ring=0.24, snare_wires=0.34,
            snare_level=1.0, hat_ring=0.09, hat_open=0.8, tom_ring=0.7, crash_ring=3.0, cymbal_level=0.33),
        Kit("brush_kit", kick_low=48.0, kick_sweep=60.0, kick_ring=0.3, kick_click=0.08, kick_drive=1.0, snare=195.0,
            snare_ring=0.09, snare_wires=0.3, snare_bright=5200.0, snare_body=0.25, snare_level=0.5, hat_ring=0.06,
            hat_level=0.2, ride_ring=2.2, cymbal_level=0.25, swish=0.035),
        Kit("electronic_kit", kick_sweep=210.0, kick_fall=0.03, kick_ring=0.36, kick_click=0.35, kick_drive=2.6,
            snare=200.0, snare_ring=0.12, snare_wires=0.2, snare_bright=9000.0, hat_ring=0.05, hat_open=0.34,
            hat_metal=0.4, hat_level=0.3, tom_ring=0.4, crash_ring=2.0, square_hats=True),
        Kit("hiphop_kit", kick_sweep=100.0, kick_fall=0.05, kick_ring=0.45, kick_click=0.3, kick_drive=2.4, snare=158.0,
            snare_ring=0.2, snare_wires=0.28, snare_bright=4800.0, snare_level=0.95, hat_ring=0.04, hat_open=0.3,
            square_hats=True),
        Kit("latin_kit", kick_sweep=100.0, kick_ring=0.28, kick_click=0.3, snare=225.0, snare_ring=0.11,
            snare_wires=0.16, snare_level=0.75, hat_ring=0.05, tom_ring=0.45, ride_ring=1.6),
        Kit("orchestral_kit", kick_low=38.0, kick_sweep=40.0, kick_fall=0.08, kick_ring=0.9, kick_click=0.05,
            kick_drive=1.0, snare=190.0, snare_ring=0.18, snare_wires=0.4, snare_level=0.55, hat_level=0.2,
            tom_ring=1.1, crash_ring=3.4, cymbal_level=0.36),
    )
}  # fmt: skip

# a snare's modes against its lowest, both heads tuned to each other
SHELL = np.array([1.0, 1.5, 2.0, 2.65, 3.0, 3.6])
# number -> how hot it is recorded
PRESSED = {38: 2.2, 40: 2.2, 39: 2.2, 41: 1.2, 43: 1.2, 45: 1.2, 47: 1.2, 48: 1.2, 50: 1.2}
CYMBAL_MODES = 240
# number of a tom -> semitones over the lowest, place in the picture
TOMS = {41: (0, 0.5), 43: (3, 0.4), 45: (5, 0.2), 47: (8, 0.0), 48: (12, -0.2), 50: (15, -0.35)}
PLACES = {42: 0.3, 44: 0.3, 46: 0.3, 37: -0.1, 39: 0.05}


def _tuned(tonic: int, lowest: float) -> float:
    """The frequency of the tonic in the octave over `lowest`."""
    return float(lowest * 2 ** ((((tonic - 69) / 12) - np.log2(lowest / 440.0)) % 1.0))


def _near(tonic: int, wanted: float) -> float:
    """What a drummer tunes a drum of about `wanted` Hz to: the tonic or the fifth, whichever is nearer."""
    places = [_tuned(pitch % 12, wanted / 2**0.5) for pitch in (tonic, tonic + 7)]
    return min(places, key=lambda f: abs(float(np.log2(f / wanted))))


def _sweep(start: float, end: float, fall: float, samples: int) -> Tensor:
    """Phase of a tone that falls exponentially from `start` to `end` Hz with time constant `fall`."""
    t = torch.arange(samples, dtype=torch.float64) / RATE
    phase: Tensor = TURN * (end * t + (start - end) * fall * (1 - torch.exp(-t / fall)))
    return phase.remainder(TURN).float()


def kick(kit: Kit, strike: Strike, key: int) -> Tensor:
    low = _tuned(strike.tonic, kit.kick_low * 0.93)
    size = samples_of(kit.kick_ring * 1.25)
    hard = 0.4 + 0.6 * strike.velocity
    phase = _sweep(low + kit.kick_sweep * 2.2 * hard, low, kit.kick_fall * 0.55, size)
    body = torch.sin(phase) * decay(size, kit.kick_ring)
    drive = kit.kick_drive * hard
    body = torch.tanh(body * drive) / np.tanh(drive)
    beater = coloured(key, samples_of(0.03), band(900, 5200))[0] * decay(samples_of(0.03), 0.018)
    body[: len(beater)] += beater * (kit.kick_click * hard * 0.9)
    skin = modes([low * 2.0, low * 4.0, low * 6.4], [0.16 * hard, 0.1 * hard, 0.06 * hard], [38.0, 55.0, 80.0], size)
    return skin.add(body)


def snare(kit: Kit, strike: Strike, key: int) -> Tensor:
    dice = draw(key)
    hard = 0.35 + 0.65 * strike.velocity
    size = samples_of(max(kit.snare_wires, kit.snare_ring) * 1.3)
    f = _near(strike.tonic, kit.snare) * (1 + 0.004 * dice.standard_normal()) * SHELL
    amps = kit.snare_body * np.array([0.8, 0.5, 0.3, 0.2, 0.14, 0.1]) * np.array([1, 1, hard, hard, hard, hard])
    drop = 6.9 / kit.snare_ring * np.array([1.0, 1.25, 1.6, 1.8, 2.1, 2.5])
    shell = modes(f, amps, drop, size, dice.uniform(0, 0.6, 6))[0]
    wires = coloured(key + 1, size, band(1500, kit.snare_bright * (0.55 + 0.5 * hard)), 2)
    slow, fast = decay(size, kit.snare_wires), decay(size, kit.snare_wires * 0.28)
    wires *= 0.25 * slow + (0.55 * hard) * fast
    if kit.swish:
        # a brush lands over some time, and is dragged on
        t = torch.arange(size) / RATE
        wires *= torch.sin((t / kit.swish).clamp_(max=1) * (torch.pi / 2)) ** 2
    return shell[None] + wires


def rim(key: int) -> Tensor:
    size = samples_of(0.09)
    dice = draw(key)
    stick = modes(
        np.array([1720.0, 2410.0, 3350.0, 520.0, 830.0]) * (1 + 0.01 * dice.standard_normal()),
        [0.5, 0.42, 0.2, 0.3, 0.2], [130, 150, 190, 90, 110], size,
    )  # fmt: skip
    click = coloured(key, size, band(2000, 8000))[0] * decay(size, 0.012)
    return stick + click * 0.25


def hat(kit: Kit, strike: Strike, key: int, ring: float) -> Tensor:
    """Two plates: a cluster of high inharmonic modes (squares in an old drum machine) and sizzling noise."""
    dice = draw(key_of(kit.name, "plates"))
    hard = 0.4 + 0.6 * strike.velocity
    size = samples_of(min(1.2, ring * 1.3 + 0.01))
    if kit.square_hats:
        base = np.array([263.0, 400.0, 421.0, 474.0, 587.0, 845.0]) * 1.52
        f = (base[:, None] * np.arange(9, 40, 2)).ravel()
        amps = np.repeat(1.0, 6)[:, None] / np.arange(9, 40, 2)
        a = (amps.ravel() * 6) * (f > 4500) * (f < 16000)
    else:
        f = np.sort(dice.uniform(4200, 15500, 46))
        a = dice.uniform(0.3, 1.0, 46) * (f / 8000.0) ** 0.4
    drop = 6.9 / ring * (0.7 + 0.6 * (f / 9000.0))
    metal = modes(f, a / np.sqrt((a**2).sum()) * kit.hat_metal, drop, size, draw(key).uniform(0, TURN, len(f)))[0]
    sizzle = coloured(key + 1, size, band(7200, 15500, 3.0), 2) * decay(size, ring * 0.9) * 0.9
    stick = coloured(key + 2, size, band(3500, 11000))[0] * decay(size, 0.012) * (0.5 * hard)
    return sizzle * (0.5 + 0.5 * hard) + (metal + stick)[None]


def cymbal(kit: Kit, strike: Strike, key: int, ring: float, low: float, bell: float, wash: float) -> Tensor:
    """A cymbal: many modes, the low ones first and longest; `wash` is the noise that builds up, `bell` the ping."""
    dice = draw(key_of(kit.name, "cymbal", low))
    hard = 0.35 + 0.65 * strike.velocity
    size = samples_of(ring * 1.05)
    f = np.sort(low * (14000.0 / low) ** dice.uniform(0, 1, CYMBAL_MODES) ** 0.75)
    # the low modes of a thin plate are many and weak: a single strong one would make it a gong
    a = dice.uniform(0.4, 1.0, (2, CYMBAL_MODES)) * np.minimum(1.0, f / 2600.0) * np.maximum(1.0, f / 5000.0) ** -0.5
    drop = 6.9 / ring * (0.7 + 0.35 * np.sqrt(f / 2500.0) + 0.9 * (f > 8000))
    metal = modes(f, a / np.sqrt((a**2).sum()) * 0.9, drop, size, draw(key).uniform(0, TURN, CYMBAL_MODES))
    noise = coloured(key + 1, size, band(2600, 9500 + 4500 * hard, 1.6), 2)
    rise = 1 - 0.75 * decay(size, 0.09)
    noise *= rise * (0.75 * decay(size, ring * 0.55) + 0.5 * hard * decay(size, ring * 0.2))
    ping = modes(np.array([1.0, 1.47, 2.09, 2.56, 3.2, 4.13]) * 920.0, np.array([0.5, 0.7, 0.5, 0.6, 0.4, 0.3]) * bell,
                 6.9 / ring * np.array([1.0, 1.2, 1.4, 2.0, 2.6, 3.0]), size)  # fmt: skip
    stick = coloured(key + 2, samples_of(0.02), band(3000, 9000))[0] * decay(samples_of(0.02), 0.01)
    out = metal + noise * wash + ping
    out[:, : len(stick)] += stick * (0.4 * hard)
    return out


def tom(kit: Kit, strike: Strike, key: int, semitones: int) -> Tensor:
    low = _tuned(strike.tonic, 66.0) * 2 ** (semitones / 12)
    hard = 0.4 + 0.6 * strike.velocity
    size = samples_of(kit.tom_ring * 1.2)
    ring = kit.tom_ring * (low / 80.0) ** -0.35
    skin = torch.sin(_sweep(low * (1 + 0.3 * hard), low, 0.06, size)) * decay(size, ring)
    upper = modes(low * np.array([1.59, 2.14, 2.3, 2.65, 2.92]), np.array([0.4, 0.25, 0.2, 0.16, 0.12]) * hard,
                  6.9 / ring * np.array([1.6, 2.0, 2.2, 2.6, 3.0]), size)[0]  # fmt: skip
    stick = coloured(key, size, band(700, 4200))[0] * decay(size, 0.03) * (0.35 * hard)
    return (skin + upper + stick)[None]


def play(kit: Kit, strike: Strike) -> Tensor:
    """One hit, (2, samples), at its natural level against the rest of the kit."""
    number = strike.pitch
    key = key_of(kit.name, number, strike.variant)
    if number in KICKS:
        hit, level, place = kick(kit, strike, key), 1.0, 0.0
    elif number in (38, 40):
        hit, level, place = snare(kit, strike, key), kit.snare_level, 0.0
    elif number == 37:
        hit, level, place = rim(key), 0.5, PLACES[37]
    elif number == 39:
        hit, level, place = clap(strike, key), kit.snare_level * 0.8, PLACES[39]
    elif number in (42, 44):
        ring = kit.hat_ring * (1.0 if number == 42 else 0.8) * (0.8 + 0.4 * strike.velocity)
        hit, level, place = hat(kit, strike, key, ring), kit.hat_level * (1.0 if number == 42 else 0.6), PLACES[42]
    elif number == 46:
        hit, level, place = hat(kit, strike, key, kit.hat_open), kit.hat_level * 1.15, PLACES[46]
    elif number in TOMS:
        semitones, place = TOMS[number]
        hit, level = tom(kit, strike, key, semitones), 0.8
    elif number in (49, 57, 55, 52):
        short = 0.4 if number == 55 else 0.75 if number == 52 else 1.0
        hit = cymbal(kit, strike, key, kit.crash_ring * short, 420.0 if number == 49 else 510.0, 0.05, 1.0)
        level, place = kit.cymbal_level * 1.25, -0.45 if number in (49, 55) else 0.5
    elif number in (51, 59, 53):
        # a ride is a stick on metal: what rings on must not fill the time between two strokes with noise
        hit = cymbal(kit, strike, key, kit.ride_ring * 0.6, 560.0, 0.55 if number == 53 else 0.3, 0.16)
        level, place = kit.cymbal_level * 0.8, 0.45
    else:
        hit, level, place = hand_hit(number, strike, key)
    if press := PRESSED.get(number):
        # skins are recorded a little hot: it tames their peaks
        hit = torch.tanh(hit * press) / press
    left, right = stereo_place(place)
    sides = torch.tensor([[left], [right]], dtype=torch.float32)
    return edges(hit * sides * (level * 0.5), 0.0003, 0.02)


def kit(name: str) -> Instrument:
    """The kit of that name as an instrument."""
    return Instrument(
        play=partial(play, KITS[name]), release=0.02, stereo=True, layers=(0.35, 0.6, 0.85, 1.0), variants=3, send=0.3,
        drums=True, low_cut=90.0, bands=(Band("peak", 380.0, -2.5, 0.9), Band("high_shelf", 9000.0, -1.0)),
    )  # fmt: skip
