"""Answers that only the person who asked sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bot.answers import Answer
from bot.on_discord.buttons import of_answer
from bot.on_discord.deeds import hung
from bot.on_discord.files import Blob, opened
from bot.on_discord.post import COLOUR, CONTENT, DESCRIPTION
from bot.on_discord.words import clipped, said
from bot.replies import reply

_FENCE = "```"


class Private:
    """Tells answers, with the files that come with them."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob

    async def first(self, interaction: discord.Interaction[Any], answer: Answer) -> None:
        """Answer at once, where nothing was said yet."""
        async with self._shown(interaction, answer) as shown:
            await interaction.response.send_message(
                **{name: part for name, part in shown.items() if part}, ephemeral=True
            )

    async def later(self, interaction: discord.Interaction[Any], answer: Answer) -> None:
        """Answer where it was said that an answer comes, or in place of what was pressed."""
        async with self._shown(interaction, answer) as shown:
            await interaction.edit_original_response(
                content=shown["content"], embeds=shown["embeds"], view=shown["view"], attachments=shown["files"]
            )

    @asynccontextmanager
    async def _shown(self, interaction: discord.Interaction[Any], answer: Answer) -> AsyncIterator[dict[str, Any]]:
        """The parts of a message. A text that is too long for one goes into an embed, which holds twice as much."""
        locale, file = str(interaction.locale), answer.file
        view = of_answer(answer, locale)
        left = hung(view, locale, deeds=answer.deeds, prompt=answer.prompt, choices=answer.choices)
        texts = () if file is None else ((file.name, file.text),)
        async with opened(self._blob, interaction.filesize_limit, locale, texts=texts, bundle=answer.bundle) as carried:
            unfit = (reply("choices_left_out", locale, count=left),) if left else ()
            text = "\n".join(said(line) for line in (answer.text, *unfit, *carried.notices))
            if file is not None and not file.table:
                # What is cut off here is in the file beside it.
                room = CONTENT - len(text) - 2 * len(_FENCE) - 3
                sheet = clipped(file.sheet.strip().replace(_FENCE, "'''"), room)
                text = f"{text}\n{_FENCE}\n{sheet}\n{_FENCE}"
            fits = len(text) <= CONTENT
            embed = discord.Embed(description=clipped(text, DESCRIPTION), colour=COLOUR)
            yield {
                "content": text if fits else None,
                "embeds": [] if fits else [embed],
                "view": view if view.children else None,
                "files": list(carried.files),
            }
