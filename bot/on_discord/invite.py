"""The link that brings the bot to a server."""

from __future__ import annotations

import discord

from bot.on_discord.permissions import NEEDED

SCOPES = ("bot", "applications.commands")


def invite_url(application_id: int) -> str:
    """Where somebody who manages a server lets the bot in, with the permissions it needs and no other."""
    return discord.utils.oauth_url(application_id, permissions=NEEDED, scopes=SCOPES)
