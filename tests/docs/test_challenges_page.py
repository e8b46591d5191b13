"""What the page about song challenges shows is typed here, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.commands import catalogue
from bot.syntax import parse_command
from engine.spec import parse_as
from storage.database import Database
from tests.integration.challenge_house import ADA, ANN, BEN, BOSS, Fair, at, told
from workflows.asks import ASKS
from workflows.asks.challenges import MODELS, ChallengeCreate

PAGE = (Path(__file__).parents[2] / "docs" / "challenges.md").read_text(encoding="utf-8")
TYPED: list[str] = re.findall(r"^/challenge .*$", PAGE, re.MULTILINE)
CREATED = [command for command in TYPED if command.startswith("/challenge create")]


@pytest.mark.parametrize("command", TYPED)
def test_what_the_page_types_is_taken(command: str) -> None:
    parsed = parse_command(command, catalogue())
    parse_as(ASKS[parsed.command.task], parsed.values)


def test_the_page_has_every_command_and_every_option() -> None:
    verbs = {model.model_fields["task"].default for model in MODELS}
    assert {" ".join(command.lstrip("/").split()[:2]) for command in TYPED} == verbs
    options = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))))
    assert options | {"theme_vote"} == ChallengeCreate.model_fields.keys() - {"task"}


def test_a_challenge_goes_as_the_page_says(sqlite: Database) -> None:
    """Each command in its turn, the numbers being those of this story."""
    fair = Fair(sqlite)
    numbered = {"12": "1", "challenge vote 4": "challenge vote 1", "here 3": "here 1"}

    def typed(verb: str) -> str:
        command = next(one for one in TYPED if one.startswith(f"/challenge {verb}"))
        for there, here in numbered.items():
            command = command.replace(there, here)
        return command

    async def story() -> None:
        with at("2026-11-20 18:00"):
            assert "Challenge 1 is here" in await fair.say(ADA, CREATED[0])
            assert "held here, too" in await fair.say(BOSS, typed("here"))
            assert await fair.song(ANN, "Steam") == 1
            for verb, said in (("enter", "is entered"), ("status", "You entered #1"), ("withdraw", "taken out")):
                assert said in await fair.say(ANN, typed(verb)), verb
            await fair.say(ANN, typed("enter"))
            assert "No entry of challenge 1 waits" in await fair.say(ADA, "/challenge review")
        with at("2026-11-23 18:00"):
            await fair.tick()
            assert "You vote for 1" in await fair.say(BEN, typed("vote"))
        with at("2026-11-25 18:00"):
            await fair.tick()
            assert "Steam by ann won with 1 vote and gets 500 credits" in await fair.say(BEN, typed("results"))
            assert "again and again" in await fair.say(ADA, CREATED[1])
        with at("2026-11-27 17:00"):
            await fair.tick()
            assert fair.now("enter", 2).title == "Song challenge: rain"
            assert "No further round" in await fair.say(ADA, typed("cancel"))
            await fair.say(ADA, CREATED[2])
            await fair.tick()
            themes = [deed.label for deed in fair.now("theme", 3).choices]
            assert themes == ["1 · rain", "2 · the sea", "3 · a train at night"]

    told(story())
