"""What people meet in Discord, driven by the real discord.py against a simulated Discord."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui

from bot.actions import ACTIONS
from bot.answers import Answer
from bot.card import Card, CardFile
from bot.commands import Option, catalogue
from bot.on_discord.buttons import Button, Press
from bot.on_discord.invite import invite_url
from bot.on_discord.post import result, status
from bot.on_discord.tree import tree
from bot.on_discord.words import plain, said
from bot.telling import TELLERS, Asked, Counter
from engine.spec import Request
from tests.fakes.recipes import Serenade
from tests.integration.discord_room import LRC, PNG, Room, answer, labels, room_in, song_house
from workflows import control, reports
from workflows.people import OPERATOR

Story = Callable[[Room], Coroutine[Any, Any, None]]
Play = Callable[[Story], None]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs a story in a room of its own."""

    async def run(story: Story) -> None:
        house = song_house(tmp_path)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    return lambda story: asyncio.run(asyncio.wait_for(run(story), 60))


async def jobs(room: Room) -> int:
    return len(await control.recent(room.house.db, 50))


def written(modal: dict[str, Any] | None) -> dict[str, str]:
    """What stands in a form that opened."""
    assert modal is not None
    inputs = [label["component"] for label in modal["components"]]
    return {field["custom_id"]: field.get("value", "") for field in inputs}


def registered(room: Room) -> list[list[dict[str, Any]]]:
    """The commands as they were sent, each time they were."""
    return [request.json for request in room.env.http_requests if request.method == "PUT"]  # type: ignore[misc]


# --- commands ---


def test_every_command_and_everyday_option_is_there_with_its_range(play: Play) -> None:
    async def story(room: Room) -> None:
        commands = catalogue(room.house.rules.known)
        sent = {name: parts for top in registered(room)[0] if top["type"] == 1 for name, *parts in leaves(top, top)}
        assert sent.keys() == commands.keys()
        for name, (registered_command, top) in sent.items():
            command = commands[name]
            options = {option["name"]: option for option in registered_command["options"]}
            everyday = [option for option in command.options if option.everyday]
            for option in everyday:
                assert fits(options.pop(option.name), option), (command.name, option.name)
            # Beside them only files in place of links, and everything rare in one line.
            rare = len(everyday) < len(command.options)
            files = {option.name.replace("_url", "_file") for option in everyday if option.kind == "link"}
            assert set(options) == files | ({"advanced"} if rare else set())
            # What of a group is for those in charge is there for all, and refuses the others.
            alone = top is registered_command
            assert top["contexts"] == ([0] if command.admin and alone else [0, 1])
            assert top["integration_types"] == [0]

    play(story)


