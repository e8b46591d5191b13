"""Words in Slack's own formatting: what people wrote shows as they wrote it, and calls nobody."""

from __future__ import annotations

import re

from bot import moments
from workflows.people import now_ms

# Slack has no way to escape these outside of code; signs that look alike format nothing.
_FORMATS = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CODE = re.compile(r"(`[^`\n]*`)")
_MENTION = re.compile(r"(<@[^<>|]+(?:\|[^<>]*)?>)")
_LINKED = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
# What is escaped has no "<" but those of Slack's own signs, like a moment.
_HALF_SIGN = re.compile(r"(?:&[a-z]{0,3}|<[^<>]*)$")


def mrkdwn(text: str) -> str:
    """`text` with only its code spans as formatting, and its moments as everybody's own clock has them."""
    parts = _CODE.split(text)
    return notified("".join(part if index % 2 else part.translate(_FORMATS) for index, part in enumerate(parts)))


def notified(text: str) -> str:
    """`text` for a notification, which has no formatting, with its moments."""
    return moments.shown(escaped(text), _moment)


def plain(text: str) -> str:
    """`text` for where Slack shows it as it is, as on buttons: moments are those of UTC."""
    return moments.plainly(text, now_ms() / 1000)


def escaped(text: str) -> str:
    """`text` with nothing in it that Slack would take for a mention or a link."""
    return text.translate(_ESCAPES)


def fitted(ready: str, most: int) -> str:
    """`ready`, which is escaped, at most `most` characters long and cut at no escape or moment."""
    return ready if len(ready) <= most else _HALF_SIGN.sub("", ready[: most - 1]).rstrip() + "…"


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
            cut = len(_HALF_SIGN.sub("", line[:most]))
            found.append(line[:cut])
            line = line[cut:]
        piece += line
    return [*found, piece] if piece else found


def _moment(seconds: int, relative: bool) -> str:
    # Slack counts no time down in a message that stays as it is: a date is right for as long as it is read.
    del relative
    return f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{plain(moments.at(seconds * 1000))}>"
