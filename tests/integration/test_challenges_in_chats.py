"""A challenge as people of Discord and Slack see it: entered and voted for by what they press, and anonymous."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import discord

from tests.fakes.clock import at
from tests.fakes.slack import Post, User, Whisper
from tests.integration.discord_room import Room, answer, labels, room_in, song_house
from tests.integration.slack_house import Scene, buttons, scene, shown
from workflows.challenges.tick import tick
from workflows.deliver import deliver_due

ROLES = {"admin": {"in_charge": True}}


@contextmanager
def later(days: float) -> Iterator[None]:
    """It is so many days, and a minute, from now."""
    then = datetime.now(UTC) + timedelta(days=days, minutes=1)
    with at(f"{then:%Y-%m-%d %H:%M:%S}"):
        yield


def menu(message: discord.Message) -> discord.SelectMenu:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    [found] = [item for row in rows for item in row.children if isinstance(item, discord.SelectMenu)]
    return found


def said(message: discord.Message) -> str:
    """Everything that people can see of a message."""
    cards = [f"{card.title}\n{card.description}" for card in message.embeds]
    files = [file.filename for file in message.attachments]
    return "\n".join([message.content, *cards, *files, *map(str, labels(message))])


def test_on_discord_by_button_and_menu(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        async def posts(*, of: int = 3) -> list[discord.Message]:
            await tick(room.house.db)
            for _ in range(of):
                await deliver_due(room.house.db, {"discord": room.courier}, {"discord": room.courier})
            return [post for post in room.posts() if post.id not in songs]

        admins = room.env.guild.create_role("Boss", permissions=discord.Permissions(administrator=True))
        boss = room.env.guild.add_member(room.env.create_user("boss"), roles=[admins])
        songs = {(await room.song("waltz", room.ben)).id}
        told = await boss.slash(room.channel, "challenge create", theme="rain", prize="500", advanced="remind:0")
        assert "Challenge 1 is here" in answer(told)
        [opened] = await posts()
        assert labels(opened) == ["Enter a song", "How it stands"]
        assert re.search(r"until <t:\d+:f>: entering ends <t:\d+:R>", said(opened))
        await room.restart()
        asked = await room.ben.click(opened, label="Enter a song")
        assert asked.response is not None
        choice = menu(asked.response.message)
        assert [option.label for option in choice.options] == ["#1 A Title"]
        entered = await room.ben.select(asked.response.message, [choice.options[0].value], custom_id=choice.custom_id)
        assert "is entered in challenge 1" in answer(entered)
        # What is made meanwhile has a button for it.
        made = await room.song("blues", room.ann)
        songs.add(made.id)
        assert "Only ann can do that" in answer(await room.ben.click(made, label="Enter challenge"))
        assert "is entered in challenge 1" in answer(await room.ann.click(made, label="Enter challenge"))
        # Edits of one message keep their distance.
        with later(0.1):
            assert "2 songs so far" in said((await posts())[0])
        with later(3):
            closed, ballot = await posts()
            assert labels(closed) == ["How it stands"]
            assert sorted(file.filename for file in ballot.attachments) == ["entry-1.mp3", "entry-2.mp3"]
            assert not re.search(r"\b(ann|ben)\b|#\d", said(closed) + said(ballot))
            votes = [option.value for option in menu(ballot).options]
            answers = [
                answer(await room.ann.select(ballot, [vote], custom_id=menu(ballot).custom_id)) for vote in votes
            ]
            assert sorted("your own song" in one for one in answers) == [False, True]
        with later(3.1):
            _, counted = await posts()
            assert "1 person voted so far" in said(counted)
        with later(5):
            _, ballot, podium = await posts()
            assert labels(ballot) == ["Results"]
            assert "A Title by ben won with 1 vote and gets 500 credits" in said(podium)
            assert [file.filename for file in podium.attachments] == ["a-title.png", "a-title.mp3"]
            assert "by ben won" in answer(await room.ann.click(podium, label="Results"))
            before = [(post.id, said(post)) for post in await posts()]
            assert [(post.id, said(post)) for post in await posts()] == before

    async def run() -> None:
        house = song_house(tmp_path, roles=ROLES)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_on_slack_by_button_and_menu(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        async def posts() -> list[Post]:
            await tick(here.house.db)
            await here.deliver()
            return [post for post in here.slack.posts(here.channel) if post.ts not in songs]

        async def chosen(user: User, message: Post | Whisper, value: str) -> str:
            return await here.reply(await here.people.press(user, message, "d:menu:0", value=value))

        boss = here.slack.workspace.add_user("boss", is_admin=True)
        made = [await here.song("blues duration:30", user=user) for user in (here.ann, here.bob)]
        songs = {post.ts for _, post in made}
        asked = await here.people.slash(boss, here.channel, "/studio", "challenge create rain prize:500 remind:0")
        assert "`/studio challenge cancel 1` calls it off" in await here.reply(asked)
        [opened] = await posts()
        assert buttons(opened) == ["d:enter:1:0", "d:status:1:0"]
        for user, (job, _) in zip((here.ann, here.bob), made, strict=True):
            await here.reply(await here.people.press(user, opened, "d:enter:1:0"))
            value = f"d:entered:1:{job.id * 16}"
            assert "is entered in challenge 1" in await chosen(user, await here.whisper(user), value)
        with later(3):
            closed, ballot = await posts()
            assert buttons(closed) == ["d:status:1:0"]
            assert [file.name for file in ballot.files] == ["entry-1.mp3", "entry-2.mp3"]
            everything = shown(closed.blocks) + shown(ballot.blocks)
            assert not re.search(rf"\b(ann|bob)\b|{here.ann.id}|{here.bob.id}|#\d", everything)
            said = [await chosen(here.ann, ballot, f"d:vote:1:{number}") for number in (1, 2)]
            assert sorted("your own song" in one for one in said) == [False, True]
        with later(5):
            *_, podium = await posts()
            assert "A Title by bob won with 1 vote and gets 500 credits" in shown(podium.blocks)
            assert len(await posts()) == 3

    async def run() -> None:
        async with scene(tmp_path, roles=ROLES) as here:
            await story(here)
            here.clean()

    asyncio.run(run())
