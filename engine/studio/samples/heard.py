"""The sounds that a caption names: which are wanted, which are not, and which come on top of others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.studio.compose.arrangement import STEM_OF
from engine.studio.samples.sounds import DUSTY, MANNERS, PLAIN, SINGLE, SUNG, VAGUE, Sound, spans
from engine.studio.understanding.found import Found
from engine.studio.understanding.reading import Reading
from engine.studio.understanding.text import STOPS, phrase_key
from engine.studio.understanding.vocabulary import Vocabulary

_NOT = re.compile(r"\b(?:no|without|minus)\s+(?:any\s+)?$")
_ADDED = re.compile(r"\b(?:with|plus|and some|over)\b")
# "ride the wave" and "break my heart" name no drums
_VERB = re.compile(r"\s+(?:the|my|your|his|her|our|their|me|it|you|us)\b")
_ARTICLE = re.compile(r" (?:the|an?|any|all)$")
_DRUMS = ("drums", "percussion")
_SIGNS: dict[str, Literal["comma", "and"]] = {",": "comma", "、": "comma", "&": "and", "+": "and", "/": "and"}


@dataclass(frozen=True)
class Heard:
    """A sound, the words of the caption that name it, and where these begin.

    Not `wanted`: there is a "no" before it. `extra`: it comes on top of something else ("techno loop with piano").
    """

    sound: Sound
    words: str
    start: int
    wanted: bool = True
    extra: bool = False


@dataclass(frozen=True)
class _Named:
    """A phrase of a caption's text that names a sound, where the "no" before it begins, and how it goes on a list."""

    start: int
    end: int
    sound: Sound
    no: int | None
    joint: Literal["comma", "and", "or"] | None = None


def sounds_in(caption: str, vocabulary: Vocabulary) -> tuple[Heard, ...]:
    """The sounds of a caption in its order, and the single drums it wants left out.

    The drums in "drum and bass" are none, nor is the boom in "boom bap".
    """
    reading = Reading(caption, vocabulary)
    named = _named(reading)
    refused = _refused(named)
    wanted = [each for at, each in enumerate(named) if at not in refused]
    turn = _ADDED.search(reading.text)
    extra = turn is not None and all(each.start > turn.start() for each in wanted)
    return tuple(
        Heard(each.sound, reading.written(each.start, each.end), each.start, at not in refused, extra)
        for at, each in enumerate(named)
        if at not in refused or each.sound.drums
    )


def without_refused(caption: str, vocabulary: Vocabulary) -> str:
    """`caption` without the single drums that it wants left out: who wants no hats wants drums all the same."""
    reading = Reading(caption, vocabulary)
    named = _named(reading)
    refused = _refused(named)
    text = caption if len(caption) == len(reading.text) else reading.text
    for first in sorted((at for at in refused if named[at].no is not None), reverse=True):
        last = first
        while last + 1 in refused and named[last + 1].no is None:
            last += 1
        others = [text[each.start : each.end] for each in named[first : last + 1] if not each.sound.drums]
        if len(others) <= last - first:
            rest = f"no {' or '.join(others)}" if others else ""
            text = text[: named[first].no] + rest + text[named[last].end :]
    return text


def _named(reading: Reading) -> list[_Named]:
    """What names a sound in a caption, in its order."""
    known = reading.vocabulary
    phrases = reading.find({**known.strong, **known.instruments})
    found: list[tuple[int, int, Sound]] = []
    for start, end, phrase in sorted(spans(SINGLE, reading.text), key=lambda span: span[0] - span[1]):
        more = _VERB.match(reading.text, end) or any(_means_more(each, start, end, known) for each in phrases)
        if not more and not _overlaps(found, start, end):
            found.append((start, end, SINGLE[phrase]))
    singles = len(found)
    rejected: set[int] = set()
    for each in phrases:
        player = known.instruments.get(each.phrase)
        if player is None or player.colour or each.phrase in VAGUE or _overlaps(found[:singles], each.start, each.end):
            continue
        if reading.weight(each, player=True) <= 0:
            rejected.add(each.start)
        sound = Sound(player.stem or STEM_OF[player.plays], player.plays, usual=player.stem is not None)
        found.append((each.start, each.end, sound))
    named: list[_Named] = []
    off = False
    for start, end, sound in sorted(found, key=_place):
        no = _no_before(reading, start)
        joint = _joint(reading, named[-1].end, start) if named else None
        off = off and joint is not None
        if no is None and not off and start in rejected:
            no = start
        off = off or no is not None
        named.append(_Named(start, end, sound, no, joint))
    return named


