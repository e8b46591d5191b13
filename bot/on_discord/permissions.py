"""What the bot has to be allowed, in the link that invites it and in every channel it is asked to post in."""

from __future__ import annotations

from typing import Any

import discord

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    # After a crash it looks whether a song is posted already.
    read_message_history=True,
)

# discord.py has names of its own for some.
_OTHERWISE = {"read_messages": "View Channels", "send_messages_in_threads": "Send Messages in Threads"}


def missing(interaction: discord.Interaction[Any]) -> tuple[str, ...]:
    """What we are not allowed where somebody asks, as Discord's settings call it."""
    if interaction.guild_id is None:
        # In a private conversation nobody can forbid anything, and Discord names only part of it.
        return ()
    elsewhere = "send_messages" if isinstance(interaction.channel, discord.Thread) else "send_messages_in_threads"
    lacking = NEEDED & ~interaction.app_permissions
    return tuple(shown_name(name) for name, lacks in lacking if lacks and name != elsewhere)


def shown_name(permission: str) -> str:
    """A permission as Discord's settings call it."""
    return _OTHERWISE.get(permission) or permission.replace("_", " ").title()
