"""Every surface has every command, every option and every button, and means the same by them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.actions import ACTIONS
from bot.answers import help_answer
from bot.commands import Command, catalogue, verbs
from bot.compose import read_rules
from bot.forms import Written, blank, form, written
from bot.on_discord import buttons
from bot.on_discord.commands import ADVANCED, AppCommand, options_typed
from bot.on_discord.forms import FIELDS, modal, sent
from bot.on_discord.tree import tree
from bot.on_slack.blocks import Blocks, action_of, shortcut_of
from bot.on_slack.forms import modal as slack_modal
from bot.on_slack.handlers import _command_text
from bot.on_slack.manifest import manifest
from bot.on_terminal.cli import BUTTONS, _parser
from bot.on_terminal.lines import spoken
from bot.shortcuts import SHORTCUTS
from bot.syntax import parse_command, parse_options
from config.settings import Settings
from tests.fakes.pool import ScriptedPool
from tests.fakes.recipes import Serenade
from tests.unit.test_card import DONE, shown
from tests.unit.test_replies import MESSAGES
from workflows.people import ReplyTo, Requester
from workflows.refusal import Refusal
from workflows.roles import Role, Roles

COMMANDS = catalogue(recipes=[Serenade, *read_rules(Settings())[0].recipes.values()])
ROLES = Roles(roles={"admin": Role(in_charge=True)})
EACH = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
TREE = tree(discord.Client(intents=discord.Intents.none()), COMMANDS)
ALL_BUTTONS = replace(shown(DONE), buttons=tuple(ACTIONS.values()))


def on_discord(name: str) -> AppCommand:
    """The command as Discord is told of it: alone, or in the group of those that begin with the same words."""
    [found] = [command for command in TREE.walk_commands() if command.qualified_name == name]
    assert isinstance(found, discord.app_commands.Command)
    return found


def test_discord_has_every_command_and_no_more() -> None:
    there = [c.qualified_name for c in TREE.walk_commands() if isinstance(c, discord.app_commands.Command)]
    assert sorted(there) == sorted(COMMANDS)


@EACH
def test_discord_has_every_option_typed_or_in_one_line(command: Command) -> None:
    there = {parameter.name for parameter in on_discord(command.name).parameters}
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
        read = parse_command(_command_text({"command": name, "text": text}, COMMANDS), COMMANDS)
        assert (read.command, read.values) == (command, {option.name: option.sample})


@EACH
def test_who_is_named_is_chosen_in_both_chats_and_reads_as_it_is_typed(command: Command) -> None:
    for option in command.options:
        if option.kind != "person":
            continue
        typed = next(there for there in on_discord(command.name).parameters if there.name == option.name)
        assert typed.type is discord.AppCommandOptionType.user
        mentioned = "<@U0ANN|Ann Lee>"
        body = {"command": "/studio", "text": f"{command.name} {option.name}:{mentioned}"}
        assert parse_command(_command_text(body, COMMANDS), COMMANDS).values == {option.name: mentioned}


@EACH
def test_what_is_for_those_in_charge_is_shown_to_them_alone(command: Command) -> None:
    word = command.name.split()[0]
    # Discord shows a group to everybody or to those in charge: where some of it is for all, the rest refuses them.
    hidden = all(other.admin for other in (*verbs(COMMANDS, word), *filter(None, [COMMANDS.get(word)])))
    made = TREE.get_command(word)
    assert isinstance(made, discord.app_commands.Command | discord.app_commands.Group)
    needed = made.default_permissions
    assert (needed is not None and needed.manage_guild) is hidden
    # In private Discord does not say who somebody is: there nobody is in charge.
    assert (made.allowed_contexts is not None and not made.allowed_contexts.dm_channel) is hidden
    slash = manifest(COMMANDS, url=None)["features"]["slash_commands"]
    hinted = {name for entry in slash for name in (*entry["usage_hint"].split(" | "), entry["command"].lstrip("/"))}
    assert (word in hinted) is not hidden
    for roles in ((), ("Admin",)):
        who = Requester("slack", "T1:U1", "ann", roles=roles)
        # Those of a group share a line, and are told one by one where that is asked for.
        shown = f"`/{command.name}`" if command.name == word else f"`/{word}`"
        assert (shown in told(who, "")) is (bool(roles) or not hidden)
        above = " ".join(command.name.split()[:-1])
        if above:
            assert (f"`/{command.name}`" in told(who, above)) is (bool(roles) or not command.admin)
        if roles or not command.admin:
            assert command.example in told(who, command.name)
        else:
            with pytest.raises(Refusal, match="admins_only"):
                told(who, command.name)


def told(who: Requester, about: str) -> str:
    return help_answer(COMMANDS, about, ScriptedPool.capabilities, who, ROLES).text


@EACH
def test_a_form_asks_for_the_same_in_both_chats(command: Command) -> None:
    if not command.form:
        return
    shown = blank(command)
    modal_ = modal(shown).to_dict()
    in_modal = [(row["component"]["custom_id"], row["component"]["type"] == 5) for row in modal_["components"]]
    slack = slack_modal(shown, ReplyTo("slack", "T1/C1"), "en").to_dict()
    on_slack = [(block["block_id"], block["element"]["type"] == "users_select") for block in slack["blocks"]]
    people = {option.name for option in command.options if option.kind == "person"}
    assert on_slack == [(field.name, field.name in people) for field in shown.fields]
    if len(shown.fields) > FIELDS:
        # Discord's forms are short; a file has a place of its own there, beside the command.
        on_slack = [(name, chosen) for name, chosen in on_slack if name != command.upload]
        assert command.upload in {parameter.name for parameter in on_discord(command.name).parameters}
    assert in_modal == on_slack


@EACH
def test_what_it_starts_from_comes_as_a_link_or_a_file_and_sound_as_a_number_too(command: Command) -> None:
    if command.link is None:
        return
    line = command.song or command.link
    assert line in [field.name for field in blank(command).fields]
    link = "https://example.com/a%20song.mp3?take=2"
    for text, upload, read in (
        (link, None, {command.link: link}),
        ("", link, {command.link: link}),
        *((("12", None, {line: "12"}), ("12", link, {line: "12", command.link: link})) if command.song else ()),
    ):
        assert written(command, {line: text, str(command.upload): upload}) == read
    with pytest.raises(Refusal, match="sources_disagree"):
        written(command, {line: link, str(command.upload): link})
    # A form that comes back has the link where it was written.
    again = form(Written(command.name, {command.link: link}), COMMANDS)
    assert again is not None
    assert [field.value for field in again.fields if field.value] == [link]


@EACH
def test_a_form_says_in_both_chats_whose_it_is(command: Command) -> None:
    if not command.form:
        return
    shown = replace(blank(command), parent=7)
    opened = modal(shown)
    # All that Discord hands back of a form; the rest was read from the same interaction.
    data: Any = SimpleNamespace(data={"custom_id": opened.custom_id, "components": []})
    back = sent(data)
    assert back is not None
    assert (back.command, back.parent) == (command.name, 7)
    assert len(opened.title) <= 45
    view = slack_modal(shown, ReplyTo("slack", "T1/C1"), "en").to_dict()
    assert json.loads(view["private_metadata"])["command"] == command.name
    # Slack's own model refuses a longer title.
    assert view["title"]["text"].removeprefix("/studio ").lstrip("/") == command.name


@EACH
def test_the_terminal_reads_the_same_text(command: Command) -> None:
    for option in command.options:
        read = parse_command(f"/{command.name} {option.name}:{quoted(option.sample)}", COMMANDS)
        assert (read.command, read.values) == (command, {option.name: option.sample})


@EACH
def test_each_surface_tells_of_a_command_as_it_is_typed_there(command: Command) -> None:
    slash = {entry["command"] for entry in manifest(COMMANDS, url=None)["features"]["slash_commands"]}
    there = f"/{command.name}" if f"/{command.name}" in slash else f"/studio {command.name}"
    assert Blocks(COMMANDS).spoken(f"Try `/{command.name} x:1`.") == f"Try `{there} x:1`."
    words = spoken(f"`/{command.name}`").strip("`")
    if words != f"/{command.name}":
        minstrel, verb, *_ = words.split()
        assert minstrel == "minstrel"
        assert verb in _parser().format_help()


def test_the_terminal_has_its_own_words_for_some() -> None:
    assert spoken("`/recipe run serenade 12` or `/queue resume`") == (
        "`minstrel recipe run serenade 12` or `minstrel queue resume`"
    )
    assert spoken("`/recipe schedule` `/reviews` `/challenge review 12`") == (
        "`/recipe schedule` `/reviews` `/challenge review 12`"
    )


def test_the_menu_of_messages_has_the_same_in_both_chats() -> None:
    menu = [command.name for command in TREE.get_commands(type=discord.AppCommandType.message)]
    shortcuts = manifest(COMMANDS, url=None)["features"]["shortcuts"]
    assert (
        menu == [entry["name"] for entry in shortcuts] == [MESSAGES[f"shortcut_{name}"]["text"] for name in SHORTCUTS]
    )
    assert [shortcut_of(entry["callback_id"]) for entry in shortcuts] == list(SHORTCUTS)
    # What Slack takes.
    assert all(len(entry["name"]) <= 24 and len(entry["description"]) <= 150 for entry in shortcuts)


def quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


def test_every_button_is_on_every_surface_under_the_same_name() -> None:
    async def in_discord() -> list[tuple[str, str]]:
        view = buttons.of_card(ALL_BUTTONS, "en")
        assert view is not None
        rows: list[Any] = [item for item in view.children if isinstance(item, buttons.Button)]
        return [(item.item.label or "", item.press.does) for item in rows]

    def on_slack() -> list[tuple[str, str]]:
        blocks = [block.to_dict() for block in Blocks(COMMANDS).card(ALL_BUTTONS, None)]
        shown = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
        return [(element["text"]["text"], action_of(element["action_id"])) for element in shown]

    found = asyncio.run(in_discord())
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
    async def in_discord() -> set[int | None]:
        view = buttons.of_card(ALL_BUTTONS, "en")
        assert isinstance(view, discord.ui.View)
        return {item.press.job for item in view.children if isinstance(item, buttons.Button)}

    blocks = [block.to_dict() for block in Blocks(COMMANDS).card(ALL_BUTTONS, None)]
    on_slack = {int(e["value"]) for block in blocks if block["type"] == "actions" for e in block["elements"]}
    assert asyncio.run(in_discord()) == on_slack == {DONE.id}