def _means_more(each: Found, start: int, end: int, known: Vocabulary) -> bool:
    """Whether a longer phrase than the drum from `start` to `end` holds it, and names a genre or no drum."""
    if not (each.start <= start and end <= each.end and each.end - each.start > end - start):
        return False
    player = known.instruments.get(each.phrase)
    return player is None or (player.stem or STEM_OF[player.plays]) not in _DRUMS


def _overlaps(found: list[tuple[int, int, Sound]], start: int, end: int) -> bool:
    return any(start < right and left < end for left, right, _ in found)


def _no_before(reading: Reading, start: int) -> int | None:
    """Where a "no" or "without" right before `start` begins."""
    clause = max((stop.end() for stop in STOPS.finditer(reading.text, 0, start)), default=0)
    for word in re.finditer(r"\S+", reading.text[clause:start]):
        said = phrase_key(reading.text[clause + word.start() : start])
        if not {said, _ARTICLE.sub("", said)}.isdisjoint(reading.vocabulary.grammar["not_before"]):
            return clause + word.start()
    return None


def _joint(reading: Reading, left: int, right: int) -> Literal["comma", "and", "or"] | None:
    """What joins two sounds into a list, or None where more than that stands between them."""
    between = reading.text[left:right].strip()
    if between in _SIGNS:
        return _SIGNS[between]
    word = phrase_key(between.strip(" ,"))
    if word in reading.vocabulary.grammar["ors"]:
        return "or"
    return "and" if word in reading.vocabulary.grammar["joins"] else None


def _refused(named: list[_Named]) -> set[int]:
    """Which of the sounds are not wanted: "no kick or snare", and "no kick, snare or hats"."""
    refused = {at for at, each in enumerate(named) if each.no is not None}
    for first in sorted(refused):
        last = first
        while last + 1 < len(named) and named[last + 1].joint and named[last + 1].no is None:
            last += 1
        over_commas = any(each.joint == "or" for each in named[first + 1 : last + 1])
        for at in range(first + 1, last + 1):
            if named[at].joint == "comma" and not over_commas:
                break
            refused.add(at)
    return refused


def wanted_of(heard: Iterable[Heard]) -> tuple[Heard, ...]:
    """Those that shall be heard."""
    return tuple(each for each in heard if each.wanted)


def falls(heard: Heard) -> bool:
    """Whether it is a sweep that goes down: a riser backwards, which only one who is alone can be."""
    return MANNERS.get(heard.words.casefold().removesuffix("s")) == "faller"


def unknown(words: Iterable[str], caption: str, heard: tuple[Heard, ...]) -> tuple[str, ...]:
    """Those of `words` that mean nothing for a sample either, and those that ask for a voice."""
    text = caption.casefold()
    known = {part for each in heard for part in re.split(r"[\s-]", each.words.casefold())}
    falling = [each.words.casefold() for each in heard if falls(each) and each.extra]
    plain = known | PLAIN | {*DUSTY}
    left = [word for word in words if word not in plain and not plain.issuperset(re.split(r"[\s-]", word))]
    sung = [text[start:end] for start, end, _ in spans(SUNG, text) if not _NOT.search(text[:start])]
    return tuple(dict.fromkeys((*sung, *falling, *left)))


def _place(found: tuple[int, int, Sound]) -> int:
    return found[0]
