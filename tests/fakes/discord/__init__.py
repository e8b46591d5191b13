"""A stand-in for Discord: its HTTP API and gateway on loopback, people to use it, and faults to order.

async with DiscordStandIn(schema=...) as discord:
    channel = discord.add_channel(discord.add_guild("The Cellar"), "songs")
    ann = discord.add_user("ann")
    ...                                   # a bot connects to discord.api_url with discord.token
    said = await discord.slash(ann, channel, "song", {"caption": "blues"})
    await said.answer()
    discord.posts(channel)
"""

from tests.fakes.discord.interactions import Answer, Interaction, NoAnswer
from tests.fakes.discord.server import DiscordStandIn
from tests.fakes.discord.world import MIB, Attachment, Channel, Guild, Message, Upload, User

__all__ = [
    "MIB",
    "Answer",
    "Attachment",
    "Channel",
    "DiscordStandIn",
    "Guild",
    "Interaction",
    "Message",
    "NoAnswer",
    "Upload",
    "User",
]
