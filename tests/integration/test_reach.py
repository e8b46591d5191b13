"""What stays where it was made: nobody elsewhere sees a song, starts from it, or learns that there is one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.actions import ACTIONS
from bot.answers import Answer
from bot.commands import Command, catalogue
from bot.desk import Desk
from bot.forms import Form
from engine.spec import MODELS
from tests.fakes.pool import ScriptedPool
from tests.integration.house import House, rules
from workflows import control
from workflows.people import ReplyTo, Requester
from workflows.source import NUMBERS

T = TypeVar("T")

# On server 1, and in charge of it.
ANN = Requester("discord", "1", "ann", server="discord:1")
EVE = Requester("discord", "2", "eve", server="discord:2")
HERE = ReplyTo("discord", "1/10")
ELSEWHERE = {
    "another server": ReplyTo("discord", "2/20"),
    "another channel of the server": ReplyTo("discord", "1/11"),
    "their own messages": ReplyTo("discord", "@me/30"),
    "another chat": ReplyTo("slack", "1/10"),
}
COMMANDS = catalogue()
ABLE = ScriptedPool.capabilities.model_copy(update={"tasks": tuple(MODELS)})
# Those in charge look after songs by their numbers, wherever they are: told apart by `admin`.
NAMING = [
    pytest.param(command, option.name, id=f"{command.name}-{option.name}")
    for command in COMMANDS.values()
    if not command.admin
    for option in command.options
    if option.name in NUMBERS
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a house with song number 1 in a channel of server 1, and number 2 in a conversation with Ann."""
    home = tmp_path_factory.mktemp("home")
    house = House(home, rules=rules(capabilities=ABLE))

    async def songs() -> None:
        desk = Desk(house.db, house.rules, lambda: None)
        for number, where in enumerate((HERE, ReplyTo("discord", "@me/10"))):
            await desk.typed(ANN, where, "/song blues duration:30", f"song {number}")
        await house.work()

    asyncio.run(songs())
    house.db.close()
    return home


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[Desk]:
    """In front of a house like that, of the test's own."""
    house = House(Path(shutil.copytree(home, tmp_path / "home")), rules=rules(capabilities=ABLE))
    yield Desk(house.db, house.rules, lambda: None)
    house.db.close()


def run(story: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(story)


def refusal(answer: Answer | Form | None) -> str:
    assert isinstance(answer, Answer)
    return answer.text


def test_the_commands_that_name_a_song_are_found() -> None:
    named = {str(case.values[1]) for case in NAMING}
    assert named == set(NUMBERS)
    assert len(NAMING) >= 10


@pytest.mark.parametrize(("command", "option"), NAMING)
def test_no_command_tells_of_a_song_elsewhere(desk: Desk, command: Command, option: str) -> None:
    async def story() -> None:
        sample = {each.name: each.sample for each in command.options}
        needed = {each.name: each.sample for each in command.options if each.required}
        needed |= {name: sample[name] for name in ("caption", "edit_target_prompt", "why") if name in sample}
        asked = 0
        for where in ELSEWHERE.values():
            said = []
            # Two that are there, and one that is not.
            for job in (1, 2, 77):
                asked += 1
                values = {**needed, option: str(job)}
                answer = await desk.asked(EVE, where, command, values, f"request {asked}")
                said.append(refusal(answer).replace(f"#{job}", "#N"))
            assert said[0] == said[1] == said[2]
            assert said[0].startswith("There is no job #N.")
        assert len(await control.recent(desk._db, 9)) == 2

    run(story())


@pytest.mark.parametrize("name", ACTIONS)
def test_no_button_works_elsewhere_whatever_number_is_in_it(desk: Desk, name: str) -> None:
    async def story() -> None:
        action = ACTIONS[name]
        for number, where in enumerate(ELSEWHERE.values()):
            for job in (1, 2, 77):
                pressed = await desk.pressed(EVE, where, action, job, f"press {number} {job}")
                opened = await desk.opened(EVE, where, action, job) if action.effect == "opens" else pressed
                hindered = await desk.hindered(EVE, where, action, job)
                for answer in (pressed, opened, hindered):
                    assert refusal(answer).startswith(f"There is no job #{job}."), name
        assert not (await control.show(desk._db, 1)).deleted

    run(story())


def test_nothing_of_others_is_listed_suggested_or_brought_back(desk: Desk) -> None:
    async def story() -> None:
        assert await desk.suggested(EVE, "1") == []
        assert "No songs yet" in refusal(await desk.typed(EVE, HERE, "/jobs", "list"))
        refused = await desk.typed(ANN, HERE, "/song secret words bpm:9000", "bad")
        assert isinstance(refused, Answer)
        assert refused.draft is not None
        assert "secret" not in refusal(await desk.reopened(EVE, refused.draft))

    run(story())


def test_a_form_with_a_made_up_number_of_a_parent_tells_nothing(desk: Desk) -> None:
    async def story() -> None:
        said = []
        for parent in (1, 77):
            texts = {"caption": "mine", "duration": "30"}
            answer = await desk.filled(EVE, ELSEWHERE["another server"], "song", texts, f"form {parent}", parent=parent)
            said.append(refusal(answer).partition(" ")[2])
        assert said[0].replace("second", "first") == said[1].replace("second", "first")
        for job in await control.recent(desk._db, 2, EVE):
            assert (job.user, job.parent_id) == ("eve", None)
        # Where the parent is seen, it is kept.
        await desk.filled(EVE, HERE, "song", {"caption": "mine", "duration": "30"}, "form here", parent=1)
        assert (await control.recent(desk._db, 1))[0].parent_id == 1

    run(story())


def test_its_owner_uses_a_song_from_anywhere_and_others_where_it_was_posted(desk: Desk) -> None:
    async def story() -> None:
        for number, where in enumerate(ELSEWHERE.values()):
            answer = await desk.typed(ANN, where, "/cover bossa source_job_id:2", f"own {number}")
            assert "taken" in refusal(answer)
        answer = await desk.typed(EVE, HERE, "/cover bossa source_job_id:1", "seen")
        assert "taken" in refusal(answer)
        # What is somebody else's says so only where it may be seen.
        assert "Only ann can do that" in refusal(await desk.pressed(EVE, HERE, ACTIONS["delete"], 1, "delete"))

    run(story())
