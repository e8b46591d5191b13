"""The key of a recording: its pitch classes against Temperley's profiles of the 24 keys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.audio.tonality import MAJOR, MINOR
from engine.hearing.chroma import Pitches, classes_between
from engine.hearing.frames import LONG_HOP_S
from engine.hearing.transcript import Tonality

Values = NDArray[np.float64]

# C3 to C7, where keys are heard
LOW, HIGH = 46, 98
# The bass stands on the tonic more than anywhere else.
BASS = 0.4
# What is softer than this share of the usual says nothing of the key.
SOFT = 0.1
# Log odds that the best key is right: a constant, and what its fit and its lead (logarithm) add, as fitted to six and
# fifteen seconds of songs and to whole ones, played by this engine and by a sampler.
CALIBRATION = (2.7, 2.0, 0.7)
# How many more pitch classes sound in all than at once, where one chord goes on and in six seconds of any song; and
# after how many seconds two thirds of the evidence are in.
ONE_CHORD, CHORDS, TIME_S = 1.05, 1.2, 1.5
# Fits of noise and drums, in which some key is found by chance, and of music.
CLOUD, CLEAR = 0.1, 0.26


def tonality(pitches: Pitches) -> Tonality:
    """The key that fits best; its confidence is how often so clear a fit was right, and near 0 for noise."""
    fit = fits(pitches)
    best = int(np.argmax(fit))
    sure = _confidence(fit) * _evidence(pitches)
    return Tonality(best % 12, best >= 12, round(pitches.tuning, 1), round(sure, 3))


def fits(pitches: Pitches) -> Values:
    """(24,): likeness of the sound's pitch classes with each major, then each minor key; at most 1.

    Every moment counts the same however loud it is. The fits of sound whose pitch classes are all alike are near 0.
    """
    notes = classes_between(pitches.notes, LOW, HIGH)
    loud = np.linalg.norm(notes, axis=1)
    heard = loud > SOFT * float(np.median(loud[loud > 0])) if (loud > 0).any() else loud > 0
    if not heard.any():
        return np.zeros(24)
    bass = pitches.basses()
    bass /= np.maximum(np.linalg.norm(bass, axis=1, keepdims=True), 1e-9)
    mean = (notes[heard] / loud[heard, None]).mean(axis=0) + BASS * bass[heard].mean(axis=0)
    apart = mean - mean.mean()
    return np.asarray(_keys() @ apart / max(float(np.linalg.norm(mean)), 1e-9), np.float64)


def voices(classes: NDArray[np.float32]) -> Values:
    """How many pitch classes sound (...,) in `classes` (..., 12), by their entropy: a note with its partials is 1.5."""
    shares = classes / np.maximum(classes.sum(axis=-1, keepdims=True), 1e-9)
    return np.asarray(np.exp(-(shares * np.log(np.maximum(shares, 1e-9))).sum(axis=-1)), np.float64)


def _evidence(pitches: Pitches) -> float:
    """From 0 to 1: a key takes time to hear, and more than one chord."""
    classes = pitches.chords()
    loud = classes.sum(axis=1)
    heard = classes[loud > SOFT * float(np.median(loud[loud > 0]))] if (loud > 0).any() else classes[:0]
    if not len(heard):
        return 0.0
    even = heard / heard.sum(axis=1, keepdims=True)
    moves = float(voices(even.mean(axis=0))) / float(voices(even).mean())
    seconds = len(heard) * LONG_HOP_S
    return float(np.clip((moves - ONE_CHORD) / (CHORDS - ONE_CHORD), 0, 1) * (1 - np.exp(-seconds / TIME_S)))


def _keys() -> Values:
    profiles = np.stack([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.linalg.norm(centred, axis=1, keepdims=True), np.float64)


def _confidence(fit: Values) -> float:
    """How often a key that fits so well, and so much better than the next, was right in parts of songs."""
    second, best = np.sort(fit)[-2:]
    odds = CALIBRATION[0] + CALIBRATION[1] * best + CALIBRATION[2] * np.log(best - second + 1e-3)
    clear = np.clip((best - CLOUD) / (CLEAR - CLOUD), 0, 1)
    return float(clear / (1 + np.exp(-odds)))
