"""Our texts as Discord takes them: what people wrote is never formatting, and nothing is longer than it may be."""

from __future__ import annotations

import re

from discord.utils import escape_markdown

# What Discord would make a link of; an invitation needs no scheme.
_LINK = re.compile(r":(?=//)|discord\.(?=gg/)", re.IGNORECASE)


def plain(text: str) -> str:
    """Foreign words: shown letter by letter. Links stay text, so that no preview of a stranger's page unfolds."""
    return escape_markdown(_LINK.sub("\\g<0>\u200b", text))


def said(text: str) -> str:
    """A sentence of ours: what stands in backticks stays so, everything else is plain."""
    # Foreign values have no backticks (`replies.cleaned` takes them out), so these come in pairs.
    parts = text.split("`")
    return "`".join(part if index % 2 else plain(part) for index, part in enumerate(parts))


def clipped(text: str, most: int) -> str:
    """At most `most` characters of `text`."""
    return text if len(text) <= most else text[: most - 1].rstrip("\\ \n") + "…"
