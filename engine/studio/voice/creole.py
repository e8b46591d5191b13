"""Haitian Creole in the phonemes of eSpeak NG's French voice: its own reads the digraphs letter by letter."""

from __future__ import annotations

import re

# A nasal vowel ends its syllable; before another vowel, n is a consonant.
_SOUNDS = (
    ("àn", "an"), ("ann", "A~n"), ("enn", "E~n"), ("onn", "O~n"), ("oun", "un"),
    (r"an(?![aeiouèòàéwy])", "A~"), (r"en(?![aeiouèòàéwy])", "E~"), (r"on(?![aeiouèòàéwy])", "O~"),
    ("tch", "tS"), ("ch", "S"), ("dj", "dZ"), ("ou", "u"), ("ui", "yi"), ("ng", "N"), ("gn", "n^"), ("qu", "k"),
    ("è", "E"), ("ò", "O"), ("à", "a"), ("é", "e"), ("j", "Z"), ("y", "j"), ("c", "k"), ("x", "ks"),
    (r"[abdefghiklmnoprstuvwz]", ""),
)  # fmt: skip
_SOUND = re.compile("|".join(f"({spelt})" for spelt, _ in _SOUNDS))
_VOWEL = re.compile(r"(A~|E~|O~|[aeiouEO])(?=[^aeiouAEO~]*$)")


def creole(word: str) -> str:
    """Phonemes of a word in its spelling of 1979, stressed on its last vowel; empty where it has letters of no such."""
    said = []
    at = 0
    plain = word.lower().replace("'", "").replace("-", "")
    while at < len(plain):
        match = _SOUND.match(plain, at)
        if match is None or match.lastindex is None:
            return ""
        said.append(_SOUNDS[match.lastindex - 1][1] or match.group())
        at = match.end()
    return _VOWEL.sub(r"'\1", "".join(said))
