"""Bulletins in Slack: posted once, edited in place, found again after a crash; and what is pressed in them."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from bot import placards
from bot.answers import Answer, Attached
from bot.card import CardFile
from bot.deeds import DEEDS, Deed
from bot.forms import Form, blank
from bot.moments import at, until
from bot.on_slack import wall
from bot.on_slack.deeds import pressed
from bot.on_slack.mrkdwn import fitted, mrkdwn, pieces
from bot.placard import Bundle, Placard
from bot.telling import DOERS
from bot.telling.counter import Asked, Counter
from storage import bulletins, departed
from tests.fakes.slack import Post
from tests.fakes.slack.faults import Kind
from tests.fakes.slack.interactions import Interaction
from tests.fakes.slack.messages import TEAM_ID
from tests.integration.slack_house import Scene, buttons, scene, shown
from tests.integration.slack_house import field as field_of
from workflows import deliver
from workflows.bulletins import Notice
from workflows.deliver import DeliveryFailed, Parcel
from workflows.runs import view as runs_view

Story = Callable[[Scene], Awaitable[None]]
DUE = 1_900_000_000_000
LOST = f"{'0' * 64}.mp3"


@dataclass
class Sign:
    """What every bulletin says at the moment."""

    says: Placard = field(default_factory=lambda: Placard(0, "Twelve songs", "3 of 12"))

    def draw(self, notice: Notice, *_: Any) -> Placard:
        return replace(self.says, bulletin=notice.id, owner=notice.owner)

    def now(self, **more: Any) -> None:
        self.says = replace(self.says, **more)


@pytest.fixture
def sign(monkeypatch: pytest.MonkeyPatch) -> Sign:
    there = Sign()
    monkeypatch.setattr(placards, "draw", there.draw)
    monkeypatch.setattr(wall, "SETTLING_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 0)
    monkeypatch.setattr(deliver, "LONGEST_WAIT_MS", 0)
    return there


def play(tmp_path: Path, story: Story, **more: Any) -> None:
    async def told() -> None:
        async with scene(tmp_path, **more) as here:
            await story(here)
            here.clean()

    asyncio.run(told())


def notice(here: Scene, post: str | None = None, **more: Any) -> Notice:
    given: dict[str, Any] = {
        "id": 1, "key": "run:1", "kind": "run", "subject": 7, "topic": "", "about": None, "surface": "slack",
        "channel": f"{TEAM_ID}/{here.channel.id}", "message": None, "owner": f"{TEAM_ID}:{here.ann.id}", "post": post,
        "moved": None, "withdrawn": False, "again": False, "since": int(time.time() * 1000),
    }  # fmt: skip
    return Notice(**(given | more))


async def told(here: Scene, post: str | None = None, **more: Any) -> str:
    ts = await here.surface.courier.put_up(notice(here, post, **more))
    assert ts is not None
    return ts


def kept(here: Scene, name: str, data: bytes) -> CardFile:
    """A file that the house keeps."""
    path = here.house.folder / "made"
    path.write_bytes(data)
    return CardFile("audio", name, here.house.blobs.put(path, "mp3").digest, len(data))


def only_post(here: Scene) -> Post:
    [post] = here.slack.posts(here.channel)
    return post


def names(post: Post) -> list[str]:
    return [file.name for file in post.files]


@contextmanager
def no_uploads(here: Scene) -> Iterator[None]:
    before = len(here.slack.workspace.files)
    yield
    assert len(here.slack.workspace.files) == before


# --- posted once, and kept up to date ---


def test_it_is_posted_once_and_edited_in_place(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        sign.now(
            lines=("*rain* & `/jobs`", f"ends {until(DUE)}"),
            small=(f"began {at(DUE)}",),
            deeds=(Deed("run_show", 7), Deed("run_cancel", 7)),
        )
        ts = await told(here)
        sign.now(line="12 of 12", deeds=(Deed("run_show", 7),), ended=True)
        assert await told(here, ts) == ts
        post = only_post(here)
        assert (post.text, len(post.edits)) == ("Twelve songs: 12 of 12", 1)
        first, last = post.versions
        assert buttons(post) == ["d:run_show:7:0"]
        words = shown(first.blocks)
        assert words.startswith("*Twelve songs*\n3 of 12\n∗rain∗ &amp; `/studio jobs`\nends <!date^1900000000^")
        # Everybody's own clock; and where there is none, UTC.
        assert "<!date^1900000000^{date_short_pretty} {time}|2030-03-17 17:46 UTC>" in words
        assert f"<@{here.ann.id}>" in shown(last.blocks)
        cancel = next(part for part in first.blocks[-1]["elements"] if part["action_id"] == "d:run_cancel:7:0")
        assert cancel["style"] == "danger"
        assert cancel["confirm"]["text"]["text"]

    play(tmp_path, story)


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "upload", "files.*"])
@pytest.mark.parametrize("kind", ["status", "drop_after"])
def test_it_is_there_once_whatever_happens_on_the_way(
    tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch, method: str, kind: Kind
) -> None:
    monkeypatch.setattr(runs_view, "look", lambda session, subject: None)

    async def story(here: Scene) -> None:
        sign.now(files=(kept(here, "rain.mp3", b"rain"),), ended=True)
        here.slack.faults.add(method, kind, times=2, seconds=0, error="internal_error")
        await here.house.db.awrite(
            lambda session: bulletins.put_up(
                session, key="run:7", kind="run", subject=7, topic="", surface="slack",
                channel=f"{TEAM_ID}/{here.channel.id}", now=1,
            )
        )  # fmt: skip
        for _ in range(20):
            await here.deliver()
            if await here.house.db.aread(lambda session: bulletins.settled(session, "run", 7)):
                break
            await asyncio.sleep(0.02)
        [post] = here.slack.posts(here.channel, deleted=True)
        assert names(post) == ["rain.mp3"]
        [row] = await here.house.db.aread(lambda session: bulletins.of(session, "run", 7))
        assert (row.post, row.shown) == (post.ts, row.version)

    play(tmp_path, story)


@pytest.mark.parametrize("marks", [True, False])
def test_one_that_was_not_written_down_is_found_again(tmp_path: Path, sign: Sign, marks: bool) -> None:
    """The house died after it posted; where Slack does not show us its marks, a message is known by its blocks."""

    async def story(here: Scene) -> None:
        job, song = await here.song()
        ts = await told(here)
        other = await told(here, id=2)
        for post in here.slack.posts(here.channel):
            post.metadata = post.metadata if marks else None
        await here.restart()
        sign.now(line="4 of 12")
        assert await told(here, again=True) == ts
        assert await told(here, again=True, id=2) == other
        # Nor is the song of the same number taken for it, or it for the song.
        assert job.id == 1
        parcel = Parcel("job:1:accepted", "accepted", {}, replace(job, post=None), again=True, since=job.created_at)
        assert await here.surface.courier.deliver(parcel) == song.ts
        assert len(here.slack.posts(here.channel)) == 3

    play(tmp_path, story)


def test_in_a_thread_it_stays_there(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        root = here.people.say(here.bob, here.channel, "who sings?")
        ts = await told(here, message=root.ts)
        await here.restart()
        assert await told(here, message=root.ts, again=True) == ts
        assert here.slack.posts(here.channel)[-1].thread_ts == root.ts

    play(tmp_path, story)


def test_one_that_somebody_took_down_is_left_in_peace_until_its_end(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        ts = await told(here)
        only_post(here).deleted_at = 1.0
        assert await told(here, ts) == ts
        sign.now(ended=True)
        assert await told(here, ts, owner=None) == ts
        assert here.slack.posts(here.channel) == []
        last = await told(here, ts)
        assert only_post(here).ts == last != ts
        await here.restart()
        # That was not written down either.
        assert await told(here, ts, again=True) == last
        assert only_post(here).ts == last

    play(tmp_path, story)


def test_one_that_is_withdrawn_is_taken_down_with_its_files(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        courier = here.surface.courier
        assert await courier.put_up(notice(here, withdrawn=True)) is None
        sign.now(files=(kept(here, "rain.mp3", b"rain"),))
        ts = await told(here)
        [file] = only_post(here).files
        await here.restart()
        for again in (False, True):
            assert await here.surface.courier.put_up(notice(here, ts, withdrawn=True, again=again)) is None
        assert (here.slack.posts(here.channel), file.deleted) == ([], True)

    play(tmp_path, story)


def test_a_shut_channel_is_said_to_be_one(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        here.slack.faults.add("chat.postMessage", "error", error="restricted_action")
        with pytest.raises(DeliveryFailed) as failed:
            await told(here)
        assert (failed.value.permanent, failed.value.why) == (True, "no_permission")
        there = here.surface.courier.elsewhere(notice(here))
        assert there == f"dm:{here.ann.id}"
        await told(here, channel=there)
        [post] = here.slack.posts(here.slack.workspace.direct(here.ann.id))
        assert "3 of 12" in post.text

    play(tmp_path, story)


# --- what goes with it ---


def test_files_are_sent_once_and_go_when_they_are_no_longer_shown(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        rain, sea = kept(here, "entry-1.mp3", b"rain"), kept(here, "entry-2.mp3", b"sea")
        sign.now(files=(rain, sea), sheet=("table.csv", "line,title\n1,Rain\n"))
        ts = await told(here)
        post = only_post(here)
        assert {file.name: file.data for file in post.files} == {
            "entry-1.mp3": b"rain", "entry-2.mp3": b"sea", "table.csv": b"line,title\n1,Rain\n",
        }  # fmt: skip
        for restarted in (False, True):
            if restarted:
                await here.restart()
            with no_uploads(here):
                sign.now(line=f"one more vote {restarted}")
                await told(here, ts)
            assert len(post.files) == 3
        withdrawn = post.files[0]
        with no_uploads(here):
            sign.now(files=(sea,))
            await told(here, ts)
        assert (withdrawn.deleted, names(post)) == (True, ["entry-2.mp3", "table.csv"])
        sign.now(files=(), sheet=None)
        await told(here, ts)
        assert post.files == []

    play(tmp_path, story)


def test_a_bundle_comes_as_zips_and_what_is_lost_is_said(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        rain = kept(here, "rain.mp3", b"rain" * 1000)
        songs = (("01-rain.mp3", rain.digest, rain.size), ("02-gone.mp3", LOST, 9))
        sign.now(bundle=Bundle("songs", songs, (("table.csv", "1,Rain"),)), ended=True)
        ts = await told(here)
        [file] = only_post(here).files
        assert file.name == "songs.zip"
        inside = zipfile.ZipFile(io.BytesIO(file.data or b""))
        assert {name: len(inside.read(name)) for name in inside.namelist()} == {"table.csv": 6, "01-rain.mp3": 4000}
        await here.restart()
        with no_uploads(here):
            await told(here, ts)
        assert "1 file more did not fit" in shown(only_post(here).blocks)

    play(tmp_path, story)


def test_what_slack_takes_no_files_of_is_told_all_the_same(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        here.slack.workspace.scopes -= {"files:write"}
        sign.now(files=(kept(here, "rain.mp3", b"rain"),))
        ts = await told(here)
        assert "1 of its files could not be brought here" in shown(only_post(here).blocks)
        sign.now(files=(CardFile("audio", "gone.mp3", LOST, 9),))
        await told(here, ts)
        assert "1 of its files could not be brought here" in shown(only_post(here).blocks)

    play(tmp_path, story)


# --- how much fits ---


@pytest.mark.parametrize("letter", ["x", "&", '"', "⟦"])
def test_what_is_of_the_worst_length_stays_within_the_limits(tmp_path: Path, sign: Sign, letter: str) -> None:
    many = tuple(Deed("vote", 7, number, letter * 200) for number in range(150))

    async def story(here: Scene) -> None:
        sign.now(
            line=letter * 3000,
            lines=tuple(letter * 200 for _ in range(100)),
            small=(letter * 5000,) * 9,
            deeds=tuple(Deed("entry_show", number, label=letter * 200) for number in range(30)),
            prompt=letter * 500,
            choices=(*many, *many),
        )
        await told(here)
        blocks = only_post(here).blocks
        menus = [part for block in blocks for part in block.get("elements", ()) if part["type"] == "static_select"]
        options = [option["value"] for menu in menus for option in menu["options"]]
        assert options == [f"d:vote:7:{number}" for number in range(len(options))]
        assert f"{150 - len(options)} more did not fit" in shown(blocks)

    play(tmp_path, story)


def test_two_hundred_choices_of_ordinary_length_are_two_menus(tmp_path: Path, sign: Sign) -> None:
    async def story(here: Scene) -> None:
        sign.now(choices=tuple(Deed("theme", 7, number, "rain") for number in range(110)), prompt="Choose")
        await told(here)
        [menu, more] = only_post(here).blocks[-1]["elements"]
        assert (len(menu["options"]), len(more["options"])) == (100, 10)
        assert menu["placeholder"]["text"] == "Choose"

    play(tmp_path, story)


def test_no_moment_is_cut_in_the_middle() -> None:
    text = mrkdwn(f"<b> ends {at(DUE)}, begins {at(DUE)}")
    for most in range(5, len(text) + 1):
        short = fitted(text, most)
        assert len(short) <= most
        assert short.count("<") == short.count(">") == short.count("UTC")
    for most in range(70, 90):
        assert all(piece.count("<") == piece.count(">") for piece in pieces(text, most))
        assert "".join(pieces(text, most)) == text


# --- what is pressed ---


@dataclass
class Pressed:
    """Answers what is pressed with `answer`, and remembers it."""

    answer: Answer | Form | None = None
    seen: list[tuple[str, str, int, int]] = field(default_factory=list)

    def listen(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        for name in names:
            monkeypatch.setitem(DOERS, name, self._doer(name))

    def _doer(self, name: str) -> Callable[[Counter, Asked, int, int], Awaitable[Answer | Form]]:
        async def do(counter: Counter, asked: Asked, on: int, which: int) -> Answer | Form:
            del counter
            self.seen.append((asked.who.name or "", name, on, which))
            assert self.answer is not None
            return self.answer

        return do


def test_what_is_pressed_and_chosen_is_done_after_a_restart_too(
    tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Pressed()
    desk.listen(monkeypatch, "ballot", "vote")

    async def story(here: Scene) -> None:
        sign.now(deeds=(Deed("ballot", 7),), choices=(Deed("vote", 7, 3, "Rain"), Deed("vote", 7, 4, "Sea")))
        await told(here)
        await here.restart()
        desk.answer = Answer(
            f"Until {at(DUE)}", deeds=(Deed("status", 7),), prompt="Your vote", choices=(Deed("vote", 7, 5, "Train"),)
        )
        asked = await here.people.press(here.bob, only_post(here), "d:ballot:7:0")
        assert "Until <!date^1900000000^" in await here.reply(asked)
        whisper = await here.whisper(here.bob)
        desk.answer = Answer("You voted.")
        for message, value in ((whisper, "d:vote:7:5"), (only_post(here), "d:vote:7:4")):
            chosen = await here.people.press(here.bob, message, "d:menu:0", value=value)
            assert await here.reply(chosen) == "You voted."
            await here.people.again(chosen)
            await here.rest()
        assert desk.seen == [("bob", "ballot", 7, 0), ("bob", "vote", 7, 5), ("bob", "vote", 7, 4)]
        # What stood in the channel stays as it is.
        assert only_post(here).edits == []

    play(tmp_path, story)


def test_a_button_of_another_version_says_so(tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(here: Scene) -> None:
        sign.now(deeds=(Deed("status", 7, label="How it stands"),))
        await told(here)
        with monkeypatch.context() as later:
            later.delitem(DEEDS, "status")
            asked = await here.people.press(here.bob, only_post(here), "d:status:7:0")
            assert "no longer in use" in await here.reply(asked)

    play(tmp_path, story)


def test_a_form_opens_from_a_button(tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Pressed()
    desk.listen(monkeypatch, "entry_reject")

    async def story(here: Scene) -> None:
        sign.now(deeds=(Deed("entry_reject", 9),))
        await told(here)
        desk.answer = blank(here.surface._handlers._desk.commands["song"])
        view = await here.form(await here.people.press(here.bob, only_post(here), "d:entry_reject:9:0"))
        assert field_of(view, "caption") == ""

    play(tmp_path, story)


def test_a_sheet_is_read_in_a_modal_and_its_buttons_stay_below(
    tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Pressed(
        Answer("7 rows can't be read.", file=Attached("problems.txt", "line 3"), deeds=(Deed("run_start", 7),))
    )
    desk.listen(monkeypatch, "run_show")

    async def story(here: Scene) -> None:
        sign.now(deeds=(Deed("run_show", 7),))
        await told(here)
        asked = await here.people.press(here.ann, only_post(here), "d:run_show:7:0")
        assert "line 3" in shown((await here.form(asked)).blocks)
        words = await here.reply(asked)
        assert ("7 rows" in words, "line 3" in words) == (True, False)
        assert buttons(await here.whisper(here.ann)) == ["d:run_start:7:0"]

    play(tmp_path, story)


@pytest.mark.parametrize("trouble", [False, True])
def test_a_bundle_is_handed_over_to_whoever_asked_alone(
    tmp_path: Path, sign: Sign, monkeypatch: pytest.MonkeyPatch, trouble: bool
) -> None:
    desk = Pressed()
    desk.listen(monkeypatch, "status")

    async def story(here: Scene) -> None:
        song = kept(here, "rain.mp3", b"rain")
        desk.answer = Answer("All of it.", bundle=Bundle("mydata", (("rain.mp3", song.digest, song.size),)))
        sign.now(deeds=(Deed("status", 0),))
        await told(here)
        if trouble:
            here.slack.faults.add("files.completeUploadExternal", "error", error="storage_limit_reached")
        asked = await here.people.press(here.ann, only_post(here), "d:status:0:0")
        await here.rest()
        said = [shown(reply.blocks) for reply in asked.replies]
        assert said[0] == "All of it.\nThe files come to you in a message from me."
        mine = here.slack.posts(here.slack.workspace.direct(here.ann.id))
        if trouble:
            assert "could not be brought here" in said[1]
            assert mine == []
        else:
            assert [names(post) for post in mine] == [["mydata.zip"]]
            assert zipfile.ZipFile(io.BytesIO(mine[0].files[0].data or b"")).namelist() == ["rain.mp3"]
        assert {file.shared_in[0][0] for file in here.slack.workspace.files.values() if file.shared_in} <= {
            post.channel for post in mine
        }

    play(tmp_path, story)


# --- when we are wanted no longer ---


@pytest.mark.parametrize("over", ["socket", "http"])
def test_a_workspace_that_removes_us_is_noted_and_one_that_has_us_again_is_not(tmp_path: Path, over: str) -> None:
    async def story(here: Scene) -> None:
        async def gone() -> bool:
            await here.rest()
            return await here.house.db.aread(lambda session: departed.is_gone(session, f"slack:{TEAM_ID}"))

        heard = await here.people.event({"type": "tokens_revoked", "tokens": {"oauth": [here.ann.id], "bot": []}})
        assert (await heard.ack).status == 200
        assert not await gone()
        heard = await here.people.event({"type": "app_uninstalled"})
        await heard.ack
        assert await gone()
        await here.restart()
        assert not await gone()
        heard = await here.people.event({"type": "tokens_revoked", "tokens": {"bot": [here.slack.workspace.bot.id]}})
        await heard.ack
        assert await gone()

    play(tmp_path, story, over=over)


def test_the_address_for_events_answers_when_slack_asks_whether_it_is_ours(tmp_path: Path) -> None:
    async def story(here: Scene) -> None:
        asked = Interaction("events_api", {"type": "url_verification", "token": "t", "challenge": "7"}, None, None)
        await here.people._transport.send(asked)
        assert (await asked.ack).payload == {"challenge": "7"}

    play(tmp_path, story, over="http")


def test_a_number_that_no_row_can_have_is_no_button_of_ours() -> None:
    assert pressed({"action_id": f"d:run_show:{'9' * 30}:0"}) is None
    assert pressed({"action_id": "d:run_show:9:0"}) == Deed("run_show", 9)
