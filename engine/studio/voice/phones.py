"""Phonemes by how they are sung, and how they group into syllables."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

VOWELS = frozenset("aeiouyæɑɐɒɔəɘɵɤɚɛɜɝɞɨɪɯɶøœʉʊʌʏᵻᵿ")
NASALS = frozenset("mnŋɲɱɴɳ")
LIQUIDS = frozenset("lɫɭʎʟɬrɹɻɾʀɽʁ")
GLIDES = frozenset("wɥjɰʋ")
VOICED_FRICATIVES = frozenset("vzʒðɣβʐʑʝɦʕɮ")
VOICED_STOPS = frozenset("bdɡgɟɢɖɓɗʄɠ")
FRICATIVES = frozenset("fsʃθhxχçħɕʂɸ")
STOPS = frozenset("ptkcqʔʈ")
SYLLABIC = "\N{COMBINING VERTICAL LINE BELOW}"
LENGTH = "ː"


class Kind(Enum):
    """How a phoneme is sung: VOWEL and SONORANT on the note's pitch, the others as eSpeak made their noise."""

    VOWEL = "vowel"
    SONORANT = "sonorant"
    VOICED_FRICATIVE = "voiced fricative"
    VOICED_STOP = "voiced stop"
    FRICATIVE = "fricative"
    STOP = "stop"

    @property
    def pitched(self) -> bool:
        """All of it is made of harmonics."""
        return self in (Kind.VOWEL, Kind.SONORANT)

    @property
    def buzzes(self) -> bool:
        """Noise over a voice that goes on below it."""
        return self in (Kind.VOICED_FRICATIVE, Kind.VOICED_STOP)


_KINDS = (
    (VOWELS, Kind.VOWEL),
    (NASALS | LIQUIDS | GLIDES, Kind.SONORANT),
    (VOICED_FRICATIVES, Kind.VOICED_FRICATIVE),
    (VOICED_STOPS, Kind.VOICED_STOP),
    (FRICATIVES, Kind.FRICATIVE),
    (STOPS, Kind.STOP),
)


@dataclass(frozen=True)
class Phone:
    """A phoneme in eSpeak's speech: IPA without stress marks, its samples [start, end), its word, its stress (0-2)."""

    symbol: str
    start: int
    end: int
    word: int
    stress: int

    @property
    def kind(self) -> Kind:
        """By its first known letter; what is unknown counts as a sonorant, which can always be sung."""
        for letter in unicodedata.normalize("NFD", self.symbol):
            for letters, kind in _KINDS:
                if letter in letters:
                    return kind
        return Kind.SONORANT

    @property
    def nuclear(self) -> bool:
        """Can carry a syllable in any word."""
        return self.kind is Kind.VOWEL or SYLLABIC in self.symbol

    @property
    def glides(self) -> bool:
        """A diphthong: two vowels in one phoneme, of which the first is held."""
        return sum(letter in VOWELS for letter in self.symbol) > 1


@dataclass(frozen=True)
class Group:
    """A syllable as indices into an utterance's phones: consonants before the nucleus, the nucleus, those after it."""

    word: int
    stress: int
    onset: tuple[int, ...]
    nucleus: int
    coda: tuple[int, ...]


def _sonority(phone: Phone) -> int:
    """From stops (0) to vowels (5): syllables rise to the nucleus and fall after it."""
    if phone.kind is Kind.VOWEL:
        return 5
    if phone.kind is Kind.SONORANT:
        letter = phone.symbol[:1]
        return 4 if letter in GLIDES else 3 if letter in LIQUIDS else 2
    return 1 if phone.kind in (Kind.FRICATIVE, Kind.VOICED_FRICATIVE) else 0


def _onset_length(cluster: Sequence[Phone]) -> int:
    """How many of the consonants between two vowels of a word open the second syllable: "pouring" 1, "a-gree" 2."""
    if not cluster or cluster[-1].symbol[:1] == "ŋ":
        return 0
    length = 1
    if len(cluster) > 1 and _sonority(cluster[-1]) >= 3 and _sonority(cluster[-2]) <= 1:
        length = 2
    if len(cluster) > length and cluster[-length - 1].symbol[:1] == "s" and cluster[-length].kind is Kind.STOP:
        length += 1
    return length


def group(phones: Sequence[Phone]) -> tuple[Group, ...]:
    """Phones in order -> syllables in order. Each word present gets at least one; no phone is lost or shared."""
    found: list[Group] = []
    for word in sorted({phone.word for phone in phones}):
        inside = [index for index, phone in enumerate(phones) if phone.word == word]
        nuclei = [index for index in inside if phones[index].nuclear]
        if not nuclei:
            nuclei = [max(inside, key=lambda index: (_sonority(phones[index]), -index))]
        starts = [inside[0]]
        for before, after in itertools.pairwise(nuclei):
            starts.append(after - _onset_length([phones[index] for index in range(before + 1, after)]))
        ends = [*starts[1:], inside[-1] + 1]
        for start, nucleus, end in zip(starts, nuclei, ends, strict=True):
            stress = max(phones[index].stress for index in range(start, end))
            onset, coda = tuple(range(start, nucleus)), tuple(range(nucleus + 1, end))
            found.append(Group(word, stress, onset, nucleus, coda))
    return tuple(found)
