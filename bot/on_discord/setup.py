"""What an operator does once: find out who the bot is, and tell Discord of its commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import discord
from discord import app_commands

from bot.chat import ChatAway
from bot.commands import catalogue
from bot.on_discord.client import use_api
from bot.on_discord.failures import bad_token
from bot.on_discord.sync import synchronised
from bot.on_discord.tree import tree
from workflows.rules import Rules


async def application_id(token: str, api_url: str | None) -> int:
    """The application that `token` belongs to. Raises `BadToken`, `ChatAway`."""
    async with _logged_in(token, api_url) as client:
        return (await client.application_info()).id


async def synchronise(token: str, api_url: str | None, rules: Rules, known: Path) -> int:
    """Send all commands, whatever `known` says; returns how many. Raises `BadToken`, `ChatAway`."""
    async with _logged_in(token, api_url) as client:
        grown = tree(client, catalogue(rules.known, rules.recipes.values()))
        await synchronised(grown, known, force=True)
        every = grown.walk_commands(type=discord.AppCommandType.chat_input)
        return sum(isinstance(command, app_commands.Command) for command in every)


@asynccontextmanager
async def _logged_in(token: str, api_url: str | None) -> AsyncIterator[discord.Client]:
    use_api(api_url)
    client = discord.Client(intents=discord.Intents(guilds=True))
    try:
        await client.login(token)
        yield client
    except discord.LoginFailure as failure:
        raise bad_token(failure) from failure
    except (discord.DiscordException, aiohttp.ClientError, OSError) as trouble:
        raise ChatAway("Discord", str(trouble) or repr(trouble)) from trouble
    finally:
        await client.close()
