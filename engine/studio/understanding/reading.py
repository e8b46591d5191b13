"""A caption while it is read: which phrases stand in it, how much each counts, and what nobody understood."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine.studio.understanding.found import Found, all_found, is_part, parts
from engine.studio.understanding.text import Token, folded, tokens
from engine.studio.understanding.vocabulary import Vocabulary

_WEIGHT = re.compile(r"\(([^():]+):\s*(\d(?:\.\d+)?)\s*\)")
_DOUBLED = re.compile(r"\(\(([^()]+)\)\)")
DOUBLED = 1.2
MOST = 3.0


@dataclass
class Reading:
    """A caption while it is read. `heard` collects what was understood: where it stands, and as what people are told.

    `missed` are places that mean something nobody here can do.
    """

    caption: str
    vocabulary: Vocabulary
    heard: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    missed: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text, self._places = folded(self.caption)
        self.known = [False] * len(self.text)
        self.hidden = [False] * len(self.text)
        spelling = self.vocabulary.spelling
        self.tokens = [replace(token, key=spelling.meant(token.key)) for token in tokens(self.text)]
        self._grams = all_found(self.tokens, self.vocabulary)
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
            if any(is_part(gram, each) for each in whole):
                continue
            if everywhere or not any(self.hidden[gram.start : gram.end]):
                kept.append(gram)
                taken.update(own)
        return sorted(kept, key=lambda gram: gram.first)

    def understood(
        self, kind: str, table: Collection[str], *, everywhere: bool = False, outside: Collection[str] = ()
    ) -> list[Found]:
        """As `find`, and the phrases are kept as understood: words about `kind`. "Louder drums" has no loud mood."""
        found = self.find(table, everywhere=everywhere, outside=outside)
        found = [each for each in found if not self.stresses(each)]
        for each in found:
            self.tell(kind, each, wanted=self.weight(each) > 0)
        return found

    def tell(self, kind: str, found: Found, *, wanted: bool) -> None:
        """Keep `found` as understood, with the words that stress or reject it, and a "no" where they are elsewhere."""
        start, end = self.whole(found)
        factor, first = self._degree(found)
        said = factor < 0 or self._not_before(first) or self._not_after(found.last)
        self.hear(kind, start, end, before="" if wanted or said else "no ")

    def hear(self, kind: str, start: int, end: int, *, before: str = "") -> None:
        """Mark a place of the text as understood. Words of no `kind` ("") are not told to people."""
        self.known[start:end] = [True] * (end - start)
        if kind and start < end:
            self.heard.setdefault(kind, []).append((start, end, before + self.written(start, end)))

    def miss(self, start: int, end: int) -> None:
        """Name a place of the text as not understood, whole."""
        self.hide(start, end)
        self.missed.append((start, end))

    def written(self, start: int, end: int) -> str:
        """A place of the text as the caption has it."""
        return self.caption[self._places[start] : self._places[end - 1] + 1]

    def whole(self, found: Found, grammar: Collection[str] = ()) -> tuple[int, int]:
        """The place of a phrase with the words that stress or reject it, or that are of these kinds of `grammar`."""
        table = frozenset().union(*(self.vocabulary.grammar[kind] for kind in grammar))
        first = self._degree(found)[1]
        no = self._not_before(first) or self._ending_at(first, table)
        after = self._not_after(found.last) or self._starting_at(found.last, table)
        if no and (more := self._not_before(no.first)):
            no = more
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

    def joint(self, left: Found, right: Found) -> str | None:
        """The "and" or "or" that alone stands between two phrases."""
        joint = self._ending_at(self._degree(right)[1], self.vocabulary.grammar["joins"])
        return joint.phrase if joint is not None and joint.first == left.last else None

    def rejected(self, found: Found, table: Collection[str]) -> bool:
        """Whether a "no" stands before `found` and the phrase of `table` before it: "no solo guitar"."""
        return self._not_before(self.first_word(found, table)) is not None

    def first_word(self, found: Found, table: Collection[str] = ()) -> int:
        """The token that `found` begins at, with the words that stress it and a phrase of `table` before."""
        first = self._degree(found)[1]
        before = self._ending_at(first, table)
        return before.first if before else first

    def stresses(self, found: Found) -> bool:
        """Whether `found` is a word of degree that stands before something that counts."""
        if found.phrase not in self.vocabulary.degrees:
            return False
        return self._starting_at(found.last, self._countable) is not None

    def hide(self, start: int, end: int) -> None:
        """Take a place out of the search; nobody needs to understand it."""
        self.known[start:end] = self.hidden[start:end] = [True] * (end - start)

    def weight(self, found: Found, *, player: bool = False) -> float:
        """How much a phrase counts: 1 as it stands, more after "very", below 0 after "no"."""
        factor, first = self._degree(found, player=player)
        no = self._rejected(first)
        self._said[found.first] = no
        if no or self._not_after(found.last):
            return -abs(factor)
        for start, end, written in self._weights:
            if start <= found.start and found.end <= end:
                factor *= written
        return factor

    def heard_words(self) -> dict[str, tuple[str, ...]]:
        """What was understood by its kind, in the order of the caption, once each; no parts of longer phrases."""
        within = parts((start, end) for words in self.heard.values() for start, end, _ in words)
        kept = {
            kind: [word for start, end, word in sorted(words) if (start, end) not in within]
            for kind, words in self.heard.items()
        }
        return {kind: tuple(dict.fromkeys(words)) for kind, words in kept.items() if words}

    def rest(self) -> tuple[str, ...]:
        """Words nobody understood, once each; of scripts without spaces only runs of two and more."""
        grammar = [phrases for kind, phrases in self.vocabulary.grammar.items() if kind != "spelled"]
        quiet = frozenset().union(*grammar)
        covered = {at for gram in self.find(quiet, everywhere=True) for at in range(gram.first, gram.last)}
        # "louder" says something of what comes next, where there is something
        for gram in reversed(self.find(self.vocabulary.degrees, everywhere=True)):
            after = self.tokens[gram.last] if gram.last < len(self.tokens) else None
            if after is None or after.gap is None:
                continue
            if gram.last not in covered or any(self.known[after.start : after.end]):
                covered.update(range(gram.first, gram.last))
        runs: list[list[Token]] = []
        for at, token in enumerate(self.tokens):
            if at in covered or any(self.known[token.start : token.end]):
                runs.append([])
            elif token.gap in ("", "-", "'", "’") and runs and runs[-1]:
                runs[-1].append(token)
            else:
                runs.append([token])
        places = sorted([(run[0].start, run[-1].end) for run in runs if run] + self.missed)
        words = [self.written(*place) for place in places]
        return tuple(dict.fromkeys(word.casefold() for word in words if len(word) > 1))

    @cached_property
    def _wanted(self) -> dict[int, Found]:
        """Everything that can be wanted or not, by the token it ends before."""
        known = self.vocabulary
        table = {*known.instruments, *known.moods, *known.productions, *known.voices, *known.strong}
        return {found.last: found for found in self.find(table, everywhere=True)}

    @cached_property
    def _countable(self) -> frozenset[str]:
        """Everything that can count for more or less."""
        known = self.vocabulary
        tables = (known.degrees, known.names, known.moods, known.eras, known.productions, known.tempos)
        return frozenset().union(*tables)

    def _degree(self, found: Found, *, player: bool = False) -> tuple[float, int]:
        """How much the words before `found` stress it, and the token that the first of them begins at."""
        factor, first = 1.0, found.first
        while degree := self._ending_at(first, self.vocabulary.degrees):
            word = self.vocabulary.degrees[degree.phrase]
            worth = word.factor if not player or word.player is None else word.player
            factor = max(-MOST, min(MOST, factor * worth))
            first = degree.first
        return factor, first

    def _rejected(self, first: int) -> bool:
        """Whether a "no" or "without" stands before token `first`, or before the phrase it is joined to by an "or"."""
        while not self._not_before(first):
            joint = self._ending_at(first, self.vocabulary.grammar["joins"])
            before = self._wanted.get(joint.first) if joint else None
            if before is None:
                return False
            if before.first in self._said:
                return self._said[before.first]
            first = self._degree(before)[1]
        return True

    def _not_before(self, first: int) -> Found | None:
        """A "no" or "without" right before token `first`."""
        return self._ending_at(first, self.vocabulary.grammar["not_before"])

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
