"""Bulletins on their way: posted once, edited in place, and told to their owner where a channel is shut."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.on_terminal.courier import PLACED, FolderCourier
from bot.placard import Bundle
from storage import bulletins, users
from storage.bulletins import EDIT_MS
from tests.fakes.bulletins import Board, Script, bump, put_up, scripted
from tests.fakes.clock import at
from tests.integration.house import ANN, House
from workflows import deliver
from workflows.bulletins import Notice
from workflows.deliver import Deliveries, Parcel, deliver_due
from workflows.people import ReplyTo, now_ms
from workflows.runs.view import RunView
from workflows.submit import submit
from workflows.view import JobView


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    monkeypatch.setattr(deliver, "FIRST_WAIT_MS", 0)
    return scripted(monkeypatch)


async def shown(house: House, board: Board) -> None:
    while await deliver_due(house.db, {}, {"chat": board}):
        pass


def test_one_message_is_posted_and_then_edited(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board()
        put_up(house.db)
        await shown(house, board)
        assert board.shows == {"c": [[1, "1 of 3"]]}
        script.say(line="2 of 3")
        bump(house.db)
        await shown(house, board)
        assert board.shows == {"c": [[1, "2 of 3"]]}
        assert [notice.post for notice in board.told] == [None, "c:1"]
        assert await deliver_due(house.db, {}, {"chat": board}) == 0

    asyncio.run(story())


def test_a_crash_between_a_post_and_its_record_shows_nothing_twice(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board(crashes=2)
        put_up(house.db)
        await shown(house, board)
        assert [notice.again for notice in board.told] == [False, True, True]
        assert board.shows == {"c": [[1, "1 of 3"]]}

    asyncio.run(story())


def test_what_changes_while_a_message_is_on_its_way_is_one_edit_more(house: House, script: Script) -> None:
    """Twenty changes while the chat takes its time."""
    arrived = asyncio.Event()

    class Slow(Board):
        async def put_up(self, notice: Notice) -> str | None:
            posted = await super().put_up(notice)
            if len(self.told) == 1:
                await arrived.wait()
            return posted

    async def story() -> None:
        board = Slow()
        put_up(house.db)
        deliveries = Deliveries(house.db, {}, {"chat": board})
        await deliveries.dispatch()
        while not board.told:
            await asyncio.sleep(0.01)
        for number in range(20):
            script.say(line=f"{number} of 20")
            bump(house.db)
        assert await deliveries.dispatch() == 0
        arrived.set()
        await deliveries.drain(5)
        await shown(house, board)
        assert len(board.told) == 2
        assert board.shows == {"c": [[1, "19 of 20"]]}

    asyncio.run(story())


def test_progress_is_shown_every_few_seconds_without_anybody_asking(house: House, script: Script) -> None:
    """The next look is set when an edit ends: no change waits for the clock's own turn."""

    async def story() -> None:
        board, looked = Board(), asyncio.Event()
        put_up(house.db)
        deliveries = Deliveries(house.db, {}, {"chat": board})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulletins, "EDIT_MS", 30)
            await deliveries.dispatch()
            await deliveries.drain(5)
            bump(house.db, at_once=False)
            deliveries.on_end = looked.set
            await asyncio.wait_for(looked.wait(), 5)
            await shown(house, board)
        assert len(board.told) == 2

    asyncio.run(story())


