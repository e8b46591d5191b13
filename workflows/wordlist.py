"""Words to look for in what people write, however they write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

# Signs that show nothing, besides those that Unicode counts as format: fillers, joiners and selectors.
_SHOW_NOTHING = frozenset({*"\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0", *map(chr, range(0xFE00, 0xFE10))})
# Scripts that put no space between words: there a word is found wherever it stands.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


class WordList:
    """Finds words, and phrases of several, where each stands as a word of its own.

    Upper and lower case are the same, and so are letters that Unicode holds to be compatible (`ｂａｄ`, `𝗯𝗮𝗱`, `bad`);
    signs that show nothing are passed over. Built once: looking takes a few milliseconds, with thousands of words too.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """Raises `ValueError` for a word in which nothing can be seen."""
        self._words = {" ".join(_folded(word)[0].split()): word for word in words}
        if "" in self._words:
            raise ValueError("a word needs letters")
        # The longest first: "bad apple" is not just "bad".
        folds = sorted(self._words, key=len, reverse=True)
        spaced = [_pattern(fold) for fold in folds if not _is_unspaced(fold)]
        anywhere = [_pattern(fold) for fold in folds if _is_unspaced(fold)]
        kinds = [rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)"] if spaced else []
        self._found = re.compile("|".join([*kinds, *anywhere])) if folds else None

    def first(self, text: str) -> str | None:
        """The first of the words that stands in `text`, as the list has it."""
        if self._found is None:
            return None
        found = self._found.search(_folded(text)[0])
        return self._named(found) if found else None

    def exchanged(self, text: str, other: Callable[[str], str]) -> str:
        """`text` with what `other` says for each of the words; a capital at its beginning stays a capital."""
        if self._found is None:
            return text
        fold, places = _folded(text)
        composed = unicodedata.normalize("NFC", text)
        parts, done = [], 0
        for found in self._found.finditer(fold):
            start, end = places[found.start()][0], places[found.end() - 1][1]
            word = other(self._named(found))
            capital = composed[start:end].lstrip()[:1].isupper()
            parts += [composed[done:start], word[:1].upper() + word[1:] if capital else word]
            done = end
        return "".join([*parts, composed[done:]]) if parts else text

    def _named(self, found: re.Match[str]) -> str:
        return self._words[" ".join(found[0].split())]


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """`text` as it is compared, and for each sign of it where that stands in the composed text: begin and end."""
    if text.isascii():
        return text.lower(), [(at, at + 1) for at in range(len(text))]
    signs = [(at, sign) for at, sign in enumerate(unicodedata.normalize("NFC", text)) if not _shows_nothing(sign)]
    fold, places = "", []
    first = 0
    while first < len(signs):
        # A letter and the accents upon it are compared as one.
        last = first + 1
        while last < len(signs) and unicodedata.combining(signs[last][1]):
            last += 1
        letter = "".join(sign for _, sign in signs[first:last])
        same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", letter).casefold())
        fold += same
        places += [(signs[first][0], signs[last - 1][0] + 1)] * len(same)
        first = last
    return fold, places


def _shows_nothing(sign: str) -> bool:
    return sign in _SHOW_NOTHING or unicodedata.category(sign) == "Cf"


def _pattern(fold: str) -> str:
    return r"\s+".join(map(re.escape, fold.split()))


def _is_unspaced(fold: str) -> bool:
    return any(unicodedata.name(sign, "").startswith(_UNSPACED) for sign in fold)
