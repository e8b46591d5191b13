"""Pitches, scales and chord symbols. Pitch classes are 0 to 11 from C; Roman numerals count from the major scale."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.studio.score import Chord

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
BLUES = (0, 3, 4, 5, 7, 9, 10)
BLUES_MINOR = (0, 3, 5, 7, 10)

SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
MINOR_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
FLAT_MAJORS, FLAT_MINORS = frozenset({1, 3, 5, 8, 10}), frozenset({0, 2, 3, 5, 7, 10})

NUMERALS = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_SYMBOL = re.compile(r"([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(.*)")
MAJOR_SUFFIXES = {
    "": (0, 4, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "6": (0, 4, 7, 9), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "13": (0, 4, 10, 2, 9), "sus4": (0, 5, 7), "sus2": (0, 2, 7), "add9": (0, 4, 7, 2),
    "5": (0, 7), "7b9": (0, 4, 7, 10, 1), "7sus4": (0, 5, 7, 10),
}  # fmt: skip
MINOR_SUFFIXES = {
    "": (0, 3, 7), "7": (0, 3, 7, 10), "9": (0, 3, 7, 10, 2), "6": (0, 3, 7, 9), "add9": (0, 3, 7, 2),
    "7b5": (0, 3, 6, 10), "dim": (0, 3, 6), "dim7": (0, 3, 6, 9),
}  # fmt: skip


def scale_of(minor: bool) -> tuple[int, ...]:
    """Steps of the key's scale above its tonic."""
    return MINOR if minor else MAJOR


def keyscale(tonic: int, minor: bool) -> str:
    """The key as a request spells it: "F# Minor"."""
    return f"{(MINOR_NAMES if minor else MAJOR_NAMES)[tonic]} {'Minor' if minor else 'Major'}"


def note_name(pitch_class: int, tonic: int, minor: bool) -> str:
    """The note's letter, with flats where the key is written with flats."""
    flats = tonic in (FLAT_MINORS if minor else FLAT_MAJORS)
    return (FLATS if flats else SHARPS)[pitch_class % 12]


@lru_cache(maxsize=4096)
def chord(symbol: str, tonic: int, minor: bool, start: float, length: float) -> Chord:
    """The chord that `symbol` ("bVII", "ii7", "viidim7") means in a key. Raises ValueError for an unknown symbol."""
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise ValueError(f"{symbol!r} is no chord symbol")
    accidental, numeral, suffix = match.groups()
    lower = numeral.islower()
    suffixes = MINOR_SUFFIXES if lower else MAJOR_SUFFIXES
    if suffix not in suffixes:
        raise ValueError(f"{symbol!r} has an unknown ending")
    root = (tonic + NUMERALS[numeral.lower()] + {"b": -1, "#": 1, "": 0}[accidental]) % 12
    quality = "" if suffix.startswith("dim") else ("m" if lower else "")
    name = note_name(root, tonic, minor) + quality + suffix
    return Chord(start, length, root, tuple((root + step) % 12 for step in suffixes[suffix]), name)


def melody_scale(tonic: int, minor: bool, sounding: Chord, blue: bool) -> frozenset[int]:
    """Pitch classes a melody may touch over a chord: the key's scale, bent where the chord leaves it."""
    steps = (BLUES_MINOR if minor else BLUES) if blue else scale_of(minor)
    scale = {(tonic + step) % 12 for step in steps}
    for tone in sounding.tones:
        if tone not in scale:
            scale -= {(tone + 1) % 12, (tone - 1) % 12} - set(sounding.tones)
    return frozenset(scale | set(sounding.tones))