def test_changes_that_follow_each_other_closely_wait_for_their_turn(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board()
        with at("2026-11-21 12:00:00"):
            put_up(house.db)
            await shown(house, board)
            for _ in range(5):
                bump(house.db, at_once=False)
            await shown(house, board)
            assert len(board.told) == 1
        with at(f"2026-11-21 12:00:{EDIT_MS // 1000:02}"):
            await shown(house, board)
            assert len(board.told) == 2

    asyncio.run(story())


def test_where_the_channel_is_shut_its_owner_is_told_and_nobody_else(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board(other="dm:ann", shut=("c",))
        ann = house.db.write(lambda s: users.ensure(s, surface="chat", external_id="ann", name="ann", now=1))
        put_up(house.db, key="a", user_id=ann.id)
        put_up(house.db, key="b", kind="challenge")
        await shown(house, board)
        assert board.shows == {"dm:ann": [[1, "1 of 3"]]}
        (moved,) = (notice for notice in board.told if notice.channel == "dm:ann")
        assert (moved.moved, moved.owner) == ("channel_gone", "ann")
        assert house.db.read(lambda s: bulletins.settled(s, "challenge", 1))
        (dead,) = house.db.read(lambda s: bulletins.of(s, "challenge", 1))
        assert dead.error == "gone"

    asyncio.run(story())


def test_one_that_cannot_be_read_holds_up_no_other(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board()
        script.unreadable.add(1)
        put_up(house.db)
        put_up(house.db, key="run:2", subject=2, channel="d")
        await deliver_due(house.db, {}, {"chat": board})
        assert board.shows == {"d": [[2, "1 of 3"]]}
        script.unreadable.clear()
        await shown(house, board)
        assert board.shows["c"] == [[1, "1 of 3"]]

    asyncio.run(story())


def test_what_is_withdrawn_is_taken_down_without_a_look_at_what_is_gone(house: House, script: Script) -> None:
    async def story() -> None:
        board = Board()
        put_up(house.db)
        await shown(house, board)
        script.looked.clear()
        house.db.write(lambda s: bulletins.withdraw(s, "run", 1, now_ms()))
        await shown(house, board)
        assert (board.shows, script.looked) == ({"c": []}, [])

    asyncio.run(story())


def test_a_bulletin_and_a_song_of_one_channel_do_not_wait_for_each_other(house: House, script: Script) -> None:
    stuck = asyncio.Event()

    class Hanging(Board):
        async def put_up(self, notice: Notice) -> str | None:
            await stuck.wait()
            return await super().put_up(notice)

    posted: list[str] = []

    class Notebook:
        surface = "chat"

        async def deliver(self, parcel: Parcel) -> str | None:
            posted.append(parcel.topic)
            return None

        def elsewhere(self, job: JobView) -> str | None:
            return None

    async def story() -> None:
        board = Hanging()
        deliveries = Deliveries(house.db, {"chat": Notebook()}, {"chat": board})
        put_up(house.db)
        assert await deliveries.dispatch() == 1
        await submit(house.db, house.rules, ANN, ReplyTo("chat", "c"), "text2music", {"caption": "x", "duration": 30})
        assert await deliveries.dispatch() == 1
        while not posted:
            await asyncio.sleep(0.01)
        assert board.shows == {}
        stuck.set()
        await deliveries.drain(5)
        assert board.shows == {"c": [[1, "1 of 3"]]}

    asyncio.run(story())


# --- the terminal, whose channel is a folder ---


def run_view(**changes: Any) -> RunView:
    given: dict[str, Any] = {
        "id": 1, "kind": "batch", "name": "My Songs", "status": "RUNNING", "user_id": 1, "user": "ann", "owner": "ann",
        "surface": "terminal", "channel": "", "price": 10, "inputs": {}, "problems": (), "steps": (),
        "cancelling": False, "held_up": None, "due_at": 0, "created_at": 0, "finished_at": None, "eta_s": None,
    }  # fmt: skip
    return RunView(**{**given, **changes})


class Folder:
    """A run whose files come and go, delivered to the terminal."""

    def __init__(self, house: House, script: Script, channel: str = "") -> None:
        self.house, self.script, self.run = house, script, run_view(channel=channel)
        self.songs = house.folder / "songs"
        self.courier = FolderCourier(house.blobs.path, self.songs, house.rules)
        script.look = lambda session, subject: self.run  # type: ignore[method-assign]
        put_up(house.db, surface="terminal", channel=channel)

    def keep(self, *names: str) -> Bundle:
        files = []
        for name in names:
            source = self.house.folder / "made"
            source.write_text(name)
            files.append((name, self.house.blobs.put(source, name.rpartition(".")[2]).digest, len(name)))
        return Bundle("songs", tuple(files))

    def delivered(self) -> list[str]:
        bump(self.house.db)
        asyncio.run(deliver_due(self.house.db, {}, {"terminal": self.courier}))
        return sorted(str(file.relative_to(self.songs)) for file in self.songs.rglob("*") if file.is_file())


def test_the_files_of_a_run_lie_in_a_folder_once_it_has_ended(house: House, script: Script) -> None:
    folder = Folder(house, script)
    script.say(bundle=folder.keep("01-rain.mp3", "01-rain-stems/drums.mp3"), sheet=("table.csv", "line,song\n"))
    assert folder.delivered() == []
    script.say(ended=True)
    there = folder.delivered()
    assert there == [
        f"run-1-my-songs/{name}" for name in (PLACED, "01-rain-stems/drums.mp3", "01-rain.mp3", "table.csv")
    ]
    assert (folder.songs / "run-1-my-songs" / "01-rain.mp3").read_text() == "01-rain.mp3"
    assert folder.delivered() == there


def test_what_is_gone_from_a_run_goes_from_its_folder_and_what_is_theirs_stays(house: House, script: Script) -> None:
    folder = Folder(house, script)
    own = folder.songs / "run-1-my-songs"
    script.say(bundle=folder.keep("01-rain.mp3", "02-sun.mp3", "01-rain-stems/drums.mp3"), ended=True)
    folder.delivered()
    (own / "notes.txt").write_text("mine")
    (own / "02-sun.mp3").write_text("cut by hand")
    script.say(bundle=folder.keep("03-moon.mp3"))
    folder.delivered()
    assert sorted(file.name for file in own.iterdir()) == [PLACED, "02-sun.mp3", "03-moon.mp3", "notes.txt"]
    assert list(json.loads((own / PLACED).read_text())) == ["03-moon.mp3"]
    house.db.write(lambda s: bulletins.withdraw(s, "run", 1, now_ms()))
    assert folder.delivered() == []
    assert not own.exists()


def test_a_folder_that_somebody_named_is_theirs(house: House, script: Script, tmp_path: Path) -> None:
    named = tmp_path / "out"
    folder = Folder(house, script, str(named))
    script.say(bundle=folder.keep("01-rain.mp3"), ended=True)
    assert folder.delivered() == []
    script.say(bundle=None)
    folder.delivered()
    house.db.write(lambda s: bulletins.withdraw(s, "run", 1, now_ms()))
    folder.delivered()
    assert [file.name for file in named.iterdir()] == ["01-rain.mp3"]
