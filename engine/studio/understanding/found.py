"""Phrases of the vocabulary in a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.studio.understanding.text import Token, joined
from engine.studio.understanding.vocabulary import Vocabulary

HANGUL = ("가", "힣")


@dataclass(frozen=True)
class Found:
    """A phrase of the vocabulary: its tokens from `first` up to `last` (not included), and its place in the text."""

    first: int
    last: int
    start: int
    end: int
    phrase: str


def all_found(tokens: list[Token], vocabulary: Vocabulary) -> list[Found]:
    """Every phrase of the vocabulary in the text, longest first, then in the order of the text."""
    grams = []
    for first, token in enumerate(tokens):
        run: list[Token] = []
        for each in tokens[first : first + vocabulary.longest]:
            if run and each.gap is None:
                break
            run.append(each)
            phrase = joined(run)
            if phrase in vocabulary.known and not (len(run) == 1 and _ends_a_word(token, phrase, vocabulary)):
                grams.append(Found(first, first + len(run), token.start, each.end, phrase))
    within = _inside([gram for gram in grams if all(token.joined for token in tokens[gram.first : gram.last])])
    return sorted(
        (gram for gram in grams if (gram.first, gram.last) not in within),
        key=lambda gram: (gram.start - gram.end, gram.start),
    )


def is_part(gram: Found, of: Found) -> bool:
    """Whether `gram` is less than the whole of the other."""
    return of.first <= gram.first and gram.last <= of.last and of.last - of.first > gram.last - gram.first


def parts(places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those (start, end) that are less than the whole of another."""
    places = set(places)
    return {
        (start, end)
        for start, end in places
        if any(one <= start and end <= other and other - one > end - start for one, other in places)
    }


def _ends_a_word(token: Token, phrase: str, vocabulary: Vocabulary) -> bool:
    """록 is rock, but not in 기록: one syllable of Hangul is a genre only at the start of a word."""
    return token.gap == "" and HANGUL[0] <= token.key <= HANGUL[1] and phrase in vocabulary.strong


def _inside(grams: list[Found]) -> set[tuple[int, int]]:
    """Places within a longer one: 快 is fast, but not in 快乐, where no space tells words apart."""
    within, reach = set(), 0
    for gram in sorted(grams, key=lambda gram: (gram.first, -gram.last)):
        if gram.last <= reach:
            within.add((gram.first, gram.last))
        reach = max(reach, gram.last)
    return within
