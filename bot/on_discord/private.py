"""Answers that only the person who asked sees."""

from __future__ import annotations

import io
from typing import Any

import discord

from bot.answers import Answer
from bot.on_discord.buttons import of_answer
from bot.on_discord.post import COLOUR, CONTENT, DESCRIPTION
from bot.on_discord.words import clipped, said

_FENCE = "```"


async def first(interaction: discord.Interaction[Any], answer: Answer) -> None:
    """Answer at once, where nothing was said yet."""
    shown = _shown(answer, str(interaction.locale))
    await interaction.response.send_message(**{name: part for name, part in shown.items() if part}, ephemeral=True)


async def later(interaction: discord.Interaction[Any], answer: Answer) -> None:
    """Answer where it was said that an answer comes, or in place of what was pressed."""
    shown = _shown(answer, str(interaction.locale))
    await interaction.edit_original_response(
        content=shown["content"], embeds=shown["embeds"], view=shown["view"], attachments=shown["files"]
    )


def _shown(answer: Answer, locale: str) -> dict[str, Any]:
    """The parts of a message. A text that is too long for one goes into an embed, which holds twice as much."""
    text = said(answer.text)
    if answer.file is not None:
        # What is cut off here is in the file beside it.
        room = CONTENT - len(text) - 2 * len(_FENCE) - 3
        sheet = clipped(answer.file.sheet.strip().replace(_FENCE, "'''"), room)
        text = f"{text}\n{_FENCE}\n{sheet}\n{_FENCE}"
    fits = len(text) <= CONTENT
    embed = discord.Embed(description=clipped(text, DESCRIPTION), colour=COLOUR)
    file = answer.file
    return {
        "content": text if fits else None,
        "embeds": [] if fits else [embed],
        "view": of_answer(answer, locale),
        "files": [] if file is None else [discord.File(io.BytesIO(file.text.encode()), file.name)],
    }
