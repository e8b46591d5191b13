"""The Discord surface over real HTTP and a real gateway, with everything that goes wrong there."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.chat import BadToken
from bot.on_discord.setup import application_id, synchronise
from storage import jobs, outbox
from storage.tables import Job
from tests.integration.discord_room import LRC, PNG
from tests.integration.discord_wire import MESSAGE, MESSAGES, OPENAPI, Play, Wire, playing
from workflows import control, watch
from workflows.deliver import DeliveryFailed, Parcel, deliver_due
from workflows.people import now_ms
from workflows.view import JobView
from workflows.watch import Watch


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    return playing(tmp_path, monkeypatch)


@pytest.mark.skipif(OPENAPI is None, reason="MINSTREL_DISCORD_OPENAPI names no description of Discord's API")
def test_discord_understands_everything_we_say(play: Play) -> None:
    """Each body of a long story is checked against Discord's own description of its API."""
    play(a_long_story)


def test_a_long_story(play: Play) -> None:
    play(a_long_story)


async def a_long_story(wire: Wire) -> None:
    await wire.start()
    ours = wire.discord
    caption = "@everyone <@42> *slow* `blues` https://example.com/x " + "é😀" * 400
    asked = await wire.song(caption)
    assert (await asked.answer()).after < 3
    await wire.deliver()
    post = wire.the_post()
    assert "first in line" in post.content
    assert "https://" not in post.content
    await wire.surface.courier.show(await wire.view())
    await wire.finish()
    assert wire.the_post() is post
    assert [file.filename for file in post.attachments] == ["a-title.mp3", "a-title.lrc", "cover.png"]
    assert post.file("cover.png").data == PNG
    assert (post.content, post.embeds[0]["title"]) == ("", "A Title")
    for pressed, words in (("variations", "10 credits"), ("stems", "taken"), ("lrc", "[00:01.00]")):
        told = await wire.told(await ours.click(wire.ben, post, f"m:{pressed}:1"))
        assert words in told.content
    assert told.attachments[0].data == LRC.encode()
    opened = await ours.click(wire.ben, post, "m:redo:1")
    await opened.answer()
    refused = await wire.told(await ours.submit_modal(opened, {"caption": "x", "duration": "900"}))
    assert "`duration` is 900" in refused.content
    again = await ours.click(wire.ben, refused, refused.buttons[0]["custom_id"])
    await again.answer()
    assert "taken" in (await wire.told(await ours.submit_modal(again, {"duration": "30"}))).content
    typed = await ours.autocomplete(wire.ann, wire.channel, "cover", "source_job_id", "title")
    await typed.answer()
    assert typed.choices == [("#1 A Title", 1)]
    for name in ("help", "jobs", "credits"):
        await wire.told(await ours.slash(wire.ann, wire.channel, name))
    at_home = ours.private_channel(wire.ann)
    assert "taken" in (await wire.told(await ours.slash(wire.ann, at_home, "song", {"caption": "blues"}))).content
    question = await wire.told(await ours.click(wire.ann, post, "m:delete:1"))
    gone = await ours.click(wire.ann, question, "m:delete:1:sure")
    await gone.answer()
    await ours.until(lambda: "gone" in question.content)
    for job in range(1, 6):
        await wire.finish(job=job)
    assert post.deleted
    assert len(ours.posts(wire.channel)) == 3
    assert "A Title" in str(wire.the_post(at_home).embeds)


# --- posted once ---

TROUBLES = [
    {"kind": "rate_limit", "seconds": 0.2},
    {"kind": "rate_limit", "seconds": 40.0},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: "-".join(map(str, trouble.values())))
