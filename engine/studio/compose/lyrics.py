"""Lyrics as people write them, with or without tags, as lines that know their section and their singer."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from engine.studio.compose import tags
from engine.studio.compose.tags import Tag

_BRACKETS = str.maketrans("【】［］〔〕", "[][][]")
_LEADING = re.compile(r"^\s*\[([^\]]*)\]\s*:?\s*")
# In round brackets, or with a colon, only a plain name is a tag: "(Ooh, hold on)" is sung.
_BARE = re.compile(r"^\s*(?:[(（]\s*([^()（）]{1,24}?)\s*[)）]|([^:：]{1,24}?)\s*[:：])\s*$")
_SPOKEN_BY = re.compile(r"^\s*([^\W\d_]{1,12})\s*[:：]\s*(?=\S)")
_TIMES = re.compile(r"\s*[(（]?\s*(?:[x×]\s*([2-8])|([2-8])\s*[x×])\s*[)）]?\s*$", re.IGNORECASE)
_ECHO = re.compile(r"[(（][^()（）]*[)）]$")
# Signs after an answer in brackets, and the longest way to say how often.
AFTER_ECHO, LONGEST_TIMES = " .,!?…", 12
LONGEST_BLOCK = 6
# A line of more characters is several; one that stands for a whole syllable counts as three.
LONGEST_LINE, LONGEST_WORD, WIDE = 130, 60, 3
PAUSES, PAUSE_FROM = ",;:.!?…—–、。，；：！？", 0.6
_WORD = re.compile(r"[^\s、。，；！？]*[、。，；！？]*\s*")
# Sections for instruments: words that follow belong to a section of their own.
PLAYED = frozenset({"solo"})


@dataclass(frozen=True)
class Written:
    """A line as it is to be performed. `singer` and `delivery` are as a tag gave them, see `engine.studio.score`.

    An `echo` is what stood in brackets at the end of the line before it: the second voice answers with it.
    """

    section: str
    text: str
    singer: str = ""
    delivery: str = ""
    echo: bool = False


@dataclass(frozen=True)
class _Block:
    """The lines under one tag; `tag.section` is None before the first tag."""

    tag: Tag
    lines: list[Written] = field(default_factory=list)


def parse_lyrics(text: str) -> tuple[tuple[str, str], ...]:
    """(section, line) of every line that `written` finds."""
    return tuple((line.section, line.text) for line in written(text))


def written(text: str, *, echoes: bool = False) -> tuple[Written, ...]:
    """Every line to sing. An instrumental section stands as one empty line of its name.

    Sections are named "verse", "verse 2", "chorus" ... A chorus tag alone brings back the words of the last chorus.
    Text without tags is split at blank lines; a block that comes again is the chorus. With `echoes`, words in round
    brackets at the end of a line are lines of their own.
    """
    blocks = _blocks(text)
    if all(block.tag.section is None for block in blocks):
        blocks = _untagged(blocks)
    seen: Counter[str] = Counter()
    result: list[Written] = []
    words: dict[str, list[Written]] = {}
    for block in blocks:
        name, lines = block.tag.section or "verse", block.lines
        if not lines and name in ("chorus", "prechorus"):
            lines = words.get(name, [])
        if lines:
            words[name] = lines
        for _ in range(block.tag.times):
            seen[name] += 1
            section = name if seen[name] == 1 else f"{name} {seen[name]}"
            result += [replace(line, section=section) for line in lines] or [Written(section, "")]
    return tuple(part for line in result for part in _parted(line)) if echoes else tuple(result)


def _parted(line: Written) -> Iterator[Written]:
    text = line.text.rstrip(AFTER_ECHO)
    at = max(text.rfind("("), text.rfind("（"))
    own, answer = text[: max(at, 0)].rstrip(), text[at + 1 : -1]
    if at > 0 and _ECHO.match(text, at) and all(any(map(str.isalnum, part)) for part in (own, answer)):
        yield replace(line, text=own)
        yield replace(line, text=f"({answer})", echo=True)
    else:
        yield line


def _blocks(text: str) -> list[_Block]:
    """Blocks of lines under their tags; without any tag of a section, blocks between blank lines."""
    rows = [_row(raw) for raw in text.splitlines()]
    has_tags = any(tag.section for found, _ in rows for tag in found)
    blocks: list[_Block] = []
    current = _Block(Tag(None))
    # who sings and how, as the last remark has it
    singer = delivery = ""
    sung_kind = "verse"
    said = False

    def close() -> None:
        if current.lines or current.tag.section:
            blocks.append(current)

    for found, line in rows:
        for tag in found:
            if tag.section is None:
                singer, delivery, said = tag.singer, tag.delivery, True
                continue
            close()
            current = _Block(tag)
            if not said or tag.singer or tag.delivery:
                singer, delivery = tag.singer, tag.delivery
            said = False
        if not found and not line and not has_tags:
            close()
            current = _Block(Tag(None))
        for who, words in _lines(line):
            if current.tag.section in PLAYED:
                close()
                current = _Block(Tag(sung_kind))
            current.lines.append(Written("", words, who or singer, delivery))
            sung_kind, said = current.tag.section or sung_kind, False
    close()
    return blocks


def _row(raw: str) -> tuple[list[Tag], str]:
    """The tags before and after a line's words, and the words."""
    line, found = with_square_brackets(" ".join(raw.split())), []
    while match := _LEADING.match(line):
        found.append(tags.read(match[1]))
        line = line[match.end() :]
    while line.endswith("]") and "[" in line:
        line, _, said = line[:-1].rpartition("[")
        line, tag = line.rstrip(), tags.read(said)
        if tag.times > 1:
            line += f" (x{tag.times})"
    name = bare_tag(line)
    return ([*found, tags.read(name)], "") if name else (found, line.strip())


