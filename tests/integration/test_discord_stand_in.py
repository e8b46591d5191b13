"""The stand-in for Discord, driven by the real discord.py: it must be as strict, and as forgetful, as the real one."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands, ui
from yarl import URL

from tests.fakes.discord import MIB, Channel, DiscordStandIn, Guild, NoAnswer, Upload, User

OPENAPI = os.environ.get("MINSTREL_DISCORD_OPENAPI") or None
QUIET = discord.AllowedMentions.none()
needs_schema = pytest.mark.skipif(OPENAPI is None, reason="MINSTREL_DISCORD_OPENAPI names no description of the API")


class Lyrics(ui.Modal, title="Lyrics"):
    words: ui.Label[Any] = ui.Label(text="Words", component=ui.TextInput(custom_id="words", max_length=20))
    demo: ui.Label[Any] = ui.Label(text="Demo", component=ui.FileUpload(custom_id="demo", required=False))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(self.words.component, ui.TextInput)
        assert isinstance(self.demo.component, ui.FileUpload)
        sizes = [len(await file.read()) for file in self.demo.component.values]
        await interaction.response.send_message(f"sung: {self.words.component.value} {sizes}", ephemeral=True)


class Counter(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Redo", custom_id="redo:1")
    async def redo(self, interaction: discord.Interaction[Any], button: ui.Button[Any]) -> None:
        await interaction.response.edit_message(content=f"redone by {interaction.user.name}")


class Bot(discord.AutoShardedClient):
    """A bot with one command of each kind."""

    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True)
        super().__init__(intents=intents, allowed_mentions=QUIET, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[str] = []
        self.tree.command(description="Makes a song.")(song)
        self.tree.command(description="Asks for lyrics.")(lyrics)
        self.tree.command(description="Shows a private button.")(private)
        self.tree.command(description="Answers at once.")(ping)
        self.tree.command(description="Answers in two steps.")(slow)
        challenges = app_commands.Group(name="challenge", description="Song challenges.")
        challenges.command(description="Begins one.")(begin)
        self.tree.add_command(challenges)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds that the real one asks for."""

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.heard.append(str(interaction.id))

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(f"{message.author.name}: {message.content}")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.heard.append(f"deleted {event.message_id}")


@app_commands.describe(caption="What to sing of", duration="Seconds", source="A recording")
async def song(
    interaction: discord.Interaction[Any],
    caption: str,
    duration: app_commands.Range[int, 10, 600] = 60,
    source: discord.Attachment | None = None,
) -> None:
    await interaction.response.defer(ephemeral=True, thinking=True)
    size = len(await source.read()) if source else 0
    await interaction.edit_original_response(content=f"{caption} {duration} {size} {interaction.filesize_limit}")


async def _captions(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=word, value=word) for word in ("blues", "bossa", "rock") if current in word]


song = app_commands.autocomplete(caption=_captions)(song)


