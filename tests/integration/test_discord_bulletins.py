"""Bulletins in Discord: one message that is edited in place, with buttons and menus that outlive every process."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import moments
from bot.answers import Answer
from bot.card import CardFile
from bot.deeds import Deed
from bot.forms import Form, blank
from bot.on_discord import bulletins as cards
from bot.placard import Bundle, Placard
from bot.replies import reply
from bot.telling import DOERS, Asked, Counter
from storage import bulletins, users
from tests.fakes.bulletins import Script, bump, put_up, scripted
from tests.integration.discord_room import Room, answer, labels, room_in, song_house
from tests.integration.discord_wire import MESSAGE, MESSAGES, OPENAPI, Wire, playing
from workflows.bulletins import Notice
from workflows.deliver import deliver_due
from workflows.people import now_ms
from workflows.refusal import Refusal

RoomPlay = Callable[[Callable[[Room], Coroutine[Any, Any, None]]], None]
WirePlay = Callable[[Callable[[Wire], Coroutine[Any, Any, None]]], None]

DEADLINE = 1_800_000_000_000
VOTING = Placard(
    0,
    "Challenge 3: *rain*",
    "3 songs",
    lines=(f"voting ends {moments.until(DEADLINE)}", "#1 Coffee_Steam"),
    small=("prize: 500 credits",),
    deeds=(Deed("ballot", 3), Deed("status", 3)),
    prompt="Vote for a song",
    choices=tuple(Deed("vote", 3, number, f"#{number} Song *{number}*") for number in range(1, 31)),
)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = scripted(monkeypatch)
    script.says = VOTING
    return script


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int, int]]:
    """What was done: who, where, on which number, and which second one."""
    done: list[tuple[str, str, int, int]] = []

    async def vote(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
        if which == 13:
            raise Refusal("not_yours", field="job", value=which, owner="ben")
        done.append((asked.who.name, asked.where.channel.partition("/")[2], on, which))
        return Answer(f"You voted, {moments.at(DEADLINE)}.")

    async def ballot(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
        return Answer("Which one?", deeds=(Deed("withdraw", on),), prompt="Vote", choices=VOTING.choices[:3])

    async def reject(counter: Counter, asked: Asked, on: int, which: int) -> Form:
        return blank(counter.commands["report"])

    for name, doer in {"vote": vote, "run_cancel": vote, "ballot": ballot, "entry_reject": reject}.items():
        monkeypatch.setitem(DOERS, name, doer)
    return done


@pytest.fixture
def play(tmp_path: Path, script: Script) -> RoomPlay:
    """Runs a story in a room of a simulated Discord."""

    async def run(story: Callable[[Room], Coroutine[Any, Any, None]]) -> None:
        house = song_house(tmp_path)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    return lambda story: asyncio.run(asyncio.wait_for(run(story), 60))


async def shown(room: Room) -> discord.Message:
    """The one message that everybody sees, up to date."""
    await room.deliver()
    (post,) = room.posts()
    return post


async def posted(room: Room) -> discord.Message:
    channel = f"{room.env.guild.id}/{room.channel.id}"
    put_up(room.house.db, surface="discord", channel=channel, key="challenge:3", subject=3)
    return await shown(room)


def menus(message: discord.Message) -> list[discord.SelectMenu]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [item for row in rows for item in row.children if isinstance(item, discord.SelectMenu)]


def test_it_says_what_the_placard_says_and_is_edited_in_place(play: RoomPlay, script: Script) -> None:
    async def story(room: Room) -> None:
        post = await posted(room)
        (card,) = post.embeds
        assert card.title == "Challenge 3: \\*rain\\*"
        assert card.description == (
            f"3 songs\nvoting ends <t:{DEADLINE // 1000}:R>\n\\#1 Coffee\\_Steam\nprize: 500 credits"
        )
        assert post.flags.suppress_notifications
        assert labels(post) == [reply("deed_ballot"), reply("deed_status")]
        assert [len(menu.options) for menu in menus(post)] == [25, 5]
        assert menus(post)[0].placeholder == "Vote for a song"
        script.say(line="4 songs", choices=())
        bump(room.house.db, subject=3)
        again = await shown(room)
        assert again.id == post.id
        assert "4 songs" in str(again.embeds[0].description)
        assert menus(again) == []

    play(story)


def test_a_choice_and_a_button_work_after_a_restart(play: RoomPlay, done: list[Any]) -> None:
    async def story(room: Room) -> None:
        post = await posted(room)
        await room.restart()
        told = await room.ann.select(post, ["vote:3:7"], custom_id=menus(post)[0].custom_id)
        assert answer(told) == f"You voted, <t:{DEADLINE // 1000}:f>."
        assert done == [("ann", str(room.channel.id), 3, 7)]
        refused = await room.ben.select(post, ["vote:3:13"], custom_id=menus(post)[0].custom_id)
        assert "Only ben can do that" in answer(refused)
        private = await room.ben.click(post, label=reply("deed_ballot"))
        assert answer(private) == "Which one?"
        assert private.response is not None
        ballot = private.response.message
        assert labels(ballot) == [reply("deed_withdraw")]
        await room.restart()
        await room.ben.select(ballot, ["vote:3:2"], custom_id=menus(ballot)[0].custom_id)
        assert done[1:] == [("ben", str(room.channel.id), 3, 2)]

    play(story)


def test_what_can_not_be_undone_is_asked_first(play: RoomPlay, script: Script, done: list[Any]) -> None:
    async def story(room: Room) -> None:
        script.say(deeds=(Deed("run_cancel", 12), Deed("run_cancel", 12)), choices=())
        post = await posted(room)
        (cancel,) = labels(post)
        for says, count in (("Keep it", 0), (cancel, 1)):
            asked = await room.ann.click(post, label=str(cancel))
            assert asked.response is not None
            assert labels(asked.response.message) == [cancel, "Keep it"]
            await room.restart()
            await room.ann.click(asked.response.message, label=says)
            assert len(done) == count

    play(story)


def test_a_form_opens_and_a_button_of_another_version_is_explained(
    play: RoomPlay, script: Script, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(room: Room) -> None:
        script.say(deeds=(Deed("entry_reject", 5), Deed("results", 3)), choices=())
        post = await posted(room)
        reject, results = (str(label) for label in labels(post))
        assert (await room.ann.click(post, label=reject)).modal is not None
        monkeypatch.delitem(DOERS, "results", raising=False)
        assert "no longer in use" in answer(await room.ann.click(post, label=results))

    play(story)


def keep(blobs: Any, data: bytes, form: str = "mp3") -> str:
    """A file that the house has; returns its digest."""
    source = Path(blobs._root).parent / "kept"
    source.write_bytes(data)
    return str(blobs.put(source, form).digest)


def test_long_texts_are_cut_by_whole_lines_and_no_moment_is_cut_in_half() -> None:
    said = f"{'x' * 1100} {moments.until(DEADLINE)} {'y' * 200}"
    card = cards.embed(Placard(1, "t" * 400, said, lines=tuple(f"line {n} {'z' * 200}" for n in range(60))))
    assert card.title is not None
    assert card.description is not None
    assert len(card.title) == 256
    assert len(card.description) <= 4096
    for begun in range(1170, 1205):
        line = "x" * begun + moments.until(DEADLINE)
        first = str(cards.embed(Placard(1, "t", line)).description)
        assert "<" not in first.replace(f"<t:{DEADLINE // 1000}:R>", "")
    last = card.description.splitlines()[-1]
    count = int(re.match(r"(\d+) more", last)[1])  # type: ignore[index]
    assert count == 60 - sum(line.startswith("line ") for line in card.description.splitlines())


# --- on the wire ---


@pytest.fixture
def on_the_wire(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> WirePlay:
    return playing(tmp_path, monkeypatch)


async def up(wire: Wire, board: Any = None, **more: Any) -> None:
    """A bulletin in the channel, shown."""
    channel = f"{wire.guild.id}/{wire.channel.id}"
    put_up(wire.house.db, surface="discord", channel=channel, **more)
    await settle(wire, board)


async def settle(wire: Wire, board: Any = None) -> None:
    """Until every bulletin is up to date."""
    for _ in range(400):
        if wire.house.db.read(lambda s: bulletins.settled(s, "run", 1)):
            return
        await deliver_due(wire.house.db, {}, {"discord": board or wire.surface.courier})
        await asyncio.sleep(0.02)
    raise AssertionError("a bulletin could not be shown")


class Dying:
    """A board whose process dies once between a post and its record."""

    surface = "discord"

    def __init__(self, wire: Wire) -> None:
        self._wire, self.died = wire, False

    async def put_up(self, notice: Notice) -> str | None:
        receipt = await self._wire.surface.courier.put_up(notice)
        if not self.died:
            self.died = True
            await self._wire.surface.close()
            self._wire.surface = self._wire.process()
            await self._wire.surface.start()
            raise ConnectionError("killed")
        return receipt

    def elsewhere(self, notice: Notice) -> str | None:
        return None


@pytest.mark.parametrize("buttons", [True, False], ids=["by its buttons", "by its words"])
def test_a_crash_between_a_post_and_its_record_posts_nothing_twice(
    on_the_wire: WirePlay, script: Script, buttons: bool
) -> None:
    """Also where Discord has forgotten the nonce, among others that look alike."""

    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.world.nonce_s = 0.0
        if not buttons:
            script.say(deeds=(), choices=())
        dying = Dying(wire)
        await wire.discord.say(wire.ben, wire.channel, "meanwhile")
        await up(wire, dying)
        assert dying.died
        post = wire.the_post()
        script.say(line="something else now")
        bump(wire.house.db)
        await settle(wire)
        assert "something else now" in str(wire.the_post().embeds)
        assert wire.the_post() is post
        wire.house.db.write(lambda s: bulletins.withdraw(s, "run", 1, now_ms()))
        await settle(wire)
        assert wire.discord.posts(wire.channel) == []

    on_the_wire(story)


TROUBLES = [{"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "rate_limit", "seconds": 0.2}]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble["kind"])
def test_it_is_shown_once_whatever_happens_on_the_way(
    on_the_wire: WirePlay, script: Script, trouble: dict[str, Any]
) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.world.nonce_s = 0.0
        wire.discord.faults.add(**trouble, method="POST", route=MESSAGES)
        wire.discord.faults.add(**trouble, method="PATCH", route=MESSAGE)
        await up(wire)
        script.say(line="4 songs")
        bump(wire.house.db)
        await settle(wire)
        assert "4 songs" in str(wire.the_post().embeds)

    on_the_wire(story)


def test_files_come_once_and_again_only_when_they_are_others(on_the_wire: WirePlay, script: Script) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        song, other = (keep(wire.house.blobs, data) for data in (b"ID3 one", b"ID3 two"))
        file = CardFile("audio", "entry-1.mp3", song, 7)
        bundle = Bundle("songs", (("01-rain.mp3", song, 7),))
        script.say(files=(file,), sheet=("table.csv", "line,song\n"), bundle=bundle)
        await up(wire)
        post = wire.the_post()
        first = list(post.attachments)
        assert sorted(file.filename for file in first) == ["entry-1.mp3", "songs.zip", "table.csv"]
        script.say(line="4 songs")
        bump(wire.house.db)
        await settle(wire)
        assert post.attachments == first
        script.say(files=(CardFile("audio", "entry-2.mp3", other, 7),), bundle=None)
        bump(wire.house.db)
        await settle(wire)
        assert sorted(file.filename for file in post.attachments) == ["entry-2.mp3", "table.csv"]
        assert post.file("entry-2.mp3").data == b"ID3 two"

    on_the_wire(story)


def test_what_is_too_large_or_lost_is_told_and_the_rest_comes(on_the_wire: WirePlay, script: Script) -> None:
    """Discord may take less than it says."""

    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.faults.add("status", status=413, method="POST", route=MESSAGES)
        small = keep(wire.house.blobs, b"ID3")
        large = keep(wire.house.blobs, bytes(6 * 2**20))
        gone = keep(wire.house.blobs, b"gone")
        wire.house.blobs.delete(gone)
        files = [("small.mp3", small, 3), ("large.mp3", large, 6 * 2**20), ("gone.mp3", gone, 4)]
        script.say(files=tuple(CardFile("audio", *file) for file in files))
        await up(wire)
        post = wire.the_post()
        assert [file.filename for file in post.attachments] == ["small.mp3"]
        told = str(post.embeds)
        assert "1 file more did not fit" in told
        assert "1 of its files could not be brought here" in told

    on_the_wire(story)


def test_it_goes_to_whom_it_is_for_where_the_channel_is_shut(on_the_wire: WirePlay, script: Script) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        wire.channel.permissions.discard("send")
        ann = wire.house.db.write(
            lambda s: users.ensure(s, surface="discord", external_id=str(wire.ann.id), name="ann", now=1)
        )
        await up(wire, user_id=ann.id)
        assert wire.discord.posts(wire.channel) == []
        (post,) = wire.discord.posts(wire.discord.private_channel(wire.ann))
        assert "does not let me post" in str(post.embeds)
        assert f"for <@{wire.ann.id}>" in str(post.embeds)

    on_the_wire(story)


def test_one_that_somebody_deleted_stays_away_until_it_is_owed(on_the_wire: WirePlay, script: Script) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        ann = wire.house.db.write(
            lambda s: users.ensure(s, surface="discord", external_id=str(wire.ann.id), name="ann", now=1)
        )
        await up(wire, user_id=ann.id)
        await wire.discord.delete(wire.the_post())
        bump(wire.house.db)
        await settle(wire)
        assert wire.discord.posts(wire.channel) == []
        script.say(ended=True, line="all done")
        bump(wire.house.db)
        wire.discord.faults.add("drop_after", method="POST", route=MESSAGES)
        await settle(wire)
        assert "all done" in str(wire.the_post().embeds)

    on_the_wire(story)


@pytest.mark.parametrize("which", ["song", "bulletin"])
def test_a_song_and_a_bulletin_of_the_same_number_are_told_apart(on_the_wire: WirePlay, which: str) -> None:
    """We die between each one's post and its record, while the other stands there."""

    async def story(wire: Wire) -> None:
        await wire.start()
        wire.discord.world.nonce_s = 0.0
        wire.discord.faults.add("drop_after", method="POST", route=MESSAGES)
        if which == "song":
            wire.discord.faults.add("drop_after", method="POST", route=MESSAGES)
        await up(wire)
        await wire.song()
        await wire.deliver()
        bulletin, song = wire.discord.posts(wire.channel)
        assert "Challenge 3" in str(bulletin.embeds)
        assert "first in line" in song.content

    on_the_wire(story)


