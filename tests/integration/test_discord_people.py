"""Who somebody is on a Discord server: roles, people as options, and what stays on one server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord import ChannelHandle, MemberActor, SetupError

from bot.actions import ACTIONS
from bot.on_discord.buttons import Button, Press
from storage import jobs
from tests.integration.discord_room import Room, answer, room_in, song_house
from workflows import control
from workflows.people import Requester

ROLES: dict[str, dict[str, Any]] = {
    "admin": {"in_charge": True, "priority": 10},
    "Gold": {"priority": 5},
    "Crew": {"in_charge": True},
}

Story = Callable[[Room], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a story in a room of its own."""

    async def run(story: Story) -> None:
        house = song_house(tmp_path, ROLES)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    return lambda story: asyncio.run(asyncio.wait_for(run(story), 60))


def newcomer(room: Room, name: str, *roles: str, may: discord.Permissions | None = None) -> MemberActor:
    """Somebody on Ann's server with these roles."""
    guild = room.ann.guild
    made = [guild.create_role(role, permissions=may) for role in roles]
    return guild.add_member(room.env.create_user(name), roles=made)


async def requester(room: Room, member: MemberActor, channel: ChannelHandle | None = None) -> Requester:
    """Whom the house sees when they ask for something."""
    seen: list[Requester] = []
    told = room.client.reception._desk.asked

    async def asked(who: Requester, *rest: Any, **more: Any) -> Any:
        seen.append(who)
        return await told(who, *rest, **more)

    room.client.reception._desk.asked = asked  # type: ignore[method-assign]
    await member.slash(channel or room.channel, "credits")
    room.client.reception._desk.asked = told  # type: ignore[method-assign]
    return seen[0]


