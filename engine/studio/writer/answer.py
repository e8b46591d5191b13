"""What a language model answered, as lyrics: without its remarks, its formatting and its thoughts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from engine.spec.fields import Text
from engine.studio.compose import tags
from engine.studio.writer.query import LINK

MOST_LINES = 40
MOST_LETTERS = 120
FEWEST_LINES = 2

# What can't be seen could turn a line around, or a terminal's colours.
_SEEN = Text(0, 10**9)
_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_TITLE = re.compile(r"^\W*(?:song )?title\W*[:：]\s*(.+)$", re.IGNORECASE)
_BRACKETED = re.compile(r"^\[([^\]]{1,40})\]\s*:?$")
_MARKS = re.compile(r"\*+|_{2,}|`+|^#+\s*|^>\s*|^[-•]\s+|^\d{1,2}[.)]\s+|~~")
_RULE = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*$")
_OPENING, _CLOSING = '"“„«「', '"”“»」'


def lyrics_of(content: str) -> tuple[str, str]:
    """(title or "", lyrics with tags) of an answer: JSON or text. Raises ValueError where it holds no lyrics."""
    content = _THOUGHTS.sub("", _SEEN.check(content) or "")
    fenced = max(_FENCE.findall(content), key=len, default="")
    given = _json(fenced) or _json(content)
    title, text = ("", fenced or content) if given is None else given
    own, blocks = _blocks(text)
    lines, kept = 0, []
    for tag, block in blocks:
        block = block[: MOST_LINES - lines]
        lines += len(block)
        if block:
            kept.append("\n".join(([f"[{tag}]"] if tag else []) + block))
    if lines < FEWEST_LINES:
        raise ValueError("no lyrics in it")
    return _plain(title or own)[:MOST_LETTERS], "\n\n".join(kept)


def _json(text: str) -> tuple[str, str] | None:
    """(title, lyrics) where `text` holds an object with lyrics, however it writes them down."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        return None
    try:
        value = json.loads(text[begin : end + 1], strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    words = next((value[name] for name in ("lyrics", "sections", "song", "text") if value.get(name)), None)
    if words is None:
        return None
    title = value.get("title")
    return title if isinstance(title, str) else "", "\n".join(_texts(words))


def _texts(value: Any, section: str = "") -> Iterator[str]:
    match value:
        case str():
            yield from ([f"[{section}]"] if section else [])
            yield value
        case list():
            yield from ([f"[{section}]"] if section else [])
            for each in value:
                yield from _texts(each)
        case dict():
            named = [value[key] for key in ("section", "type", "name", "tag") if isinstance(value.get(key), str)]
            words = [value[key] for key in ("lines", "lyrics", "text", "content") if key in value]
            if words:
                yield from _texts(words[0], next(iter(named), ""))
            else:
                for key, each in value.items():
                    yield from _texts(each, str(key))


def _blocks(text: str) -> tuple[str, list[tuple[str, list[str]]]]:
    """The title that a line names, and blocks of lines with their section."""
    title, blocks, current = "", list[tuple[str, list[str]]](), ("", list[str]())
    for raw in [*text.splitlines(), ""]:
        line = _plain(raw)
        section = _section(line, headed=raw.lstrip().startswith(("#", "**")))
        named = _TITLE.match(line)
        if named and not current[0]:
            title = named[1]
        elif section is None and _BRACKETED.match(line):
            # A remark, such as [whispered].
            continue
        elif section is not None or not line or _RULE.match(raw):
            if current[0] or current[1]:
                blocks.append(current)
            # Words after a blank line go on in the section that was named.
            current = (section or "", [])
        elif any(letter.isalnum() for letter in line):
            current[1].append(line[:MOST_LETTERS])
    if any(tag for tag, _ in blocks):
        return title, _tagged(blocks)
    # "Here are your lyrics:" stands before them, and remarks after them.
    words = [(tag, block) for tag, block in blocks if len(block) > 1]
    return title, words


def _tagged(blocks: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Blocks from the first tag to the end of the last one; what has none between belongs to the one before."""
    first = next(at for at, (tag, _) in enumerate(blocks) if tag)
    last = max(at for at, (tag, _) in enumerate(blocks) if tag)
    kept: list[tuple[str, list[str]]] = []
    for at, (tag, block) in enumerate(blocks[first:], first):
        empty = bool(kept) and not kept[-1][1]
        if tag:
            kept.append((tag, list(block)))
        elif at < last or empty:
            kept[-1][1].extend(block)
    return kept


def _section(line: str, *, headed: bool) -> str | None:
    """The section that a line names and nothing else: "[Verse 1]", "Chorus:", "(Bridge)", or as the head of a part."""
    bracketed = _BRACKETED.match(line)
    if bracketed:
        return tags.read(bracketed[1]).section
    bare = line.strip("()（） ").rstrip(":： ")
    marked = headed or line[-1:] in ":：)）" or line[:1] in "(（"
    return tags.read(bare).section if marked and bare and tags.is_name(bare) else None


def _plain(line: str) -> str:
    """A line without formatting; quotes around all of it are formatting, too."""
    line = " ".join(_MARKS.sub("", LINK.sub(" ", line).strip()).split())
    return line[1:-1].strip() if len(line) > 2 and line[0] in _OPENING and line[-1] in _CLOSING else line
