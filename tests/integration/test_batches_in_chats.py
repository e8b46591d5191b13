"""A batch in both chats, from the list that somebody types to the ZIP in the one message."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

from tests.integration.discord_room import Room, answer, labels, room_in, song_house
from tests.integration.house import House
from tests.integration.slack_house import Scene, buttons, scene, shown
from workflows.deliver import deliver_due
from workflows.runs.feed import Feeder

LIST = "/song slow blues duration:30\\n/song broken\\n/song x bpm:9\\n/song ska duration:30"
MADE = {"01-a-title.mp3", "01-a-title.lrc", "03-a-title.mp3", "03-a-title.lrc", "table.csv"}


async def made(house: House) -> None:
    """Everything that can be made is."""
    feeder = Feeder(house.db, house.rules)
    while await feeder.feed():
        await house.work()


def test_in_discord(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        offered = await room.ann.slash(room.channel, "batch", rows=LIST)
        assert "3 songs, 50 credits" in answer(offered)
        assert "line 3: `bpm` is 9, must be 30 to 300 BPM." in answer(offered)
        assert offered.response is not None
        assert offered.response.message is not None
        assert labels(offered.response.message) == ["Start the other 3", "Never mind"]
        await room.ann.click(offered.response.message, label="Start the other 3")
        boards = {"discord": room.courier}
        while await deliver_due(room.house.db, boards, boards):
            pass
        [message] = room.posts()
        assert "0 of 3" in str(message.embeds[0].description)
        assert labels(message) == ["Cancel the rest"]
        await made(room.house)
        while await deliver_due(room.house.db, boards, boards):
            pass
        [message] = room.posts()
        said = str(message.embeds[0].description)
        assert "done: 2 songs, 10 credits · 1 failed, not charged" in said
        assert "line 2:" in said
        assert "line 3:" in said
        assert labels(message) == ["Show all"]
        everything = await room.ann.click(message, label="Show all")
        assert "row,command" not in answer(everything), "a table is to keep, not to read in a message"
        assert everything.response is not None
        assert everything.response.message is not None
        assert [file.filename for file in everything.response.message.attachments] == ["table.csv"]
        files = {file.filename: await file.read() for file in message.attachments}
        assert set(files) == {"batch.zip", "table.csv"}
        with zipfile.ZipFile(io.BytesIO(files["batch.zip"])) as archive:
            assert {*archive.namelist()} == MADE

    async def run() -> None:
        house = song_house(tmp_path)
        try:
            async with room_in(house) as room:
                await story(room)
        finally:
            house.db.close()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_in_slack(tmp_path: Path) -> None:
    async def story() -> None:
        async with scene(tmp_path) as here:
            await told(here)
            here.clean()

    async def told(here: Scene) -> None:
        form = await here.form(await here.people.slash(here.ann, here.channel, "/studio", "batch"))
        await here.people.submit_view(here.ann, form, {"rows": LIST.replace("\\n", "\n")})
        offer = await here.whisper(here.ann)
        assert "3 songs, 50 credits" in shown(offer.blocks).replace("*", "")
        begun = await here.people.press(here.ann, offer, "d:run_start:1:0")
        assert "Started: 3 songs" in await here.reply(begun)
        await made(here.house)
        await here.deliver()
        [post] = here.slack.posts(here.channel)
        assert "done: 2 songs, 10 credits" in shown(post.blocks)
        assert buttons(post) == ["d:run_show:1:0"]
        assert {file.name for file in post.files} == {"batch.zip", "table.csv"}
        [packed] = [file for file in post.files if file.name == "batch.zip"]
        assert packed.data is not None
        with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
            assert {"01-a-title.mp3", "03-a-title.mp3", "table.csv"} <= {*archive.namelist()}

    asyncio.run(story())
