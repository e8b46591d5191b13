"""New words in the lyrics of a song: the model places what it reads in order, so all of them have to be there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.spec.estimate import sung_lines
from engine.spec.protocol import LineTime

INSTRUMENTAL, INTRO = "[Instrumental]", "[Intro]"

_TAG = re.compile(r"^\s*\[[^\]]*\]\s*$")


@dataclass
class _Section:
    """The lines under one tag, each with the second in which it is sung; "" before the first tag."""

    tag: str
    lines: list[tuple[str, float]] = field(default_factory=list)


def with_new(
    lyrics: str, new: str, start: float, end: float, length: float, lines: Sequence[LineTime] = ()
) -> str:  # fmt: skip
    """`lyrics` of a song of `length` seconds, in which `new` words are sung from `start` to `end` instead of its own.

    `lines` say when its words are sung; those that nobody has timed are taken to be spread evenly between the others.
    """
    parts: list[str] = []
    placed = False
    own_tags = any(map(_TAG.match, new.splitlines()))
    for section in _sections(lyrics, length, lines):
        before = [line for line, time in section.lines if time < start]
        after = [line for line, time in section.lines if time >= end]
        if placed or all(time < start for _, time in section.lines):
            if before or after or not section.lines:
                parts.append(_block(section.tag, before + after))
            continue
        placed = True
        if own_tags:
            parts += [_block(section.tag, before)] if before else []
            parts += [new, *([_block(section.tag, after)] if after else [])]
        else:
            parts.append(_block(section.tag, [*before, new, *after]))
    return "\n\n".join(parts if placed else [*parts, new])


def mostly(new: str, whole: str) -> bool:
    """Whether most lines that are sung in `whole` are those of `new`."""
    return 2 * sung_lines(new) > sung_lines(whole)


def _block(tag: str, lines: Sequence[str]) -> str:
    return "\n".join([*([tag] if tag else []), *lines])


def _sections(lyrics: str, length: float, lines: Sequence[LineTime]) -> list[_Section]:
    rows = [row.strip() for row in lyrics.splitlines() if row.strip()]
    times = iter(_times([row for row in rows if not _TAG.match(row)], length, lines))
    sections: list[_Section] = []
    for row in rows:
        if _TAG.match(row):
            sections.append(_Section(row))
            continue
        if not sections:
            sections.append(_Section(""))
        sections[-1].lines.append((row, next(times)))
    return sections


def _times(rows: Sequence[str], length: float, lines: Sequence[LineTime]) -> list[float]:
    """The middle of each row as it is sung."""
    known = [(-1, 0.0)]
    after = 0
    for number, row in enumerate(rows):
        at = next((at for at in range(after, len(lines)) if _plain(lines[at].text) == _plain(row)), None)
        if at is not None:
            known.append((number, (lines[at].start + lines[at].end) / 2))
            after = at + 1
    known.append((len(rows), length))
    places, seconds = zip(*known, strict=True)
    return [float(time) for time in np.interp(range(len(rows)), places, seconds)]


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
