"""A house with the Discord surface in it, for a simulated Discord or for the stand-in on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord import ChannelHandle, Env, InteractionResult, MemberActor

from bot.desk import Desk
from bot.on_discord.client import StudioClient
from bot.on_discord.courier import DiscordCourier
from bot.on_discord.reception import Reception
from engine.spec import Event, Order, TrackFile, TrackResult
from tests.fakes.pool import ScriptedPool
from tests.integration.house import House, rules
from workflows.deliver import deliver_due

LRC = "[00:01.00]<00:01.00>Carry <00:01.50>me <00:02.00>home<00:03.00>\n[00:05.00]Down to the sea\n"
PNG = b"\x89PNG cover"


class SongPool(ScriptedPool):
    """Makes songs with everything a chat shows: an MP3 of `mp3_bytes`, a cover, and lyrics in time."""

    capabilities = ScriptedPool.capabilities.model_copy(update={"tasks": ("text2music", "cover", "repaint", "stems")})
    mp3_bytes = 3000

    async def run(
        self, order: Order, *, on_event: Callable[[Event], Awaitable[None]], cancelled: asyncio.Event
    ) -> tuple[TrackResult, ...]:
        takes = await super().run(order, on_event=on_event, cancelled=cancelled)
        return tuple(self._dressed(order, take) for take in takes)

    def _dressed(self, order: Order, take: TrackResult) -> TrackResult:
        folder = Path(order.workdir) / f"take-{take.take}"
        made = {
            ("audio", "mp3"): f"ID3 {order.seed} {take.take}".encode().ljust(self.mp3_bytes, b"\0"),
            ("image", "png"): PNG,
            ("lrc", "lrc"): LRC.encode(),
        }
        files = list(take.files)
        for (kind, form), content in made.items():
            path = folder / f"{kind}.{form}"
            path.write_bytes(content)
            files.append(TrackFile(kind=kind, path=str(path), format=form))
        return take.model_copy(update={"lrc": LRC, "files": tuple(files)})


def song_house(folder: Path, roles: dict[str, dict[str, Any]] | None = None, url: str | None = None) -> House:
    return House(folder, rules=rules(capabilities=SongPool.capabilities, roles=roles), pool=SongPool(), url=url)


@dataclass
class Room:
    """Ann and Ben in one channel of a simulated server, and the bot."""

    house: House
    env: Env
    client: StudioClient
    courier: DiscordCourier
    channel: ChannelHandle
    ann: MemberActor
    ben: MemberActor

    async def deliver(self) -> None:
        while await deliver_due(self.house.db, {"discord": self.courier}, {"discord": self.courier}):
            pass

    async def work(self) -> None:
        """Everything in the queue is made and posted."""
        await self.deliver()
        await self.house.work()
        await self.deliver()

    async def song(self, caption: str = "slow blues", who: MemberActor | None = None) -> discord.Message:
        """The message of a finished song."""
        await (who or self.ann).slash(self.channel, "song", caption=caption, duration=30.0)
        await self.work()
        return self.posts()[-1]

    def posts(self) -> list[discord.Message]:
        """What everybody in the channel sees, oldest first."""
        return [message for message in self.channel.history() if not message.flags.ephemeral]

    async def restart(self) -> None:
        """Another process: nothing that was in memory is left."""
        reception = Reception(Desk(self.house.db, self.house.rules, lambda: None), self.house.blobs.path)
        self.client = StudioClient(reception, self.house.folder / "discord-commands.json")
        await self.env.restart_bot(self.client)
        self.courier = DiscordCourier(self.house.blobs.path, self.house.rules)
        self.courier.connected(self.client)


@asynccontextmanager
async def room_in(house: House) -> AsyncIterator[Room]:
    desk = Desk(house.db, house.rules, lambda: None)
    client = StudioClient(Reception(desk, house.blobs.path), house.folder / "discord-commands.json")
    courier = DiscordCourier(house.blobs.path, house.rules)
    async with simcord.run(client, shard_count=1) as env:
        courier.connected(client)
        guild = env.create_guild()
        # The house says that this server's roles count.
        roles = house.rules.roles.model_copy(update={"servers": (f"discord:{guild.id}",)})
        desk.rules = house.rules = replace(house.rules, roles=roles)
        channel = guild.create_text_channel("songs")
        ann, ben = (guild.add_member(env.create_user(name)) for name in ("ann", "ben"))
        await env.settle()
        yield Room(house, env, client, courier, channel, ann, ben)


def answer(result: InteractionResult) -> str:
    """The private answer."""
    assert result.response is not None, "no answer"
    assert result.response.ephemeral
    return result.response.content or "\n".join(embed.description or "" for embed in result.response.embeds)


def labels(message: discord.Message) -> list[str | None]:
    """What the buttons of a message say."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [button.label for row in rows for button in row.children if isinstance(button, discord.Button)]
