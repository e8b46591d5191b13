"""Who asks and where, as it is kept with a job: "guild/channel", "@me/channel", or "dm:user" for their own messages."""

from __future__ import annotations

from typing import Any

import discord

from workflows.people import ReplyTo, Requester
from workflows.view import JobView

SURFACE = "discord"
_PRIVATE, _DIRECT = "@me", "dm:"


def who(interaction: discord.Interaction[Any]) -> Requester:
    """The person who asks, under the name that people see."""
    user = interaction.user
    return Requester(SURFACE, str(user.id), user.display_name, str(interaction.locale))


def where(interaction: discord.Interaction[Any]) -> ReplyTo:
    """The channel, thread or conversation somebody asks in."""
    return ReplyTo(SURFACE, f"{interaction.guild_id or _PRIVATE}/{interaction.channel_id}")


def request(interaction: discord.Interaction[Any]) -> str:
    """What the house knows this very request by, should it come again."""
    return f"{SURFACE}:{interaction.id}"


def direct(job: JobView) -> str | None:
    """The conversation with the owner of `job`, unless the job is there already."""
    if job.owner is None or job.channel.startswith((_DIRECT, _PRIVATE)):
        return None
    return f"{_DIRECT}{job.owner}"


def guild_of(channel: str) -> int | None:
    """The server of a channel, None for a conversation."""
    guild = channel.partition("/")[0]
    return int(guild) if guild.isdecimal() else None


def person_of(channel: str) -> int | None:
    """Whose own messages these are, where it is not said which channel that is."""
    return int(channel.removeprefix(_DIRECT)) if channel.startswith(_DIRECT) else None
