"""Mixtures put together from other sounds than the built-in engine's: speech, noise, oscillators, strings, rooms."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

from engine.studio.voice.espeak import Speaker

RATE = 48_000
PARTS = ("vocals", "drums", "bass", "other")
WORDS = (
    "over the river and under the bridge we carry the lantern home again tonight",
    "nobody told me that winter would stay so long in the valley below the town",
    "turn the wheel around and follow the signal until the morning calls your name",
    "paper boats and copper wires are waiting on the table for the rain to fall",
)
VOICES = ("en-us", "en-gb-scotland", "de", "it")
SCALE = (0, 2, 4, 5, 7, 9, 11)

Sound = NDArray[np.float32]
Wave = NDArray[np.float64]
Draw = np.random.Generator


@cache
def speaker() -> Speaker:
    """The voice, as eSpeak NG itself speaks: none of our singing."""
    return Speaker()


def mixture(number: int, seconds: float) -> dict[str, Sound]:
    """The parts (2, samples) of mixture `number`, float32 at 48 kHz; what they add up to stays below 0.9."""
    draw = np.random.default_rng((74, number))
    length = round(seconds * RATE)
    beat = 60.0 / draw.uniform(78, 138)
    root = int(draw.integers(0, 12))
    chords = [int(draw.choice((0, 3, 4, 5))) for _ in range(4)]
    parts = {
        "vocals": _voice(draw, length, beat, root, number),
        "drums": _drums(draw, length, beat),
        "bass": _bass(draw, length, beat, root, chords),
        "other": _band(draw, length, beat, root, chords),
    }
    room = _room(draw)
    levels = {"vocals": 0.0, "drums": -1.0, "bass": -2.0, "other": 0.0}
    for name, sound in parts.items():
        wet = draw.uniform(0.05, 0.3) * (0.25 if name in ("bass", "drums") else 1.0)
        sound += wet * fftconvolve(sound, room, axes=1)[:, :length]
        sound *= 10 ** ((levels[name] + draw.uniform(-3, 3)) / 20) / (np.sqrt(np.mean(sound**2)) + 1e-9)
    peak = np.abs(sum(parts.values())).max()
    return {name: (sound * (0.9 / peak)).astype(np.float32) for name, sound in parts.items()}


def _voice(draw: Draw, length: int, beat: float, root: int, number: int) -> Wave:
    """Words spoken one by one, each on a pitch of the scale that wavers a little, with rests; nearly in the middle."""
    mono = np.zeros(length)
    at, degree = round(beat * RATE * 2), int(draw.integers(0, 7))
    low = 105.0 if number % 2 else 190.0
    words = WORDS[number % len(WORDS)].split()
    said = 0
    while at < length:
        degree = int(np.clip(degree + draw.integers(-2, 3), 0, 9))
        pitch = low * 2 ** ((root % 5 + SCALE[degree % 7] + 12 * (degree // 7)) / 12)
        pcm = speaker().speak(words[said % len(words)], VOICES[number % len(VOICES)], rate=110, pitch=round(pitch)).pcm
        word = _wavering(resample_poly(pcm.astype(np.float64), 320, 147), draw)
        end = min(length, at + len(word))
        mono[at:end] += word[: end - at]
        said += 1
        at += max(len(word), round(beat * RATE * draw.choice((1.0, 1.0, 1.5, 2.0))))
        if said % 7 == 0:
            at += round(beat * RATE * 2)
    return _placed(np.tanh(3 * mono), draw.uniform(-0.08, 0.08))


def _wavering(word: Wave, draw: Draw) -> Wave:
    t = np.arange(len(word))
    depth, speed = draw.uniform(0.004, 0.012), draw.uniform(4.5, 6.5)
    moved = t + depth * RATE / (2 * np.pi * speed) * np.sin(2 * np.pi * speed * t / RATE + draw.uniform(0, 6))
    return np.interp(moved, t, word)


def _drums(draw: Draw, length: int, beat: float) -> Wave:
    """A swept sine, and bursts of noise; hands that are not quite in time."""
    out = np.zeros((2, length))
    swing = draw.uniform(0.0, 0.12)
    kicks = _pattern(draw)
    places = {"snare": draw.uniform(-0.1, 0.1), "hat": draw.uniform(-0.5, 0.5)}
    for step in range(int(length / RATE / beat * 4)):
        shift = swing * beat / 2 if step % 4 == 2 else 0.0
        at = max(0, round((step * beat / 4 + shift + draw.normal(0, 0.003)) * RATE))
        if step % 16 in kicks:
            _add(out, at, _placed(_kick(draw), 0.0))
        if step % 16 in (4, 12):
            _add(out, at, _placed(_burst(draw, 0.16, 500, 7000) + _tone(185, 0.09) * 0.5, places["snare"]))
        if step % 2 == 0:
            _add(out, at, _placed(_burst(draw, 0.05, 6000, 16000) * draw.uniform(0.2, 0.45), places["hat"]))
    return out


def _pattern(draw: Draw) -> tuple[int, ...]:
    patterns = ((0, 8), (0, 6, 8), (0, 4, 8, 12), (0, 10), (0, 3, 8, 11))
    return patterns[int(draw.integers(len(patterns)))]


def _kick(draw: Draw) -> Wave:
    t = np.arange(round(0.28 * RATE)) / RATE
    turn = 2 * np.pi * np.cumsum(48 + 130 * np.exp(-t / 0.03)) / RATE
    click = sosfilt(butter(2, 3000, fs=RATE, output="sos"), draw.normal(0, 1, len(t))) * np.exp(-t / 0.003)
    kick: Wave = np.sin(turn) * np.exp(-t / 0.09) * 1.4 + 0.4 * click
    return kick


def _burst(draw: Draw, seconds: float, low: float, high: float) -> Wave:
    t = np.arange(round(seconds * 3 * RATE)) / RATE
    noise = sosfilt(butter(2, (low, high), "band", fs=RATE, output="sos"), draw.normal(0, 1, len(t)))
    burst: Wave = noise * np.exp(-t / (seconds / 2))
    return burst


def _tone(hertz: float, seconds: float) -> Wave:
    t = np.arange(round(seconds * 5 * RATE)) / RATE
    tone: Wave = np.zeros(round(0.48 * RATE))
    sine = np.sin(2 * np.pi * hertz * t) * np.exp(-t / seconds)
    tone[: len(sine)] = sine[: len(tone)]
    return tone


def _bass(draw: Draw, length: int, beat: float, root: int, chords: list[int]) -> Wave:
    """Two saws, one a little flat, through a low-pass; eighths and quarters."""
    mono = np.zeros(length)
    cut = draw.uniform(300, 1200)
    low_pass = butter(2, cut, fs=RATE, output="sos")
    pace = float(draw.choice((0.5, 1.0, 1.0, 2.0)))
    for number in range(int(length / RATE / (beat * pace))):
        at = round((number * beat * pace + draw.normal(0, 0.004)) * RATE)
        chord = chords[int(number * pace / 4) % 4]
        pitch = 28 + root % 10 + SCALE[chord] + int(draw.choice((0, 0, 0, 7, 12)))
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        t = np.arange(round(beat * pace * 0.9 * RATE)) / RATE
        saw = _saw(hertz, t) + 0.6 * _saw(hertz * 0.995, t)
        note = sosfilt(low_pass, saw) * np.minimum(t / 0.006, 1) * np.exp(-t / 0.5)
        note[-480:] *= np.linspace(1, 0, 480)
        if draw.uniform() < 0.9 and at >= 0:
            end = min(length, at + len(note))
            mono[at:end] += note[: end - at]
    return _placed(mono, 0.0)


def _band(draw: Draw, length: int, beat: float, root: int, chords: list[int]) -> Wave:
    """A pad of detuned saws at one side, plucked strings at the other, and now and then a bell."""
    out = np.zeros((2, length))
    side = float(draw.choice((-1.0, 1.0)))
    pad_pan, string_pan = side * draw.uniform(0.1, 0.6), -side * draw.uniform(0.2, 0.7)
    low_pass = butter(2, draw.uniform(1200, 4000), fs=RATE, output="sos")
    for bar in range(int(length / RATE / (beat * 4)) + 1):
        chord = chords[bar % 4]
        tones = [48 + root + SCALE[(chord + step) % 7] + 12 * ((chord + step) // 7) for step in (0, 2, 4)]
        at = round(bar * beat * 4 * RATE)
        t = np.arange(round(beat * 4 * RATE)) / RATE
        pad = sum(_saw(_hertz(tone) * 1.004, t) + _saw(_hertz(tone) * 0.997, t) for tone in tones)
        _add(out, at, _placed(sosfilt(low_pass, pad) * np.minimum(t / 0.08, 1) * 0.12, pad_pan))
        for step in range(8):
            pitch = tones[(step * 2) % 3] + 12 * (step % 2)
            start = round((bar * 4 + step / 2) * beat * RATE + draw.normal(0, 0.004) * RATE)
            _add(out, max(0, start), _placed(_string(draw, _hertz(pitch), 0.9), string_pan))
        if draw.uniform() < 0.5:
            _add(out, at, _placed(_bell(_hertz(tones[2] + 24)) * 0.2, draw.uniform(-0.8, 0.8)))
    return out


def _string(draw: Draw, hertz: float, seconds: float) -> Wave:
    """Karplus and Strong's."""
    period = round(RATE / hertz)
    burst = np.zeros(round(seconds * RATE))
    burst[:period] = draw.uniform(-1, 1, period)
    feedback = np.zeros(period + 2)
    feedback[0], feedback[period], feedback[period + 1] = 1.0, -0.497, -0.497
    string: Wave = lfilter([1.0], feedback, burst)
    string[-960:] *= np.linspace(1, 0, 960)
    return string * 0.7