def leaves(part: dict[str, Any], top: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every command by its whole name, with what was registered of it and of all that begins with its first word."""
    name = f"{above} {part['name']}".strip()
    within = [option for option in part.get("options", ()) if option["type"] in (1, 2)]
    for option in within if part is top or part["type"] == 2 else ():
        yield from leaves(option, top, name)
    if not within:
        yield name, part, top


def fits(shown: dict[str, Any], option: Option) -> bool:
    """Whether Discord lets people type just what the option takes."""
    kinds = {"whole": 4, "flag": 5, "person": 6, "number": 10}
    same_kind = shown["type"] == kinds.get(option.kind, 3)
    largest = None if option.maximum is None else min(option.maximum, 2**53 - 1)
    is_number = option.kind in ("whole", "number")
    same_range = not is_number or (shown.get("min_value"), shown.get("max_value")) == (option.minimum, largest)
    same_length = (
        option.max_length is None or option.kind == "person" or shown.get("max_length") == min(option.max_length, 6000)
    )
    given = [choice["value"] for choice in shown.get("choices", ())]
    same_choices = given == list(option.choices) if len(option.choices) <= 25 else shown.get("autocomplete", False)
    return bool(same_kind and same_range and (option.choices or same_length) and same_choices and not shown["required"])


@pytest.mark.parametrize("presets", [0, 25, 300])
def test_no_command_is_more_than_discord_takes(presets: int) -> None:
    """However many names of its own the house has, and however many recipes."""

    def characters(part: dict[str, Any]) -> int:
        own = sum(len(part[key]) for key in ("name", "description", "value") if isinstance(part.get(key), str))
        return own + sum(characters(inner) for key in ("options", "choices") for inner in part.get(key) or ())

    names = tuple(f"{number}".rjust(60, "x") for number in range(presets))
    known = catalogue({"genre_preset": names}, [Serenade])
    serenade = known["recipe run serenade"]
    many = tuple(replace(option, name=f"{option.name}{n}") for n in range(4) for option in serenade.options)
    longer = {
        f"recipe run s{n:02}": replace(serenade, name=f"recipe run s{n:02}", options=many) for n in range(presets)
    }
    known |= longer
    grown = tree(discord.Client(intents=discord.Intents.none()), known)
    commands = [command.to_dict(grown) for command in grown.get_commands()]
    assert 10 < len(commands) <= 100
    there: dict[str, dict[str, Any]] = {}
    for command in commands:
        assert characters(command) <= 8000
        for name, leaf, _ in leaves(command, command):
            there[name] = leaf
            assert len(leaf.get("options", ())) <= 25
            for option in leaf.get("options", ()):
                assert 1 <= len(option["description"]) <= 100
                assert len(option.get("choices", ())) <= 25
        for group in [command, *(option for option in command.get("options", ()) if option["type"] == 2)]:
            assert len(group.get("options", ())) <= 25
    # As many of them as Discord takes; where there are too many words for all, the options of some are typed in one.
    shown = [[option["name"] for option in there[name]["options"]] for name in there if name.startswith("recipe run ")]
    assert shown[0] == ["song", "mood", "verses", "to", "steps"]
    assert len(shown) == min(presets + 1, 25)
    assert (["advanced"] in shown) is (presets > 0)
    assert (len(max(shown, key=len)) == len(many)) is (presets > 0)


def test_commands_are_sent_again_only_when_they_changed(play: Play) -> None:
    async def story(room: Room) -> None:
        assert len(registered(room)) == 1
        await room.restart()
        assert len(registered(room)) == 1
        told = room.house.folder / "discord-commands.json"
        assert list(json.loads(told.read_text())) == [str(room.client.application_id)]
        room.house.rules = replace(room.house.rules, known={"genre_preset": ("Polka",)})
        await room.restart()
        assert len(registered(room)) == 2
        told.write_text("not json")
        await room.restart()
        assert len(registered(room)) == 3

    play(story)


def test_a_typed_song_is_taken_privately_and_posted_for_all(play: Play) -> None:
    async def story(room: Room) -> None:
        asked = await room.ann.slash(room.channel, "song", caption="slow *blues*", duration=30.0, seed=7)
        assert "1 taken, first in line, 5 credits" in answer(asked)
        await room.deliver()
        (post,) = room.posts()
        assert post.content.startswith("♪ **slow \\*blues\\*** · first in line · 5 credits\n")
        assert f"for <@{room.ann.id}>" in post.content
        assert labels(post) == ["Cancel"]
        await room.work()
        (song,) = room.posts()
        assert song.id == post.id
        (embed,) = song.embeds
        assert embed.title == "A Title"
        assert embed.description == (
            '0:30 · 100 BPM · C Major · 4/4\n"slow \\*blues\\*"\n'
            f"for <@{room.ann.id}> · 5 credits · seed 7 · \\#1".replace("\\#", "#")
        )
        assert embed.thumbnail.url is not None
        assert [file.filename for file in song.attachments] == ["a-title.mp3", "a-title.lrc", "cover.png"]
        assert (await song.attachments[0].read()).startswith(b"ID3 7 1")
        assert await song.attachments[2].read() == PNG
        assert song.content == ""
        assert labels(song) == ["Variations", "Redo", "Edit", "Stems", "Cover", "Lyrics", "Delete"]

    play(story)


def test_a_command_alone_opens_its_form_and_the_form_makes_the_song(play: Play) -> None:
    async def story(room: Room) -> None:
        opened = await room.ann.slash(room.channel, "song")
        assert list(written(opened.modal)) == ["caption", "lyrics", "duration", "options"]
        values = {"caption": "slow blues", "lyrics": "[verse]\nOh well", "duration": "30", "options": "seed:7"}
        sent = await room.ann.submit_modal(opened, values)
        assert "taken" in answer(sent)
        spec = (await room.house.job(1)).spec
        assert (spec["caption"], spec["lyrics"], spec["seed"]) == ("slow blues", "[verse]\nOh well", 7)
        await room.work()
        assert room.posts()[-1].embeds[0].title == "A Title"

    play(story)


def test_a_form_that_was_opened_before_a_restart_is_not_lost(play: Play) -> None:
    async def story(room: Room) -> None:
        opened = await room.ann.slash(room.channel, "song")
        await room.restart()
        assert "taken" in answer(await room.ann.submit_modal(opened, {"caption": "blues", "duration": "30"}))
        assert await jobs(room) == 1

    play(story)


def test_what_is_rare_goes_into_one_option(play: Play) -> None:
    async def story(room: Room) -> None:
        told = await room.ann.slash(
            room.channel, "song", lyrics=r"[verse]\nOh well", advanced='lm_top_k:5 caption:"slow blues"'
        )
        assert "taken" in answer(told)
        spec = (await room.house.job(1)).spec
        assert (spec["lm_top_k"], spec["caption"], spec["lyrics"]) == (5, "slow blues", "[verse]\nOh well")

    play(story)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"caption": "blues", "advanced": "shift:9"}, "`shift` is 9"),
        ({"caption": "blues", "advanced": "tempi:9"}, "no option `tempi`"),
        ({"caption": "blues", "advanced": "caption:rock"}, "given twice"),
        ({"caption": "blues", "advanced": "please"}, "takes only options"),
        ({"caption": "blues", "keyscale": "H Minor"}, "`keyscale` is H Minor"),
    ],
)
def test_a_refusal_is_private_and_brings_back_what_was_written(play: Play, options: dict[str, Any], why: str) -> None:
    async def story(room: Room) -> None:
        refused = await room.ann.slash(room.channel, "song", **options)
        assert why in answer(refused)
        assert refused.response is not None
        assert labels(refused.response.message) == ["Change it"]
        await room.restart()
        reopened = await room.ann.click(refused.response.message, label="Change it")
        assert written(reopened.modal)["caption"] == "blues"
        assert await jobs(room) == 0
        await room.deliver()
        assert room.posts() == []

    play(story)


def test_a_file_stands_for_a_link_and_not_beside_one(play: Play) -> None:
    async def story(room: Room) -> None:
        file = ("demo.mp3", b"ID3")
        told = await room.ann.slash(room.channel, "cover", caption="bossa", src_audio_file=file)
        assert "can't work on sound from outside" in answer(told)
        link = "https://example.com/a.mp3"
        told = await room.ann.slash(room.channel, "cover", caption="bossa", src_audio_file=file, src_audio_url=link)
        assert "`src_audio_url` is given twice" in answer(told)

    play(story)


def test_options_are_completed(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.song()

        async def offered(command: str, option: str, text: str, who: Any = room.ann) -> list[Any]:
            found = await who.autocomplete(room.channel, command, option, text)
            return [(choice["name"], choice["value"]) for choice in found]

        assert await offered("cover", "source_job_id", "") == [("#1 A Title", 1)]
        assert await offered("cover", "source_job_id", "", room.ben) == []
        assert (await offered("song", "keyscale", "am"))[0] == ("A Minor", "A Minor")
        for typed in ("ger", "deutsch", "de"):
            assert ("German · Deutsch (de)", "de") in await offered("song", "vocal_language", typed)
        assert await offered("rap", "vocal_language", "日本") == [("Japanese · 日本語 (ja)", "ja")]
        assert len(await offered("song", "vocal_language", "")) == 25
        assert await offered("lrc", "job_id", "") == [("#1 A Title", 1)]
        # A song that is reported is somebody else's.
        report: Any = room.client.tree.get_command("report")
        assert not report.get_parameter("job_id").autocomplete
        group: Any = room.client.tree.get_command("challenge")
        assert group.get_command("enter").get_parameter("song_job_id").autocomplete
        assert not group.get_command("review").get_parameter("song_job_id").autocomplete

    play(story)


async def sung(counter: Counter, asked: Asked, ask: Serenade) -> Answer:
    """Answers the recipe of these tests with what was asked for."""
    return Answer(f"{asked.who.name}: {ask.song}, {ask.mood}, {ask.verses}, {ask.steps.splitlines()}")


def test_commands_of_a_group_are_typed_filled_in_and_refused_like_any_other(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe: type[Request] = Serenade
    monkeypatch.setitem(TELLERS, recipe, sung)

    async def story(room: Room) -> None:
        room.house.rules = replace(room.house.rules, recipes={"serenade": Serenade})
        await room.restart()
        typed = await room.ann.slash(room.channel, "recipe run serenade", song=12, mood="bold", steps=r"hop\nskip")
        # An option is one line here.
        assert answer(typed) == "ann: 12, bold, 2, ['hop', 'skip']"
        opened = await room.ann.slash(room.channel, "recipe run serenade")
        assert opened.modal is not None
        assert opened.modal["title"] == "/recipe run serenade"
        assert list(written(opened.modal)) == ["song", "mood", "options"]
        # The form says which command it is of to a process that never saw it.
        await room.restart()
        filled = await room.ann.submit_modal(opened, {"song": "7", "mood": "gentle", "options": "verses:4"})
        assert answer(filled) == "ann: 7, gentle, 4, []"
        opened = await room.ann.slash(room.channel, "recipe run serenade")
        wrong = await room.ann.submit_modal(opened, {"song": "7", "mood": "boldly", "options": ""})
        assert answer(wrong) == "`mood` is boldly, must be one of gentle, bold. Try `mood:bold`."
        refused = await room.ann.slash(room.channel, "challenge create", theme="rain")
        assert answer(refused) == "`/challenge create` is for those who run this place."

    play(story)


def test_lists_and_help_are_told_privately(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.song("snow_flake")
        await room.ann.slash(room.channel, "song", caption="a *second*", duration=30.0)
        listed = await room.ann.slash(room.channel, "jobs")
        newest, oldest = answer(listed).splitlines()
        assert newest.startswith("`#2` a \\*second\\*: waiting, first in line")
        assert oldest == "`#1` A Title: done"
        assert listed.response is not None
        assert labels(listed.response.message) == ["Cancel #2"]
        assert "Nothing was charged" in answer(await room.ann.click(listed.response.message, label="Cancel #2"))
        assert "You have 995 credits" in answer(await room.ann.slash(room.channel, "credits"))
        told = answer(await room.ann.slash(room.channel, "help"))
        everybodys = {name.split()[0] for name, command in catalogue().items() if not command.admin}
        for name in catalogue():
            assert (f"`/{name.split()[0]}`" in told) is (name.split()[0] in everybodys)
        told = answer(await room.ann.slash(room.channel, "help", command="challenge"))
        assert "`/challenge enter` " in told
        assert "`/challenge create` " not in told
        assert "`bpm`" in answer(await room.ann.slash(room.channel, "help", command="song"))
        assert "Did you mean `/song`?" in answer(await room.ann.slash(room.channel, "help", command="sogn"))

    play(story)


def test_in_a_private_conversation_everything_works(play: Play) -> None:
    async def story(room: Room) -> None:
        ann = room.env.create_user("zoe")
        assert "taken" in answer(await ann.slash("song", caption="blues", duration=30.0))
        await room.work()
        (song,) = [message for message in ann.dm_channel.history() if not message.flags.ephemeral]
        assert song.embeds[0].title == "A Title"
        assert "taken" in answer(await ann.click(song, label="Variations"))

    play(story)


def test_where_we_may_not_post_nothing_is_kept_and_what_is_missing_is_named(play: Play) -> None:
    async def story(room: Room) -> None:
        assert room.client.user is not None
        quiet = discord.PermissionOverwrite(attach_files=False, embed_links=False)
        channel = room.env.guild.create_text_channel("quiet", overwrites={room.client.user: quiet})
        for options in ({}, {"caption": "blues"}):
            told = answer(await room.ann.slash(channel, "song", **options))
            assert told.startswith("I can't post in this channel: ")
            assert "Attach Files" in told
            assert "Embed Links" in told
        assert await jobs(room) == 0
        # What is private is told all the same.
        assert "credits" in answer(await room.ann.slash(channel, "credits"))

    play(story)


# --- buttons ---


def test_only_the_owner_cancels(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.ann.slash(room.channel, "song", caption="blues", duration=30.0)
        await room.deliver()
        (post,) = room.posts()
        assert "Only ann can do that" in answer(await room.ben.click(post, label="Cancel"))
        assert "Cancelled. Nothing was charged" in answer(await room.ann.click(post, label="Cancel"))
        await room.deliver()
        (post,) = room.posts()
        assert "Cancelled. Nothing was charged" in post.content
        assert labels(post) == ["Redo"]

    play(story)


def test_a_failure_says_that_nothing_was_charged_and_offers_another_try(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.ann.slash(room.channel, "song", caption="crash", duration=30.0)
        await room.work()
        (post,) = room.posts()
        assert "Nothing was charged" in post.content
        assert labels(post) == ["Try again", "Redo"]
        assert "back in the queue" in answer(await room.ann.click(post, label="Try again"))
        assert (await room.house.job(1)).round == 2
        # Its progress is shown where the failure was.
        await room.courier.show(await room.house.job(1))
        (post,) = room.posts()
        assert "first in line" in post.content
        assert labels(post) == ["Cancel"]

    play(story)


def test_buttons_work_after_a_restart(play: Play) -> None:
    async def story(room: Room) -> None:
        song = await room.song()
        await room.restart()
        assert "10 credits" in answer(await room.ben.click(song, label="Variations"))
        again = await room.house.job(2)
        assert (again.parent_id, again.takes, again.user) == (1, 2, "ben")
        opened = await room.ben.click(song, label="Redo")
        assert written(opened.modal)["caption"] == "slow blues"
        await room.restart()
        assert "taken" in answer(await room.ben.submit_modal(opened, {"caption": "fast blues", "duration": "30"}))
        redone = await room.house.job(3)
        assert (redone.parent_id, redone.spec["caption"]) == (1, "fast blues")
        lyrics = await room.ben.click(song, label="Lyrics")
        assert "[00:05.00]Down to the sea" in answer(lyrics)
        assert lyrics.response is not None
        (file,) = lyrics.response.attachments
        assert (file.filename, await file.read()) == ("a-title.lrc", LRC.encode())
        assert "taken" in answer(await room.ben.click(song, label="Stems"))
        await room.work()
        # The variations say where they come from.
        assert "from #1" in str(room.posts()[1].embeds[0].description)

    play(story)


def test_edit_leads_to_a_form_for_a_part_of_the_song(play: Play) -> None:
    async def story(room: Room) -> None:
        song = await room.song()
        assert labels(song) == ["Variations", "Redo", "Edit", "Stems", "Cover", "Lyrics", "Delete"]
        choice = await room.ben.click(song, label="Edit")
        assert "What is to change in A Title?" in answer(choice)
        assert choice.response is not None
        assert labels(choice.response.message) == ["Repaint #1"]
        await room.restart()
        opened = await room.ben.click(choice.response.message, label="Repaint #1")
        assert written(opened.modal)["source_job_id"] == "1"
        answers = {"caption": "a bell", "source_job_id": "1", "repainting_start": "5", "repainting_end": "40"}
        assert "5 credits" in answer(await room.ben.submit_modal(opened, answers))
        await room.work()
        job = await room.house.job(2)
        assert (job.task, job.parent_id, job.user) == ("repaint", 1, "ben")
        assert "0:05 to 0:30 of #1, anew" in str(room.posts()[-1].embeds[0].description)

    play(story)


def test_the_words_of_a_song_are_told_at_once(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.song()
        told = await room.ben.slash(room.channel, "lrc", job_id=1)
        assert "[00:01.00]Carry me home\n[00:05.00]Down to the sea" in answer(told)
        assert told.response is not None
        assert [file.filename for file in told.response.attachments] == ["a-title.lrc"]
        assert await jobs(room) == 1

    play(story)


def test_a_song_is_deleted_once_its_owner_says_so_twice(play: Play) -> None:
    async def story(room: Room) -> None:
        song = await room.song()
        assert "Only ann can do that" in answer(await room.ben.click(song, label="Delete"))
        first = await room.ann.click(song, label="Delete")
        assert "for good?" in answer(first)
        assert first.response is not None
        question = first.response.message
        await room.ann.click(question, label="Keep it")
        assert question.id not in [message.id for message in room.channel.history()], "the question goes away"
        assert not (await room.house.job(1)).deleted
        second = await room.ann.click(song, label="Delete")
        assert second.response is not None
        told = await room.ann.click(second.response.message, label="Delete")
        assert "gone" in answer(told)
        assert told.response is not None
        assert told.response.components == []
        await room.deliver()
        assert room.posts() == []

    play(story)


def test_a_song_that_is_taken_down_leaves_a_message_that_says_why(play: Play) -> None:
    async def story(room: Room) -> None:
        await room.song()
        await reports.take_down(room.house.db, OPERATOR, 1, "copies a known song", request=None)
        await room.deliver()
        [post] = room.posts()
        assert post.content.startswith(r"♪ **\#1** · Taken down by those in charge: copies a known song.")
        assert (post.embeds, post.attachments, labels(post)) == ([], [], [])

    play(story)


@pytest.mark.parametrize("custom_id", ["m:vote:1", "m:cancel:none", "m:cancel:99"])
def test_a_button_of_another_time_says_so(play: Play, custom_id: str) -> None:
    async def story(room: Room) -> None:
        channel = room.client.get_channel(room.channel.id)
        assert isinstance(channel, discord.TextChannel)
        view: ui.View = ui.View(timeout=None)
        view.add_item(ui.Button(label="Old", custom_id=custom_id))
        old = await channel.send("from before", view=view)
        await room.restart()
        told = answer(await room.ann.click(old, label="Old"))
        assert ("no longer in use" in told) or ("There is no job #99" in told)

    play(story)


def test_a_button_says_only_what_it_does_and_on_what() -> None:
    async def story() -> None:
        for name in ACTIONS:
            press = Press(name, str(2**53))
            assert len(press.custom_id) <= 100
            button = Button(press, "x")
            assert button.item.custom_id == f"m:{name}:{2**53}"

    asyncio.run(story())


# --- the message ---

CARD = Card(
    job=12, round=1, state="done", title="Coffee Steam", asked="rain", line="1:12 · 82 BPM",
    facts=("10 credits", "seed 4217", "#12"), owner="42", lyrics="- Steam\n# Rain", notices=(),
    cover=CardFile("image", "kaffeeduft-im-café.png", "d.png", 9), files=(), buttons=(),
)  # fmt: skip


def test_a_card_has_its_words_in_order_and_its_cover() -> None:
    embed = result(CARD)
    assert embed.description == (
        '1:12 · 82 BPM\n"rain"\n*\\- Steam*\n*\\# Rain*\nfor <@42> · 10 credits · seed 4217 · #12'
    )
    assert embed.thumbnail.url == "attachment://cover.png"
    assert '"rain"' not in str(result(replace(CARD, title="rain")).description)


@pytest.mark.parametrize("letter", ["x", "*", "`", "_", "😀"])
def test_no_card_is_longer_than_discord_takes(letter: str) -> None:
    long = replace(
        CARD, title=letter * 100, asked=letter * 200, line=letter * 9000, notices=(letter * 5000,) * 20,
        lyrics=f"{letter * 120}\n{letter * 120}",
    )  # fmt: skip
    embed = result(long)
    assert len(embed.title or "") <= 256
    assert len(embed.description or "") <= 4096
    for state in ("waiting", "working", "failed", "cancelled"):
        assert len(status(replace(long, state=state))) <= 2000


def test_foreign_words_are_shown_as_they_were_written() -> None:
    assert plain("**a** _b_ ~~c~~ ||d||") == r"\*\*a\*\* \_b\_ \~\~c\~\~ \|\|d\|\|"
    assert "https://" not in plain("see https://example.com/a_b")
    assert said("`bpm_x` is *fast*") == r"`bpm_x` is \*fast\*"


def test_the_invitation_asks_for_what_is_needed_and_no_more() -> None:
    url = invite_url(99)
    assert "client_id=99" in url
    assert "scope=bot+applications.commands" in url
    granted = discord.Permissions(int(url.partition("permissions=")[2].partition("&")[0]))
    assert {name for name, allowed in granted if allowed} == {
        "read_messages", "send_messages", "send_messages_in_threads", "embed_links", "attach_files",
        "read_message_history",
    }  # fmt: skip
