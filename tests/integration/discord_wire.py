"""A house with the Discord surface in it, on the wire: real HTTP and a real gateway, to a stand-in."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.desk import Desk
from bot.on_discord import courier as couriers
from bot.on_discord import surface as surfaces
from bot.on_discord.surface import DiscordSurface
from tests.fakes.discord import Channel, DiscordStandIn, Guild, Interaction, Message, User
from tests.integration.discord_room import song_house
from tests.integration.house import House
from workflows import control, deliver, outbox_state
from workflows.deliver import Courier, deliver_due
from workflows.view import JobView

OPENAPI = os.environ.get("MINSTREL_DISCORD_OPENAPI") or None
MESSAGES = r"/channels/\d+/messages$"
MESSAGE = r"/channels/\d+/messages/\d+$"


@dataclass
class Wire:
    """The stand-in with a server, a channel and two people, and our surface, which is not connected yet."""

    discord: DiscordStandIn
    house: House
    surface: DiscordSurface
    guild: Guild
    channel: Channel
    ann: User
    ben: User

    def process(self, token: str | None = None) -> DiscordSurface:
        """Another process of the same house."""
        return DiscordSurface(
            token=token or self.discord.token,
            api_url=self.discord.api_url,
            desk=Desk(self.house.db, self.house.rules, lambda: None),
            blob=self.house.blobs.path,
            synced=self.house.folder / "discord-commands.json",
        )

    async def connected(self) -> None:
        """Until the gateway knows us."""
        for _ in range(300):
            if self.discord.gateway.connected:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("nobody came")

    async def start(self) -> None:
        await self.surface.start()
        await self.connected()

    async def song(self, caption: str = "slow blues") -> Interaction:
        """Ann asks for a song."""
        asked = await self.discord.slash(self.ann, self.channel, "song", {"caption": caption, "duration": 30})
        await self.told(asked)
        return asked

    async def told(self, asked: Interaction) -> Message:
        """The private answer, once it is there."""
        await asked.answer()
        for _ in range(200):
            if asked.messages and (asked.messages[0].content or asked.messages[0].embeds):
                assert asked.messages[0].ephemeral
                return asked.messages[0]
            await asyncio.sleep(0.02)
        raise AssertionError("no answer came")

    async def deliver(self, courier: Courier | None = None, job: int = 1) -> None:
        """Until everything is told."""
        for _ in range(400):
            if await outbox_state.settled(self.house.db, job):
                return
            await deliver_due(self.house.db, {"discord": courier or self.surface.courier})
            await asyncio.sleep(0.02)
        raise AssertionError("something could not be told")

    async def finish(self, courier: Courier | None = None, job: int = 1) -> None:
        await self.house.work()
        await self.deliver(courier, job)

    def the_post(self, channel: Channel | None = None) -> Message:
        """The one message everybody sees."""
        (post,) = self.discord.posts(channel or self.channel)
        return post

    async def view(self, job: int = 1) -> JobView:
        return await control.show(self.house.db, job)

    def count(self, method: str, path: str) -> int:
        return sum(
            request.method == method and bool(re.search(path, request.path)) for request in self.discord.requests
        )


Story = Callable[[Wire], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]


def playing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Runs a story. Whatever went wrong in it, Discord saw nothing it does not take, and nobody was called by name."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    )
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 20)
    monkeypatch.setattr(couriers, "PATIENCE_S", 0.2)
    monkeypatch.setattr(surfaces, "FIRST_WAIT_S", 0.1)

    async def run(story: Story) -> None:
        house = song_house(tmp_path, {"admin": {"in_charge": True}, "Gold": {"priority": 5}})
        async with DiscordStandIn(schema=Path(OPENAPI) if OPENAPI else None) as standin:
            guild = standin.add_guild("The Cellar", roles=("Gold", "Silver"))
            # The house says that this server's roles count.
            roles = house.rules.roles.model_copy(update={"servers": (f"discord:{guild.id}",)})
            house.rules = replace(house.rules, roles=roles)
            wire = Wire(
                standin, house, None, guild, standin.add_channel(guild, "songs"),  # type: ignore[arg-type]
                standin.add_user("ann"), standin.add_user("ben"),
            )  # fmt: skip
            wire.surface = wire.process()
            try:
                await story(wire)
            finally:
                await wire.surface.close()
            assert standin.violations == []
            assert standin.pings == []
            assert standin.unknown_routes == []
            assert standin.record.lapses == []
        house.db.close()

    return lambda story: asyncio.run(asyncio.wait_for(run(story), 90))
