"""What people do with a finished song from its message: edit it, and read its words."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from bot.actions import ACTIONS, offered
from bot.answers import Answer
from bot.forms import MORE, Form
from storage.tables import Track
from tests.fakes.pool import EditingPool
from tests.integration.house import House, rules
from tests.integration.test_desk import ANN, BEN, ELSEWHERE, HERE, Room

SUNG = r'/song caption:"slow blues" duration:30 lyrics:"[verse]\nOh well\nOh my"'


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    house = House(tmp_path, rules=rules(capabilities=EditingPool.capabilities), pool=EditingPool())
    yield Room(house)
    house.db.close()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def made(room: Room, text: str = SUNG) -> None:
    assert "taken" in await room.told(text)
    await room.house.work()


async def opened(room: Room, name: str) -> dict[str, str]:
    """What stands in the form behind a button of #1."""
    form = await room.desk.opened(ANN, HERE, ACTIONS[name], 1)
    assert isinstance(form, Form)
    return {field.name: field.value for field in form.fields}


def test_edit_shows_what_can_be_changed_and_each_way_opens_its_form(room: Room) -> None:
    async def story() -> None:
        await made(room)
        names = [action.name for action in offered(await room.house.job(1), room.house.rules.capabilities)]
        assert names == ["variations", "redo", "extend", "edit", "stems", "lrc", "delete"]
        answer = await room.desk.pressed(BEN, HERE, ACTIONS["edit"], 1, room.request())
        assert answer is not None
        assert answer.text.splitlines()[:2] == [
            "What is to change in A Title?",
            "Retake: the same song once more, a little or a lot different",
        ]
        assert [(action.name, job) for action, job in answer.buttons] == [
            ("retake", 1), ("repaint", 1), ("remix", 1), ("words", 1),
        ]  # fmt: skip
        assert await opened(room, "retake") == {"original_job_id": "1", "retake_variance": "", MORE: ""}
        assert (await opened(room, "repaint"))["source_job_id"] == "1"
        assert (await opened(room, "remix"))["edit_target_lyrics"] == ""
        # Who wants other words begins with those that are sung.
        words = await opened(room, "words")
        assert words["edit_target_lyrics"] == "[verse]\nOh well\nOh my"
        assert words[MORE] == "edit_type:only_lyrics"
        words["edit_target_lyrics"] = "[verse]\nOh no\nOh my"
        taken = await room.desk.filled(BEN, HERE, "edit", words, room.request(), parent=1)
        assert taken is not None
        assert taken.text == "#2 taken, first in line, 5 credits"
        job = await room.house.job(2)
        assert (job.parent_id, job.user, job.spec["edit_type"]) == (1, "ben", "only_lyrics")

    run(story())


def test_a_song_of_several_takes_asks_which(room: Room) -> None:
    async def story() -> None:
        await made(room, SUNG + " batch_size:2")
        form = await opened(room, "extend")
        assert form[MORE] == "source_take:1"
        answers = {**form, "caption": "a fade", MORE: "source_take:2"}
        await room.desk.filled(ANN, HERE, "extend", answers, room.request(), parent=1)
        await room.house.work()
        source = room.house.pool.orders[-1].source
        assert source is not None
        assert (source.take, source.duration) == (2, 30)
        assert (await room.house.job(2)).duration == 60

    run(story())


def test_a_song_whose_score_was_not_kept_offers_no_edits(room: Room) -> None:
    async def story() -> None:
        await made(room, '/song caption:"no score" duration:30')
        names = [action.name for action in offered(await room.house.job(1), room.house.rules.capabilities)]
        assert names == ["variations", "redo", "stems", "delete"]
        # An old button says why.
        assert "The notes of #1 are not kept" in await room.press("edit", 1)

    run(story())


