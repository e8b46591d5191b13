"""The pitch a singer makes of notes: glides, a vibrato that comes late, a little drift; and the tune of speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.studio.voice.timbre import Timbre

CONTROL_HZ = 1000
GLIDE_S, GLIDE_AT_LEAST_S = 0.09, 0.03
# No glide takes more than this share of a short note.
GLIDE_SHARE = 0.5
# The glide is nearly over when the vowel starts: singers move during the consonant. Inside a syllable there is none.
GLIDE_LEAD_S, SLUR_LEAD_S = 0.035, 0.015
# A voice swings a little past the note it moves to, and away from it before (Saitou, Unoki and Akagi 2005).
OVERSHOOT, OVERSHOOT_S = 0.12, 0.16
VIBRATO_FROM_S = 0.28
VIBRATO_GROWS_S = 0.35
VIBRATO_NEEDS_S = 0.45
DRIFT_CENTS = 4.0
SCOOP_CENTS = 60.0
SCOOP_S = 0.07
# Speech, in semitones: how far a line sinks from its first to its last syllable, how far the voice falls through a
# syllable by its stress (0 to 2), and how much higher a stressed one starts.
SINKS = 2.5
FALLS = (0.8, 2.5, 3.5)
STRESSED_UP = (-0.6, 0.3, 0.6)
SPOKEN_GLIDE_S = 0.05


@dataclass(frozen=True)
class SungPitch:
    """A note in seconds from the phrase's own start; `stress` is its syllable's; `slurred`: goes on with its vowel."""

    midi: float
    start: float
    end: float
    stress: int = 0
    slurred: bool = False


def smooth(values: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """A curve at CONTROL_HZ, averaged over a raised cosine that is `seconds` wide."""
    width = int(seconds * CONTROL_HZ) | 1
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, width // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), "valid")


def _current(
    notes: tuple[SungPitch, ...], time: NDArray[np.float64], leads: NDArray[np.float64] | float
) -> NDArray[np.intp]:
    """Which note the voice is at, each taken up so many seconds ahead. In a rest the coming one is taken up halfway."""
    starts = np.array([note.start for note in notes])
    ends = np.array([note.end for note in notes])
    current = np.clip(np.searchsorted(starts - leads, time, side="right") - 1, 0, len(notes) - 1)
    following = np.minimum(current + 1, len(notes) - 1)
    resting = time > (ends[current] + starts[following]) / 2
    return np.where(resting & (following > current), following, current)


def _drift(time: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """The unsteadiness of every voice, in cents."""
    drift = smooth(random.normal(0.0, 1.0, len(time)), 0.25)
    return np.asarray(drift * (DRIFT_CENTS / max(drift.std(), 1e-9)))


def sung(
    notes: tuple[SungPitch, ...], length: float, timbre: Timbre, random: np.random.Generator
) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ over `length` seconds, as sung. Around the phrase its first and last notes hold."""
    time = np.arange(int(np.ceil(length * CONTROL_HZ)) + 1) / CONTROL_HZ
    starts = np.array([note.start for note in notes])
    lengths = np.array([note.end - note.start for note in notes])
    leads = np.array([SLUR_LEAD_S if note.slurred else GLIDE_LEAD_S for note in notes])
    current = _current(notes, time, leads)
    steps = np.array([note.midi for note in notes])[current]
    slow, fast = smooth(steps, GLIDE_S), smooth(steps, GLIDE_AT_LEAST_S)
    # Short notes are reached fast.
    hurry = smooth(np.clip(2.0 - GLIDE_SHARE * lengths[current] / GLIDE_S * 2.0, 0.0, 1.0), GLIDE_S)
    midi = slow + hurry * (fast - slow)
    midi += OVERSHOOT * (1.0 - hurry) * (slow - smooth(slow, OVERSHOOT_S))

    age = time - starts[current]
    depth = np.clip((age - VIBRATO_FROM_S) / VIBRATO_GROWS_S, 0.0, 1.0) * (lengths[current] > VIBRATO_NEEDS_S)
    depth = smooth(depth, 0.06) * timbre.vibrato_cents * random.uniform(0.8, 1.15)
    wander = smooth(random.normal(0.0, 1.0, len(time)), 0.4)
    rate = timbre.vibrato_hz * random.uniform(0.96, 1.04) * (1.0 + 0.03 * wander / max(wander.std(), 1e-9))
    vibrato = depth * np.sin(2 * np.pi * (np.cumsum(rate) / CONTROL_HZ + random.uniform()))

    # A phrase, and a note after a rest, is met from a little below.
    ends = starts + lengths
    fresh = np.concatenate(([True], starts[1:] - ends[:-1] > 0.12)) & (lengths > 0.2)
    scoop = -SCOOP_CENTS * random.uniform(0.3, 1.0) * fresh[current] * np.clip(1.0 - age / SCOOP_S, 0.0, 1.0) ** 2
    cents = vibrato + _drift(time, random) + np.where(age >= 0, scoop, -SCOOP_CENTS * 0.3 * fresh[current])
    return np.asarray(440.0 * 2.0 ** ((midi - 69.0 + smooth(cents, 0.015) / 100.0) / 12.0))


def spoken(notes: tuple[SungPitch, ...], length: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Hz at CONTROL_HZ over `length` seconds, as spoken: the line sinks, and the voice falls where the stress is.

    Each syllable passes its note's pitch halfway; of a syllable with several notes the first counts.
    """
    time = np.arange(int(np.ceil(length * CONTROL_HZ)) + 1) / CONTROL_HZ
    starts = np.array([note.start for note in notes])
    lengths = np.array([note.end - note.start for note in notes])
    stress = np.array([note.stress for note in notes])
    current = _current(notes, time, 0.0)
    through = np.clip((time - starts[current]) / lengths[current], 0.0, 1.0)
    fall = np.array(FALLS)[stress] * random.uniform(0.8, 1.2, len(notes))
    midi = np.array([note.midi for note in notes]) + np.array(STRESSED_UP)[stress]
    midi = midi[current] + fall[current] * (0.5 - through)
    sinking = np.interp(time, [starts[0], starts[-1] + lengths[-1]], [SINKS / 2, -SINKS / 2])
    return np.asarray(
        440.0 * 2.0 ** ((smooth(midi + sinking, SPOKEN_GLIDE_S) - 69.0 + _drift(time, random) / 100.0) / 12.0)
    )
