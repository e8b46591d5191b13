"""Every surface has every command, every option and every button, and means the same by them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.actions import ACTIONS
from bot.commands import Command, catalogue
from bot.on_discord import buttons
from bot.on_discord.commands import ADVANCED, app_command, options_typed
from bot.on_slack.blocks import Blocks, action_of
from bot.on_slack.handlers import _command_text
from bot.on_slack.manifest import manifest
from bot.on_terminal.cli import BUTTONS
from bot.syntax import parse_command, parse_options
from tests.unit.test_card import DONE, shown
from tests.unit.test_replies import MESSAGES

COMMANDS = catalogue()
EACH = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
ALL_BUTTONS = replace(shown(DONE), buttons=tuple(ACTIONS.values()))


@EACH
def test_discord_has_every_option_typed_or_in_one_line(command: Command) -> None:
    there = {parameter.name for parameter in app_command(command).parameters}
    for option in command.options:
        if option.everyday:
            assert option.name in there
        else:
            assert ADVANCED in there
            values, more = options_typed(command, {ADVANCED: f"{option.name}:{quoted(option.sample)}"})
            assert values == {}
            assert parse_options(command, more, {}) == {option.name: option.sample}


@EACH
def test_slack_has_every_command_with_every_option_as_text(command: Command) -> None:
    commands = {entry["command"] for entry in manifest(COMMANDS, url=None)["features"]["slash_commands"]}
    name, verb = (f"/{command.name}", "") if f"/{command.name}" in commands else ("/studio", f"{command.name} ")
    assert name in commands
    for option in command.options:
        text = f"{verb}{option.name}:{quoted(option.sample)}"
        read = parse_command(_command_text({"command": name, "text": text}), COMMANDS)
        assert (read.command, read.values) == (command, {option.name: option.sample})


@EACH
def test_the_terminal_reads_the_same_text(command: Command) -> None:
    for option in command.options:
        read = parse_command(f"/{command.name} {option.name}:{quoted(option.sample)}", COMMANDS)
        assert (read.command, read.values) == (command, {option.name: option.sample})


def quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def test_every_button_is_on_every_surface_under_the_same_name() -> None:
    async def on_discord() -> list[tuple[str, str]]:
        view = buttons.of_card(ALL_BUTTONS, "en")
        assert view is not None
        rows: list[Any] = [item for item in view.children if isinstance(item, buttons.Button)]
        return [(item.item.label or "", item.press.does) for item in rows]

    def on_slack() -> list[tuple[str, str]]:
        blocks = [block.to_dict() for block in Blocks(COMMANDS).card(ALL_BUTTONS, None)]
        shown = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
        return [(element["text"]["text"], action_of(element["action_id"])) for element in shown]

    found = asyncio.run(on_discord())
    assert found == on_slack()
    assert [name for _, name in found] == list(ACTIONS)
    assert tuple(ACTIONS) == BUTTONS


def test_every_button_has_its_words() -> None:
    needed = {f"button_{name}" for name in ACTIONS}
    for action in ACTIONS.values():
        needed |= {f"choose_{action.name}"} if action.leads_to else set()
        needed |= {f"choice_{way}" for way in action.leads_to}
        needed |= {f"confirm_{action.name}"} if action.confirm else set()
    assert needed <= MESSAGES.keys()


def test_a_button_means_the_same_job_on_both_chats() -> None:
    async def on_discord() -> set[int | None]:
        view = buttons.of_card(ALL_BUTTONS, "en")
        assert isinstance(view, discord.ui.View)
        return {item.press.job for item in view.children if isinstance(item, buttons.Button)}

    blocks = [block.to_dict() for block in Blocks(COMMANDS).card(ALL_BUTTONS, None)]
    on_slack = {int(e["value"]) for block in blocks if block["type"] == "actions" for e in block["elements"]}
    assert asyncio.run(on_discord()) == on_slack == {DONE.id}
