"""Our connection to Discord: it listens to commands, buttons and forms, and to nothing that people write."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.on_discord.buttons import Button
from bot.on_discord.deeds import DeedButton, Menu
from bot.on_discord.places import SURFACE, server_of
from bot.on_discord.reception import Reception
from bot.on_discord.sync import synchronised
from bot.on_discord.tree import tree

log = logging.getLogger(__name__)

# A limit that lasts longer is left to the outbox, which comes back later.
LONGEST_LIMIT_S = 30.0


class StudioClient(discord.AutoShardedClient):
    """Calls nobody by name, whatever it says. `synced` is the file that knows which commands Discord has."""

    def __init__(self, reception: Reception, synced: Path) -> None:
        # We say nothing in voice channels; discord.py warns of what that would need.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_LIMIT_S,
        )
        self.reception = reception
        self.tree = tree(self, reception.commands)
        self._synced = synced
        self.add_dynamic_items(Button, DeedButton, Menu)

    async def setup_hook(self) -> None:
        """Tell Discord of our commands where they changed; old ones still work where that fails."""
        try:
            await synchronised(self.tree, self._synced)
        except discord.DiscordServerError:
            # Discord itself is in trouble: we come back, and tell it then.
            raise
        except discord.DiscordException:
            log.exception("Discord did not take our commands")

    async def on_ready(self) -> None:
        """We know where we are; what removed us while nobody listened is among what is missing."""
        await self.reception.desk.there(SURFACE, {server_of(guild.id) for guild in self.guilds})

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """A server has us, perhaps again."""
        await self.reception.desk.back(server_of(guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """A server removed us. Where Discord itself has trouble, a server is unavailable, which is another event."""
        await self.reception.desk.left(server_of(guild.id))

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Commands and buttons find their way; a form is ours to read."""
        if interaction.type is discord.InteractionType.modal_submit:
            await self.reception.filled(interaction)


def use_api(api_url: str | None) -> None:
    """Where Discord is, if it is not the real one. For this whole process, because discord.py keeps it so."""
    # Nobody need be told, either, that the libraries of a voice are missing which we don't have.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if api_url is not None:
        Route.BASE = api_url


async def use_gateway(client: discord.Client, api_url: str | None) -> None:
    """The gateway of that API: discord.py asks for it once, and goes to the real one when it has to begin again."""
    if api_url is not None:
        _, url, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