def test_the_house_knows_the_server_and_the_roles_of_whoever_asks(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.env.settle()
        gold = await requester(room, newcomer(room, "cleo", "Gold", "admin"))
        assert gold.server == f"discord:{room.ann.guild.id}"
        # A role that is only called so gives nobody a say.
        assert gold.roles == ("Gold",)
        manager = await requester(room, newcomer(room, "dora", "Boss", may=discord.Permissions(manage_guild=True)))
        assert manager.roles == ("admin", "Boss")
        owner = await requester(room, newcomer(room, "emil", "Chief", may=discord.Permissions(administrator=True)))
        assert owner.roles == ("admin", "Chief")
        assert (await requester(room, room.ann)).roles == ()

    play(story)


def test_in_private_nobody_is_in_charge_and_nothing_belongs_to_a_server(play: Play) -> None:
    async def story(room: Room) -> None:
        manager = newcomer(room, "dora", "Boss", may=discord.Permissions(manage_guild=True))
        assert "grant" not in manager.user.available_commands()
        assert "gift" in manager.user.available_commands()
        await manager.user.slash("song", caption="quiet", duration=30.0)
        [job] = room.house.db.read(lambda session: jobs.recent(session, None, 1))
        assert (job.server, job.priority) == (None, 0)
        await manager.slash(room.channel, "song", caption="loud", duration=30.0)
        [job] = room.house.db.read(lambda session: jobs.recent(session, None, 1))
        assert (job.server, job.priority) == (f"discord:{room.ann.guild.id}", 10)

    play(story)


def test_commands_of_those_in_charge_are_for_them(play: Play) -> None:
    async def story(room: Room) -> None:
        with pytest.raises(SetupError, match="default-member-permissions"):
            await room.ann.slash(room.channel, "grant", who=room.ben, amount=50)
        manager = newcomer(room, "dora", "Boss", may=discord.Permissions(manage_guild=True))
        said = answer(await manager.slash(room.channel, "grant", who=room.ben, amount=50))
        assert "ben" in said
        assert "1,050" in answer(await room.ben.slash(room.channel, "credits"))
        # The settings of a server may show a command to more people; who is in charge is the house's to say.
        everybody, crew = newcomer(room, "emil", "Helper"), newcomer(room, "fay", "Crew")
        guild = room.ann.guild
        guild.set_command_permissions(
            next(c for c in await room.client.tree.fetch_commands() if c.name == "grant"),
            {everybody: True, crew: True},
        )
        refused = answer(await everybody.slash(room.channel, "grant", who=room.ben, amount=50))
        assert "for those who run this place" in refused
        # Nor is a form shown that they could not send.
        assert "for those who run this place" in answer(await everybody.slash(room.channel, "grant"))
        assert "ben" in answer(await crew.slash(room.channel, "grant", who=room.ben, amount=50))

    play(story)


def test_somebody_is_chosen_and_not_spelled(play: Play) -> None:
    async def story(room: Room) -> None:
        named = newcomer(room, 'An "n" <@7|x> Lee')
        said = await room.ann.slash(room.channel, "gift", who=named, amount=50)
        assert "950" in answer(said)
        assert "1,050" in answer(await named.slash(room.channel, "credits"))
        # Whoever is named is not called: an answer shows their name only.
        assert f"<@{named.id}>" not in answer(said)

    play(story)


def test_a_form_offers_the_people_of_the_server(play: Play) -> None:
    async def story(room: Room) -> None:
        opened = await room.ann.slash(room.channel, "gift")
        sent = await room.ann.submit_modal(opened, {"who": [room.ben], "amount": "30"})
        assert "970" in answer(sent)
        assert "1,030" in answer(await room.ben.slash(room.channel, "credits"))

    play(story)


@dataclass
class Elsewhere:
    """Another server with the bot on it, and Eve, who runs it."""

    channel: ChannelHandle
    eve: MemberActor


async def elsewhere(room: Room) -> Elsewhere:
    guild = room.env.create_guild()
    channel = guild.create_text_channel("theirs")
    boss = guild.create_role("Boss", permissions=discord.Permissions(administrator=True))
    eve = guild.add_member(room.env.create_user("eve"), roles=[boss])
    await room.env.settle()
    return Elsewhere(channel, eve)


def test_whoever_runs_a_server_that_the_house_does_not_list_is_nobody_here(play: Play) -> None:
    async def story(room: Room) -> None:
        there = await elsewhere(room)
        refused = answer(await there.eve.slash(there.channel, "grant", who=there.eve, amount=500))
        assert "for those who run this place" in refused
        # What would have to be listed, for the one who may do so.
        assert f"discord:{there.eve.guild.id}" in refused
        await there.eve.slash(there.channel, "song", caption="mine", duration=30.0)
        [job] = room.house.db.read(lambda session: jobs.recent(session, None, 1))
        assert (job.server, job.priority) == (f"discord:{there.eve.guild.id}", 0)

    play(story)


def test_a_song_stays_on_its_server_however_it_is_asked_for(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.song()
        there = await elsewhere(room)
        caption = {"caption": "x"}
        for name, options, song in (
            ("cover", caption, "source_job_id"), ("stems", {}, "source_job_id"), ("lrc", {}, "job_id"),
        ):  # fmt: skip
            hidden = answer(await there.eve.slash(there.channel, name, **options, **{song: 1}))
            wanting = answer(await there.eve.slash(there.channel, name, **options, **{song: 99}))
            # The same words, whether there is such a song or not.
            assert "There is no job #1" in hidden
            assert hidden.replace("#1", "#99") == wanting
        found = await there.eve.autocomplete(there.channel, "cover", "source_job_id", "1")
        assert found == []
        # Buttons that are made up: only a number is in them.
        theirs = room.client.get_channel(there.channel.id)
        assert isinstance(theirs, discord.TextChannel)
        for does in ACTIONS:
            view = discord.ui.View(timeout=None).add_item(Button(Press(does, "1"), "x"))
            forged = await theirs.send("look", view=view)
            assert "There is no job #1" in answer(await there.eve.click(forged, label="x")), does
        # Its owner may use it there, and is told alone.
        guest = there.eve.guild.add_member(room.ann.user)
        mine = await guest.slash(there.channel, "cover", caption="bossa", source_job_id=1)
        assert "taken" in answer(mine)
        assert "`#1`" in answer(await guest.slash(there.channel, "jobs"))
        assert len(await control.recent(room.house.db, 9)) == 2

    play(story)
