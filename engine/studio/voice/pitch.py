"""The pitch a singer makes of notes: glides, a vibrato that comes late, a little drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.studio.voice.timbre import Timbre

CONTROL_HZ = 1000
GLIDE_S = 0.09
# The glide is nearly over when the vowel starts: singers move during the consonant.
GLIDE_LEAD_S = 0.035
VIBRATO_FROM_S = 0.28
VIBRATO_GROWS_S = 0.35
VIBRATO_NEEDS_S = 0.45
FALL_CENTS = 90.0
DRIFT_CENTS = 4.0
SCOOP_CENTS = 60.0
SCOOP_S = 0.07


@dataclass(frozen=True)
class SungPitch:
    """A note in seconds from the phrase's own start."""

    midi: float
    start: float
    end: float


def _smooth(values: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    width = int(seconds * CONTROL_HZ) | 1
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def pitch_curve(
    notes: tuple[SungPitch, ...], length: float, timbre: Timbre, random: np.random.Generator, *, spoken: bool = False
) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ over `length` seconds. In a rest the next note is prepared; around the phrase its ends hold.

    spoken: fall through every note, around its pitch, instead of holding it.
    """
    time = np.arange(int(np.ceil(length * CONTROL_HZ)) + 1) / CONTROL_HZ
    starts = np.array([note.start for note in notes])
    ends = np.array([note.end for note in notes])
    current = np.clip(np.searchsorted(starts, time + GLIDE_LEAD_S, side="right") - 1, 0, len(notes) - 1)
    following = np.minimum(current + 1, len(notes) - 1)
    # In a rest, the coming pitch is taken up halfway.
    resting = time > (ends[current] + starts[following]) / 2
    current = np.where(resting & (following > current), following, current)
    midi = _smooth(np.array([note.midi for note in notes])[current], GLIDE_S)

    age = time - starts[current]
    lengths = (ends - starts)[current]
    depth = np.clip((age - VIBRATO_FROM_S) / VIBRATO_GROWS_S, 0.0, 1.0) * (lengths > VIBRATO_NEEDS_S)
    if spoken:
        midi = midi + FALL_CENTS / 100.0 * _smooth(0.5 - np.clip(age / lengths, 0.0, 1.0), 0.03)
        depth = np.zeros(len(time))
    depth = _smooth(depth, 0.06) * timbre.vibrato_cents * random.uniform(0.8, 1.15)
    wander = _smooth(random.normal(0.0, 1.0, len(time)), 0.4)
    rate = timbre.vibrato_hz * random.uniform(0.96, 1.04) * (1.0 + 0.03 * wander / max(wander.std(), 1e-9))
    vibrato = depth * np.sin(2 * np.pi * (np.cumsum(rate) / CONTROL_HZ + random.uniform()))

    drift = _smooth(random.normal(0.0, 1.0, len(time)), 0.25)
    drift *= DRIFT_CENTS / max(drift.std(), 1e-9)
    # A phrase, and a note after a rest, is met from a little below.
    fresh = np.concatenate(([True], starts[1:] - ends[:-1] > 0.12)) & (ends - starts > 0.2)
    scoop = -SCOOP_CENTS * random.uniform(0.3, 1.0) * fresh[current] * np.clip(1.0 - age / SCOOP_S, 0.0, 1.0) ** 2
    cents = vibrato + drift + np.where(age >= 0, scoop, -SCOOP_CENTS * 0.3 * fresh[current])
    return np.asarray(440.0 * 2.0 ** ((midi - 69.0 + _smooth(cents, 0.015) / 100.0) / 12.0))
