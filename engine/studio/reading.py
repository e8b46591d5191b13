"""A caption while it is read: phrases are found in it, and what nobody understood is left over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.studio import vocabulary

_WORD = re.compile(r"[^\W_](?:[\w'’&#+-]*[\w#+])?")


@dataclass
class Reading:
    """A caption while it is read: its text in lower case, and which characters have been understood."""

    text: str
    known: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.known = [False] * len(self.text)

    def mark(self, start: int, end: int) -> None:
        self.known[start:end] = [True] * (end - start)

    def places(self, phrase: str) -> Iterator[tuple[int, int]]:
        """Where `phrase` stands as whole words."""
        for match in re.finditer(rf"(?<![\w#]){re.escape(phrase)}(?![\w#])", self.text):
            yield match.span()

    def longest(self, phrases: Iterable[str]) -> list[tuple[int, int, str]]:
        """Phrases that stand in the text, none inside another, in the order of the text."""
        found = sorted(((*span, phrase) for phrase in set(phrases) for span in self.places(phrase)), key=_by_length)
        kept: list[tuple[int, int, str]] = []
        for start, end, phrase in found:
            if all(end <= left or start >= right for left, right, _ in kept):
                kept.append((start, end, phrase))
        return sorted(kept)

    def understood(self, phrases: Iterable[str]) -> list[str]:
        """As `longest`, the phrases alone; they are marked as understood."""
        found = self.longest(phrases)
        for start, end, _ in found:
            self.mark(start, end)
        return [phrase for _, _, phrase in found]

    def rest(self) -> tuple[str, ...]:
        """Words nobody understood, once each."""
        words = []
        for match in _WORD.finditer(self.text):
            word = match.group()
            known = any(self.known[match.start() : match.end()]) or word in vocabulary.STOPWORDS or len(word) < 2
            if not known or word in vocabulary.NOT_PLAYED:
                words.append(word)
        return tuple(dict.fromkeys(words))


def _by_length(found: tuple[int, int, str]) -> tuple[int, int]:
    return (found[0] - found[1], found[0])
