"""The instruments of a caption: which are wanted, which are not, and which alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from engine.spec.preset import StemName
from engine.spec.words import Player
from engine.studio.compose.arrangement import STEM_OF
from engine.studio.understanding.found import Found
from engine.studio.understanding.reading import Reading

# what stands between two instruments of a list
Joint = Literal["comma", "and", "or"]
_SIGNS: dict[str, Joint] = {",": "comma", "、": "comma", "&": "and", "+": "and", "/": "and"}


@dataclass(frozen=True)
class Wish:
    """An instrument of the caption, how much it counts (0 or less: not wanted), and whether it should be alone.

    `solo` is one who stands out of a band; one who is not wanted for that may well play along.
    """

    player: Player
    weight: float
    alone: bool
    solo: bool
    found: Found

    @property
    def stem(self) -> StemName:
        return self.player.stem or STEM_OF[self.player.plays]


def wishes(reading: Reading, *, edited: bool) -> list[Wish]:
    """The instruments of a caption in its order. What isn't wanted is hidden, so that it is not heard as wanted.

    In a caption of a song that is `edited` nobody is alone by a "solo".
    """
    grammar, known = reading.vocabulary.grammar, reading.vocabulary.instruments
    found = reading.find(known)
    result: list[Wish] = []
    for each in found:
        alone = reading.follows(each, grammar["alone_before"]) or reading.precedes(each, grammar["alone_after"])
        solo = reading.follows(each, grammar["solo"]) or reading.precedes(each, grammar["solo"])
        weight = -1.0 if solo and reading.rejected(each, grammar["solo"]) else reading.weight(each, player=True)
        result.append(Wish(known[each.phrase], weight, alone, solo, each))
    joints = [_joint(reading, left, right) for left, right in pairwise(found)]
    for at in _carried_no(result, joints):
        result[at] = replace(result[at], weight=-1.0)
    refused = [wish.player for wish in result if wish.weight <= 0 and not wish.solo]
    result = [replace(wish, weight=-1.0) if wish.player in refused else wish for wish in result]
    if not edited:
        for at, wish in enumerate(result):
            if wish.solo and wish.weight > 0 and _by_itself(reading, result, joints, at):
                result[at] = replace(wish, alone=True)
    for at in _carried_only(reading, result, joints):
        result[at] = replace(result[at], alone=True)
    for wish in result:
        if wish.weight <= 0:
            reading.hide(wish.found.start, wish.found.end)
    return result


def asked(wishes: list[Wish]) -> dict[str, Wish]:
    """The stems that a caption fills with an instrument of its own choice, each with the first wish for it."""
    first: dict[str, Wish] = {}
    for wish in wishes:
        if wish.weight > 0 and not wish.player.colour:
            first.setdefault(wish.stem, wish)
    return first


def _joint(reading: Reading, left: Found, right: Found) -> Joint | None:
    """What joins two phrases into a list, or None where more than that stands between them."""
    if joint := reading.joint(left, right):
        return "or" if joint in reading.vocabulary.grammar["ors"] else "and"
    between = reading.text[left.end : reading.tokens[reading.first_word(right)].start].strip()
    return _SIGNS.get(between)


def _carried_no(wishes: list[Wish], joints: list[Joint | None]) -> Iterator[int]:
    """Who is not wanted because of a "no" before the list: "no drums, bass or guitar"."""
    for at, joint in enumerate(joints):
        if joint != "or":
            continue
        first = at
        while first > 0 and wishes[first].weight > 0 and joints[first - 1] == "comma":
            first -= 1
        if wishes[first].weight <= 0:
            yield from range(first + 1, at + 2)


def _carried_only(reading: Reading, wishes: list[Wish], joints: list[Joint | None]) -> Iterator[int]:
    """Who is alone together with another: "only piano, bass and drums", "cello and harp only"."""
    grammar = reading.vocabulary.grammar
    for at, wish in enumerate(wishes):
        if not wish.alone or wish.weight <= 0:
            continue
        # "solo piano, strings" is no list
        over_commas = reading.follows(wish.found, grammar["alone_before"])
        last = at
        while last < len(joints) and joints[last] and (over_commas or joints[last] != "comma"):
            last += 1
        first, over_commas = at, False
        while first > 0 and joints[first - 1] and (over_commas or joints[first - 1] != "comma"):
            first, over_commas = first - 1, True
        yield from range(first, last + 1)


def _by_itself(reading: Reading, wishes: list[Wish], joints: list[Joint | None], at: int) -> bool:
    """Whether a "solo" means that nobody else plays ("solo piano"), and not that one stands out ("a guitar solo")."""
    found, grammar = wishes[at].found, reading.vocabulary.grammar
    first = last = at
    while last < len(joints) and joints[last] in ("and", "or"):
        last += 1
    while first > 0 and joints[first - 1] in ("and", "or"):
        first -= 1
    group = {wish.stem for wish in wishes[first : last + 1]}
    if any(wish.weight > 0 and wish.stem not in group for wish in wishes):
        return False
    before = reading.follows(found, grammar["solo"])
    start = reading.first_word(found, grammar["solo"])
    if any(turn.first < start for turn in reading.find(grammar["turns"])):
        return False
    fillers = reading.find(grammar["fillers"], everywhere=True)
    said = {token for each in fillers for token in range(each.first, each.last)}
    if start - 1 in said and not said.issuperset(range(start)):
        return False
    # "rock, guitar solo" has a band, "jazz, solo piano" has none, and nor has "jazz piano solo"
    genres = [] if before else reading.find(reading.vocabulary.strong.keys() - reading.vocabulary.weak)
    return all(
        (each.first < found.last and start < each.last)
        or (
            each.last <= start
            and said.isdisjoint(range(each.last, start))
            and all(reading.tokens[token].gap is not None for token in range(each.last, start + 1))
        )
        for each in genres
    )