async def lyrics(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_modal(Lyrics())


async def private(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_message("for you", view=Counter(), ephemeral=True)
    await interaction.followup.send("and more", ephemeral=True)


async def ping(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.send_message("pong")


async def slow(interaction: discord.Interaction[Any]) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.followup.send("here it is")


async def begin(interaction: discord.Interaction[Any], theme: str, judge: discord.Member) -> None:
    await interaction.response.send_message(f"{theme}, judged by {judge.name}", view=Themes())


class Themes(ui.View):
    @ui.select(custom_id="theme", options=[discord.SelectOption(label=word) for word in ("rain", "sun")])
    async def choose(self, interaction: discord.Interaction[Any], select: ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=select.values[0])


@dataclass
class Scene:
    """A server with one channel and one person, and the bot that is connected to it."""

    standin: DiscordStandIn
    guild: Guild
    channel: Channel
    ann: User
    bot: Bot

    @property
    def songs(self) -> discord.TextChannel:
        """The channel as the bot sees it."""
        found = self.bot.get_channel(self.channel.id)
        assert isinstance(found, discord.TextChannel)
        return found


@asynccontextmanager
async def connected(standin: DiscordStandIn) -> AsyncIterator[Bot]:
    bot = Bot()
    running = asyncio.create_task(bot.start(standin.token))
    try:
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED, timeout=10)
        assert ready.done(), "the bot did not come up"
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    """Runs a scene. Afterwards the stand-in must have known every route and said nothing that Discord would not."""

    async def run(scene: Callable[[Scene], Awaitable[None]]) -> None:
        async with DiscordStandIn(schema=Path(OPENAPI) if OPENAPI else None) as standin:
            monkeypatch.setattr(discord.http.Route, "BASE", standin.api_url)
            monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", URL(standin.gateway.address))
            guild = standin.add_guild("The Cellar")
            channel = standin.add_channel(guild, "songs")
            ann = standin.add_user("ann")
            async with connected(standin) as bot:
                await bot.tree.sync()
                await scene(Scene(standin, guild, channel, ann, bot))
            assert standin.record.lapses == []
            assert standin.unknown_routes == []

    return lambda scene: asyncio.run(_within(60, run(scene)))


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    await asyncio.wait_for(work, seconds)


Play = Callable[[Callable[[Scene], Awaitable[None]]], None]


def png(text: str = "picture") -> discord.File:
    return discord.File(io.BytesIO(text.encode()), "cover.png")


async def fetched(url: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.read()


async def raw(
    scene: Scene, method: str, path: str, body: object = None, token: str | None = None
) -> tuple[int, dict[str, Any]]:
    """A request as no library would send it."""
    headers = {"Authorization": f"Bot {token or scene.standin.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, scene.standin.api_url + path, json=body) as response,
    ):
        return response.status, await response.json()


class TestCommands:
    def test_registered_commands_keep_their_ids_and_show_up(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            assert it.standin.commands.names() == ["challenge", "lyrics", "ping", "private", "slow", "song"]
            first = {command.name: command.id for command in await it.bot.tree.fetch_commands()}
            it.bot.tree.remove_command("ping")
            second = {command.name: command.id for command in await it.bot.tree.sync()}
            assert second == {name: first[name] for name in first if name != "ping"}
            with pytest.raises(LookupError, match="no command /ping"):
                await it.standin.slash(it.ann, it.channel, "ping")
            assert it.standin.violations == []

        play(scene)

    def test_a_command_is_deferred_and_its_answer_edited(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            said = await it.standin.slash(it.ann, it.channel, "song", {"caption": "blues", "duration": 90})
            answer = await said.answer()
            assert (answer.type, answer.ephemeral) == (5, True)
            assert 0 < answer.after < 3
            await it.standin.until(lambda: bool(said.messages and said.messages[0].content))
            assert [message.content for message in said.messages] == [f"blues 90 0 {10 * MIB}"]
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_an_attached_file_is_read_from_its_address(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            values = {"caption": "like this", "source": Upload("demo.wav", b"x" * 1000)}
            said = await it.standin.slash(it.ann, it.standin.private_channel(it.ann), "song", values)
            await it.standin.until(lambda: bool(said.messages and said.messages[0].content))
            assert said.messages[0].content == f"like this 60 1000 {10 * MIB}"

        play(scene)

    @pytest.mark.parametrize(
        "values",
        [{}, {"caption": "a", "duration": 9}, {"caption": "a", "duration": "60"}, {"caption": "a", "pitch": 1}],
    )
    def test_what_the_client_refuses_never_arrives(self, play: Play, values: dict[str, Any]) -> None:
        async def scene(it: Scene) -> None:
            with pytest.raises(ValueError):
                await it.standin.slash(it.ann, it.channel, "song", values)
            assert it.bot.heard == []

        play(scene)

    def test_what_can_not_be_registered(self, play: Play) -> None:
        option = {"type": 3, "name": "caption", "description": "What to sing of"}
        commands: list[dict[str, Any]] = [
            {"name": "Song", "description": "Makes a song."},
            {"name": "song", "description": ""},
            {"name": "song", "description": "Twice the same.", "options": [option, option]},
            {"name": "song", "description": "Late.", "options": [option, {**option, "name": "b", "required": True}]},
            {"name": "song", "description": "Large.", "options": [{**option, "choices": [
                {"name": str(number), "value": "x" * 900} for number in range(9)
            ]}]},
        ]  # fmt: skip

        async def scene(it: Scene) -> None:
            for number, command in enumerate(commands):
                path = f"/applications/{it.standin.world.application}/commands"
                status, answer = await raw(it, "PUT", path, [command])
                assert (status, answer["code"]) == (400, 50035), command
                assert len(it.standin.violations) == number + 1, answer
            assert "ping" in it.standin.commands.names()

        play(scene)

    def test_a_subcommand_and_a_choice_from_a_list(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            with pytest.raises(LookupError, match="one more word"):
                await it.standin.slash(it.ann, it.channel, "challenge")
            values = {"theme": "weather", "judge": it.ann}
            said = await it.standin.slash(it.ann, it.channel, "challenge begin", values)
            await said.answer()
            assert said.messages[0].content == "weather, judged by ann"
            chosen = await it.standin.click(it.ann, said.messages[0], "theme", ["sun"])
            await chosen.answer()
            assert said.messages[0].content == "sun"

        play(scene)

    def test_a_command_of_one_server(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            other = it.standin.add_channel(it.standin.add_guild("The Attic"), "songs")
            it.bot.tree.clear_commands(guild=None)
            it.bot.tree.command(name="ping", description="Answers here.", guild=it.songs.guild)(ping)
            await it.bot.tree.sync()
            await it.bot.tree.sync(guild=it.songs.guild)
            await (await it.standin.slash(it.ann, it.channel, "ping")).answer()
            with pytest.raises(LookupError):
                await it.standin.slash(it.ann, other, "ping")

        play(scene)

    def test_the_first_followup_takes_the_place_of_a_deferred_answer(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            said = await it.standin.slash(it.ann, it.channel, "slow")
            await said.answer()
            await it.standin.until(lambda: it.standin.posts(it.channel)[0].content == "here it is")
            assert said.messages == it.standin.posts(it.channel)
            said.expire()
            path = f"/webhooks/{it.standin.world.application}/{said.token}/messages/@original"
            assert (await raw(it, "PATCH", path, {"content": "too late"}))[1]["code"] == 50027

        play(scene)

    def test_completion_while_typing(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            typing = await it.standin.autocomplete(it.ann, it.channel, "song", "caption", "b")
            await typing.answer()
            assert typing.choices == [("blues", "blues"), ("bossa", "bossa")]

        play(scene)

    def test_a_modal_is_opened_and_sent_with_a_file(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            opened = await it.standin.slash(it.ann, it.channel, "lyrics")
            await opened.answer()
            with pytest.raises(ValueError, match="longer than 20"):
                await it.standin.submit_modal(opened, {"words": "la" * 11})
            with pytest.raises(ValueError, match="filled in"):
                await it.standin.submit_modal(opened)
            sent = await it.standin.submit_modal(opened, {"words": "la la", "demo": [Upload("a.wav", b"12345")]})
            await sent.answer()
            assert sent.messages[0].content == "sung: la la [5]"

        play(scene)

    def test_an_event_that_comes_twice_is_answered_once(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            said = await it.standin.slash(it.ann, it.channel, "ping")
            await said.answer()
            await it.standin.redeliver(said)
            path = f"/interactions/{said.id}/{said.token}/callback"
            await it.standin.until(lambda: [each.path for each in it.standin.requests].count(path) == 2)
            assert it.bot.heard.count(str(said.id)) == 2
            assert [each.status for each in it.standin.requests if each.path == path] == [200, 400]
            assert [post.content for post in it.standin.posts(it.channel)] == ["pong"]

        play(scene)

    def test_an_answer_that_comes_too_late_is_refused(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.callbacks.answer_s = 0.2
            it.standin.faults.add("delay", route="/callback$", seconds=0.4)
            said = await it.standin.slash(it.ann, it.channel, "ping")
            await it.standin.until(lambda: it.standin.requests[-1].path.endswith("/callback"))
            assert it.standin.requests[-1].status == 404
            with pytest.raises(NoAnswer):
                await said.answer(within=0.1)
            assert it.standin.posts(it.channel) == []

        play(scene)


class TestButtons:
    def test_a_click_changes_the_message(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            await it.songs.send("a song", view=Counter())
            post = it.standin.posts(it.channel)[0]
            clicked = await it.standin.click(it.ann, post, "redo:1")
            assert (await clicked.answer()).type == 7
            assert post.content == "redone by ann"
            assert len(post.edits) == 1
            assert clicked.messages == []
            with pytest.raises(LookupError, match="redo:1"):
                await it.standin.click(it.ann, post, "redo:2")

        play(scene)

    def test_a_click_on_what_only_one_person_sees(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            said = await it.standin.slash(it.ann, it.channel, "private")
            await it.standin.until(lambda: len(said.messages) == 2)
            assert [message.ephemeral for message in said.messages] == [True, True]
            await (await it.standin.click(it.ann, said.messages[0], "redo:1")).answer()
            assert [message.content for message in said.messages] == ["redone by ann", "and more"]
            assert [message async for message in it.songs.history()] == []

        play(scene)


class TestMessages:
    def test_a_file_is_posted_and_served(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            sent = await it.songs.send("a song", file=discord.File(io.BytesIO(b"music"), "song.mp3"))
            post = it.standin.posts(it.channel)[0]
            assert (post.id, post.content, post.file("song.mp3").data) == (sent.id, "a song", b"music")
            assert sent.author == it.bot.user
            assert abs((discord.utils.utcnow() - sent.created_at).total_seconds()) < 5
            attachment = sent.attachments[0]
            assert (attachment.size, attachment.content_type) == (5, "audio/mpeg")
            assert await fetched(attachment.url) == (200, b"music")

        play(scene)

    def test_an_edit_keeps_the_files_it_lists_and_adds_new_ones(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            files = [discord.File(io.BytesIO(name.encode()), name) for name in ("a.txt", "b.txt")]
            sent = await it.songs.send("files", files=files)
            post = it.standin.posts(it.channel)[0]
            await sent.edit(content="still there")
            assert [each.filename for each in post.attachments] == ["a.txt", "b.txt"]
            edited = await sent.edit(attachments=[sent.attachments[1], discord.File(io.BytesIO(b"c"), "c.txt")])
            assert [each.filename for each in edited.attachments] == ["b.txt", "c.txt"]
            assert [each.data for each in post.attachments] == [b"b.txt", b"c"]
            assert (await fetched(sent.attachments[0].url))[0] == 404
            assert [edit.content for edit in post.edits] == ["still there", "still there"]
            assert post.posted_at <= post.edits[0].at <= post.edits[1].at <= time.monotonic()

        play(scene)

    def test_a_file_that_an_embed_shows_is_not_listed(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            embed = discord.Embed(title="Coffee Steam").set_thumbnail(url="attachment://cover.png")
            sent = await it.songs.send(embed=embed, file=png())
            assert sent.attachments == []
            assert await fetched(sent.embeds[0].thumbnail.url or "") == (200, b"picture")
            post = it.standin.posts(it.channel)[0]
            assert post.file("cover.png").data == b"picture"
            # Sent back with its address, the picture is in the embed and below it: the real one does that too.
            again = await sent.edit(embed=sent.embeds[0])
            assert [each.filename for each in again.attachments] == ["cover.png"]

        play(scene)

    def test_an_embed_can_only_show_files_that_are_there(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            embed = discord.Embed(title="Coffee Steam").set_image(url="attachment://nothing.png")
            with pytest.raises(discord.HTTPException, match="no file is named"):
                await it.songs.send(embed=embed)
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_a_layout_view_with_a_file(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            view = ui.LayoutView(timeout=None)
            button: ui.Button[Any] = ui.Button(label="Redo", custom_id="redo:1")
            container: ui.Container[Any] = ui.Container(
                ui.Section(ui.TextDisplay("**Coffee Steam**"), accessory=ui.Thumbnail("attachment://cover.png")),
                ui.ActionRow(button),
            )
            view.add_item(container)
            await it.songs.send(view=view, file=png())
            post = it.standin.posts(it.channel)[0]
            assert [part["custom_id"] for part in post.buttons] == ["redo:1"]
            assert post.listed == []
            assert it.standin.violations == []

        play(scene)

    def test_history_is_newest_first_and_pages_by_id(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            for number in range(120):
                await it.standin.say(it.ann, it.channel, f"hello {number}")
            for number in range(5):
                await it.songs.send(f"song {number}")
            newest = [message async for message in it.songs.history(limit=3)]
            assert [message.content for message in newest] == ["song 4", "song 3", "song 2"]
            everything = [message async for message in it.songs.history(limit=None)]
            assert len(everything) == 125
            assert everything[-1].content == "", "what people say is not for a bot without that intent"
            since = [message async for message in it.songs.history(after=newest[-1])]
            assert [message.content for message in since] == ["song 3", "song 4"]
            around = [message async for message in it.songs.history(around=newest[1], limit=3)]
            assert {message.id for message in around} == {message.id for message in newest}

        play(scene)

    def test_the_same_nonce_makes_one_message(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            first, second = [await it.songs.send("a song", nonce="job-1") for _ in range(2)]
            other = await it.songs.send("a song", nonce="job-2")
            assert first.id == second.id != other.id
            it.standin.world.nonce_s = 0.0
            later = await it.songs.send("a song", nonce="job-1")
            assert len({first.id, other.id, later.id}) == len(it.standin.posts(it.channel)) == 3
            with pytest.raises(discord.HTTPException, match="25 or fewer"):
                await it.songs.send("a song", nonce="n" * 26)

        play(scene)

    def test_text_that_could_notify_people_is_noted(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            await it.songs.send("hello @everyone")
            assert it.standin.pings == []
            await it.songs.send(f"hello <@{it.ann.id}>", allowed_mentions=discord.AllowedMentions(users=True))
            assert [ping.text for ping in it.standin.pings] == [f"hello <@{it.ann.id}>"]

        play(scene)

    def test_a_private_message(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            ann = await it.bot.fetch_user(it.ann.id)
            await ann.send("your song failed")
            assert [post.content for post in it.standin.posts(it.standin.private_channel(it.ann))] == [
                "your song failed"
            ]

        play(scene)

    def test_the_bot_hears_of_what_it_asked_to_hear(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            await it.songs.send("a song")
            await it.standin.say(it.ann, it.channel, "hello")
            await it.standin.say(it.ann, it.standin.private_channel(it.ann), "a private word")
            post = it.standin.posts(it.channel)[0]
            await it.standin.delete(post)
            await it.standin.until(lambda: len(it.bot.heard) == 3)
            assert it.bot.heard == ["Minstrel: a song", "ann: ", f"deleted {post.id}"]

        play(scene)


class TestRefusals:
    @needs_schema
    def test_a_body_that_the_description_forbids(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            button = {"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}
            body = {"content": "hello", "components": [{"type": 1, "components": [button]}], "tts": "loud"}
            status, answer = await raw(it, "POST", f"/channels/{it.channel.id}/messages", body)
            assert (status, answer["code"]) == (400, 50035)
            label = answer["errors"]["components"]["0"]["components"]["0"]["label"]["_errors"][0]
            assert label["code"] == "BASE_TYPE_MAX_LENGTH"
            assert {each.route for each in it.standin.violations} == {"POST /channels/{channel}/messages"}
            assert len(it.standin.violations) == 2
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_limits_that_the_description_lacks(self, play: Play) -> None:
        twice = {"type": 2, "style": 1, "label": "Redo", "custom_id": "redo"}
        long = {"title": "t", "description": "d" * 3000}
        bodies: list[tuple[dict[str, Any], str]] = [
            ({"content": "x" * 2001}, "2000 or fewer"),
            ({"content": ""}, "empty message"),
            ({"embeds": [long, long]}, "maximum size of 6000"),
            ({"embeds": [{"title": "t" * 257}]}, "256 or fewer"),
            ({"components": [{"type": 1, "components": [twice, twice]}]}, "there twice"),
            ({"components": [{"type": 1, "components": [{**twice, "custom_id": None}]}]}, "custom id is required"),
            ({"components": [{"type": 1, "components": [twice | {"custom_id": str(n)}]} for n in range(6)]}, "5 or"),
            ({"content": "a", "flags": 1 << 15, "components": [{"type": 10, "content": "b"}]}, "IS_COMPONENTS_V2"),
            ({"content": "a", "attachments": [{"id": "7"}]}, "no such file"),
        ]

        async def scene(it: Scene) -> None:
            for body, words in bodies:
                seen = len(it.standin.violations)
                status, answer = await raw(it, "POST", f"/channels/{it.channel.id}/messages", body)
                assert (status, answer["code"]) in ((400, 50035), (400, 50006)), body
                assert any(words in each.message for each in it.standin.violations[seen:]), (body, answer)
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_a_file_over_the_limit_of_the_server(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.guild.file_limit = 2 * MIB
            fits = await it.songs.send(file=discord.File(io.BytesIO(bytes(2 * MIB)), "fits.bin"))
            assert fits.attachments[0].size == 2 * MIB
            with pytest.raises(discord.HTTPException) as refused:
                await it.songs.send(file=discord.File(io.BytesIO(bytes(2 * MIB + 1)), "large.bin"))
            assert (refused.value.status, refused.value.code) == (413, 40005)
            assert len(it.standin.posts(it.channel)) == len(it.standin.violations) == 1

        play(scene)

    def test_permissions_of_the_channel(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            sent = await it.songs.send("a song")
            await it.standin.allow(it.channel, "view", "history", "send")
            await it.songs.send("without a file")
            with pytest.raises(discord.Forbidden) as refused:
                await it.songs.send(file=png())
            assert refused.value.code == 50013
            await it.standin.allow(it.channel, "view", "send")
            assert [message async for message in it.songs.history()] == [], (
                "no history means an empty one, not an error"
            )
            with pytest.raises(discord.Forbidden):
                await it.songs.fetch_message(sent.id)
            await it.standin.allow(it.channel)
            with pytest.raises(discord.Forbidden) as refused:
                await it.songs.send("anything")
            assert refused.value.code == 50001
            # An interaction's answer needs no permission.
            await (await it.standin.slash(it.ann, it.channel, "ping")).answer()

        play(scene)

    def test_what_is_deleted_is_unknown(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            sent, channel = await it.songs.send("a song"), it.songs
            await it.standin.delete(it.standin.posts(it.channel)[0])
            with pytest.raises(discord.NotFound) as missing:
                await sent.edit(content="edited")
            assert missing.value.code == 10008
            await it.standin.delete_channel(it.channel)
            with pytest.raises(discord.NotFound) as missing:
                await channel.send("anything")
            assert missing.value.code == 10003

        play(scene)

    def test_a_revoked_token_ends_everything(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            status, _ = await raw(it, "GET", "/users/@me", token="another")
            assert status == 401
            await it.standin.revoke_token()
            status, _ = await raw(it, "POST", f"/channels/{it.channel.id}/messages", {"content": "anything"})
            assert status == 401
            await it.standin.until(it.bot.is_closed)

        play(scene)

    def test_a_route_that_is_not_there_is_noted(self) -> None:
        async def scene() -> None:
            async with DiscordStandIn() as standin, aiohttp.ClientSession() as session:
                async with session.get(f"{standin.api_url}/guilds/1/bans") as response:
                    assert response.status == 404
                assert standin.unknown_routes == ["GET /guilds/1/bans"]

        asyncio.run(scene())


class TestTrouble:
    @pytest.mark.parametrize("everywhere", [False, True])
    def test_a_rate_limit_is_waited_for(self, play: Play, everywhere: bool) -> None:
        async def scene(it: Scene) -> None:
            trouble = it.standin.faults.add(
                "rate_limit", method="POST", route="/messages$", times=2, seconds=0.2, everywhere=everywhere
            )
            begun = time.monotonic()
            await it.songs.send("a song")
            assert time.monotonic() - begun >= 0.4
            assert trouble.hits == 2
            assert [post.content for post in it.standin.posts(it.channel)] == ["a song"]

        play(scene)

    def test_a_server_error_did_nothing(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.faults.add("status", route="/messages$", status=503)
            with pytest.raises(discord.DiscordServerError):
                await it.songs.send("a song")
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_a_lost_answer_leaves_the_message(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.faults.add("drop_after", method="POST", route="/messages$")
            with pytest.raises(aiohttp.ClientError):
                await it.songs.send("a song", file=png())
            assert [post.content for post in it.standin.posts(it.channel)] == ["a song"]
            assert it.standin.requests[-1].status == 0

        play(scene)

    def test_a_lost_request_leaves_nothing(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.faults.add("drop_before", method="POST", route="/messages$")
            with pytest.raises(aiohttp.ClientError):
                await it.songs.send("a song", file=discord.File(io.BytesIO(bytes(5 * MIB)), "song.mp3"))
            assert it.standin.posts(it.channel) == []
            await it.songs.send("a song")

        play(scene)

    def test_a_client_that_dies_in_the_middle_posts_nothing(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            _, writer = await asyncio.open_connection("127.0.0.1", URL(it.standin.address).port)
            head = (
                f"POST /api/v10/channels/{it.channel.id}/messages HTTP/1.1\r\nHost: discord\r\n"
                f"Authorization: Bot {it.standin.token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                'Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name="files[0]"; '
                'filename="a.mp3"\r\n\r\nhalf'
            )
            writer.write(head.encode())
            await writer.drain()
            await asyncio.sleep(0.1)
            writer.transport.abort()
            await it.standin.until(lambda: it.standin.requests[-1].status == 499)
            assert it.standin.posts(it.channel) == []

        play(scene)

    def test_what_was_missed_is_replayed_to_one_who_resumes(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            assert len(it.standin.gateway.identified) == 1
            it.standin.gateway.drop()
            said = await it.standin.slash(it.ann, it.channel, "ping")
            assert said.heard == 0
            await said.answer()
            assert it.standin.gateway.resumed == 1
            assert len(it.standin.gateway.identified) == 1

        play(scene)

    def test_a_forgotten_session_is_begun_again(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.gateway.forget()
            await it.standin.gateway.ask_to_reconnect()
            await it.standin.until(lambda: len(it.standin.gateway.identified) == 2)
            await it.standin.until(lambda: bool(it.standin.gateway.connected))
            said = await it.standin.slash(it.ann, it.channel, "ping")
            await said.answer()
            assert it.standin.gateway.resumed == 0

        play(scene)

    def test_shards_hear_of_their_own_servers(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            it.standin.gateway.shards = 2
            # Ids hold the time in their upper bits: one server a shard, within some milliseconds.
            guilds = [it.guild]
            while len({(guild.id >> 22) % 2 for guild in guilds}) < 2:
                await asyncio.sleep(0.001)
                guilds.append(it.standin.add_guild("Another"))
            await it.bot.close()
            async with connected(it.standin) as second:
                assert [identified["shard"] for identified in it.standin.gateway.identified[1:]] == [[0, 2], [1, 2]]
                for guild in guilds:
                    channel = it.standin.add_channel(guild, "songs")
                    said = await it.standin.slash(it.ann, channel, "ping")
                    assert said.heard == 1
                    await said.answer()
                assert len([each for each in second.heard if each.isdecimal()]) == len(guilds)

        play(scene)

    def test_it_comes_back_after_an_outage_with_all_it_knew(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            sent, songs = await it.songs.send("before", file=png()), it.songs
            await it.standin.outage(True)
            with pytest.raises(aiohttp.ClientConnectionError):
                await songs.send("meanwhile")
            with pytest.raises(aiohttp.ClientConnectorError):
                await fetched(sent.attachments[0].url)
            await it.standin.outage(False)
            await songs.send("after")
            assert [post.content for post in it.standin.posts(it.channel)] == ["before", "after"]
            assert await fetched(sent.attachments[0].url) == (200, b"picture")
            await it.standin.until(lambda: bool(it.standin.gateway.connected))
            await (await it.standin.slash(it.ann, it.channel, "ping")).answer()

        play(scene)

    def test_a_bot_that_comes_back_finds_its_buttons(self, play: Play) -> None:
        async def scene(it: Scene) -> None:
            await it.songs.send("a song", view=Counter())
            await it.bot.close()
            await it.standin.until(lambda: not it.standin.gateway.connected)
            async with connected(it.standin) as second:
                second.add_view(Counter())
                post = it.standin.posts(it.channel)[0]
                await (await it.standin.click(it.ann, post, "redo:1")).answer()
                assert post.content == "redone by ann"

        play(scene)
