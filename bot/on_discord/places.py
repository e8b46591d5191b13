"""Who asks and where, as it is kept with a job: "guild/channel", "@me/channel", or "dm:user" for their own messages."""

from __future__ import annotations

from typing import Any

import discord

from workflows.bulletins import Notice
from workflows.people import ReplyTo, Requester
from workflows.roles import ADMIN
from workflows.view import JobView

SURFACE = "discord"
_PRIVATE, _DIRECT = "@me", "dm:"


def who(interaction: discord.Interaction[Any]) -> Requester:
    """The person who asks, under the name that people see, and what they are on this server."""
    user, guild = interaction.user, interaction.guild_id
    server = None if guild is None else server_of(guild)
    return Requester(SURFACE, str(user.id), user.display_name, str(interaction.locale), server, _roles(interaction))


def server_of(guild: int) -> str:
    """A server as the house knows it."""
    return f"{SURFACE}:{guild}"


def _roles(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
    """The names of their roles, and "admin" for whoever may manage the server; nobody is anything in private.

    A role that is only called so makes nobody an admin: anybody's vanity may be called anything.
    """
    if not isinstance(interaction.user, discord.Member):
        return ()
    named = [role.name for role in interaction.user.roles if not role.is_default()]
    may = interaction.permissions
    admin = (ADMIN,) if may.manage_guild or may.administrator else ()
    return (*admin, *(name for name in named if name.casefold() != ADMIN))


def where(interaction: discord.Interaction[Any]) -> ReplyTo:
    """The channel, thread or conversation somebody asks in."""
    return ReplyTo(SURFACE, f"{interaction.guild_id or _PRIVATE}/{interaction.channel_id}")


def request(interaction: discord.Interaction[Any]) -> str:
    """What the house knows this very request by, should it come again."""
    return f"{SURFACE}:{interaction.id}"


def direct(told: JobView | Notice) -> str | None:
    """The conversation with whom it is for, unless it is there already."""
    if told.owner is None or told.channel.startswith((_DIRECT, _PRIVATE)):
        return None
    return f"{_DIRECT}{told.owner}"


def guild_of(channel: str) -> int | None:
    """The server of a channel, None for a conversation."""
    guild = channel.partition("/")[0]
    return int(guild) if guild.isdecimal() else None


def person_of(channel: str) -> int | None:
    """Whose own messages these are, where it is not said which channel that is."""
    return int(channel.removeprefix(_DIRECT)) if channel.startswith(_DIRECT) else None
