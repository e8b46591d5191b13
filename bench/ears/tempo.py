"""The tempo a song is heard at: beats followed from several starting tempos, and a straight line through the best."""

from __future__ import annotations

import librosa
import numpy as np
from numpy.typing import NDArray

from bench.ears.wave import RATE, Floats

HOP = 256
# How far apart what comes again is looked for.
AGAIN_S = 8.0
STARTS = (60.0, 75.0, 90.0, 105.0, 120.0, 150.0, 180.0)
# People tap near this tempo where a song allows several (McKinney, Moelants 2004), an octave to either side.
NATURAL_BPM, WIDTH = 120.0, 1.0
# Half-way between true beats something begins, straight or swung, at least this strongly against the beats; between
# beats counted too fast or across the metre hardly anything does.
BETWEEN = 0.5
STRAIGHT, SWUNG = 0.5, 0.65
WITHIN = 0.04
# Above this, half the tempo is as good an answer, and twice it.
FAST_BPM = 155.0

Envelope = NDArray[np.float64]


def onsets(audio: Floats) -> Envelope:
    """How much begins at every 256th sample, over 80 mel bands."""
    return np.asarray(librosa.onset.onset_strength(y=audio, sr=RATE, hop_length=HOP, n_mels=80, fmax=10_000.0))


def heard_tempo(audio: Floats) -> float | None:
    """Beats a minute, or None where no beat is heard.

    Of the beats followed from each start, those win that stand out most, are divided once more, and lie near the
    tempo people tap at.
    """
    envelope = onsets(audio)
    if not envelope.any():
        return None
    again = librosa.feature.tempogram(
        onset_envelope=envelope, sr=RATE, hop_length=HOP, win_length=round(AGAIN_S * RATE / HOP)
    )
    best, answer = -np.inf, None
    for start in STARTS:
        near = librosa.feature.tempo(tg=again, sr=RATE, hop_length=HOP, start_bpm=start)
        _, beats = librosa.beat.beat_track(onset_envelope=envelope, sr=RATE, hop_length=HOP, bpm=near, tightness=200)
        if len(beats) < 4:
            continue
        bpm = 60 * RATE / HOP / _spacing(np.asarray(beats, np.float64))
        stands_out = np.log(envelope[beats].mean() / envelope.mean())
        divided = np.log(min(_between(envelope, np.asarray(beats)), BETWEEN) / BETWEEN)
        score = float(stands_out + divided - 0.5 * (np.log2(bpm / NATURAL_BPM) / WIDTH) ** 2)
        if score > best:
            best, answer = score, bpm
    return answer


def right_tempo(asked: float, heard: float | None) -> bool:
    """Within 4 %; above 155 BPM half and twice the tempo are right too."""
    if heard is None:
        return False
    answers = (1.0, 0.5, 2.0) if asked > FAST_BPM else (1.0,)
    return any(abs(heard / (asked * factor) - 1) <= WITHIN for factor in answers)


def _between(envelope: Envelope, beats: NDArray[np.int64]) -> float:
    """How strongly something begins between the beats, against what begins on them."""
    reach = np.max([np.roll(envelope, by) for by in range(-3, 4)], axis=0)
    steps = np.diff(beats)
    halves = (reach[beats[:-1] + np.round(steps * at).astype(int)].mean() for at in (STRAIGHT, SWUNG))
    return float(max(max(halves) / reach[beats].mean(), 1e-3))


def _spacing(beats: NDArray[np.float64]) -> float:
    """The slope of a line through `beats`, those left out that lie farthest from it."""
    count = np.arange(len(beats), dtype=np.float64)
    for _ in range(3):
        slope, first = np.polyfit(count, beats, 1)
        off = np.abs(beats - slope * count - first)
        near = off <= max(float(np.quantile(off, 0.85)), 1.0)
        count, beats = count[near], beats[near]
    return float(slope)
