"""The key a song is heard in: chroma over C3 to C7 against Temperley's profiles, and MIREX's score of an answer."""

from __future__ import annotations

import librosa
import numpy as np
from numpy.typing import NDArray

from bench.ears.wave import RATE, Floats

# Temperley, "The Cognition of Basic Musical Structures" (2001), from the Kostka-Payne corpus
MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
OCTAVES = 4

Key = tuple[int, bool]


def chroma(audio: Floats) -> NDArray[np.float64]:
    """(12,): how much of each pitch class sounds, every moment counting the same however loud it is."""
    bins = librosa.feature.chroma_cqt(
        y=audio, sr=RATE, hop_length=1024, fmin=librosa.note_to_hz("C3"), n_octaves=OCTAVES, tuning=0.0, norm=2
    )
    return np.asarray(bins.mean(axis=1), np.float64)


def heard_key(classes: NDArray[np.float64]) -> Key:
    """(tonic 0 to 11, minor) whose profile correlates best with `classes` (12,)."""
    fits = {
        (tonic, minor): float(np.corrcoef(np.roll(profile, tonic), classes)[0, 1])
        for minor, profile in ((False, MAJOR), (True, MINOR))
        for tonic in range(12)
    }
    return max(fits, key=lambda key: fits[key])


def key_of(keyscale: str) -> Key:
    """ "Bb Minor" as (10, True)."""
    name, mode = keyscale.split()
    return int(librosa.note_to_midi(f"{name}4")) % 12, mode.lower() == "minor"


def spelt(key: Key) -> str:
    """(10, True) as "Bb minor"."""
    return f"{NAMES[key[0]]} {'minor' if key[1] else 'major'}"


def mirex(asked: Key, heard: Key) -> float:
    """1 the same, 0.5 a perfect fifth above or below, 0.3 the relative, 0.2 the parallel, else 0 (MIREX 2005)."""
    above = (heard[0] - asked[0]) % 12
    if asked[1] == heard[1]:
        return {0: 1.0, 7: 0.5, 5: 0.5}.get(above, 0.0)
    if above == (3 if asked[1] else 9):
        return 0.3
    return 0.2 if above == 0 else 0.0
