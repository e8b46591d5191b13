"""Buttons about what is no song, whatever chat they were pressed in: done once, answered once."""

from __future__ import annotations

import asyncio

import pytest
from discord import ui

from bot.answers import Answer
from bot.deeds import DEEDS, Deed
from bot.forms import Form, blank
from bot.on_discord import deeds as discord_deeds
from bot.on_slack import deeds as slack_deeds
from bot.on_slack.parts import ROOMS
from bot.replies import reply
from bot.telling import DOERS, Asked, Counter
from tests.integration.house import House
from tests.integration.test_desk import ANN, HERE, Room
from workflows.people import now_ms
from workflows.refusal import Refusal
from workflows.repeated import only_once


@pytest.fixture
def room(house: House) -> Room:
    return Room(house)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    done: list[tuple[int, int]] = []

    async def change(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
        await counter.db.awrite(lambda session: only_once(session, asked.request, now_ms()))
        done.append((on, which))
        counter.nudge()
        return Answer("done")

    async def show(counter: Counter, asked: Asked, on: int, which: int) -> Answer:
        if on == 13:
            raise Refusal("not_yours", field="job", value=on, owner="ben")
        return Answer(f"number {on}")

    async def opened(counter: Counter, asked: Asked, on: int, which: int) -> Form:
        form = blank(counter.commands["song"])
        assert isinstance(form, Form)
        return form

    for name, doer in {"vote": change, "status": show, "entry_reject": opened}.items():
        monkeypatch.setitem(DOERS, name, doer)
    return done


def did(room: Room, name: str, on: int, which: int = 0, request: str = "r") -> Answer | Form | None:
    return asyncio.run(room.desk.did(ANN, HERE, name, on, which, request))


def test_what_changes_something_is_done_once_however_often_the_press_arrives(
    room: Room, done: list[tuple[int, int]]
) -> None:
    assert did(room, "vote", 3, 7) == Answer("done")
    assert did(room, "vote", 3, 7) is None
    assert (done, room.woken) == ([(3, 7)], 1)


def test_what_shows_something_is_answered_once_and_so_is_a_refusal(room: Room, done: list[tuple[int, int]]) -> None:
    assert did(room, "status", 3, request="first") == Answer("number 3")
    assert did(room, "status", 3, request="first") is None
    refused = did(room, "status", 13, request="second")
    assert isinstance(refused, Answer)
    assert "Only ben can do that" in refused.text
    assert did(room, "status", 13, request="second") is None


def test_a_form_opens_as_often_as_it_is_asked_for(room: Room, done: list[tuple[int, int]]) -> None:
    for _ in range(2):
        assert isinstance(did(room, "entry_reject", 5), Form)


@pytest.mark.parametrize("name", ["of_another_version", "results"])
def test_a_button_of_another_version_is_explained(room: Room, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(DOERS, "results", raising=False)
    told = did(room, name, 1)
    assert isinstance(told, Answer)
    assert "no longer in use" in told.text


def test_every_button_and_choice_is_in_both_chats_under_the_same_name() -> None:
    offered, choices = [Deed(name, 3, 7) for name in DEEDS], [Deed("vote", 3, entry, f"#{entry}") for entry in (1, 2)]

    async def in_discord() -> tuple[list[str], list[str]]:
        view = ui.View(timeout=None)
        assert discord_deeds.hung(view, "en", deeds=offered, prompt="Vote", choices=choices) == 0
        buttons = [item.item.label or "" for item in view.children if isinstance(item, discord_deeds.DeedButton)]
        menus = [item.item for item in view.children if isinstance(item, discord_deeds.Menu)]
        return buttons, [option.label for menu in menus for option in menu.options]

    def in_slack() -> tuple[list[str], list[str]]:
        blocks = [block.to_dict() for block in slack_deeds.rows(offered, "Vote", choices, ROOMS[0], "en")]
        parts = [part for block in blocks for part in block["elements"]]
        buttons = [part["text"]["text"] for part in parts if part["type"] == "button"]
        return buttons, [option["text"]["text"] for part in parts for option in part.get("options", ())]

    assert asyncio.run(in_discord()) == in_slack() == ([reply(f"deed_{name}") for name in DEEDS], ["#1", "#2"])


def test_every_button_there_is_does_something() -> None:
    assert set(DOERS) == set(DEEDS)
