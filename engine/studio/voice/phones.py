"""Phonemes by how they are sung, and how they group into syllables."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

VOWELS = frozenset("aeiouyæɑɐɒɔəɘɵɤɚɛɜɝɞɨɪɯɶøœʉʊʌʏᵻᵿ")
NASALS = frozenset("mnŋɲɱɳɴ")
LIQUIDS = frozenset("lɫɭʎʟɬrɹɻɾʀɽʁ")
GLIDES = frozenset("wɥjɰʋʲ")
VOICED_FRICATIVES = frozenset("vzʒðɣβʐʑʝɦʕɮ")
VOICED_STOPS = frozenset("bdɡgɟɢɖɓɗʄɠ")
FRICATIVES = frozenset("fsʃθhxχçħɕʂɸ")
STOPS = frozenset("ptkcqʔʈʘǀǃǂǁ")
SYLLABIC = "\N{COMBINING VERTICAL LINE BELOW}"
GLIDING = "\N{COMBINING INVERTED BREVE BELOW}"
LENGTH = "ː"
# Liquids that make a syllable where no vowel is beside them: "srce", "krk", "vlk".
SYLLABIC_LETTERS = {"bs": "rɾ", "cs": "rlɾ", "hr": "rɾ", "lb": "ʁ", "mk": "rɾ", "sk": "rlɾ", "sr": "rɾ"}
# Two vowels that are one syllable, by language: the first is a glide to the second, or the second from the first.
_RISING = {"fr": {"y": ("ɥ", "i")}, "it": {"ʊ": ("w", "ɔ")}, "ba": {"ɪ": ("j", "aeiouyæɑɒœɯ")}}
_FALLING = {"ba": "ɪ", "et": "iɪuʊ", "no": "ɪ", "lt": ("au", "e")}
_FALLING_FROM = {"lt": "ɑɪ"}


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
        """A vowel where it has one ("ju", "œŋ"), else by its first known letter.

        What is unknown counts as a sonorant, which can always be sung.
        """
        plain = unicodedata.normalize("NFD", self.symbol)
        if any(letter in VOWELS for letter in plain):
            return Kind.VOWEL
        for letter in plain:
            for letters, kind in _KINDS:
                if letter in letters:
                    return kind
        return Kind.SONORANT

    @property
    def nuclear(self) -> bool:
        """Can carry a syllable in any word."""
        return (self.kind is Kind.VOWEL and GLIDING not in self.symbol) or SYLLABIC in self.symbol

    @property
    def glides(self) -> bool:
        """Two sounds in one phoneme, a diphthong or a vowel with a nasal after it, of which the first is held."""
        return sum(letter in VOWELS or letter in NASALS for letter in self.symbol) > 1


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
    if cluster[-1].symbol == "ʲ":
        # A softened consonant stays with what softens it.
        return 1 + _onset_length(cluster[:-1])
    length = 1
    if len(cluster) > 1 and _sonority(cluster[-1]) >= 3 and _sonority(cluster[-2]) <= 1:
        length = 2
    if len(cluster) > length and cluster[-length - 1].symbol[:1] == "s" and cluster[-length].kind is Kind.STOP:
        length += 1
    return length


def _twice(before: Phone, phone: Phone) -> bool:
    """One long vowel said as a short and a long one."""
    return before.symbol + LENGTH == phone.symbol


def _gliding(before: Phone | None, phone: Phone, after: Phone | None, language: str) -> str:
    """A vowel's symbol, that of a glide where it makes one syllable with the vowel beside it."""
    glide, onto = _RISING.get(language, {}).get(phone.symbol, ("", ""))
    if after is not None and after.symbol[:1] in tuple(onto):
        return glide
    if phone.symbol not in tuple(_FALLING.get(language, "")) or before is None or before.kind is not Kind.VOWEL:
        return phone.symbol
    falls = before.nuclear and before.symbol[:1] in _FALLING_FROM.get(language, before.symbol[:1])
    return phone.symbol + GLIDING if falls else phone.symbol


def _alone(before: Phone | None, phone: Phone, after: Phone | None, language: str) -> bool:
    """Whether a sonorant has no vowel beside it that it could belong to."""
    closed = after is None or not (after.kind is Kind.VOWEL or after.symbol[:1] in GLIDES)
    if language == "ja":
        return phone.symbol[:1] == "ɴ" or (closed and phone.symbol[:1] in NASALS)
    if not closed or phone.symbol[:1] not in tuple(SYLLABIC_LETTERS.get(language, "")):
        return False
    if before is None:
        # At the start of a word only southern Slavs make it one: "rt", but not "lhát".
        return after is not None and language not in ("cs", "sk")
    return before.kind is not Kind.VOWEL


def syllabified(phones: Sequence[Phone], language: str) -> tuple[Phone, ...]:
    """Mark the consonants that are syllables of their own in `language`: Slavic r and l, the Japanese n.

    Vowels that eSpeak says twice over one letter pair (Estonian öö) become one.
    """
    found: list[Phone] = []
    for index, phone in enumerate(phones):
        before = found[-1] if found and found[-1].word == phone.word else None
        after = phones[index + 1] if index + 1 < len(phones) and phones[index + 1].word == phone.word else None
        if phone.kind is Kind.VOWEL:
            if before is not None and before.end == phone.start and language == "et" and _twice(before, phone):
                found[-1] = replace(before, symbol=phone.symbol, end=phone.end)
                continue
            phone = replace(phone, symbol=_gliding(before, phone, after, language))
        elif phone.kind is Kind.SONORANT and SYLLABIC not in phone.symbol and _alone(before, phone, after, language):
            phone = replace(phone, symbol=phone.symbol[:1] + SYLLABIC + phone.symbol[1:])
        found.append(phone)
    return tuple(found)


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
