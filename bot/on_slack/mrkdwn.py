"""Words in Slack's own formatting: what people wrote shows as they wrote it, and calls nobody."""

from __future__ import annotations

import re

# Slack has no way to escape these outside of code; signs that look alike format nothing.
_FORMATS = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CODE = re.compile(r"(`[^`\n]*`)")
_MENTION = re.compile(r"(<@[^<>|]+(?:\|[^<>]*)?>)")
_LINKED = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_HALF_ESCAPE = re.compile(r"&[a-z]{0,3}$")


def mrkdwn(text: str) -> str:
    """`text` with only its code spans as formatting."""
    parts = _CODE.split(text)
    return escaped("".join(part if index % 2 else part.translate(_FORMATS) for index, part in enumerate(parts)))


def escaped(text: str) -> str:
    """`text` with nothing in it that Slack would take for a mention or a link."""
    return text.translate(_ESCAPES)


def fitted(ready: str, most: int) -> str:
    """`ready`, which is escaped, at most `most` characters long and cut at no escape."""
    return ready if len(ready) <= most else _HALF_ESCAPE.sub("", ready[: most - 1]).rstrip() + "…"


def typed(text: str) -> str:
    """What people typed, which Slack hands over escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def unlinked(text: str) -> str:
    """What people typed, where Slack made links of channels, addresses and names: as they typed it, still escaped."""

    def plain(found: re.Match[str]) -> str:
        sign, what, shown = found[1], found[2], found[3]
        if not sign:
            return shown or what
        # "!" calls groups: here, everyone, subteam^S123.
        mark = "@" if sign == "!" else sign
        return mark + (shown or what.partition("^")[0]).removeprefix(mark)

    return _LINKED.sub(plain, text)


def naming(text: str) -> str:
    """What people typed behind a command about people: whom Slack itself mentions stays there, as `<@U123|ann>`."""
    parts = _MENTION.split(text)
    return "".join(
        f"<{mentioning_nobody(typed(part[1:]))}" if index % 2 else mentioning_nobody(typed(unlinked(part)))
        for index, part in enumerate(parts)
    )


def mentioning_nobody(text: str) -> str:
    """`text` as people typed it, with nothing in it that reads as a mention: those are for Slack to make."""
    return text.replace("<", "‹")


def pieces(ready: str, most: int) -> list[str]:
    """`ready`, which is escaped, in pieces of at most `most` characters, cut between lines where it can be."""
    found, piece = [], ""
    for line in ready.splitlines(keepends=True):
        if piece and len(piece) + len(line) > most:
            found.append(piece)
            piece = ""
        while len(line) > most:
            cut = len(_HALF_ESCAPE.sub("", line[:most]))
            found.append(line[:cut])
            line = line[cut:]
        piece += line
    return [*found, piece] if piece else found
