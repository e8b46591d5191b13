"""Whether genres can be told apart by how they sound and move, once tempo and colour no longer give them away."""

from __future__ import annotations

from collections.abc import Sequence

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.ears.wave import RATE, Floats

HOP = 240
BANDS = 40
# The bands in groups, low to high, for what moves when.
GROUPS = 6
# Every beat is this many frames, however fast the song.
BEAT_FRAMES = 12
BEATS_BACK = 4
COEFFICIENTS = 13

Features = NDArray[np.float64]


def features(audio: Floats, bpm: float) -> Features:
    """What is left of `audio` once it is stretched to a common tempo and its long-term spectrum made white."""
    power = np.abs(librosa.stft(audio, n_fft=1024, hop_length=HOP)) ** 2
    mel = librosa.filters.mel(sr=RATE, n_fft=1024, n_mels=BANDS, fmin=30, fmax=11_000)
    loud = 10 * np.log10(mel @ power + 1e-9)
    loud = np.maximum(loud, loud.max() - 80)
    white = loud - loud.mean(axis=1, keepdims=True)
    frames = np.arange(0, white.shape[1] - 1, 60 / bpm / BEAT_FRAMES * RATE / HOP)
    even = np.stack([np.interp(frames, np.arange(white.shape[1]), band) for band in white])
    return np.concatenate((_rhythm(even), _timbre(white), _texture(power)))


def told_apart(songs: Sequence[Features], labels: Sequence[str], prompts: Sequence[int]) -> list[str]:
    """The label each song is given by a classifier that never heard its prompt."""
    chooser = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    guessed = cross_val_predict(chooser, np.stack(songs), labels, groups=prompts, cv=LeaveOneGroupOut())
    return [str(label) for label in guessed]


def _rhythm(even: Features) -> Features:
    """How each group of bands repeats within four beats, and how the others follow the lowest."""
    rise = np.maximum(np.diff(even, axis=1), 0)
    groups = np.stack([part.mean(axis=0) for part in np.array_split(rise, GROUPS)])
    groups = groups - groups.mean(axis=1, keepdims=True)
    groups /= np.sqrt((groups**2).sum(axis=1, keepdims=True)) + 1e-9
    back = BEATS_BACK * BEAT_FRAMES
    found = [
        [float((groups[low, : -lag or None] * groups[high, lag:]).sum()) for lag in range(back + 1)]
        for low, high in [(n, n) for n in range(GROUPS)] + [(0, n) for n in range(1, GROUPS)]
    ]
    return np.concatenate(found)


def _timbre(white: Features) -> Features:
    """How much and how lopsidedly each band moves, and which shapes of the spectrum move together."""
    steps = np.diff(white, axis=1)
    shapes = dct(white, axis=0, norm="ortho")[1 : COEFFICIENTS + 1]
    moves = np.cov(shapes)
    spread = np.sqrt(np.diag(moves))
    together = (moves / (np.outer(spread, spread) + 1e-9))[np.triu_indices(COEFFICIENTS, 1)]
    return np.concatenate((white.std(axis=1), _lean(white), steps.std(axis=1), _lean(steps), spread, together))


def _lean(bands: Features) -> Features:
    """The skewness of each band over time; 0 where nothing moves."""
    off = bands - bands.mean(axis=1, keepdims=True)
    return np.asarray((off**3).mean(axis=1) / ((off**2).mean(axis=1) + 1e-6) ** 1.5)


def _texture(power: Features) -> Features:
    """How tonal and how noisy, how held and how struck each octave is: colour cancels out inside an octave."""
    found = []
    first = 6
    while first < power.shape[0] - 1:
        band = power[first : min(2 * first, power.shape[0])] + 1e-12
        flatness = np.exp(np.log(band).mean(axis=0)) / band.mean(axis=0)
        crest = np.log(band.max(axis=0) / band.mean(axis=0))
        level = np.log(band.mean(axis=0))
        change = np.abs(np.diff(np.log(band), axis=1)).mean()
        found += [flatness.mean(), flatness.std(), crest.mean(), crest.std(), level.std(), change]
        first *= 2
    return np.asarray(found)
