"""A caption while it is read: which phrases stand in it, how much each counts, and what nobody understood."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine.studio.understanding.text import STOPS, Token, folded, joined, tokens
from engine.studio.understanding.vocabulary import Vocabulary

_WEIGHT = re.compile(r"\(([^():]+):\s*(\d(?:\.\d+)?)\s*\)")
_DOUBLED = re.compile(r"\(\(([^()]+)\)\)")
DOUBLED = 1.2
MOST = 3.0
HANGUL = ("가", "힣")


@dataclass(frozen=True)
class Found:
    """A phrase of the vocabulary: its tokens from `first` up to `last` (not included), and its place in the text."""

    first: int
    last: int
    start: int
    end: int
    phrase: str


@dataclass
class Reading:
    """A caption while it is read. `heard` collects the words that were understood, as they were written."""

    caption: str
    vocabulary: Vocabulary
    heard: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.text, self._places = folded(self.caption)
        self.known = [False] * len(self.text)
        self.hidden = [False] * len(self.text)
        self.tokens = self._corrected(tokens(self.text))
        self._grams = self._all_grams()
        self._starts: dict[int, list[Found]] = {}
        self._ends: dict[int, list[Found]] = {}
        for gram in self._grams:
            self._starts.setdefault(gram.first, []).append(gram)
            self._ends.setdefault(gram.last, []).append(gram)
        # whether a phrase that begins at a token was rejected by what stands before it
        self._said: dict[int, bool] = {}
        written = list(_WEIGHT.finditer(self.text))
        self._weights = [(*match.span(1), float(match[2])) for match in written]
        self._weights += [(*match.span(1), DOUBLED) for match in _DOUBLED.finditer(self.text)]
        for match in written:
            self.known[match.end(1) : match.end()] = [True] * (match.end() - match.end(1))

    def find(self, table: Collection[str], *, everywhere: bool = False, outside: Collection[str] = ()) -> list[Found]:
        """Phrases of `table` in the order of the text, the longest first where they overlap.

        What was hidden is left out, unless `everywhere`; so is what is only a part of a phrase of `outside`.
        """
        kept: list[Found] = []
        whole = self.find(outside, everywhere=True) if outside else []
        taken: set[int] = set()
        for gram in self._grams:
            own = range(gram.first, gram.last)
            if gram.phrase not in table or not taken.isdisjoint(own):
                continue
            if any(_is_part(gram, each) for each in whole):
                continue
            if everywhere or not any(self.hidden[gram.start : gram.end]):
                kept.append(gram)
                taken.update(own)
        return sorted(kept, key=lambda gram: gram.first)

    def understood(
        self, kind: str, table: Collection[str], *, everywhere: bool = False, outside: Collection[str] = ()
    ) -> list[Found]:
        """As `find`, and the phrases are kept as understood: words about `kind`."""
        found = self.find(table, everywhere=everywhere, outside=outside)
        for each in found:
            self.hear(kind, *self.whole(each))
        return found

    def hear(self, kind: str, start: int, end: int) -> None:
        """Mark a place of the text as understood. Words of no `kind` ("") are not told to people."""
        self.known[start:end] = [True] * (end - start)
        if kind and start < end:
            self.heard.setdefault(kind, []).append((start, self.written(start, end)))

    def written(self, start: int, end: int) -> str:
        """A place of the text as the caption has it."""
        return self.caption[self._places[start] : self._places[end - 1] + 1]

    def whole(self, found: Found) -> tuple[int, int]:
        """The place of a phrase with the words that stress or reject it."""
        first = self._degree(found)[1]
        no = self._ending_at(first, self.vocabulary.grammar["not_before"])
        after = self._not_after(found.last)
        return (no.start if no else self.tokens[first].start), (after or found).end

    def at(self, place: int) -> int:
        """Where a place of the caption stands in the text."""
        return bisect_left(self._places, place)

    def follows(self, found: Found, table: Collection[str]) -> bool:
        """Whether a phrase of `table` stands right before `found`, or before the words that stress it."""
        return any(self._ending_at(first, table) for first in (found.first, self._degree(found)[1]))

    def precedes(self, found: Found, table: Collection[str]) -> bool:
        """Whether a phrase of `table` stands right after `found`."""
        return self._starting_at(found.last, table) is not None

    def joined(self, left: Found, right: Found) -> bool:
        """Whether only an "and" stands between two phrases."""
        joint = self._ending_at(right.first, self.vocabulary.grammar["joins"])
        return joint is not None and joint.first == left.last

    def hide(self, start: int, end: int) -> None:
        """Take a place out of the search; nobody needs to understand it."""
        self.known[start:end] = self.hidden[start:end] = [True] * (end - start)

    def weight(self, found: Found) -> float:
        """How much a phrase counts: 1 as it stands, more after "very", below 0 after "no"."""
        factor, first = self._degree(found)
        no = self._rejected(first)
        self._said[found.first] = no
        if no or self._not_after(found.last):
            return -abs(factor)
        for start, end, written in self._weights:
            if start <= found.start and found.end <= end:
                factor *= written
        return factor

    def heard_words(self) -> dict[str, tuple[str, ...]]:
        """What was understood by its kind, in the order of the caption, once each."""
        return {kind: tuple(dict.fromkeys(word for _, word in sorted(words))) for kind, words in self.heard.items()}

    def rest(self) -> tuple[str, ...]:
        """Words nobody understood, once each; of scripts without spaces only runs of two and more."""
        grammar = [phrases for kind, phrases in self.vocabulary.grammar.items() if kind != "spelled"]
        quiet = frozenset().union(self.vocabulary.degrees, *grammar)
        covered = {at for gram in self.find(quiet, everywhere=True) for at in range(gram.first, gram.last)}
        runs: list[list[Token]] = []
        for at, token in enumerate(self.tokens):
            if at in covered or any(self.known[token.start : token.end]):
                runs.append([])
            elif token.gap in ("", "-", "'", "’") and runs and runs[-1]:
                runs[-1].append(token)
            else:
                runs.append([token])
        words = [self.written(run[0].start, run[-1].end) for run in runs if run]
        return tuple(dict.fromkeys(word.casefold() for word in words if len(word) > 1))

    @cached_property
    def _wanted(self) -> dict[int, Found]:
        """Everything that can be wanted or not, by the token it ends before."""
        known = self.vocabulary
        table = {*known.instruments, *known.moods, *known.productions, *known.strong}
        return {found.last: found for found in self.find(table, everywhere=True)}

    def _degree(self, found: Found) -> tuple[float, int]:
        """How much the words before `found` stress it, and the token that the first of them begins at."""
        factor, first = 1.0, found.first
        while degree := self._ending_at(first, self.vocabulary.degrees):
            factor = max(-MOST, min(MOST, factor * self.vocabulary.degrees[degree.phrase].factor))
            first = degree.first
        return factor, first

    def _rejected(self, first: int) -> bool:
        """Whether a "no" or "without" stands before token `first`, or before the phrase it is joined to by an "or"."""
        while not self._ending_at(first, self.vocabulary.grammar["not_before"]):
            joint = self._ending_at(first, self.vocabulary.grammar["joins"])
            before = self._wanted.get(joint.first) if joint else None
            if before is None:
                return False
            if before.first in self._said:
                return self._said[before.first]
            first = self._degree(before)[1]
        return True

    def _not_after(self, last: int) -> Found | None:
        """A "なし" after token `last`; a particle may stand between (ドラムはなし)."""
        for at in (last, last + 1):
            if no := self._starting_at(at, self.vocabulary.grammar["not_after"]):
                return no
            if at < len(self.tokens) and (self.tokens[at].gap is None or not self.tokens[at].joined):
                return None
        return None

    def _starting_at(self, first: int, table: Collection[str]) -> Found | None:
        """The longest phrase of `table` from token `first` on, in the part of the sentence of the token before."""
        if first >= len(self.tokens) or self.tokens[first].gap is None:
            return None
        return next((gram for gram in self._starts.get(first, ()) if gram.phrase in table), None)

    def _ending_at(self, last: int, table: Collection[str]) -> Found | None:
        """The longest phrase of `table` right before token `last`, in the same part of the sentence."""
        if last >= len(self.tokens) or self.tokens[last].gap is None:
            return None
        return next((gram for gram in self._ends.get(last, ()) if gram.phrase in table), None)

    def _ends_a_word(self, token: Token, phrase: str) -> bool:
        """록 is rock, but not in 기록: one syllable of Hangul is a genre only at the start of a word."""
        return token.gap == "" and HANGUL[0] <= token.key <= HANGUL[1] and phrase in self.vocabulary.strong

    def _corrected(self, found: list[Token]) -> list[Token]:
        return [replace(token, key=self.vocabulary.spelling.meant(token.key)) for token in found]

    def _all_grams(self) -> list[Found]:
        """Every phrase of the vocabulary in the text, longest first, then in the order of the text."""
        grams = []
        for first, token in enumerate(self.tokens):
            run: list[Token] = []
            for each in self.tokens[first : first + self.vocabulary.longest]:
                if run and each.gap is None:
                    break
                run.append(each)
                phrase = joined(run)
                if phrase in self.vocabulary.known and not (len(run) == 1 and self._ends_a_word(token, phrase)):
                    grams.append(Found(first, first + len(run), token.start, each.end, phrase))
        within = _inside([gram for gram in grams if all(token.joined for token in self.tokens[gram.first : gram.last])])
        return sorted(
            (gram for gram in grams if (gram.first, gram.last) not in within),
            key=lambda gram: (gram.start - gram.end, gram.start),
        )


def _inside(grams: list[Found]) -> set[tuple[int, int]]:
    """Places within a longer one: 快 is fast, but not in 快乐, where no space tells words apart."""
    within, reach = set(), 0
    for gram in sorted(grams, key=lambda gram: (gram.first, -gram.last)):
        if gram.last <= reach:
            within.add((gram.first, gram.last))
        reach = max(reach, gram.last)
    return within


def _is_part(gram: Found, of: Found) -> bool:
    return of.first <= gram.first and gram.last <= of.last and of.last - of.first > gram.last - gram.first


def clause_end(text: str, start: int) -> int:
    """Where the part of a sentence that begins at `start` ends."""
    stop = STOPS.search(text, start)
    return stop.start() if stop else len(text)
