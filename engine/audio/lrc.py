"""Synchronised lyrics as LRC text: `[mm:ss.xx]line`, with `<mm:ss.xx>` before each word in the enhanced form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from engine.audio.mark import STATEMENT
from engine.spec.protocol import LineTime, WordTime

TIME = r"(\d+):(\d{1,2}(?:[.:]\d{1,3})?)"
LINE_TAG = re.compile(rf"\[{TIME}\]")
WORD_TAG = re.compile(rf"<{TIME}>")
ANY_TAG = re.compile(rf"\[{TIME}\]|<{TIME}>")
HEADER = re.compile(r"\[([a-z]+):(.*)\]", re.IGNORECASE)


def format_lrc(lines: Sequence[LineTime], *, title: str, duration: float, words: bool = False) -> str:
    """`lines` as LRC text, in order of time, to the nearest 10 ms. With `words`, in the enhanced form.

    Time tags inside a line's own words would be read as times, so they are left out.
    """
    # "re" is the tag for the program that made the file.
    text = [f"[ti:{_plain(title)}]", f"[re:{STATEMENT}]", f"[length:{_clock(duration)}]"]
    for line in sorted(lines, key=lambda line: line.start):
        body = _with_word_tags(line) if words and line.words else _plain(line.text)
        text.append(f"[{_clock(line.start)}]{body}")
    return "\n".join(text) + "\n"


def parse_lrc(text: str) -> tuple[LineTime, ...]:
    """The lines of plain or enhanced LRC. A line ends with its last word tag, else where the next one begins."""
    headers: dict[str, str] = {}
    found: list[tuple[float, str]] = []
    for row in text.removeprefix("\ufeff").splitlines():
        row = row.strip()
        starts, rest = [], row
        while tag := LINE_TAG.match(rest):
            starts.append(_seconds(tag))
            rest = rest[tag.end() :]
        if starts:
            found += [(start, rest.strip()) for start in starts]
        elif header := HEADER.fullmatch(row):
            headers[header[1].lower()] = header[2].strip()
    found.sort(key=lambda item: item[0])
    length = re.fullmatch(TIME, headers.get("length", ""))
    duration = _seconds(length) if length else 0.0
    # a positive offset means that lyrics appear sooner
    offset = int(headers["offset"]) / 1000 if re.fullmatch(r"[+-]?\d+", headers.get("offset", "")) else 0.0
    lines = []
    for index, (start, body) in enumerate(found):
        after = found[index + 1][0] if index + 1 < len(found) else max(start, duration + offset)
        lines.append(_line(body, start, after, offset))
    return tuple(lines)


def _line(body: str, start: float, after: float, offset: float) -> LineTime:
    tags = list(WORD_TAG.finditer(body))
    words: list[WordTime] = []
    end = after
    for tag, following in zip_longest(tags, tags[1:]):
        word = body[tag.end() : following.start() if following else len(body)].strip()
        until = _seconds(following) if following else after
        if word:
            words.append(WordTime(word, max(0.0, _seconds(tag) - offset), max(0.0, until - offset)))
            end = until
    text = WORD_TAG.sub("", body).strip()
    return LineTime(text, max(0.0, start - offset), max(0.0, end - offset), tuple(words))


def _with_word_tags(line: LineTime) -> str:
    """The line's own text with a tag before each word, so that languages without spaces stay as they are."""
    text, body, at = _plain(line.text), "", 0
    for word in line.words:
        spelt = _plain(word.text)
        where = text.find(spelt, at)
        if where < 0:
            spaced = " ".join(f"<{_clock(w.start)}>{_plain(w.text)}" for w in line.words)
            return f"{spaced}<{_clock(line.words[-1].end)}>"
        body += f"{text[at:where]}<{_clock(word.start)}>{spelt}"
        at = where + len(spelt)
    return f"{body}{text[at:]}<{_clock(line.words[-1].end)}>"


def _plain(text: str) -> str:
    while (cleaned := ANY_TAG.sub("", text)) != text:
        text = cleaned
    return " ".join(text.split())


def _clock(seconds: float) -> str:
    hundredths = int(max(0.0, seconds) * 100 + 0.5)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _seconds(tag: re.Match[str]) -> float:
    return int(tag[1]) * 60 + float(tag[2].replace(":", "."))