def test_a_private_answer_brings_a_bundle_in_parts_that_fit(
    on_the_wire: WirePlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        kept = [keep(wire.house.blobs, bytes([number]) * 4 * 2**20) for number in range(3)]
        huge = keep(wire.house.blobs, b"x" * 11 * 2**20)
        files = tuple((f"song-{number}.mp3", digest, 4 * 2**20) for number, digest in enumerate(kept))

        async def export(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
            bundle = Bundle("my-data", (*files, ("huge.flac", huge, 11 * 2**20)), (("data.json", "{}"),))
            return Answer("Here you are.", bundle=bundle)

        monkeypatch.setitem(DOERS, "status", export)
        await up(wire)
        told = await wire.told(await wire.discord.click(wire.ann, wire.the_post(), "d:status:3:0:1"))
        assert told.content.startswith("Here you are.\n1 file more did not fit")
        parts = [told.file(f"my-data-{number}-of-2.zip").data for number in (1, 2)]
        names = [zipfile.ZipFile(io.BytesIO(part)).namelist() for part in parts]
        assert names == [["data.json", "song-0.mp3", "song-1.mp3"], ["song-2.mp3"]]

    on_the_wire(story)


@pytest.mark.skipif(OPENAPI is None, reason="MINSTREL_DISCORD_OPENAPI names no description of Discord's API")
def test_discord_understands_every_part_of_it(on_the_wire: WirePlay, script: Script, done: list[Any]) -> None:
    async def story(wire: Wire) -> None:
        await wire.start()
        script.say(deeds=(Deed("run_cancel", 1), *VOTING.deeds), sheet=("table.csv", "line,song\n"))
        await up(wire)
        post = wire.the_post()
        assert (
            "You voted" in (await wire.told(await wire.discord.click(wire.ben, post, "menu:1:0", ["vote:3:7"]))).content
        )
        assert "Which" in (await wire.told(await wire.discord.click(wire.ben, post, "d:ballot:3:0:1"))).content
        question = await wire.told(await wire.discord.click(wire.ben, post, "d:run_cancel:1:0:1"))
        await (await wire.discord.click(wire.ben, question, "d:run_cancel:1:0:1:sure")).answer()
        await wire.discord.until(lambda: "voted" in question.content)

    on_the_wire(story)
