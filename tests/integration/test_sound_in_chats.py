"""Sound that people bring to a chat, as a link or as a file, and what is posted of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from bot.on_slack import private
from tests.fakes.incoming import ScriptedDecoder, ScriptedFetcher
from tests.fakes.pool import ListeningPool
from tests.fakes.slack import Channel, User
from tests.fakes.slack.messages import File
from tests.integration.discord_room import Room, answer, labels, room_in
from tests.integration.house import House, rules
from tests.integration.slack_house import Scene, buttons, scene, shown
from workflows import control
from workflows.incoming import Incoming
from workflows.view import JobView

RAIN = "https://music.example/rain.mp3"
SOUND = b"20 Rain"
HEARD = "0:20 · 96 BPM · probably A Minor · 3/4"


class Uploads(dict[str, bytes]):
    """Whatever is called an MP3 leads to sound."""

    def __contains__(self, url: object) -> bool:
        return ".mp3" in str(url)

    def __missing__(self, url: str) -> bytes:
        return SOUND


def door(house: House) -> tuple[Incoming, ScriptedFetcher]:
    fetcher = ScriptedFetcher(Uploads())
    return Incoming(
        db=house.db, blobs=house.blobs, rules=house.rules, fetcher=lambda: fetcher, decoder=ScriptedDecoder(),
        folder=house.folder / "incoming",
    ), fetcher  # fmt: skip


def listening(folder: Path) -> House:
    return House(folder, rules=rules(capabilities=ListeningPool.capabilities), pool=ListeningPool())


async def latest(house: House) -> JobView:
    return (await control.recent(house.db, 1))[0]


# --- Discord ---


def test_what_is_uploaded_to_discord_is_listened_to_and_leads_on(tmp_path: Path) -> None:
    async def story(room: Room, fetcher: ScriptedFetcher) -> None:
        asked = await room.ann.slash(room.channel, "analyze", audio_file=("rain.mp3", SOUND))
        assert "#1 taken" in answer(asked)
        await room.work()
        [post] = room.posts()
        said = post.embeds[0]
        assert said.title == "Rain"
        assert HEARD in str(said.description)
        assert "free · by Somebody · #1" in str(said.description)
        assert labels(post) == ["Details", "Cover", "Sounds like", "Redo", "Delete"]
        # It is no song to start from, so nobody is offered it as one.
        assert not await room.ann.autocomplete(room.channel, "stems", "source_job_id", "1")
        details = await room.ben.click(post, label="Details")
        assert "What was heard in Rain" in answer(details)
        assert HEARD in answer(details)
        # Its link may be dead by now: the sound is here.
        fetcher.world = {}
        opened = await room.ben.click(post, label="Cover")
        assert opened.modal is not None
        fields = {row["component"]["custom_id"]: row["component"].get("value") for row in opened.modal["components"]}
        # What stands for it is no link that Ben could open.
        assert fields["source_job_id"].startswith("https://minstrel.invalid/sound/")
        assert "src_audio_file" in fields
        answers = {"caption": "bossa nova", "source_job_id": fields["source_job_id"]}
        assert "5 credits" in answer(await room.ben.submit_modal(opened, answers))
        await room.work()
        assert "cover of Rain" in str(room.posts()[-1].embeds[0].description)
        assert len(fetcher.asked) == 1
        await room.ann.click(post, label="Delete")

    play_on_discord(tmp_path, story)


def test_a_form_in_discord_takes_a_file_where_it_has_room(tmp_path: Path) -> None:
    async def story(room: Room, fetcher: ScriptedFetcher) -> None:
        opened = await room.ann.slash(room.channel, "cover")
        taken = await room.ann.submit_modal(opened, {"caption": "ska", "src_audio_file": [("rain.mp3", SOUND)]})
        assert "#1 taken" in answer(taken)
        job = await latest(room.house)
        assert job.recording is not None
        assert (job.task, job.recording.title) == ("cover", "Rain")
        opened = await room.ann.slash(room.channel, "stems")
        both = {"source_job_id": RAIN, "src_audio_file": [("rain.mp3", SOUND)]}
        refused = await room.ann.submit_modal(opened, both)
        assert answer(refused) == (
            "There are two things to start from: keep only one of `source_job_id` or `src_audio_file`."
        )
        assert len(fetcher.asked) == 1

    play_on_discord(tmp_path, story)


def test_the_menu_of_a_message_in_discord_starts_from_its_sound(tmp_path: Path) -> None:
    async def story(room: Room, fetcher: ScriptedFetcher) -> None:
        files = [("notes.pdf", b"no"), ("rain.mp3", SOUND)]
        for wanted, post in (
            ("rain.mp3", await room.ann.send(room.channel, "https://music.example/snow.mp3", attachments=files)),
            ("snow.mp3", await room.ann.send(room.channel, "hear <https://music.example/snow.mp3>!")),
        ):
            asked = await room.ben.context_menu(room.channel, "Analyze this", post)
            assert "taken" in answer(asked)
            assert wanted in fetcher.asked[-1]
            opened = await room.ben.context_menu(room.channel, "Cover this", post)
            assert opened.modal is not None
            fields = [row["component"] for row in opened.modal["components"]]
            assert [wanted in field.get("value", "") for field in fields if field["custom_id"] == "source_job_id"] == [
                True
            ]
        nothing = await room.ann.send(room.channel, "good morning")
        assert "neither a file nor a link" in answer(await room.ben.context_menu(room.channel, "Cover this", nothing))
        # Of a song of ours the song itself is meant, not the MP3 below it.
        await room.ann.slash(room.channel, "song", caption="blues", duration=30.0)
        await room.work()
        song = next(post for post in room.posts() if "Variations" in labels(post))
        opened = await room.ben.context_menu(room.channel, "Cover this", song)
        assert opened.modal is not None
        assert "3" in [row["component"].get("value") for row in opened.modal["components"]]

    play_on_discord(tmp_path, story)


def play_on_discord(folder: Path, story: Callable[[Room, ScriptedFetcher], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        house = listening(folder)
        try:
            async with room_in(house) as room:
                room.client.reception._desk.incoming, fetcher = door(house)
                await story(room, fetcher)
        finally:
            house.db.close()

    asyncio.run(asyncio.wait_for(told(), 60))


# --- Slack ---


def test_a_file_in_slacks_form_is_read_with_our_token_and_taken_in(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        form = await here.form(await here.people.slash(here.ann, here.channel, "/cover"))
        file = shared(here, here.ann)
        await here.people.submit_view(here.ann, form, {"caption": "ska", "src_audio_file": [file]})
        assert "#1 taken" in shown((await here.whisper(here.ann)).blocks)
        job = await latest(here.house)
        assert job.recording is not None
        assert (job.recording.title, job.recording.duration, fetcher.asked) == ("Rain", 20.0, [])
        # Both at once, and nothing at all, are told in the form itself.
        for answers, words in (
            ({"source_job_id": RAIN, "src_audio_file": [file]}, "keep only one of"),
            ({"source_job_id": "", "src_audio_file": []}, "There is nothing to go by yet"),
        ):
            form = await here.form(await here.people.slash(here.ann, here.channel, "/cover"))
            sent = await here.people.submit_view(here.ann, form, {"caption": "ska", **answers})
            assert words in (await sent.ack).payload["errors"]["source_job_id"]

    play_on_slack(tmp_path, story)


def test_an_analysis_in_slack_says_what_was_heard(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        asked = await here.people.slash(here.ann, here.channel, "/studio", f"analyze <{RAIN}>")
        assert "#1 taken" in await here.reply(asked)
        await here.house.work()
        await here.deliver()
        post = here.post_of(await latest(here.house))
        assert f"*Rain*\n{HEARD}\nCaption: calm" in shown(post.blocks)
        sheet = await here.form(await here.people.press(here.bob, post, "m:details"))
        assert HEARD in shown(sheet.blocks)
        cover = await here.form(await here.people.press(here.bob, post, "m:reference"))
        [line] = [block for block in cover.blocks if block["block_id"] == "source_job_id"]
        assert line["element"]["initial_value"].startswith("https://minstrel.invalid/sound/")
        cover = await here.form(await here.people.press(here.ann, post, "m:reference"))
        [line] = [block for block in cover.blocks if block["block_id"] == "source_job_id"]
        assert line["element"]["initial_value"] == RAIN

    play_on_slack(tmp_path, story)


def test_a_link_to_a_file_in_slack_is_for_those_who_can_see_it(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        other = here.slack.workspace.add_channel("other")
        file = shared(here, here.ann, here.channel)
        assert "#1 taken" in await said(here, here.ann, other, file.url)
        assert "#2 taken" in await said(here, here.bob, here.channel, file.url)
        assert "not one that you and this channel can see" in await said(here, here.bob, other, file.url)
        assert "There is no such file" in await said(here, here.bob, other, file.url.replace(file.id, "F0NOBODY"))
        assert len(await here.jobs()) == 2
        assert fetcher.asked == []

    play_on_slack(tmp_path, story)


def test_our_token_is_shown_to_slacks_own_place_for_files_alone(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        file, other = shared(here, here.ann), shared(here, here.ann)
        # Redirects are not followed, wherever they lead.
        file.moved_to = other.url
        assert "may not read files" in await said(here, here.ann, here.channel, file.url)
        # Instead of a file there may be a page to sign in on.
        page = shared(here, here.ann)
        page.served_as = "text/html"
        assert "may not read files" in await said(here, here.ann, here.channel, page.url)
        # What Slack says of a file may name another place.
        there = f"http://localhost:{here.slack.port}"
        other.url = other.url.replace(here.slack.workspace.url, there)
        link = f"{here.slack.workspace.url}/files-pri/T1-{other.id}/rain.mp3"
        assert "There is no such file" in await said(here, here.ann, here.channel, link)
        assert here.slack.workspace.downloads == [file.id, page.id]
        # Places that only look like it are fetched as any other link, without a token.
        for host in ("https://files.slack.com.evil.example", "https://x@evil.example", "https://files.slack.com"):
            alike = f"{host}/files-pri/T1-{other.id}/rain.mp3"
            await said(here, here.ann, here.channel, alike)
            assert fetcher.asked[-1] == alike
        assert here.slack.workspace.downloads == [file.id, page.id]

    play_on_slack(tmp_path, story)


def test_without_the_leave_to_read_files_forms_open_all_the_same(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        here.slack.scopes.discard("files:read")
        await here.restart()
        form = await here.form(await here.people.slash(here.ann, here.channel, "/cover"))
        assert [block["block_id"] for block in form.blocks] == ["caption", "source_job_id", "lyrics", "options"]
        assert "may not read files" in await said(here, here.ann, here.channel, shared(here, here.ann).url)

    play_on_slack(tmp_path, story)


def test_a_file_that_is_too_big_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        file = shared(here, here.ann)
        # Whatever it says of itself.
        for size in (200_000_000, 7):
            file.length, file.data = size, b"1" * 2_000_000
            assert "too big" in await said(here, here.ann, here.channel, file.url)
        assert await here.jobs() == []

    play_on_slack(tmp_path, story, limits={"fetch": {"most_mb": 1}})


def test_who_waits_for_a_slow_link_in_slack_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "PATIENCE_S", 0.01)

    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        fetcher.slow = frozenset({RAIN})
        asked = await here.people.slash(here.ann, here.channel, "/studio", f"analyze {RAIN}")
        await here.until(lambda: asked.replies, "a word")
        assert [shown(reply.blocks) for reply in asked.replies] == ["Fetching the file …"]
        fetcher.released.set()
        await here.until(lambda: len(asked.replies) > 1, "an answer")
        assert "#1 taken" in shown(asked.replies[1].blocks)
        # What fetches nothing says nothing.
        quick = await here.people.slash(here.ann, here.channel, "/studio", "jobs")
        assert "Fetching" not in await here.reply(quick)

    play_on_slack(tmp_path, story)


def test_the_menu_of_a_message_in_slack_starts_from_its_sound(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        shared(here, here.ann, here.channel)
        [with_file] = here.slack.posts(here.channel)
        linked = here.people.say(here.ann, here.channel, f"hear <{RAIN}|rain> & rest")
        asked = await here.people.shortcut(here.bob, "m:about:analyze", with_file)
        assert "#1 taken" in await here.reply(asked)
        assert here.slack.workspace.downloads
        form = await here.form(await here.people.shortcut(here.bob, "m:about:cover", linked))
        [line] = [block for block in form.blocks if block["block_id"] == "source_job_id"]
        assert line["element"]["initial_value"] == RAIN
        nothing = here.people.say(here.ann, here.channel, "good morning")
        asked = await here.people.shortcut(here.bob, "m:about:cover", nothing)
        assert "neither a file nor a link" in await here.reply(asked)
        job, song = await here.song()
        form = await here.form(await here.people.shortcut(here.bob, "m:about:cover", song))
        [line] = [block for block in form.blocks if block["block_id"] == "source_job_id"]
        assert line["element"]["initial_value"] == str(job.id)

    play_on_slack(tmp_path, story)


def test_a_list_of_songs_in_slack_comes_as_a_file_and_is_begun_by_a_button(tmp_path: Path) -> None:
    async def story(here: Scene, fetcher: ScriptedFetcher) -> None:
        rows = b"/song slow blues duration:30\n/song bpm:9 x\n/song ska duration:30\n"
        file = shared(here, here.ann, name="songs.txt", data=rows)
        form = await here.form(await here.people.slash(here.ann, here.channel, "/studio", "batch"))
        await here.people.submit_view(here.ann, form, {"rows_file": [file]})
        offer = await here.whisper(here.ann)
        assert "`bpm` is 9" in shown(offer.blocks)
        assert (buttons(offer), fetcher.asked) == (["d:run_start:1:0", "d:run_drop:1:0"], [])
        begun = await here.people.press(here.ann, offer, "d:run_start:1:0")
        assert "2" in await here.reply(begun)
        await here.deliver()
        [post] = here.slack.posts(here.channel)
        assert "d:run_cancel:1:0" in buttons(post)
        # Nobody reads a file that they can't see; and no list is endless.
        refused = await here.people.slash(here.bob, here.channel, "/studio", f"batch {file.url}")
        assert "not one that you and this channel can see" in await here.reply(refused)
        long = shared(here, here.ann, name="songs.txt", data=b"/song x\n" * 200_000)
        refused = await here.people.slash(here.ann, here.channel, "/studio", f"batch {long.url}")
        assert "too big: at most 1 MB" in (await here.reply(refused)).replace(",", ":")

    play_on_slack(tmp_path, story)


def shared(
    here: Scene, user: User, channel: Channel | None = None, *, name: str = "rain.mp3", data: bytes = SOUND
) -> File:
    """A file that somebody uploaded, and showed in a channel."""
    file = here.slack.workspace.add_file(name, len(data), user)
    file.data, file.completed_at = data, here.slack.clock.now()
    if channel is not None:
        here.people.say(user, channel, "listen", files=[file])
    return file


async def said(here: Scene, user: User, channel: Channel, link: str) -> str:
    """The private answer to the wish that `link` be listened to."""
    return await here.reply(await here.people.slash(user, channel, "/studio", f"analyze {link}"))


def play_on_slack(
    folder: Path, story: Callable[[Scene, ScriptedFetcher], Coroutine[Any, Any, None]], **more: Any
) -> None:
    async def told() -> None:
        async with scene(folder, opened=False, **more) as here:
            here.house.pool = ListeningPool()
            here.house.rules = rules(capabilities=ListeningPool.capabilities, **more)
            incoming, fetcher = door(here.house)
            here.incoming = incoming
            await here.open()
            try:
                await story(here, fetcher)
            finally:
                await here.surface.close()
            here.clean()

    asyncio.run(told())
