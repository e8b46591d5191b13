"""What the house has to tell arrives in Slack: once, whole, and through trouble of every kind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.on_slack import wall
from bot.on_slack.manifest import SCOPES
from bot.on_slack.pace import Pace
from tests.fakes.slack import Post
from tests.fakes.slack.faults import Kind
from tests.integration.slack_house import LRC, PNG, Scene, buttons, scene, shown
from workflows import control, deliver, outbox_state, watch
from workflows.deliver import Parcel
from workflows.view import JobView
from workflows.watch import Watch

Story = Callable[[Scene], Awaitable[None]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 0)
    monkeypatch.setattr(deliver, "LONGEST_WAIT_MS", 0)
    monkeypatch.setattr(wall, "SETTLING_S", (0.01, 0.01, 0.01))


def play(tmp_path: Path, story: Story, **more: Any) -> None:
    async def told() -> None:
        async with scene(tmp_path, **more) as here:
            await story(here)
            here.clean()

    asyncio.run(told())


async def finished(here: Scene, job: JobView) -> Post:
    """The message of the job after all of it was told."""
    await here.settle(job.id)
    await here.house.work()
    await here.settle(job.id)
    return here.post_of(job)


def parcel(job: JobView, topic: str = "completed", *, again: bool = False) -> Parcel:
    key = "accepted" if topic == "accepted" else f"{job.round}:{topic}"
    return Parcel(f"job:{job.id}:{key}", topic, {}, job, again=again, since=int(time.time() * 1000))


@contextmanager
def no_uploads(here: Scene) -> Iterator[None]:
    """Nothing is uploaded inside the block."""
    before = len(here.slack.workspace.files)
    yield
    assert len(here.slack.workspace.files) == before


# --- what a song looks like ---


def test_the_files_arrive_whole_under_names_people_know(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        _, post = await here.song("slow blues duration:30 seed:5")
        assert {file.name: file.data for file in post.files} == {
            "a-title.mp3": b"mp3 A Title 5 1",
            "a-title.lrc": LRC.encode(),
        }
        accessory = post.blocks[0]["accessory"]
        assert here.slack.workspace.files[accessory["slack_file"]["id"]].data == PNG
        assert ">Steam on the window\n>Rain on the roof" in shown(post.blocks)
        assert "Coffee again" not in shown(post.blocks)
        assert post.text.startswith("A Title: ")
        assert post.metadata is not None
        assert post.metadata["event_payload"] == {
            "job": 1,
            "round": 1,
            "topic": "completed",
            "key": "job:1:1:completed",
        }
        assert len(post.edits) == 1

    play(tmp_path, story)


def test_an_answer_of_the_worst_length_stays_within_the_limits(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        here.pool.lrc = "&" * 20_000
        here.pool.plan = {
            "title": "&" * 500,
            "lyrics": "&" * 20_000,
            "notices": [{"code": "not_understood", "params": {"words": ["&" * 80] * 60}}] * 4,
        }
        asked = await here.people.slash(here.ann, here.channel, "/song")
        view = await here.form(asked)
        await here.people.submit_view(
            here.ann, view, {"caption": "&" * 2048, "lyrics": "&" * 3000, "options": "duration:30 batch_size:8"}
        )
        await here.whisper(here.ann)
        [job] = await here.jobs()
        post = await finished(here, job)
        assert len(post.files) == 10
        assert shown(post.blocks).count("Not understood") == 4
        redo = await here.form(await here.people.press(here.ann, post, "m:redo"))
        assert redo.is_open

    play(tmp_path, story)


def test_a_cover_that_slack_is_still_looking_at_comes_with_the_message(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        here.slack.workspace.settling_s = 0.02
        _, post = await here.song()
        assert "accessory" in post.blocks[0]
        here.slack.workspace.violations.clear()

    play(tmp_path, story)


def test_a_cover_that_slack_does_not_take_does_not_hold_up_the_song(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        here.slack.workspace.settling_s = 60
        _, post = await here.song()
        assert "accessory" not in post.blocks[0]
        assert [file.name for file in post.files] == ["a-title.mp3", "a-title.lrc"]
        here.slack.workspace.violations.clear()

    play(tmp_path, story)


def test_without_the_right_to_upload_the_song_is_told_and_it_is_said(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        _, post = await here.song()
        assert post.files == []
        assert "1 of its files could not be brought here" in shown(post.blocks)
        assert "m:variations" in buttons(post)

    play(tmp_path, story, scopes=tuple(set(SCOPES) - {"files:write"}))


# --- trouble on the way ---


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "upload", "files.*", "*"])
@pytest.mark.parametrize("kind", ["status", "ratelimited", "drop_before", "drop_after", "error"])
def test_a_song_is_posted_once_whatever_happens_on_the_way(tmp_path: Path, method: str, kind: Kind) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        here.slack.faults.add(method, kind, times=2, seconds=0, error="internal_error")
        post = await finished(here, job)
        assert len(here.posts(job.id, deleted=True)) == 1
        assert [file.name for file in post.files] == ["a-title.mp3", "a-title.lrc"]
        assert "m:variations" in buttons(post)

    play(tmp_path, story)


def test_slack_says_when_to_come_back_and_is_obeyed(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        here.slack.faults.add("chat.postMessage", "ratelimited", seconds=1)
        begun = time.monotonic()
        await here.settle(job.id)
        calls = [call.at for call in here.slack.workspace.calls if call.method == "chat.postMessage"]
        assert len(calls) == 1
        assert calls[0] - begun > 0.9

    play(tmp_path, story)


def test_an_outage_loses_nothing(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.deliver()
        here.slack.outage(True)
        await here.house.work()
        for _ in range(3):
            await deliver.deliver_due(here.house.db, {"slack": here.surface.courier})
        assert not await outbox_state.settled(here.house.db, job.id)
        here.slack.outage(False)
        await here.settle(job.id)
        assert len(here.posts(job.id, deleted=True)) == 1
        assert here.post_of(job).files

    play(tmp_path, story)


def test_a_post_that_was_not_written_down_is_found_again(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        first = await here.surface.courier.deliver(parcel(job, "accepted"))
        # The house died here: it doesn't know that it posted.
        again = await here.surface.courier.deliver(parcel(job, "accepted", again=True))
        assert again == first
        assert len(here.posts(job.id)) == 1

    play(tmp_path, story)


def test_a_result_that_was_not_written_down_is_not_uploaded_again(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        with no_uploads(here):
            assert await here.surface.courier.deliver(parcel(job, again=True)) == post.ts
        assert len(post.edits) == 1

    play(tmp_path, story)


def test_a_result_that_was_posted_anew_is_found_again(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job, first = await here.song()
        told = replace(job, post=None)
        here.slack.workspace.post(here.channel.id, first.ts)
        first.deleted_at = 1.0
        ts = await here.surface.courier.deliver(parcel(told))
        with no_uploads(here):
            assert await here.surface.courier.deliver(parcel(told, again=True)) == ts
            assert await here.surface.courier.deliver(parcel(job, again=True)) == ts
        assert [post.ts for post in here.posts(job.id)] == [ts]

    play(tmp_path, story)


def test_a_message_half_way_to_its_result_is_finished(tmp_path: Path) -> None:
    """Posted without its files, then killed before those were there."""

    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.house.work()
        here.slack.faults.add("files.completeUploadExternal", "drop_before")
        job = await here.house.job(job.id)
        with pytest.raises(deliver.DeliveryFailed):
            await here.surface.courier.deliver(parcel(job))
        ts = await here.surface.courier.deliver(parcel(job, again=True))
        [post] = here.posts(job.id)
        assert (post.ts, len(post.files)) == (ts, 2)

    play(tmp_path, story)


def test_a_thread_is_looked_into_too(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job, root = await here.song()
        below = replace(job, message=root.ts, post=None, id=77)
        ts = await here.surface.courier.deliver(parcel(below))
        with no_uploads(here):
            assert await here.surface.courier.deliver(parcel(below, again=True)) == ts
        [post] = here.posts(77)
        assert post.thread_ts == root.ts

    play(tmp_path, story)


def test_a_busy_channel_does_not_hide_what_was_posted(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        ts = await here.surface.courier.deliver(parcel(job, "accepted"))
        for number in range(450):
            here.slack.workspace.publish(here.channel, here.bob, f"chatter {number}", [])
        assert await here.surface.courier.deliver(parcel(job, "accepted", again=True)) == ts

    play(tmp_path, story)


def test_where_we_may_not_look_we_post_all_the_same(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        assert await here.surface.courier.deliver(parcel(job, "accepted", again=True))

    play(tmp_path, story, scopes=tuple(set(SCOPES) - {"channels:history"}))


def test_files_are_not_sent_again_because_the_message_was_not_taken(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.deliver()
        here.slack.faults.add("chat.update", "status", times=3)
        await finished(here, job)
        assert len(here.slack.workspace.files) == 3

    play(tmp_path, story)


# --- messages and channels that are not what they were ---


def test_a_message_that_a_moderator_deleted_is_posted_anew(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.deliver()
        here.post_of(job).deleted_at = 1.0
        post = await finished(here, job)
        assert len(post.files) == 2
        assert (await here.house.job(job.id)).post == post.ts

    play(tmp_path, story)


def test_a_message_that_may_not_be_edited_any_more_gets_a_successor_and_only_one(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.deliver()
        await here.house.work()
        job = await here.house.job(job.id)
        here.slack.faults.add("chat.update", "error", error="edit_window_closed")
        ts = await here.surface.courier.deliver(parcel(job))
        assert ts != job.post
        with no_uploads(here):
            assert await here.surface.courier.deliver(parcel(job, again=True)) == ts
        assert len(here.posts(job.id)) == 2

    play(tmp_path, story)


def test_a_thread_that_is_gone_leaves_the_channel(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job, _ = await here.song()
        lost = replace(job, message="1700000000.000100", post=None, id=78)
        assert await here.surface.courier.deliver(parcel(lost))
        assert here.posts(78)[0].thread_ts is None

    play(tmp_path, story)


def test_a_public_channel_is_joined_to_post_there(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        here.channel.member = False
        job = await here.ask()
        assert (await finished(here, job)).channel == here.channel.id
        assert here.channel.member

    play(tmp_path, story, scopes=tuple(set(SCOPES) - {"chat:write.public"}))


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("no door", "does not let me post"),
        ("private", "does not let me post"),
        ("archived", "is gone"),
        ("restricted_action", "does not let me post"),
        ("msg_too_long", "did not take it"),
    ],
)
def test_what_the_channel_does_not_take_goes_to_the_owner(tmp_path: Path, case: str, words: str) -> None:
    async def story(here: Scene) -> None:
        match case:
            case "no door":
                here.channel.member = False
                here.slack.workspace.scopes -= {"chat:write.public", "channels:join"}
            case "private":
                here.channel.member, here.channel.kind = False, "private"
            case "archived":
                here.channel.archived = True
            case error:
                here.slack.faults.add("chat.postMessage", "error", error=error)
        job = await here.ask()
        post = await finished(here, job)
        assert here.slack.workspace.channels[post.channel].user == here.ann.id
        assert words in shown(post.blocks)
        assert len(post.files) == 2
        assert here.slack.posts(here.channel) == []
        pressed = await here.people.press(here.ann, post, "m:variations")
        assert "taken" in await here.reply(pressed)

    play(tmp_path, story)


def test_a_channel_that_goes_away_half_way_sends_the_result_to_the_owner(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.deliver()
        here.channel.gone = True
        await here.house.work()
        await here.settle(job.id)
        direct = here.slack.workspace.direct(here.ann.id)
        [post] = here.slack.posts(direct)
        assert "is gone, so it comes here" in shown(post.blocks)

    play(tmp_path, story)


def test_a_token_that_was_revoked_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        here.slack.web.revoked = True
        await here.settle(job.id)
        assert "token_revoked" in caplog.text

    play(tmp_path, story)


def test_a_scope_that_is_missing_is_named_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.settle(job.id)
        assert "missing_scope, needs chat:write" in caplog.text

    play(tmp_path, story, scopes=tuple(set(SCOPES) - {"chat:write"}))


def test_deleting_what_is_gone_already_is_fine(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job, post = await here.song()
        for file in post.files:
            file.deleted = True
        assert await here.surface.courier.deliver(parcel(job, "deleted")) is None
        assert await here.surface.courier.deliver(parcel(job, "deleted", again=True)) is None
        assert await here.surface.courier.deliver(parcel(replace(job, post=None), "deleted")) is None
        assert here.posts(job.id) == []

    play(tmp_path, story)


# --- progress, and how fast we talk ---


def test_progress_is_shown_and_never_over_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RUNNING_S", 0.02)
    monkeypatch.setattr(watch, "CHANNEL_S", 0.0)

    async def story(here: Scene) -> None:
        job = await here.ask("wait duration:30")
        await here.deliver()
        looking = Watch(here.house.db, {"slack": here.surface.courier})
        worker = here.house.worker()
        await looking.look()
        await worker.dispatch()
        for _ in range(200):
            await looking.look()
            if "50%" in shown(here.post_of(job).blocks):
                break
            await asyncio.sleep(0.02)
        assert "▰▰▰▰▱▱▱▱ 50%" in shown(here.post_of(job).blocks)
        before = await here.house.job(job.id)
        here.pool.release.set()
        await here.house.work(worker)
        await here.deliver()
        await here.surface.courier.show(before)
        await looking.close()
        assert "50%" not in shown(here.post_of(job).blocks)
        assert here.post_of(job).files

    play(tmp_path, story)


def test_a_channel_hears_one_message_in_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, list[float]] = {}
    later = Pace._next_later

    def noted(pace: Pace, lane: str) -> None:
        given.setdefault(lane, []).append(time.monotonic())
        later(pace, lane)

    async def story(here: Scene) -> None:
        for number in range(4):
            await here.ask(f"blues number{number} duration:30")
        await here.deliver()
        posted = [call.at for call in here.slack.workspace.calls if call.method == "chat.postMessage"]
        assert len(posted) == 4
        # Each may be held up on its way, so how far apart they are is told where turns are given.
        assert max(map(len, given.values())) >= 4
        assert all(after - before > 0.09 for turns in given.values() for before, after in pairwise(turns))
        assert posted[-1] - posted[0] > 0.2

    monkeypatch.setattr(Pace, "_next_later", noted)
    play(tmp_path, story, pace_s=0.1)


def test_the_end_of_a_song_goes_before_the_progress_of_others(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        waiting = [await here.ask(f"blues number{number} duration:30") for number in range(3)]
        await here.deliver()
        first, *others = [await here.house.job(job.id) for job in waiting]
        # The progress of others leaves the channel to it, and is shown when there is room.
        here.surface.courier._progress = Pace(0)
        await here.surface.courier._pace.turn(here.channel.id, urgent=True)
        async with asyncio.TaskGroup() as group:
            showing = [group.create_task(here.surface.courier.show(job)) for job in others]
            await asyncio.sleep(0.02)
            group.create_task(here.surface.courier.deliver(parcel(replace(first, status="CANCELLED"), "cancelled")))
        edits = [call.arguments["ts"] for call in here.slack.workspace.calls if call.method == "chat.update"]
        assert edits == [first.post]
        assert [task.result() for task in showing] == [False, False]

    play(tmp_path, story, pace_s=0.1)


def test_turns_come_in_order_the_urgent_first() -> None:
    async def told() -> list[str]:
        pace, order = Pace(0.02), []

        async def turn(name: str, lane: str, *, urgent: bool) -> None:
            await pace.turn(lane, urgent=urgent)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            group.create_task(turn("first", "a", urgent=False))
            await asyncio.sleep(0)
            gone = group.create_task(turn("nobody", "a", urgent=True))
            await asyncio.sleep(0)
            for name, urgent in (("progress", False), ("more progress", False), ("end", True)):
                group.create_task(turn(name, "a", urgent=urgent))
            group.create_task(turn("elsewhere", "b", urgent=False))
            gone.cancel()
        return order

    assert asyncio.run(told()) == ["first", "elsewhere", "end", "progress", "more progress"]


def test_a_late_end_of_one_round_does_not_silence_the_next(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask("crash duration:30")
        await here.deliver()
        await here.house.work()
        # The failure is told late: its owner tries again before.
        await control.retry(here.house.db, job.id)
        await here.settle(job.id)
        again = await here.house.job(job.id)
        assert (again.round, again.status) == (2, "PENDING")
        assert await here.surface.courier.show(again)
        assert "first in line" in here.post_of(again).text

    play(tmp_path, story)


def test_a_message_is_found_by_its_buttons_where_its_marks_are_not_shown(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        job = await here.ask()
        await here.settle(job.id)
        job = await here.house.job(job.id)
        [post] = here.slack.posts(here.channel)
        post.metadata = None
        again = replace(parcel(replace(job, post=None), "accepted", again=True), since=job.created_at)
        assert await here.surface.courier.deliver(again) == post.ts
        assert len(here.slack.posts(here.channel)) == 1

    play(tmp_path, story)
