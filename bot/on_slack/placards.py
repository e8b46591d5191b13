"""A bulletin as Slack's blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from slack_sdk.models.blocks import Block

from bot.on_slack import deeds
from bot.on_slack.history import bulletin_block
from bot.on_slack.mrkdwn import fitted, mrkdwn
from bot.on_slack.parts import NOTICE, Room, fitting, owned_by, sections, small
from bot.placard import Placard

Spoken = Callable[[str], str]
"""A text with its commands as they are typed here."""


def drawn(placard: Placard, notices: Sequence[str], spoken: Spoken, locale: str) -> list[Block]:
    """The message of a bulletin, with `notices` in small print after its own."""
    title = mrkdwn(placard.title)
    first = [f"*{title}*"] if title else []
    lines = "\n".join([*first, *(mrkdwn(spoken(line)) for line in (placard.line, *placard.lines) if line)])
    below = [fitted(mrkdwn(spoken(line)), NOTICE) for line in (*placard.small, *notices)]
    print_ = "\n".join([*owned_by(placard.owner, locale), *below])

    def draw(room: Room) -> list[Block]:
        return [
            *sections(fitted(lines, room.text), bulletin_block(placard.bulletin)),
            *([small(print_, room.small)] if print_ else []),
            *deeds.rows(placard.deeds, placard.prompt, placard.choices, room, locale),
        ]

    return fitting(draw)
