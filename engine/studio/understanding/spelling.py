"""Slips of the pen: a word that is one letter away from a known one is taken for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from engine.studio.understanding.text import tokens

SHORTEST = 5
# a swapped letter makes another word more easily than a lost or doubled one
SHORTEST_SWAPPED = 6


@dataclass(frozen=True)
class Spelling:
    """Words as they should be, found by what is left when one letter is taken away."""

    right: frozenset[str]
    near: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, phrases: Collection[str], spelled: Collection[str]) -> Spelling:
        """Corrects to those of `phrases` that are one word; leaves every word of `spelled` as it is."""
        words = {phrase for phrase in phrases if _is_plain(phrase)}
        near: dict[str, list[str]] = {}
        for word in sorted(words):
            for rest in {word, *_shorter(word)}:
                near.setdefault(rest, []).append(word)
        right = {token.key for phrase in spelled for token in tokens(phrase)}
        return cls(frozenset(words | right), {rest: tuple(found) for rest, found in near.items()})

    def meant(self, word: str) -> str:
        """The known word that `word` is a slip of, or `word` itself."""
        if word in self.right or not _is_plain(word):
            return word
        candidates = [known for rest in (word, *_shorter(word)) for known in self.near.get(rest, ())]
        fitting = [known for known in dict.fromkeys(candidates) if known[0] == word[0] and _is_slip(word, known)]
        return fitting[0] if fitting else word


def _is_plain(word: str) -> bool:
    return len(word) >= SHORTEST and word.isascii() and word.isalpha()


def _shorter(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _is_slip(word: str, known: str) -> bool:
    """Whether one letter was left out, added, or two were exchanged; in longer words also one swapped for another."""
    if len(word) != len(known):
        return True
    apart = [at for at in range(len(word)) if word[at] != known[at]]
    if len(apart) == 2 and apart[1] == apart[0] + 1:
        return word[apart[0]] == known[apart[1]] and word[apart[1]] == known[apart[0]]
    return len(apart) == 1 and len(word) >= SHORTEST_SWAPPED
