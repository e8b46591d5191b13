"""A sung voice against what was written: cents off per note, and how far lines and words begin from their times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from bench.ears.notes import Note
from bench.ears.wave import RATE, Floats, at_rate
from engine.spec.protocol import LineTime

HOP = 120
FRAME = 1536
# What a glide and a consonant take of a note's start and end, and the shortest rest that has a pitch.
EDGE_S, SHORTEST_S = 0.04, 0.06
# A note without a pitch counts as this far off.
UNPITCHED_CENTS = 100.0
# The paper's. From 0.15 on, a vowel whose first formant lies on a harmonic is heard an octave or a twelfth too high.
TROUGH = 0.1
WINDOW_S = 0.2
# An onset counts from this share of how steeply lines begin; higher, and soft words are missed; lower, and there is
# one wherever you look.
AUDIBLE = 0.2
LAG = 12


def cents_off(voice: Floats, rate: int, notes: Sequence[Note], quarter_s: float) -> NDArray[np.float64]:
    """How far the median pitch of each note lies from what was written, in cents; too short notes are left out.

    Pitch by YIN (de Cheveigné, Kawahara 2002) of `voice` (2, samples), where it sounds.
    """
    audio = at_rate(voice, rate)
    hertz = librosa.yin(audio, fmin=65, fmax=1100, sr=RATE, frame_length=FRAME, hop_length=HOP, trough_threshold=TROUGH)
    level = librosa.feature.rms(y=audio, frame_length=FRAME, hop_length=HOP)[0][: len(hertz)]
    sounds = level > 0.05 * np.quantile(level, 0.95)
    cents = 1200 * np.log2(hertz / 440.0) + 6900
    off = []
    for note in notes:
        start, end = note.start * quarter_s + EDGE_S, (note.start + note.length) * quarter_s - EDGE_S
        if end - start < SHORTEST_S:
            continue
        inside = slice(round(start * RATE / HOP), round(end * RATE / HOP) + 1)
        heard = cents[inside][sounds[inside]]
        off.append(abs(float(np.median(heard)) - 100 * note.pitch) if len(heard) > 2 else UNPITCHED_CENTS)
    return np.asarray(off)


def onsets(voice: Floats, rate: int, lines: Sequence[LineTime]) -> NDArray[np.float64]:
    """Seconds at which something audibly begins in `voice` (2, samples), by spectral flux each millisecond.

    How steep an onset must be is taken from where `lines` begin.
    """
    rise = _flux(at_rate(voice, rate))
    near = [
        rise[max(round((line.start - WINDOW_S) * 1000), 0) : round((line.start + WINDOW_S) * 1000)] for line in lines
    ]
    least = AUDIBLE * float(np.median([part.max(initial=0.0) for part in near]))
    peaks, _ = find_peaks(rise, height=least, distance=30, prominence=least / 2)
    return np.asarray(peaks / 1000)


def apart(times: Iterable[float], heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each of `times` lies from the nearest onset of `heard`, in seconds, at most `WINDOW_S`."""
    return np.asarray([float(np.abs(heard - time).min(initial=WINDOW_S)) for time in times])


def _flux(audio: Floats) -> NDArray[np.float64]:
    """How much the log spectrum rises within 12 ms, around every millisecond."""
    size, step = round(0.012 * RATE), RATE // 1000
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (size // 2, size)), size)[::step]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)).astype(np.float32)[:, 2:]
    levels = np.log(spectra + np.quantile(spectra.max(axis=1), 0.95) * 1e-3)
    rise = np.maximum(levels[LAG:] - levels[:-LAG], 0).mean(axis=1)
    return np.concatenate((np.zeros(LAG // 2), rise)).astype(np.float64)
