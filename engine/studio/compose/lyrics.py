"""Lyrics as people write them, with or without tags, as lines that know their section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_TAG = re.compile(r"^\s*\[([^\]]*)\]\s*:?\s*$")
# In round brackets, or with a colon, only a plain name is a tag: "(Ooh, hold on)" is sung.
_BARE = r"(?:intro|verse|chorus|bridge|outro|pre-?chorus|hook|refrain|interlude|instrumental|solo)\s*\d*"
_BARE_TAG = re.compile(rf"^\s*(?:\(\s*({_BARE})\s*\)|({_BARE})\s*:)\s*$", re.IGNORECASE)

# Longer names first: "pre-chorus" also holds "chorus".
KINDS = (
    ("prechorus", ("pre-chorus", "prechorus", "pre chorus", "build", "build-up", "buildup", "lift")),
    ("chorus", ("post-chorus", "chorus", "hook", "refrain", "drop", "estribillo", "coro", "refrão", "ritornello")),
    ("verse", ("verse", "strophe", "estrofa", "verso", "couplet", "rap", "part", "stanza")),
    ("bridge", ("bridge", "middle", "puente", "pont", "brücke")),
    ("intro", ("intro", "introduction", "opening")),
    ("outro", ("outro", "ending", "end", "coda", "fade out", "final")),
    ("solo", ("solo", "instrumental", "guitar solo", "piano solo", "sax solo")),
    ("break", ("break", "breakdown", "interlude", "silence")),
)
LONGEST_BLOCK = 6


def kind_of(tag: str) -> str | None:
    """The section that a tag's words name ("Verse 2: slowly" is "verse"), or None for a remark such as "whispered"."""
    words = re.sub(r"\s+", " ", tag.casefold())
    head = re.split(r"[:|,–—]", words)[0]
    for kind, names in KINDS:
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w|-)", re.sub(r"\d+", " ", head)) for name in names):
            return kind
    return None


def parse_lyrics(text: str) -> tuple[tuple[str, str], ...]:
    """(section, line) of every sung line. An instrumental section stands as one empty line of its name.

    Sections are named "verse", "verse 2", "chorus" ... A chorus tag alone brings back the words of the last chorus.
    Text without tags is split at blank lines; a block that comes again is the chorus.
    """
    blocks = _tagged(text)
    if all(kind is None for kind, _ in blocks):
        blocks = _untagged([lines for _, lines in blocks])
    seen: Counter[str] = Counter()
    result: list[tuple[str, str]] = []
    words: dict[str, list[str]] = {}
    for kind, lines in blocks:
        name = kind or "verse"
        if not lines and name in ("chorus", "prechorus"):
            lines = words.get(name, [])
        if lines:
            words[name] = lines
        seen[name] += 1
        section = name if seen[name] == 1 else f"{name} {seen[name]}"
        result += [(section, line) for line in lines] or [(section, "")]
    return tuple(result)


def _tagged(text: str) -> list[tuple[str | None, list[str]]]:
    """Blocks of lines with the kind their tag names; without any tag, blocks between blank lines."""
    blocks: list[tuple[str | None, list[str]]] = []
    current: list[str] = []
    kind: str | None = None
    has_tags = any(_section_tag(line) for line in text.splitlines())
    for raw in text.splitlines():
        line = raw.strip()
        tag = _section_tag(line)
        if tag or (not line and not has_tags):
            if current or kind:
                blocks.append((kind, current))
            kind, current = tag, []
        elif line and not _TAG.match(line) and any(char.isalnum() for char in line):
            current.append(line)
    if current or kind:
        blocks.append((kind, current))
    return blocks


def _section_tag(line: str) -> str | None:
    match = _TAG.match(line)
    if match:
        return kind_of(match[1])
    match = _BARE_TAG.match(line)
    return kind_of(match[1] or match[2]) if match else None


def _untagged(blocks: Sequence[list[str]]) -> list[tuple[str | None, list[str]]]:
    if len(blocks) == 1 and len(blocks[0]) > LONGEST_BLOCK:
        lines = blocks[0]
        blocks = [lines[at : at + 4] for at in range(0, len(lines), 4)]
    keys = [tuple(line.casefold() for line in lines) for lines in blocks]
    repeated = {key for key, count in Counter(keys).items() if count > 1}
    if repeated:
        return [("chorus" if key in repeated else "verse", lines) for key, lines in zip(keys, blocks, strict=True)]
    cycle = ("verse", "chorus", "verse", "chorus", "bridge", "chorus")
    return [(cycle[at % len(cycle)], lines) for at, lines in enumerate(blocks)]