def _bell(hertz: float) -> Wave:
    t = np.arange(round(1.5 * RATE)) / RATE
    bell: Wave = np.sin(2 * np.pi * hertz * t + 2.5 * np.exp(-t / 0.3) * np.sin(2 * np.pi * hertz * 1.41 * t))
    return bell * np.exp(-t / 0.4)


def _room(draw: Draw) -> Wave:
    seconds = draw.uniform(0.5, 1.8)
    t = np.arange(round(seconds * RATE)) / RATE
    noise: Wave = draw.normal(0, 1, (2, len(t))) * 10 ** (-3 * t / seconds)
    noise /= np.sqrt((noise**2).sum(1, keepdims=True))
    return noise


def _saw(hertz: float, t: Wave) -> Wave:
    """A saw without the partials that would fold back."""
    top = min(40, int(16000 / hertz))
    turn = 2 * np.pi * hertz * t
    saw: Wave = sum((np.sin(n * turn) / n for n in range(1, top + 1)), np.zeros(len(t)))
    return saw


def _hertz(pitch: float) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def _placed(mono: Wave, pan: float) -> Wave:
    """Left (-1) to right (1), at the same power everywhere."""
    angle = (pan + 1) * np.pi / 4
    return np.stack((mono * np.cos(angle), mono * np.sin(angle)))


def _add(out: Wave, at: int, sound: Wave) -> None:
    end = min(out.shape[1], at + sound.shape[1])
    if end > at:
        out[:, at:end] += sound[:, : end - at]
