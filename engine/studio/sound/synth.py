"""Synthesisers: pad, pluck, lead, bell, and the riser before a drop."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.studio.sound.additive import TURN, Floats, clouds, frames, hertz, modes, partials
from engine.studio.sound.noise import RATE, band, coloured, draw, key_of, white
from engine.studio.sound.tone import Band, Instrument, Strike, decay, edges, levelled, samples_of, swell

HOP = 128
CLOUD = 1 << 17


def pad(strike: Strike) -> Tensor:
    """A wide cloud of saws that opens slowly and breathes. (2, samples)."""
    size = samples_of(strike.seconds)
    f0 = hertz(strike.pitch)
    n = np.arange(1, int(np.clip(9000.0 / f0, 3, 40)) + 1, dtype=np.float64)
    edge = 700.0 + 1500.0 * strike.velocity
    dark = n**-1.0 / (1 + (n * f0 / edge) ** 2)
    bright = n**-0.9 / (1 + (n * f0 / (edge * 3.2)) ** 2)
    dice = white(key_of("pad", strike.pitch), CLOUD + 2, 2)
    low, high = clouds(f0, np.stack((dark * 0.8, bright - dark * 0.8)), 12.0, dice)
    # lines that stand still keep the pitch where it belongs
    first = n[:6]
    steady = modes(first * f0, np.stack((dark[:6], dark[:6])) * 0.7, np.zeros(len(first)), size, first)
    t = torch.arange(size, dtype=torch.float32) / RATE
    opening = 0.35 + 0.65 * torch.sin((t / 2.4).clamp_(max=1) * (torch.pi / 2)) - 0.15 * torch.cos(t * (TURN * 0.23))
    for start in range(0, size, CLOUD):
        piece = steady[:, start : start + CLOUD]
        piece += low[:, : piece.shape[1]]
        piece += high[:, : piece.shape[1]] * opening[start : start + CLOUD]
    rise = float(np.clip(strike.seconds * 0.3, 0.02, 0.35))
    out = levelled(steady)
    head = min(size, samples_of(rise))
    out[:, :head] *= torch.sin(t[:head] / rise * (torch.pi / 2)) ** 2
    return edges(out, 0.005, 0.01)


def _saws(f0: float, count: int, detune: tuple[float, ...], places: tuple[float, ...]) -> tuple[Floats, Floats, Floats]:
    """Frequencies, strengths and places of several saws, `detune` cents apart."""
    n = np.arange(1, count + 1, dtype=np.float64)
    freqs = np.concatenate([n * f0 * 2 ** (cents / 1200) for cents in detune])
    sides = [np.tile([[np.cos((p + 1) * np.pi / 4)], [np.sin((p + 1) * np.pi / 4)]], (1, count)) for p in places]
    return freqs, np.tile(1 / n, len(detune)), np.concatenate(sides, 1)


def pluck(strike: Strike) -> Tensor:
    """Three saws behind a filter that snaps shut. (2, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(min(strike.seconds, 1.6), HOP)
    count = int(np.clip(12_000.0 / f0, 3, 36))
    freqs, amps, sides = _saws(f0, count, (0.0, -5.0, 5.0), (0.0, -0.8, 0.8))
    cutoff = f0 * 1.2 + 250 + (1400 + 6500 * strike.velocity**1.5) * np.exp(-t / 0.085)
    ratio = freqs[:, None] / cutoff
    low_pass = 1 / np.sqrt((1 - ratio**2) ** 2 + (ratio / 1.3) ** 2)
    shape = swell(t, 0.002) * (0.75 * np.exp(-t / 0.16) + 0.25 * np.exp(-t / 0.5))
    phases = draw(key_of("pluck", strike.pitch)).uniform(0, TURN, len(freqs))
    out = partials(freqs, amps[:, None] * low_pass * shape, HOP, phases=phases, pans=sides)
    return edges(levelled(out), 0.001, 0.03)


def lead(strike: Strike) -> Tensor:
    """Three saws, a filter that follows the note, vibrato when it is held, a short glide into it. (2, samples)."""
    f0 = hertz(strike.pitch)
    t = frames(strike.seconds, HOP)
    count = int(np.clip(12_000.0 / f0, 3, 32))
    freqs, amps, sides = _saws(f0, count, (0.0, -8.0, 8.0), (0.0, -0.45, 0.45))
    cutoff = 500 + f0 + (700 + 6500 * strike.velocity**1.5) * (0.45 + 0.55 * np.exp(-t / 0.3))
    ratio = freqs[:, None] / cutoff
    low_pass = 1 / np.sqrt((1 - ratio**2) ** 2 + (ratio / 1.15) ** 2)
    cents = -30 * np.exp(-t / 0.02) + 9 * swell(t - 0.25, 0.4) * np.sin(TURN * 5.4 * t)
    phases = draw(key_of("lead", strike.pitch)).uniform(0, TURN, len(freqs))
    shape = swell(t, 0.008) * (0.8 + 0.2 * np.exp(-t / 0.25))
    out = partials(freqs, amps[:, None] * low_pass * shape, HOP, 2 ** (cents / 1200), phases, sides)
    return edges(levelled(out), 0.002, 0.01)


def bell(strike: Strike) -> Tensor:
    """A tuned bell: hum, prime, upper partials and a struck edge. (2, samples)."""
    f0 = hertz(strike.pitch)
    dice = draw(key_of("bell", strike.pitch))
    ratios = np.array([0.5, 1.0, 2.0, 2.76, 3.0, 4.07, 5.4, 6.8, 8.93, 11.3])
    amps = np.array([0.12, 1.0, 0.5, 0.35, 0.25, 0.3, 0.28, 0.16, 0.14, 0.08])
    amps = amps * (0.35 + 0.65 * strike.velocity) ** np.arange(10)
    rings = np.clip(3.2 * 2 ** (-(strike.pitch - 72) / 24), 0.6, 6.0) * np.array(
        [1.1, 1, 0.6, 0.4, 0.45, 0.3, 0.22, 0.16, 0.12, 0.09]
    )
    f = np.concatenate((f0 * ratios, f0 * ratios * 1.0008))
    sides = 1 + 0.35 * dice.uniform(-1, 1, (2, 10))
    size = samples_of(min(strike.seconds, float(rings.max()) * 1.05))
    both = np.concatenate((amps * sides, amps * 0.5 * sides[::-1]), 1)
    out = levelled(modes(f, both, np.tile(6.9 / rings, 2), size))
    short = min(size, samples_of(0.02))
    strike_noise = coloured(key_of("mallet", strike.pitch), short, band(2500, 9000)) * decay(short, 0.012)
    out[:, :short] += levelled(strike_noise, 0.02 * strike.velocity)
    return edges(out, 0.0008, 0.03)


def riser(strike: Strike) -> Tensor:
    """A band of noise that climbs from 300 Hz to 9 kHz, and a tone that climbs an octave, ever louder. (2, samples)."""
    size = samples_of(strike.seconds)
    window, step = 2048, 512
    count = size // step + 4
    noise = white(key_of("riser", size), (count - 1) * step + window, 2).unfold(1, window, step)
    shape = torch.hann_window(window)
    place = torch.linspace(0, 1, count)[:, None]
    f = torch.fft.rfftfreq(window, 1 / RATE)[None]
    centre = 300.0 * 30.0**place
    ratio = (f / centre).clamp_(min=1e-3)
    curve = 1 / (1 + ((ratio - 1 / ratio) * 1.4) ** 2) + 0.12 * (ratio < 1)
    swept = torch.fft.irfft(torch.fft.rfft(noise * shape) * curve, n=window) * shape
    length = (count - 1) * step + window
    out = torch.nn.functional.fold(swept.transpose(1, 2), (1, length), (1, window), stride=(1, step))[
        :, 0, 0, step : step + size
    ]
    t = frames(strike.seconds, 128)
    climb = 2 ** (np.clip(t / strike.seconds, 0, 1) ** 1.5)
    tone = partials(
        hertz(strike.pitch) * np.array([1, 1.004, 2, 3]), np.tile([[1], [1], [0.5], [0.3]], (1, len(t))), 128, climb
    )
    ramp = torch.linspace(0, 1, size) ** 1.7 * 0.95 + 0.05
    out = levelled(out * ramp) + levelled(tone[:, :size] * ramp, 0.035)
    return edges(levelled(out), 0.02, 0.012)


PAD = Instrument(play=pad, release=0.5, stereo=True, layers=(0.4, 0.8), send=0.6, low_cut=120.0)
PLUCK = Instrument(play=pluck, release=0.12, stereo=True, layers=(0.35, 0.6, 0.9), send=0.5, low_cut=130.0)
LEAD = Instrument(play=lead, release=0.07, stereo=True, layers=(0.4, 0.8), send=0.4, low_cut=150.0)
BELL = Instrument(
    play=bell, release=0.6, stereo=True, send=0.6, low_cut=180.0, bands=(Band("high_shelf", 8000.0, -1.0),)
)
RISER = Instrument(play=riser, release=0.01, stereo=True, layers=(0.8,), send=0.35, low_cut=200.0, fitted=True)
