"""Where phrases stand in what somebody wrote, whatever its case, its accents and its script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.studio.understanding.text import folded

# Scripts that put no space between words: there a word is found wherever it stands.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class Span:
    """A place of the text as it was written."""

    start: int
    end: int


class Text:
    """What somebody wrote, ready to be searched."""

    def __init__(self, written: str) -> None:
        self.written = written
        self._folded, self._places = folded(written)

    def find(self, phrases: Iterable[str], *, begun: int = 0, ended: bool = False) -> list[Span]:
        """Every place of any of `phrases` as words of their own, in the order of the text.

        A word may go on for `begun` letters after one, and is found whole; with `ended` it only has to end with it
        ("고양이에 대한").
        """
        found = [span for phrase in phrases for span in self._each(_key(phrase), begun, ended)]
        return sorted(found, key=lambda span: (span.start, -span.end))

    def has(self, letters: str) -> bool:
        """Whether `letters` stand anywhere in it, be it within a word."""
        return _key(letters) in self._folded

    def without(self, *spans: Span) -> str:
        """The text with a space in the place of each of `spans`."""
        kept = list(self.written)
        for span in spans:
            kept[span.start : span.end] = " " * (span.end - span.start)
        return "".join(kept)

    def _each(self, key: str, begun: int, ended: bool) -> Iterator[Span]:
        at = self._folded.find(key) if key else -1
        while at >= 0:
            end = at + len(key)
            apart = ended or not _is_spaced(key[0]) or not _in_word(self._folded[at - 1 : at])
            more = self._goes_on(end) if _is_spaced(key[-1]) else 0
            if apart and more <= begun:
                yield Span(self._places[at], self._places[end + more - 1] + 1)
            at = self._folded.find(key, at + 1)

    def _goes_on(self, end: int) -> int:
        """How many letters of the word that `end` stands in come after it."""
        rest = self._folded[end:]
        return next((count for count, letter in enumerate(rest) if not _in_word(letter)), len(rest))


def is_unspaced(text: str) -> bool:
    """Whether `text` has letters of a script that puts no space between words."""
    return any(not _is_spaced(letter) for letter in text)


@lru_cache(maxsize=16_384)
def _key(phrase: str) -> str:
    return " ".join(folded(phrase)[0].split())


def _is_spaced(letter: str) -> bool:
    return not unicodedata.name(letter, "").startswith(_UNSPACED)


def _in_word(letter: str) -> bool:
    return bool(letter) and (letter.isalnum() or unicodedata.category(letter).startswith("M"))
