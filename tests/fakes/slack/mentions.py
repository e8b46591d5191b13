"""Finds mentions that would ping people in what is posted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.fakes.slack.arguments import JSON

MENTION = re.compile(r"<(?:!channel|!here|!everyone|!subteam\^\w+|@[UW]\w+)(?:\|[^>]*)?>")
PLAIN = re.compile(r"(?<!\w)@(?:channel|here|everyone)\b")


def found(text: str, blocks: list[JSON], *, linked: bool = False) -> Iterator[tuple[str, str]]:
    """Pairs of (mention, where). `linked`: the caller asked Slack to make mentions out of plain names."""
    for mention in MENTION.findall(text):
        yield mention, "text"
    if linked:
        for mention in PLAIN.findall(text):
            yield mention, "text"
    for block in blocks:
        for mention in _inside(block):
            yield mention, str(block.get("type"))


def _inside(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _inside(each)
    elif isinstance(node, dict):
        match node.get("type"):
            case "mrkdwn":
                yield from MENTION.findall(str(node.get("text", "")))
            case "markdown":
                yield from MENTION.findall(str(node.get("text", "")))
            case "broadcast":
                yield f"<!{node.get('range')}>"
            case "user":
                yield f"<@{node.get('user_id')}>"
            case _:
                for each in node.values():
                    yield from _inside(each)
