"""The place where our messages hang: put up, found again, changed and taken down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import discord

from bot.on_discord.buttons import press_of
from bot.on_discord.deeds import bulletin_of
from bot.on_discord.failures import is_gone
from bot.on_discord.places import guild_of, person_of

# Clocks differ; and how far a search goes: ten requests.
BEFORE = timedelta(minutes=2)
LOOKED_AT = 1000
NONCE = 25


@dataclass(frozen=True)
class Wall:
    """A channel, a thread or a conversation. A message of ours is known by what its buttons are about."""

    client: discord.Client
    channel: discord.PartialMessageable | discord.DMChannel

    @classmethod
    async def of(cls, client: discord.Client, channel: str) -> Wall:
        """The wall of a job's `channel`; costs a request only for a conversation that we begin."""
        person = person_of(channel)
        if person is not None:
            return cls(client, await client.create_dm(discord.Object(person)))
        number = int(channel.rpartition("/")[2])
        return cls(client, client.get_partial_messageable(number, guild_id=guild_of(channel)))

    async def find(self, job: int, since: int) -> str | None:
        """The message of `job`, posted at `since` (milliseconds since the epoch) or later."""
        return await self._first(since, lambda message: job in _jobs(message))

    async def find_bulletin(self, number: int, since: int, words: discord.Embed | None) -> str | None:
        """The message of a bulletin; one that has no buttons is known by its `words`, or their beginning."""
        return await self._first(
            since, lambda message: bulletin_of(message) == number or (words is not None and _says(message, words))
        )

    async def _first(self, since: int, is_it: Callable[[discord.Message], bool]) -> str | None:
        begin = datetime.fromtimestamp(since / 1000, UTC) - BEFORE
        async for message in self.channel.history(limit=LOOKED_AT, after=begin, oldest_first=True):
            if message.author == self.client.user and is_it(message):
                return str(message.id)
        return None

    async def post(self, nonce: str, **parts: Any) -> str:
        """Put up a message, quietly; Discord takes the same `nonce` only once in some minutes."""
        message = await self.channel.send(nonce=nonce, silent=True, **parts)
        return str(message.id)

    async def edit(self, post: str, **parts: Any) -> bool:
        """Change a message; False where it is gone."""
        try:
            await self.channel.get_partial_message(int(post)).edit(**parts)
        except discord.NotFound as refused:
            if is_gone(refused):
                return False
            raise
        return True

    async def delete(self, post: str) -> None:
        """Take a message down, if it is there."""
        try:
            await self.channel.get_partial_message(int(post)).delete()
        except discord.NotFound as refused:
            if not is_gone(refused):
                raise


def nonce(*parts: object) -> str:
    """What Discord knows a message by for some minutes: the same for the same `parts`."""
    return hashlib.sha256(":".join(map(str, parts)).encode()).hexdigest()[:NONCE]


def _jobs(message: discord.Message) -> set[int | None]:
    shown = [item for row in message.components for item in getattr(row, "children", ())]
    presses = (press_of(getattr(item, "custom_id", None) or "") for item in shown)
    return {press.job for press in presses if press is not None}


def _says(message: discord.Message, words: discord.Embed) -> bool:
    shown = message.embeds[0] if message.embeds and not message.components else None
    return (
        shown is not None and shown.title == words.title and str(shown.description).startswith(str(words.description))
    )
