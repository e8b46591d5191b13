"""What people do in Slack, from the wire to the database and back, over Socket Mode and over signed HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.chat import BadToken
from bot.forms import blank
from tests.fakes.slack import Interaction, People
from tests.integration.slack_house import Over, Scene, buttons, field, scene, shown
from workflows import reports
from workflows.people import OPERATOR

Story = Callable[[Scene], Awaitable[None]]
Play = Callable[[Story], None]


@pytest.fixture(params=["socket", "http"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Plays a story over each transport; nothing in it may break a limit of Slack or call anybody."""

    def run(story: Story) -> None:
        async def told() -> None:
            async with scene(tmp_path, request.param) as here:
                await story(here)
                here.clean()

        asyncio.run(told())

    return run


def over_socket(tmp_path: Path, story: Story, **more: Any) -> None:
    async def told() -> None:
        async with scene(tmp_path, "socket", **more) as here:
            await story(here)
            here.clean()

    asyncio.run(told())


# --- commands ---


def test_a_command_becomes_a_song_in_the_channel(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/song", 'caption:"slow blues" duration:30 seed:7')
        assert "#1 taken" in await here.reply(asked)
        await here.deliver()
        [post] = here.slack.posts(here.channel)
        assert "slow blues" in shown(post.blocks)
        assert buttons(post) == ["m:cancel"]
        await here.house.work()
        await here.deliver()
        [same] = here.slack.posts(here.channel)
        assert same.ts == post.ts
        assert "A Title" in shown(same.blocks)
        assert "seed 7" in shown(same.blocks)
        assert f"for <@{here.ann.id}>" in shown(same.blocks)
        assert buttons(same) == ["m:variations", "m:redo", "m:extend", "m:edit", "m:stems", "m:lrc", "m:delete"]
        [job] = await here.jobs()
        assert (job.surface, job.channel, job.post) == ("slack", f"T0STUDIO001/{here.channel.id}", post.ts)
        assert (job.user, job.owner) == ("ann", f"T0STUDIO001:{here.ann.id}")

    play(story)


def test_a_command_is_acknowledged_before_it_is_worked(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(here: Scene) -> None:
        go = asyncio.Event()
        write = here.house.db.awrite

        async def slow(work: Any) -> Any:
            await go.wait()
            return await write(work)

        monkeypatch.setattr(here.house.db, "awrite", slow)
        asked = await here.people.slash(here.ann, here.channel, "/song", "slow blues")
        ack = await asyncio.wait_for(asked.ack, 3)
        assert ack.status == 200
        assert not asked.replies
        go.set()
        assert "taken" in await here.reply(asked)

    play(story)


def test_what_slack_escapes_is_read_as_it_was_typed(play: Play) -> None:
    async def story(here: Scene) -> None:
        await here.ask('caption:"rock &amp; roll &gt; 3 &lt; 4" duration:30')
        [job] = await here.jobs()
        assert job.spec["caption"] == "rock & roll > 3 < 4"
        await here.deliver()
        assert "rock &amp; roll &gt; 3 &lt; 4" in here.post_of(job).blocks[0]["text"]["text"]

    play(story)


def test_a_song_about_a_payload_arrives(play: Play) -> None:
    """Bolt takes a form with this word in it for an empty one."""

    async def story(here: Scene) -> None:
        job = await here.ask('caption:"heavy payload=rocket" duration:30')
        assert job.spec["caption"] == "heavy payload=rocket"

    play(story)


def test_a_refusal_is_private_and_its_button_brings_everything_back(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/song", 'caption:"slow blues" bpm:9000 seed:7')
        words = await here.reply(asked)
        assert "`bpm` is 9000" in words
        assert "`bpm:300`" in words
        assert await here.jobs() == []
        await here.restart()
        pressed = await here.people.press(here.ann, await here.whisper(here.ann), "m:draft")
        view = await here.form(pressed)
        assert field(view, "caption") == "slow blues"
        assert field(view, "options") == "bpm:9000 seed:7"
        await here.people.submit_view(here.ann, view, {"options": "bpm:90 seed:7"})
        await here.until(lambda: len(here.slack.workspace.whispers) > 1, "an answer to the form")
        [job] = await here.jobs()
        assert (job.spec["caption"], job.spec["bpm"], job.spec["seed"]) == ("slow blues", 90, 7)

    play(story)


def test_an_unknown_command_gets_a_hint(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/studio", "instrumentl")
        words = await here.reply(asked)
        assert "I don't know the command `/instrumentl`" in words
        assert "`/studio instrumental`" in words

    play(story)


def test_commands_of_a_group_are_typed_behind_their_words(play: Play) -> None:
    async def story(here: Scene) -> None:
        async def said(text: str) -> str:
            return await here.reply(await here.people.slash(here.ann, here.channel, "/studio", text))

        assert (
            await said("mydata")
            == "`/studio mydata` needs one word more: `/studio mydata export` or `/studio mydata delete`."
        )
        assert "Did you mean `/studio challenge create`?" in await said("challenge creat theme:rain")
        assert await said("challenge create rain") == "`/studio challenge create` is for those who run this place."
        assert "`/studio challenge enter` " in await said("help challenge")
        view = await here.form(await here.people.slash(here.ann, here.channel, "/studio", "Recipe  schedule"))
        assert view.definition["title"]["text"] == "/studio recipe schedule"
        # What the form says of itself is enough to read it.
        await (await here.people.submit_view(here.ann, view, {"name": "x", "when": "someday"})).ack
        assert list(view.errors) == ["when"]

    play(story)


def test_studio_alone_tells_what_can_be_typed_here(play: Play) -> None:
    async def story(here: Scene) -> None:
        words = await here.reply(await here.people.slash(here.ann, here.channel, "/studio"))
        assert "`/song`" in words
        assert "`/studio instrumental`" in words
        assert "`/studio jobs`" in words
        assert "`/instrumental`" not in words
        about = await here.reply(await here.people.slash(here.ann, here.channel, "/studio", "help song"))
        assert "duration" in about

    play(story)


def test_studio_makes_music_too(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(
            here.ann, here.channel, "/studio", 'instrumental caption:"study beat" duration:30'
        )
        assert "taken" in await here.reply(asked)
        assert [job.task for job in await here.jobs()] == ["prompt2instrumental"]

    play(story)


def test_jobs_and_credits_are_told_privately(play: Play) -> None:
    async def story(here: Scene) -> None:
        await here.song()
        await here.ask("wait")
        await here.ask("second")
        listed = await here.people.slash(here.ann, here.channel, "/studio", "jobs")
        words = await here.reply(listed)
        assert "`#1` A Title: done" in words
        whisper = await here.whisper(here.ann)
        assert buttons(whisper) == ["m:cancel:3", "m:cancel:2"]
        pressed = await here.people.press(here.ann, whisper, "m:cancel:2")
        assert "Nothing was charged" in await here.reply(pressed)
        assert [job.status for job in await here.jobs()] == ["COMPLETED", "CANCELLED", "PENDING"]
        spent = await here.reply(await here.people.slash(here.ann, here.channel, "/studio", "credits"))
        assert "955 credits" in spent
        assert "No songs yet" in await here.reply(await here.people.slash(here.bob, here.channel, "/studio", "jobs"))
        assert len(here.slack.posts(here.channel)) == 1

    play(story)


def test_whoever_writes_to_the_bot_is_answered_there(play: Play) -> None:
    async def story(here: Scene) -> None:
        direct = here.slack.workspace.direct(here.ann.id)
        asked = await here.people.slash(here.ann, direct, "/song", "slow blues duration:30")
        assert "taken" in await here.reply(asked)
        await here.deliver()
        assert len(here.slack.posts(direct)) == 1

    play(story)


# --- forms ---


def test_a_command_without_words_opens_its_form(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/song")
        view = await here.form(asked)
        assert not asked.replies
        await here.people.submit_view(
            here.ann, view, {"caption": "slow &amp; low", "lyrics": "[verse]\nRain", "options": "duration:30 seed:9"}
        )
        whisper = await here.whisper(here.ann)
        assert "#1 taken" in shown(whisper.blocks)
        assert whisper.channel == here.channel.id
        assert not view.is_open
        [job] = await here.jobs()
        assert (job.spec["caption"], job.spec["lyrics"], job.spec["seed"]) == ("slow & low", "[verse]\nRain", 9)
        assert job.channel.endswith(here.channel.id)

    play(story)


def test_every_command_that_has_a_form_opens_it(play: Play) -> None:
    async def story(here: Scene) -> None:
        for command in here.surface._handlers._desk.commands.values():
            # Those for the people in charge: test_slack_people.py.
            if command.form and not command.admin:
                direct = command.name in ("song", "simple", "cover", "stems", "extend")
                name, text = (f"/{command.name}", "") if direct else ("/studio", command.name)
                view = await here.form(await here.people.slash(here.ann, here.channel, name, text))
                assert [block["block_id"] for block in view.blocks] == [field.name for field in blank(command).fields]
                assert view.definition["title"]["text"] == f"{name} {text}".strip()
                assert view.definition["submit"]["text"] == ("Make it" if command.music else "Send")

    play(story)


def test_what_is_wrong_in_a_form_is_said_in_it(play: Play) -> None:
    async def story(here: Scene) -> None:
        view = await here.form(await here.people.slash(here.ann, here.channel, "/song"))
        for answers, name, words in (
            ({"caption": "blues", "duration": "9000"}, "duration", "duration is 9000"),
            ({"caption": "blues", "duration": "30", "options": "bpm:1"}, "options", "bpm is 1"),
            ({"caption": "blues", "duration": "30", "options": "nonsense"}, "options", "only options"),
            ({"duration": "30"}, "caption", "nothing to go by"),
        ):
            await (await here.people.submit_view(here.ann, view, answers)).ack
            assert list(view.errors) == [name]
            assert words in view.errors[name]
            assert view.is_open
        assert await here.jobs() == []
        await here.people.submit_view(here.ann, view, {"caption": "blues", "duration": "30"})
        await here.whisper(here.ann)
        assert len(await here.jobs()) == 1

    play(story)


def test_what_only_the_database_knows_is_said_afterwards(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        view = await here.form(await here.people.slash(here.ann, here.channel, "/song"))
        await here.ask("wait")
        await here.people.submit_view(here.ann, view, {"caption": "blues", "duration": "300"})
        await here.until(lambda: len(here.slack.workspace.whispers) > 1, "an answer")
        whisper = await here.whisper(here.ann)
        assert "You have 1 job going" in shown(whisper.blocks)
        again = await here.form(await here.people.press(here.ann, whisper, "m:draft"))
        assert (field(again, "caption"), field(again, "duration")) == ("blues", "300")

    over_socket(tmp_path, story, limits={"live_jobs": 1})


def test_where_nobody_can_be_whispered_to_a_message_does(play: Play) -> None:
    async def story(here: Scene) -> None:
        view = await here.form(await here.people.slash(here.ann, here.channel, "/song"))
        here.slack.faults.add("chat.postEphemeral", "error", error="user_not_in_channel")
        await here.people.submit_view(here.ann, view, {"caption": "blues", "duration": "30"})
        direct = here.slack.workspace.direct(here.ann.id)
        await here.until(lambda: here.slack.posts(direct), "a message")
        assert "taken" in shown(here.slack.posts(direct)[0].blocks)

    play(story)


def test_an_answer_whose_address_is_worn_out_finds_another_way(play: Play) -> None:
    async def story(here: Scene) -> None:
        here.slack.faults.add("response_url", "status", status=404)
        await here.people.slash(here.ann, here.channel, "/studio", "credits")
        assert "1,000 credits" in shown((await here.whisper(here.ann)).blocks)

    play(story)


# --- buttons ---


def test_buttons_work_after_a_restart_and_know_their_owner(play: Play) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask("wait")
        await here.deliver()
        post = here.post_of(job)
        await here.restart()
        refused = await here.people.press(here.bob, post, "m:cancel")
        assert "Only ann can do that" in await here.reply(refused)
        assert (await here.house.job(job.id)).status == "PENDING"
        pressed = await here.people.press(here.ann, post, "m:cancel")
        assert "Nothing was charged" in await here.reply(pressed)
        await here.deliver()
        assert (await here.house.job(job.id)).status == "CANCELLED"
        assert "Cancelled. Nothing was charged" in shown(here.post_of(job).blocks)
        assert buttons(here.post_of(job)) == ["m:redo"]

    play(story)


def test_variations_of_anybodys_song_are_a_job_of_ones_own(play: Play) -> None:
    async def story(here: Scene) -> None:
        first, post = await here.song()
        pressed = await here.people.press(here.bob, post, "m:variations")
        assert "#2 taken" in await here.reply(pressed)
        await here.deliver()
        await here.house.work()
        await here.deliver()
        second = (await here.jobs())[-1]
        assert (second.parent_id, second.user, second.takes) == (first.id, "bob", 2)
        new = here.post_of(second)
        assert "from #1" in shown(new.blocks)
        assert [file.name for file in new.files] == ["a-title.mp3", "a-title-2.mp3", "a-title.lrc", "a-title-2.lrc"]

    play(story)


def test_redo_opens_the_request_to_be_changed(play: Play) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song('caption:"slow blues" duration:30 bpm:90 seed:3')
        view = await here.form(await here.people.press(here.bob, post, "m:redo"))
        assert (field(view, "caption"), field(view, "duration")) == ("slow blues", "30")
        assert field(view, "options") == "bpm:90"
        await here.people.submit_view(here.bob, view, {"caption": "fast blues"})
        await here.whisper(here.bob)
        again = (await here.jobs())[-1]
        assert (again.parent_id, again.spec["caption"], again.spec["bpm"]) == (job.id, "fast blues", 90)
        assert again.spec["seed"] == -1

    play(story)


def test_extend_opens_a_form_that_names_the_song(play: Play) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        view = await here.form(await here.people.press(here.ann, post, "m:extend"))
        assert field(view, "source_job_id") == str(job.id)
        await here.people.submit_view(here.ann, view, {"caption": "a fade", "right_extend_length": "20"})
        await here.until(lambda: len(here.slack.workspace.whispers) > 1, "an answer")
        assert [(j.task, j.parent_id) for j in await here.jobs()] == [("text2music", None), ("extend", job.id)]

    play(story)


def test_edit_leads_to_a_form_for_a_part_of_the_song(play: Play) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        asked = await here.people.press(here.bob, post, "m:edit")
        assert "What is to change in A Title?" in await here.reply(asked)
        whisper = await here.whisper(here.bob)
        assert buttons(whisper) == [f"m:repaint:{job.id}"]
        view = await here.form(await here.people.press(here.bob, whisper, f"m:repaint:{job.id}"))
        assert view.definition["title"]["text"] == "/studio repaint"
        assert field(view, "source_job_id") == str(job.id)
        answers = {"caption": "a bell", "repainting_start": "5", "repainting_end": "4"}
        refused = await here.people.submit_view(here.bob, view, answers)
        await asyncio.wait_for(refused.ack, 3)
        assert "must be 6 to 600 seconds" in view.errors["repainting_end"]
        await here.people.submit_view(here.bob, view, {**answers, "repainting_end": "9"})
        await here.until(lambda: len(here.slack.workspace.whispers) > 2, "an answer")
        await here.house.work()
        await here.deliver()
        new = (await here.jobs())[-1]
        assert (new.task, new.parent_id, new.user) == ("repaint", job.id, "bob")
        assert "0:05 to 0:09 of #1, anew" in shown(here.post_of(new).blocks)

    play(story)


def test_deleting_asks_first_and_takes_message_and_files_away(play: Play) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        [button] = [e for e in post.blocks[-1]["elements"] if e["action_id"] == "m:delete"]
        assert "for good" in button["confirm"]["text"]["text"]
        files = [file for file in here.slack.workspace.files.values() if file.completed_at]
        assert len(files) == 3
        refused = await here.people.press(here.bob, post, "m:delete")
        assert "Only ann" in await here.reply(refused)
        pressed = await here.people.press(here.ann, post, "m:delete")
        assert "gone" in await here.reply(pressed)
        await here.deliver()
        assert here.slack.posts(here.channel) == []
        assert all(file.deleted for file in files)
        assert (await here.house.job(job.id)).post is None

    play(story)


def test_a_song_that_is_taken_down_leaves_a_message_that_says_why(play: Play) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        files = [file for file in here.slack.workspace.files.values() if file.completed_at]
        await reports.take_down(here.house.db, OPERATOR, job.id, "copies a known song", request=None)
        await here.deliver()
        assert here.slack.posts(here.channel) == [post]
        assert shown(post.blocks).startswith(f"*#{job.id}*\nTaken down by those in charge: copies a known song.")
        assert buttons(post) == []
        assert all(file.deleted for file in files)

    play(story)


def test_lyrics_open_with_their_times(play: Play) -> None:
    async def story(here: Scene) -> None:
        _, post = await here.song()
        pressed = await here.people.press(here.bob, post, "m:lrc")
        view = await here.form(pressed)
        assert not pressed.replies
        assert view.definition["title"]["text"] == "a-title.lrc"
        assert "[00:01.00]Steam on the window &amp; a &lt;cup&gt;" in shown(view.blocks)

    play(story)


def test_twenty_kilobytes_of_lyrics_open_too(play: Play) -> None:
    async def story(here: Scene) -> None:
        here.pool.lrc = "".join(f"[{n // 60:02d}:{n % 60:02d}.00]{'&' * 20} line `{n}`\n" for n in range(500))
        _, post = await here.song()
        view = await here.form(await here.people.press(here.ann, post, "m:lrc"))
        said = shown(view.blocks)
        assert "line '0'" in said
        assert "line '499'" in said

    play(story)


def test_a_button_nobody_knows_any_more_says_so(play: Play) -> None:
    async def story(here: Scene) -> None:
        _, post = await here.song()
        blocks = [*post.blocks, {"type": "actions", "elements": [_button("m:vote"), _button("elsewhere")]}]
        here.slack.workspace.edit(post, post.text, blocks, post.files)
        for action_id in ("m:vote", "elsewhere"):
            pressed = await here.people.press(here.ann, post, action_id)
            assert "no longer in use" in await here.reply(pressed)

    play(story)


def test_a_button_in_a_thread_makes_its_song_there(play: Play) -> None:
    async def story(here: Scene) -> None:
        _, root = await here.song()
        blocks = [{"type": "actions", "elements": [_button("m:variations", "1")]}]
        below = here.slack.workspace.publish(
            here.channel, here.slack.workspace.bot, "here too", blocks, thread_ts=root.ts
        )
        await here.reply(await here.people.press(here.ann, below, "m:variations"))
        await here.deliver()
        await here.house.work()
        await here.deliver()
        job = (await here.jobs())[-1]
        assert job.message == root.ts
        assert here.post_of(job).thread_ts == root.ts
        # The message that a thread hangs from is not in it.
        root.thread_ts = root.ts
        await here.reply(await here.people.press(here.ann, root, "m:variations"))
        assert (await here.jobs())[-1].message is None

    play(story)


def test_a_failed_job_says_that_nothing_was_charged_and_can_be_tried_again(play: Play) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask("crash")
        await here.deliver()
        await here.house.work()
        for _ in range(5):
            await here.house.work()
        await here.deliver()
        post = here.post_of(job)
        assert "Nothing was charged" in shown(post.blocks)
        assert buttons(post) == ["m:retry", "m:redo"]
        assert "back in the queue" in await here.reply(await here.people.press(here.ann, post, "m:retry"))
        assert (await here.house.job(job.id)).status == "PENDING"

    play(story)


# --- the same thing twice, and things that are not what they seem ---


async def _slash(here: Scene) -> Interaction:
    return await here.people.slash(here.ann, here.channel, "/song", "slow blues duration:30")


async def _press(here: Scene) -> Interaction:
    _, post = await here.song()
    return await here.people.press(here.ann, post, "m:variations")


async def _submit(here: Scene) -> Interaction:
    view = await here.form(await here.people.slash(here.ann, here.channel, "/song"))
    return await here.people.submit_view(here.ann, view, {"caption": "blues", "duration": "30"})


@pytest.mark.parametrize("act", [_slash, _press, _submit])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_request_that_comes_again_does_nothing_twice(
    play: Play, act: Callable[[Scene], Awaitable[Interaction]], restarted: bool
) -> None:
    async def story(here: Scene) -> None:
        first = await act(here)
        assert (await first.ack).status == 200
        await here.rest()
        before = (len(await here.jobs()), len(here.slack.workspace.whispers))
        if restarted:
            await here.restart()
        again = await here.people.again(first)
        assert (await again.ack).status == 200
        await here.rest()
        assert (len(await here.jobs()), len(here.slack.workspace.whispers)) == before

    play(story)


def test_what_leaves_no_trace_is_said_once_too(play: Play) -> None:
    async def story(here: Scene) -> None:
        blocks = [{"type": "actions", "elements": [_button("m:redo", "99")]}]
        post = here.slack.workspace.publish(here.channel, here.slack.workspace.bot, "old", blocks)
        pressed = await here.people.press(here.ann, post, "m:redo")
        assert "no job #99" in await here.reply(pressed)
        await here.people.again(pressed)
        await here.rest()
        assert len(pressed.replies) == 1

    play(story)


def test_a_form_opens_once_however_often_it_is_asked_for(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/song")
        await here.form(asked)
        await here.people.again(asked)
        await here.rest()
        await here.restart()
        await here.people.again(asked)
        await here.rest()
        assert len(asked.views) == 1
        assert not asked.replies
        assert here.slack.workspace.whispers == []

    play(story)


def test_a_form_that_comes_too_late_is_not_silence(play: Play) -> None:
    async def story(here: Scene) -> None:
        here.slack.faults.add("views.open", "error", error="expired_trigger_id")
        asked = await here.people.slash(here.ann, here.channel, "/song")
        assert "Try again" in await here.reply(asked)

    play(story)


def test_nobody_is_called_by_what_somebody_wrote(play: Play) -> None:
    async def story(here: Scene) -> None:
        wild = f"&lt;!channel&gt; <!here> @everyone <@{here.bob.id}> *bold* _it_ <http://x.example|link>"
        here.pool.plan = {"title": wild, "lyrics": f"{wild}\n{wild}"}
        job = await here.ask(f'caption:"{wild}" duration:30')
        await here.deliver()
        await here.house.work()
        await here.deliver()
        said = shown(here.post_of(job).blocks)
        assert f"<@{here.bob.id}>" not in said
        assert "<!" not in said
        assert "<http" not in said
        assert "*bold*" not in said
        asked = await here.people.slash(here.ann, here.channel, "/song", f'caption:"a" bpm:"{wild}"')
        assert "<!" not in await here.reply(asked)
        assert [ping.mention for ping in here.slack.workspace.pings] == [f"<@{here.ann.id}>"] * len(
            here.slack.workspace.pings
        )

    play(story)


def test_requests_with_a_bad_or_an_old_signature_are_refused(tmp_path: Path) -> None:
    async def told() -> None:
        async with scene(tmp_path, "http") as here:
            url = _url(here.people)
            for people in (here.slack.over_http(url, secret="wrong"), here.slack.over_http(url, age_s=6 * 60)):
                asked = await people.slash(here.ann, here.channel, "/song", "slow blues duration:30")
                assert (await asked.ack).status == 401
            await here.rest()
            assert await here.jobs() == []

    asyncio.run(told())


@pytest.mark.parametrize("body", ["", "{", "[1]", "payload=", "payload={", "payload=[]", "a=b", "\x00", "payload=null"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_nonsense_is_refused_without_an_error(tmp_path: Path, body: str, kind: str) -> None:
    async def told() -> None:
        async with scene(tmp_path, "http") as here, aiohttp.ClientSession() as session:
            response = await session.post(_url(here.people), data=body, headers={"Content-Type": kind})
            assert response.status in (400, 401)

    asyncio.run(told())


def test_there_is_no_door_where_slack_is_reached_by_socket(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        assert list(here.surface.routes()) == []

    over_socket(tmp_path, story)


# --- coming and going ---


@pytest.mark.parametrize("over", ["socket", "http"])
def test_a_token_that_is_worth_nothing_is_told_in_a_sentence(tmp_path: Path, over: Over) -> None:
    async def told() -> None:
        async with scene(tmp_path, over, opened=False) as here:
            surface = here.made_surface(bot_token="xoxb-wrong")
            with pytest.raises(BadToken) as bad:
                await surface.start()
            await surface.close()
            assert (bad.value.setting, str(bad.value)) == ("MINSTREL_SLACK_BOT_TOKEN", "invalid_auth")

    asyncio.run(told())


def test_an_app_token_that_is_worth_nothing_is_told_too(tmp_path: Path) -> None:
    async def told() -> None:
        async with scene(tmp_path, opened=False) as here:
            surface = here.made_surface(app_token="xapp-wrong")
            with pytest.raises(BadToken) as bad:
                await surface.start()
            await surface.close()
            assert bad.value.setting == "MINSTREL_SLACK_APP_TOKEN"

    asyncio.run(told())


def test_a_house_that_opens_while_slack_is_down_connects_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.on_slack.surface.FIRST_WAIT_S", 0.05)

    async def told() -> None:
        async with scene(tmp_path, opened=False) as here:
            here.slack.outage(True)
            here.surface = here.made_surface()
            await here.surface.start()
            await asyncio.sleep(0.2)
            here.slack.outage(False)
            await asyncio.wait_for(here.slack.sockets.connected(), 10)
            here.people = here.slack.people
            assert "taken" in await here.reply(await _slash(here))
            await here.surface.close()

    asyncio.run(told())


def test_the_socket_comes_back_after_an_outage_and_a_refresh(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        here.slack.outage(True)
        await asyncio.sleep(0.5)
        here.slack.outage(False)
        await asyncio.wait_for(here.slack.sockets.connected(beyond=1), 10)
        assert "taken" in await here.reply(await _slash(here))
        opened = here.slack.sockets.opened
        await here.slack.sockets.disconnect()
        await asyncio.wait_for(here.slack.sockets.connected(beyond=opened), 10)
        assert "taken" in await here.reply(await _slash(here))

    over_socket(tmp_path, story)


def test_an_address_that_leads_nowhere_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.on_slack.socket.CONNECTING_S", 0.5)

    async def told() -> None:
        async with scene(tmp_path, opened=False) as here:
            here.slack.faults.add("socket", "status", times=2, status=500)
            open_link, links = here.slack.sockets.open_link, iter(["ws://127.0.0.1:9/link/"])
            here.slack.web._open_link = lambda: next(links, None) or open_link()
            here.surface = here.made_surface()
            await here.surface.start()
            await asyncio.wait_for(here.slack.sockets.connected(), 10)
            await here.surface.close()

    asyncio.run(told())


def test_what_was_acknowledged_is_answered_before_the_house_closes(play: Play) -> None:
    async def story(here: Scene) -> None:
        asked = await _slash(here)
        await asked.ack
        await here.surface.close()
        assert len(asked.replies) == 1
        assert len(await here.jobs()) == 1

    play(story)


def _button(action_id: str, value: str = "1") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": "?"}}


def _url(people: People) -> str:
    return str(people._transport.url)  # type: ignore[attr-defined]
