"""Pieces that every message of ours is made of; how they are cut keeps Slack's limits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import Block, ContextBlock, MarkdownTextObject, SectionBlock

from bot.on_slack.mrkdwn import escaped, fitted, pieces
from bot.replies import reply

SECTION, SMALL, NOTICE, BUTTON, NOTIFIED = 3000, 2500, 500, 75, 3000
SHEET, SHEET_BLOCKS = 2900, 95
# Slack takes about 13,000 characters of blocks in a message, as they are written in JSON.
MESSAGE = 12_500
STYLES = {"main": "primary", "danger": "danger"}
_USER = re.compile(r"[UW][A-Z0-9]+")


@dataclass(frozen=True)
class Room:
    """What there is room for: characters of text, of small print, and on a button or in a menu; lines of a menu."""

    text: int
    small: int
    label: int
    options: int


# Escaped twice, once for Slack and once for JSON, text may grow: what does not fit into one is tried in the next.
ROOMS = (
    Room(9000, SMALL, BUTTON, 200),
    Room(6000, SMALL, BUTTON, 100),
    Room(4000, 1500, 40, 60),
    Room(2000, 800, 30, 40),
    Room(1000, 500, 20, 25),
)


def fitting(draw: Callable[[Room], list[Block]]) -> list[Block]:
    """What `draw` makes with as much room as a message has."""
    for room in ROOMS:
        blocks = draw(room)
        if _length([block.to_dict() for block in blocks]) <= MESSAGE:
            break
    return blocks


def sections(ready: str, first_id: str | None = None) -> list[Block]:
    """`ready` in as many sections as it needs; the first has the id `first_id`."""
    ids = [first_id]
    return [
        SectionBlock(text=markdown(piece, SECTION), block_id=ids.pop() if ids else None)
        for piece in pieces(ready, SECTION)
    ]


def markdown(ready: str, most: int) -> MarkdownTextObject:
    """Text that is formatted already."""
    # Verbatim: Slack makes no links and mentions of its own out of plain words.
    return MarkdownTextObject(text=fitted(ready, most), verbatim=True)


def small(ready: str, most: int = SMALL) -> ContextBlock:
    """Small print, in which a mention notifies nobody."""
    return ContextBlock(elements=[markdown(ready, most)])


def code(ready: str) -> Sequence[Block]:
    """Text of fixed width."""
    parts = pieces(ready, SHEET)[:SHEET_BLOCKS]
    return [SectionBlock(text=markdown(f"```\n{part.rstrip()}\n```", SECTION)) for part in parts]


def unquoted(text: str) -> str:
    """Text to stand in `code`."""
    return escaped(text.replace("`", "'"))


def owned_by(owner: str | None, locale: str) -> list[str]:
    """Whose it is, for small print: a mention of somebody of this chat."""
    user = (owner or "").rpartition(":")[2]
    if not _USER.fullmatch(user):
        return []
    return [escaped(reply("line_owner", locale, owner="{owner}")).replace("{owner}", f"<@{user}>")]


def _length(blocks: list[Any]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))
