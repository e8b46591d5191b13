"""Lyrics as the model reads them: it sings all that is no tag in square brackets, once, and where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from engine.studio.compose import tags
from engine.studio.compose.lyrics import bare_tag, counted, with_square_brackets

_TAG = re.compile(r"\[([^\]]*)\]")
# Sections whose words come back where only their name does.
RETURNING = frozenset({"chorus", "prechorus"})


@dataclass
class _Section:
    """Rows below a tag, "" before the first one."""

    tag: str
    rows: list[str] = field(default_factory=list)

    @property
    def sung(self) -> list[str]:
        return [row for row in self.rows if row.strip()]


def sheet(lyrics: str) -> str:
    """`lyrics` with every section named in square brackets, and all that is sung twice written twice.

    What says none of that another way stays as it is, to the letter.
    """
    sections = [_Section("")]
    for row in lyrics.splitlines():
        tag, words = _parted(row)
        if tag:
            sections.append(_Section(tag))
        if words or not tag:
            text, times = counted(words)
            sections[-1].rows += [text] * times if times > 1 else [words]
    before: dict[str, list[str]] = {}
    rows: list[str] = []
    for section in sections:
        read = tags.read(section.tag[1:-1])
        name = read.section or ""
        comes_back = name in RETURNING and not tags.is_played(section.tag)
        returns = comes_back and not section.sung
        own = before.get(name, []) if returns else section.sung
        if comes_back:
            before[name] = own
        again = read.times > 1
        rows += [f"[{tags.uncounted(section.tag[1:-1])}]" if again else section.tag] if section.tag else []
        rows += own if returns else []
        rows += section.rows
        rows += own * (read.times - 1)
    return "\n".join(rows)


def _parted(row: str) -> tuple[str, str]:
    """The tag that `row` is or begins with, and its words."""
    line = with_square_brackets(row)
    found = _TAG.match(line.strip())
    if found and tags.read(found[1]).section:
        return found[0], line.strip()[found.end() :].strip()
    name = bare_tag(line)
    return (f"[{name}]", "") if name else ("", row)