def test_variations_of_an_edit_start_from_the_same_song(room: Room) -> None:
    async def story() -> None:
        await made(room)
        await made(room, "/retake 1 retake_variance:0.2 retake_seeds:5 display_name:Again")
        assert "10 credits" in await room.press("variations", 2)
        job = await room.house.job(3)
        assert (job.task, job.parent_id, job.takes, job.duration) == ("retake", 1, 2, 30)
        # Nothing that would have no effect, or make the same take again.
        settled = {"task", "original_job_id", "retake_variance", "display_name", "batch_size"}
        plain: dict[str, Any] = {"duration": -1, "bpm": None, "keyscale": None, "seed": -1, "retake_seeds": []}
        assert {name: job.spec[name] for name in plain} == plain
        assert {name: job.spec[name] for name in settled} == {
            "task": "retake", "original_job_id": 1, "retake_variance": 0.2, "display_name": "Again", "batch_size": 2,
        }  # fmt: skip

    run(story())


def test_variations_of_a_loop_are_as_long_and_leave_its_tempo_to_its_length(room: Room) -> None:
    async def story() -> None:
        await made(room, '/sample caption:"dusty drum break" tempo:90')
        await room.press("variations", 1)
        first, second = await room.house.job(1), await room.house.job(2)
        assert (second.duration, second.takes, second.spec["tempo"]) == (first.duration, 2, 90)
        # Another tempo beside it would be without effect, and a hit that is given one would be a loop.
        assert second.spec["bpm"] is None

    run(story())


def test_the_words_of_a_song_are_told_at_once_and_cost_nothing(room: Room) -> None:
    async def story() -> None:
        await made(room, SUNG + " batch_size:2")
        before = await room.balance()
        answer = await room.say("/lrc 1", BEN)
        assert isinstance(answer, Answer)
        assert answer.text == "The lyrics of A Title, with their times"
        assert answer.file is not None
        assert (answer.file.name, answer.file.text) == ("a-title.lrc", "[00:01.00]Take 1\n")
        assert await room.desk.pressed(BEN, HERE, ACTIONS["lrc"], 1, room.request()) == answer
        other = await room.say("/lrc 1 source_take:2 display_name:Duet")
        assert isinstance(other, Answer)
        assert other.file is not None
        assert (other.file.name, other.file.text) == ("duet.lrc", "[ti:Duet]\n[00:01.00]Take 2\n")
        assert await room.balance() == before
        form = await room.say("/lrc")
        assert isinstance(form, Form)
        # No job was made of it.
        assert [job.id for job in await room.desk.suggested(ANN, "")] == [1]

    run(story())


def test_words_under_another_name_have_it_in_the_file_too(room: Room) -> None:
    async def story() -> None:
        await made(room)
        [track] = (await room.house.job(1)).tracks

        def titled(session: Session) -> None:
            row = session.get_one(Track, track.id)
            row.lrc = "[ti:A Title]\n[length:00:30.00]\n[00:01.00]Oh well\n"
            session.add(row)

        await room.house.db.awrite(titled)
        answer = await room.say('/lrc 1 display_name:"My song"')
        assert isinstance(answer, Answer)
        assert answer.text.startswith("The lyrics of My song")
        assert answer.file is not None
        assert answer.file.text == "[ti:My song]\n[length:00:30.00]\n[00:01.00]Oh well\n"

    run(story())


def test_stems_of_a_sung_song_say_where_its_words_are(room: Room) -> None:
    async def story() -> None:
        await made(room)
        await made(room, "/stems 1")
        assert await room.told("/lrc 2") == (
            "#2 has only stems, and no lyrics with times. Those of its song: `/lrc 1`."
        )

    run(story())


def test_words_that_are_not_there_are_refused(room: Room) -> None:
    async def story() -> None:
        await made(room)
        await made(room, "/song blues duration:30")
        await room.told("/song wait duration:30")
        assert await room.told("/lrc 2") == "Nobody sings in #2, so it has no lyrics."
        assert "#3 is not finished yet" in await room.told("/lrc 3")
        assert "There is no job #1" in await room.told("/lrc 1", BEN, ELSEWHERE)
        assert "`job_id` is x" in await room.told("/lrc x")
        assert "no take 2" in await room.told("/lrc 1 source_take:2")
        assert "is missing" in await room.told("/lrc source_take:2")

    run(story())