def bare_tag(line: str) -> str:
    """The section that `line` names without square brackets ("Chorus:", "(Verse 2)"); "" where it is none."""
    bare = _BARE.match(line)
    name = (bare[1] or bare[2]) if bare else ""
    return name if name and tags.is_name(name) else ""


def with_square_brackets(line: str) -> str:
    """`line` with the brackets that tags have, where it has those of other scripts."""
    return line.translate(_BRACKETS)


def counted(line: str) -> tuple[str, int]:
    """The words of `line`, and how often it says they are sung: "Hold on (x2)" twice."""
    found = _TIMES.search(line, max(0, len(line) - LONGEST_TIMES))
    return (line[: found.start()], int(found[1] or found[2])) if found else (line, 1)


def _lines(line: str) -> Iterator[tuple[str, str]]:
    """(singer, words) of a line, as often as it says: "Hold on (x2)" is sung twice. Nothing where there is no word."""
    words, times = counted(line)
    named = _SPOKEN_BY.match(words)
    singer = tags.singer_of(named[1]) if named else ""
    words = words[named.end() :] if named and singer else words
    if any(char.isalnum() for char in words):
        yield from [(singer, piece) for piece in _pieces(words) if any(map(str.isalnum, piece))] * times


def _pieces(line: str) -> list[str]:
    """`line`, or parts of about equal length of one that nobody could sing in one breath, cut where it pauses."""
    width = _width(line)
    if width <= LONGEST_LINE:
        return [line]
    aim = width / math.ceil(width / LONGEST_LINE)
    pieces = [""]
    long = 0
    for word in (part for each in _WORD.findall(line) for part in _cut(each)):
        pieces[-1] += word
        long += _width(word)
        if long >= aim or (long >= PAUSE_FROM * aim and word.rstrip()[-1:] in PAUSES):
            pieces.append("")
            long = 0
    return [piece.strip() for piece in pieces if piece.strip()]


def _cut(word: str) -> list[str]:
    """What stands between two spaces, in parts where it is longer than any word."""
    size = LONGEST_WORD // (WIDE if _width(word) > len(word) else 1)
    return [word[at : at + size] for at in range(0, len(word), size)]


def _width(text: str) -> int:
    """Characters; those that stand for a syllable count as several."""
    return sum(WIDE if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _untagged(blocks: Sequence[_Block]) -> list[_Block]:
    each = [block.lines for block in blocks]
    if len(each) == 1 and len(each[0]) > LONGEST_BLOCK:
        lines = each[0]
        each = [lines[at : at + 4] for at in range(0, len(lines), 4)]
    keys = [tuple(line.text.casefold() for line in lines) for lines in each]
    repeated = {key for key, count in Counter(keys).items() if count > 1}
    if repeated:
        kinds = ["chorus" if key in repeated else "verse" for key in keys]
    else:
        cycle = ("verse", "chorus", "verse", "chorus", "bridge", "chorus")
        kinds = [cycle[at % len(cycle)] for at in range(len(each))]
    return [_Block(Tag(kind), lines) for kind, lines in zip(kinds, each, strict=True)]
