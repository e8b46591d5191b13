"""Our texts as Discord takes them: what people wrote is never formatting, and nothing is longer than it may be."""

from __future__ import annotations

import re

from discord.utils import escape_markdown

from bot import moments

# What Discord would make a link of; an invitation needs no scheme.
_LINK = re.compile(r":(?=//)|discord\.(?=gg/)", re.IGNORECASE)
# The beginning of a moment that was cut off: nobody can read it.
_HALF = re.compile(r"<(?:t(?::[^>]*)?)?$")


def plain(text: str) -> str:
    """Foreign words: shown letter by letter. Links stay text, so that no preview of a stranger's page unfolds."""
    return escape_markdown(_LINK.sub("\\g<0>\u200b", text))


def said(text: str) -> str:
    """A sentence of ours: what stands in backticks stays so, moments are in its reader's time, the rest is plain."""
    # Foreign values have no backticks (`replies.cleaned` takes them out), so these come in pairs.
    parts = text.split("`")
    words = "`".join(part if index % 2 else plain(part) for index, part in enumerate(parts))
    return moments.shown(words, lambda seconds, relative: f"<t:{seconds}:{'R' if relative else 'f'}>")


def clipped(text: str, most: int) -> str:
    """At most `most` characters of `text`."""
    if len(text) <= most:
        return text
    return _HALF.sub("", text[: most - 1]).rstrip("\\ \n") + "…"