@pytest.mark.parametrize("forgetful", [False, True], ids=["nonce", "look"])
def test_a_song_is_posted_once_whatever_happens_on_the_way(
    play: Play, trouble: dict[str, Any], forgetful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where Discord has forgotten the nonce, as it does within minutes."""

    async def story(wire: Wire) -> None:
        await wire.start()
        if forgetful:
            wire.discord.world.nonce_s = 0.0
        wire.discord.faults.add(**trouble, method="POST", route=MESSAGES)
        wire.discord.faults.add(**trouble, method="PATCH", route=MESSAGE)
        await wire.song()
        if trouble.get("seconds") == 40.0:
            await let_time_pass(wire)
        await wire.deliver()
        post = wire.the_post()
        assert (await wire.view()).post == str(post.id)
        await wire.house.work()
        if trouble.get("seconds") == 40.0:
            await let_time_pass(wire)
        await wire.deliver()
        assert wire.the_post() is post
        assert [file.filename for file in post.attachments] == ["a-title.mp3", "a-title.lrc", "cover.png"]
        assert [button["label"] for button in post.buttons][:2] == ["Variations", "Redo"]

    play(story)


async def let_time_pass(wire: Wire) -> None:
    """A limit that lasts longer than we wait for it is the outbox's: it comes back when Discord said."""
    await deliver_due(wire.house.db, {"discord": wire.surface.courier})
    (row,) = await wire.house.db.aread(lambda session: outbox.pending_for(session, 1))
    assert row.due_at - now_ms() > 38_000

    def due_now(session: Any) -> None:
        (pending,) = outbox.pending_for(session, 1)
        pending.due_at = 0
        session.add(pending)

    await wire.house.db.awrite(due_now)


class Dying:
    """A courier whose process dies between a post and its record, once for each kind of parcel."""

    surface = "discord"

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.died: set[str] = set()

    async def deliver(self, parcel: Parcel) -> str | None:
        receipt = await self._wire.surface.courier.deliver(parcel)
        if parcel.topic not in self.died:
            self.died.add(parcel.topic)
            await self._wire.surface.close()
            self._wire.surface = self._wire.process()
            await self._wire.surface.start()
            raise ConnectionError("killed")
        return receipt

    def elsewhere(self, job: JobView) -> str | None:
        return None


def test_a_crash_between_a_post_and_its_record_posts_nothing_twice(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.world.nonce_s = 0.0
        dying = Dying(wire)
        await wire.song()
        await wire.discord.say(wire.ben, wire.channel, "meanwhile")
        await wire.deliver(dying)
        await wire.finish(dying)
        assert dying.died == {"accepted", "completed"}
        assert len(wire.the_post().attachments) == 3
        await wire.connected()
        question = await wire.told(await wire.discord.click(wire.ann, wire.the_post(), "m:delete:1"))
        await (await wire.discord.click(wire.ann, question, "m:delete:1:sure")).answer()
        await wire.discord.until(lambda: "gone" in question.content)
        await wire.deliver(dying)
        assert "deleted" in dying.died
        assert wire.discord.posts(wire.channel) == []

    play(story)


def test_a_new_message_in_place_of_a_deleted_one_is_posted_once_too(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.world.nonce_s = 0.0
        await wire.song()
        await wire.deliver()
        await wire.discord.delete(wire.the_post())
        wire.discord.faults.add("drop_after", method="POST", route=MESSAGES)
        await wire.finish()
        post = wire.the_post()
        assert len(post.attachments) == 3
        assert (await wire.view()).post == str(post.id)

    play(story)


def test_two_processes_at_once_post_one_message(play: Play) -> None:
    """Discord itself sees by the nonce that it is the same."""

    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        parcel = Parcel("job:1:accepted", "accepted", {}, await wire.view(), since=now_ms())
        other = wire.process()
        await other.start()
        first = await wire.surface.courier.deliver(parcel)
        second = await other.courier.deliver(parcel)
        await other.close()
        assert second == first == str(wire.the_post().id)

    play(story)


def test_an_outage_loses_nothing_and_we_come_back_by_ourselves(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        await wire.discord.outage(True)
        for _ in range(3):
            await deliver_due(wire.house.db, {"discord": wire.surface.courier})
            await asyncio.sleep(0.05)
        assert wire.discord.posts(wire.channel) == []
        await wire.house.work()
        await wire.discord.outage(False)
        await wire.deliver()
        assert len(wire.the_post().attachments) == 3
        for _ in range(400):
            told = await wire.discord.slash(wire.ann, wire.channel, "credits")
            if told.heard:
                break
            await asyncio.sleep(0.05)
        assert "995" in (await wire.told(told)).content

    play(story)


def test_discord_may_be_away_when_we_start(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.discord.outage(True)
        await wire.surface.start()
        parcel = Parcel("job:1:accepted", "accepted", {}, None)  # type: ignore[arg-type]
        with pytest.raises(DeliveryFailed) as failed:
            await wire.surface.courier.deliver(parcel)
        assert not failed.value.permanent
        await wire.discord.outage(False)
        await wire.connected()
        await wire.song()
        await wire.deliver()
        assert "first in line" in wire.the_post().content

    play(story)


def test_we_can_be_stopped_while_we_reconnect(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        reaching = asyncio.Event()

        async def nowhere(*_: Any, **__: Any) -> None:
            reaching.set()
            await asyncio.sleep(60)

        monkeypatch.setattr(discord.http.HTTPClient, "ws_connect", nowhere)
        wire.discord.gateway.drop()
        await reaching.wait()
        closing = asyncio.create_task(wire.surface.close())
        await asyncio.wait([closing], timeout=10)
        assert closing.done()
        assert "discord" not in {task.get_name() for task in asyncio.all_tasks()}
        tried = len(wire.discord.requests)
        await asyncio.sleep(0.5)
        assert len(wire.discord.requests) == tried
        assert wire.discord.gateway.connected == []

    play(story)


# --- where it can't be posted ---


@pytest.mark.parametrize("lacking", ["view", "send", "files"])
def test_a_song_that_may_not_be_posted_goes_to_its_owner(play: Play, lacking: str) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        if lacking == "files":
            await wire.deliver()
        allowed = {"view", "send", "files", "history"} - {lacking}
        await wire.discord.allow(wire.channel, *allowed)
        await wire.finish()
        at_home = wire.discord.private_channel(wire.ann)
        post = wire.the_post(at_home)
        assert wire.discord.posts(wire.channel) == [], "nothing stays behind that says it is on its way"
        assert "does not let me post" in post.embeds[0]["description"]
        assert len(post.attachments) == 3
        # Its buttons work where it came.
        assert "taken" in (await wire.told(await wire.discord.click(wire.ann, post, "m:variations:1"))).content

    play(story)


def test_a_song_whose_channel_is_gone_goes_to_its_owner(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        await wire.deliver()
        await wire.discord.delete_channel(wire.channel)
        await wire.finish()
        assert "is gone" in wire.the_post(wire.discord.private_channel(wire.ann)).embeds[0]["description"]

    play(story)


def test_nothing_is_asked_for_where_it_could_not_be_posted(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.discord.allow(wire.channel, "view", "send")
        asked = await wire.discord.slash(wire.ann, wire.channel, "song", {"caption": "blues"})
        told = await wire.told(asked)
        assert "Attach Files, Read Message History is not allowed" in told.content
        assert await control.recent(wire.house.db, 5) == []

    play(story)


def test_a_file_that_is_too_large_is_left_out_and_it_says_so(play: Play) -> None:
    async def story(wire: Wire) -> None:
        wire.guild.file_limit = 2000  # less than anybody would think
        await wire.start()
        await wire.song()
        await wire.finish()
        post = wire.the_post()
        assert [file.filename for file in post.attachments] == ["a-title.lrc", "cover.png"]
        assert "1 more of its files did not fit" in post.embeds[0]["description"]
        # Discord said so once; then it was known.
        assert [violation.message for violation in wire.discord.violations] == ["Request entity too large"]
        wire.discord.violations.clear()

    play(story)


def test_a_boosted_server_takes_larger_files(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(wire: Wire) -> None:
        monkeypatch.setattr(discord.Guild, "filesize_limit", 2500)
        await wire.start()
        await wire.song()
        await wire.finish()
        # The limit is the server's own, and known: nothing was sent in vain.
        assert [file.filename for file in wire.the_post().attachments] == ["a-title.lrc", "cover.png"]
        assert [request.status for request in wire.discord.requests if request.status == 413] == []

    play(story)


# --- progress ---


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock of our own for the watch."""
    now = {"s": 1000.0}
    monkeypatch.setattr(watch, "monotonic", lambda: now["s"])
    return now


def test_progress_is_shown_at_most_every_three_seconds(play: Play, time: dict[str, float]) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song("wait")
        await wire.deliver()
        worker = await wire.house.work(until=lambda: wire.house.pool.running > 0)
        watching = Watch(wire.house.db, {"discord": wire.surface.courier})
        post, edited = wire.the_post(), list[int]()
        for second in range(12):
            await wire.house.db.awrite(lambda session, second=second: move(session, second / 12))  # type: ignore[misc]
            await watching.look()
            await asyncio.sleep(0.1)
            if len(post.edits) > len(edited):
                edited.append(second)
            time["s"] += 1
        assert len(edited) >= 3
        assert all(later - earlier >= 3 for earlier, later in pairwise(edited))
        assert re.search(r"rendering ▰+▱+ \d+%", post.content)
        assert [button["label"] for button in post.buttons] == ["Cancel"]
        await watching.close()
        wire.house.pool.release.set()
        await wire.house.work(worker)
        await wire.deliver()
        assert len(post.attachments) == 3

    play(story)


def move(session: Any, progress: float) -> None:
    job = session.get(Job, 1)
    job.stage, job.progress = "rendering", progress
    session.add(job)


def test_late_progress_never_paints_over_a_song(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        await wire.deliver()
        before = await wire.view()
        wire.discord.faults.add("delay", method="PATCH", route=MESSAGE, seconds=0.5)
        late = asyncio.create_task(wire.surface.courier.show(before))
        await asyncio.sleep(0.1)
        await wire.finish()
        await late
        await wire.surface.courier.show(replace(before, status="PROCESSING"))
        post = wire.the_post()
        assert len(post.attachments) == 3
        assert post.content == ""

    play(story)


def test_progress_that_can_not_be_shown_is_not_tried_again(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        await wire.deliver()
        job = await wire.view()
        await wire.discord.allow(wire.channel)
        with pytest.raises(discord.Forbidden):
            await wire.surface.courier.show(job)
        await wire.surface.courier.show(job)
        assert wire.count("PATCH", MESSAGE) == 1

    play(story)


# --- requests that come twice ---


def test_what_arrives_twice_is_done_and_answered_once(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        asked = await wire.song()
        said = asked.messages[0].content
        opened = await wire.discord.slash(wire.ann, wire.channel, "song")
        await opened.answer()
        await wire.finish()
        pressed = await wire.discord.click(wire.ben, wire.the_post(), "m:variations:1")
        sent = await wire.discord.submit_modal(opened, {"caption": "blues", "duration": "30"})
        for each in (pressed, sent):
            assert "taken" in (await wire.told(each)).content
        assert len(await control.recent(wire.house.db, 9)) == 3
        for each in (asked, opened, pressed, sent):
            await wire.discord.redeliver(each)
        await asyncio.sleep(0.5)
        assert len(await control.recent(wire.house.db, 9)) == 3
        assert [message.content for message in asked.messages] == [said]
        assert all("taken" in each.messages[0].content for each in (pressed, sent))

    play(story)


def test_a_command_that_was_acknowledged_by_a_process_that_died_is_taken_when_it_comes_again(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        asking = wire.surface.reception._desk.asked
        waiting = asyncio.Event()

        async def dies(*_: Any, **__: Any) -> None:
            waiting.set()
            raise asyncio.CancelledError

        wire.surface.reception._desk.asked = dies  # type: ignore[method-assign]
        asked = await wire.discord.slash(wire.ann, wire.channel, "song", {"caption": "blues", "duration": 30})
        await waiting.wait()
        wire.surface.reception._desk.asked = asking  # type: ignore[method-assign]
        await wire.discord.redeliver(asked)
        assert "taken" in (await wire.told(asked)).content
        assert len(await control.recent(wire.house.db, 9)) == 1

    play(story)


@pytest.mark.parametrize("trouble", ["drop_before", "drop_after"])
def test_an_acknowledgement_that_is_lost_loses_no_request(play: Play, trouble: Any) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.faults.add(trouble, method="POST", route="/callback$")
        await wire.song()
        assert len(await control.recent(wire.house.db, 9)) == 1

    play(story)


def test_a_command_that_only_discord_remembers_is_answered(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        command, _, _ = wire.discord.commands.find(wire.guild, "credits", wire.ann)
        command["name"] = "balance"
        told = await wire.told(await wire.discord.slash(wire.ann, wire.channel, "balance"))
        assert "I don't know the command `/balance`" in told.content

    play(story)


# --- who somebody is ---


def test_roles_and_people_come_as_discord_sends_them(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        gold = wire.discord.add_user("cleo", roles=("Silver", "Gold"))
        await wire.told(await wire.discord.slash(gold, wire.channel, "song", {"caption": "blues", "duration": 30}))
        [job] = wire.house.db.read(lambda session: jobs.recent(session, None, 1))
        assert (job.server, job.priority) == (f"discord:{wire.guild.id}", 5)
        chief = wire.discord.add_user("dora", admin=True)
        given = await wire.discord.slash(chief, wire.channel, "grant", {"who": wire.ben, "amount": 5})
        assert "Ben" in (await wire.told(given)).content
        with pytest.raises(LookupError):
            await wire.discord.slash(wire.ann, wire.channel, "grant", {"who": wire.ben, "amount": 5})
        # In a form people are chosen too.
        opened = await wire.discord.slash(wire.ann, wire.channel, "gift")
        await opened.answer()
        await wire.told(await wire.discord.submit_modal(opened, {"who": [wire.ben], "amount": "20"}))
        told = await wire.told(await wire.discord.slash(wire.ben, wire.channel, "credits"))
        assert "1,025" in told.content

    play(story)


# --- the token ---


def test_a_token_that_is_not_accepted_is_one_clear_error(play: Play) -> None:
    async def story(wire: Wire) -> None:
        with pytest.raises(BadToken) as refused:
            await wire.process("nonsense").start()
        assert refused.value.setting == "MINSTREL_DISCORD_TOKEN"
        with pytest.raises(BadToken):
            await application_id("nonsense", wire.discord.api_url)

    play(story)


@pytest.mark.parametrize("hung_up", [True, False])
def test_a_token_that_is_reset_ends_deliveries_is_used_no_more_and_the_song_is_kept(
    play: Play, caplog: pytest.LogCaptureFixture, hung_up: bool
) -> None:
    """Discord hangs up on it, sooner or later."""

    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        if hung_up:
            await wire.discord.revoke_token()
        wire.discord.world.token_valid = False
        await deliver_due(wire.house.db, {"discord": wire.surface.courier})
        await asyncio.sleep(0.3)
        tried = len(wire.discord.requests)
        for _ in range(3):
            await asyncio.sleep(0.1)
            await deliver_due(wire.house.db, {"discord": wire.surface.courier})
        assert len(wire.discord.requests) == tried, "each of these counts towards a ban"
        assert (await control.show(wire.house.db, 1)).unposted
        assert "no longer accept" in caplog.text
        # The operator sets a new one and starts again.
        await wire.surface.close()
        wire.discord.world.token_valid = True
        wire.surface = wire.process()
        await wire.start()
        await wire.deliver()
        assert wire.discord.posts(wire.channel) == [], "that delivery has ended"
        await wire.house.work()
        await wire.deliver()
        assert [file.filename for file in wire.the_post().attachments if file.filename.endswith(".mp3")]

    play(story)


def test_an_operator_asks_who_the_bot_is_and_sends_the_commands(play: Play) -> None:
    async def story(wire: Wire) -> None:
        assert await application_id(wire.discord.token, wire.discord.api_url) == wire.discord.world.application
        known = wire.house.folder / "discord-commands.json"
        for _ in range(2):
            count = await synchronise(wire.discord.token, wire.discord.api_url, wire.house.rules, known)
            assert count == len(wire.surface.reception.commands)
        assert wire.count("PUT", "/commands$") == 2
        # What was sent need not be sent at the start.
        await wire.start()
        assert wire.count("PUT", "/commands$") == 2

    play(story)


def test_a_file_that_is_lost_does_not_keep_the_song_back(play: Play) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        await wire.song()
        await wire.deliver()
        await wire.house.work()
        [track] = (await wire.view()).tracks
        for file in track.files:
            if file.kind in ("image", "lrc"):
                wire.house.blobs.delete(file.digest)
        await wire.deliver()
        post = wire.the_post()
        assert [file.filename for file in post.attachments] == ["a-title.mp3"]
        assert "could not be brought here" in str(post.embeds)

    play(story)
