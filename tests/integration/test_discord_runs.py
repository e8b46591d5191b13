"""A batch in Discord, from the list to the files: one message that everybody sees, and what is private beside it."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path

from bot.replies import reply
from tests.integration.discord_room import Room, answer, labels, room_in, song_house
from workflows.runs.feed import Feeder

ROWS = r"/song slow blues duration:30\n/song crash duration:30\n/song rock duration:900"


def test_a_batch_from_the_list_to_the_files(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        offered = await room.ann.slash(room.channel, "batch", rows=ROWS)
        assert "`duration` is 900" in answer(offered)
        assert offered.response is not None
        assert room.posts() == []
        await room.restart()
        begun = await room.ann.click(offered.response.message, label=labels(offered.response.message)[0])
        assert "2 songs" in answer(begun)
        again = await room.ann.click(offered.response.message, label=labels(offered.response.message)[0])
        assert answer(again) != answer(begun)
        await room.deliver()
        (post,) = room.posts()
        assert reply("deed_run_cancel") in labels(post)
        feeder = Feeder(room.house.db, room.house.rules)
        while await feeder.feed():
            await room.house.work()
        await feeder.drain(5)
        # Progress has its pace; the end has not.
        await room.deliver()
        (ended,) = room.posts()
        assert ended.id == post.id
        assert reply("deed_run_retry") in labels(ended)
        files = {file.filename: await file.read() for file in ended.attachments}
        (table,) = (name for name in files if name.endswith(".csv"))
        (packed,) = (name for name in files if name.endswith(".zip"))
        assert "slow blues" in files[table].decode()
        (song,) = (name for name in zipfile.ZipFile(io.BytesIO(files[packed])).namelist() if name.endswith(".mp3"))
        assert song.startswith("01-")
        assert f"<@{room.ann.id}>" in str(ended.embeds[0].description)

    async def run() -> None:
        house = song_house(tmp_path)
        async with room_in(house) as room:
            await story(room)
        house.db.close()

    asyncio.run(asyncio.wait_for(run(), 60))
