"""Whether what is said is a language as its people speak it: sounds against sounds, fine differences left out.

What does not count: length, stress, tones, ties, aspiration, palatalisation, the glottal stop, which many write and
many don't, and where exactly the tongue touches, except for retroflex stops.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

NASAL = "\N{COMBINING TILDE}"
CEDILLA = "\N{COMBINING CEDILLA}"
# Signs that phoneticians write for the same sound, or for sounds that speakers of a language use one for the other.
# A sign between two of them counts as both.
CLASSES = {
    "a": "aɑæɐʌɒ", "e": "eɛæ", "o": "oɔɒ", "i": "iɪjᵻ", "u": "uʊwʉɥ", "y": "yʏ", "ø": "øœɵ", "ə": "əɜɘɤɐʌ", "ɨ": "ɨɯ",
    "r": "rɾɽʁʀɹɻɺ", "l": "lɫ", "v": "vʋ", "h": "hɦxχħ", "ʃ": "ʃʂ", "ʒ": "ʒʐ", "b": "bβɓ", "d": "dðɗ", "ɡ": "ɡɣgɠ",
    "ɟ": "ɟʝ", "": "pftszkqcmnŋɲɳʎɭɬθçʕʈɖɕʑ",
}  # fmt: skip
# Palatal stops and their affricates are written one for the other, too.
AFFRICATES = {("t", "ʃ"): "c", ("t", "ɕ"): "c", ("ʈ", "ʃ"): "c", ("d", "ʒ"): "ɟ", ("d", "ʑ"): "ɟ", ("ɖ", "ʒ"): "ɟ"}
# One sign for two sounds.
DOUBLE = (("ɚ", "əɹ"), ("ɝ", "əɹ"), ("ɧ", "sx"))

_NAMES = {
    letter: "".join(name or letter for name, letters in CLASSES.items() if letter in letters)
    for letter in "".join(CLASSES.values())
}
# What a nasal tilde makes another vowel: French, Hindi and Portuguese have words that differ in nothing else.
_NASAL = frozenset("aeoəø")


def folded(symbols: Iterable[str]) -> tuple[str, ...]:
    """IPA as sounds: a diphthong is two, a long or double sound one, an affricate one.

    Each is named by the classes that it may belong to, "aə" by two.
    """
    text = unicodedata.normalize("NFD", "".join(symbols))
    for sign, sounds in DOUBLE:
        text = text.replace(sign, sounds)
    single: list[str] = []
    for letter in text:
        if letter == NASAL and single and single[-1][0] in _NASAL:
            single[-1] += NASAL
        elif letter == CEDILLA:
            single[-1:] = ["ç"]
        elif name := _NAMES.get(letter):
            single.append(name)
    found: list[str] = []
    for name in single:
        if found and (found[-1], name) in AFFRICATES:
            found[-1] = AFFRICATES[found[-1], name]
        elif not found or found[-1] != name:
            found.append(name)
    return tuple(found)


def alike(said: Sequence[str], expected: Sequence[str]) -> float:
    """Of the longer one's sounds, how many come in the same order in the other: 1 all, 0 none. Both `folded`."""
    best = np.zeros((len(said) + 1, len(expected) + 1), int)
    for row, one in enumerate(said, 1):
        for column, other in enumerate(expected, 1):
            same = best[row - 1, column - 1] + _same(one, other)
            best[row, column] = max(same, best[row - 1, column], best[row, column - 1])
    return float(best[-1, -1] / max(len(said), len(expected), 1))


def _same(one: str, other: str) -> bool:
    return (NASAL in one) == (NASAL in other) and bool(set(one) & set(other) - {NASAL})


def switches(symbols: Iterable[str]) -> tuple[str, ...]:
    """eSpeak's marks of a change to another language, "(en)", and back."""
    return tuple(symbol for symbol in symbols if symbol.startswith("("))


def of_one_language(symbols: Iterable[str], tag: str) -> tuple[str, ...]:
    """The sounds that are said by the voice of `tag` itself, not by another language's that eSpeak calls in."""
    found, own = [], True
    for symbol in symbols:
        if symbol.startswith("("):
            own = symbol.strip("()").split("-")[0] == tag.split("-")[0]
        elif own:
            found.append(symbol)
    return tuple(found)
