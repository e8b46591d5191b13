"""Text made comparable: letters without case and accents, words, and the scripts that write none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# CJK: kana, Han, Hangul; they join into words without a sign between them
_JOINED = "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_SIGNS = "\u2600-\u27bf\u2b50-\u2b55\U0001f300-\U0001faff"
_TOKEN = re.compile(rf"[{_JOINED}{_SIGNS}]|[^\W_{_JOINED}]+")
_DROPPED = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
# no phrase reaches over these
STOPS = re.compile(r"[,.;:!?()\[\]{}\n、。,;:!?「」]")
_LIKE = str.maketrans("’‘`–—‐♯♭。、", "'''---#b.,")


@dataclass(frozen=True)
class Token:
    """A word, a character of a script without spaces, or an emoji. `gap` is what joins it to the token before."""

    start: int
    end: int
    key: str
    gap: str | None
    joined: bool


@lru_cache(4096)
def _folded(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    if base.isascii() and base.isalpha():
        return base.lower()
    return _DROPPED.sub("", unicodedata.normalize("NFKC", char).casefold().translate(_LIKE))


def folded(text: str) -> tuple[str, list[int]]:
    """`text` without case, accents and the different signs for one thing; and where each character stood."""
    pieces = [_folded(char) for char in text]
    return "".join(pieces), [at for at, piece in enumerate(pieces) for _ in piece]


def tokens(text: str) -> list[Token]:
    """The words of a folded text."""
    result: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        between = text[end : match.start()]
        gap = None if not result or STOPS.search(between) else _gap(between)
        joined = len(match[0]) == 1 and bool(re.match(rf"[{_JOINED}{_SIGNS}]", match[0]))
        result.append(Token(match.start(), match.end(), match[0], gap, joined))
        end = match.end()
    return result


def _gap(between: str) -> str:
    signs = between.strip(" \t-")
    return signs or (" " if between else "")


def phrase_key(phrase: str) -> str:
    """The form in which `phrase` is looked up: "Hip-Hop" and "hip  hop" are one."""
    return joined(tokens(folded(phrase)[0]))


def joined(run: list[Token]) -> str:
    """Tokens as one key."""
    return "".join(("" if at == 0 else token.gap or "") + token.key for at, token in enumerate(run))


def clause_end(text: str, start: int) -> int:
    """Where the part of a sentence that begins at `start` ends."""
    stop = STOPS.search(text, start)
    return stop.start() if stop else len(text)
