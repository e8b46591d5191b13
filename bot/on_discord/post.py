"""The message of a job: a line while it waits and runs, a card with cover and files once it is done."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.card import Card, CardFile
from bot.on_discord.words import clipped, plain, said
from bot.replies import reply

CONTENT, DESCRIPTION = 2000, 4096
COLOUR = discord.Colour(0xC9794B)
_LINE, _NOTICE = 1200, 300


def status(card: Card, locale: str = "en") -> str:
    """The text of a message that has no files: how far it is, or why there is nothing to hear."""
    between = "\n" if card.state == "failed" else " · "
    first = f"♪ **{plain(card.title)}**{between}{clipped(said(card.line), _LINE)}"
    # Discord's small print; not every client shows it as such inside an embed.
    return clipped("\n".join([first, *(f"-# {line}" for line in _small(card, locale))]), CONTENT)


def result(card: Card, locale: str = "en") -> discord.Embed:
    """The card of a finished song; its cover is the attachment called `cover_name`."""
    embed = discord.Embed(title=plain(card.title), colour=COLOUR)
    parts = [clipped(said(card.line), _LINE)]
    if card.asked and card.asked != card.title:
        parts.append(f'"{plain(card.asked)}"')
    parts += [clipped(said(line), _LINE) for line in card.heard]
    # In italics, so that no line of theirs begins a list or a heading.
    parts += [f"*{plain(line)}*" for line in card.lyrics.splitlines()]
    embed.description = clipped("\n".join([*parts, *_small(card, locale)]), DESCRIPTION)
    if card.cover is not None:
        embed.set_thumbnail(url=f"attachment://{cover_name(card.cover)}")
    return embed


def cover_name(cover: CardFile) -> str:
    """What the cover is called: Discord rewrites other letters, and then the card would not find it."""
    return f"cover.{cover.name.rpartition('.')[2]}"


def owner_line(owner: str, locale: str) -> str:
    """Whom it is for; a mention here calls nobody."""
    return reply("line_owner", locale, owner="@").replace("@", f"<@{owner}>")


def _small(card: Card, locale: str) -> Iterator[str]:
    """The small print: whose it is (a mention here calls nobody), what it cost, where it came from; then notices."""
    owner = [owner_line(card.owner, locale)] if card.owner else []
    yield " · ".join([*owner, said(" · ".join(card.facts))])
    for notice in card.notices:
        yield clipped(said(notice), _NOTICE)
