"""A command of the catalogue as Discord's: typed options with their ranges, completion, everything rare in one more."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.commands import Command, Option
from bot.on_discord.completion import completion
from bot.syntax import format_option
from workflows.named import mention

ADVANCED = "advanced"
ADVANCED_HELP, BRIEF_HELP = "Everything else, as name:value", "What it asks for, as name:value"
# What Discord takes: options of a command, characters of one of its texts, whole numbers, choices of an option.
OPTIONS, CHARACTERS, LARGEST, CHOICES = 25, 6000, 2**53 - 1, 25

# For the type checker it is `Annotated`; at run time it makes what Discord is told of an option.
_Range: Any = app_commands.Range

AppCommand = app_commands.Command[Any, ..., None]


def app_command(command: Command, *, brief: bool = False) -> AppCommand:
    """One command, by the last word of its name. Nothing in it is required: typed alone it opens its form.

    `brief`: with no option but the one that takes all others.
    """

    async def typed(interaction: discord.Interaction[Any], **given: Any) -> None:
        values, more = options_typed(command, given)
        await interaction.client.reception.typed(interaction, command, values, more)

    shown = _shown(command, brief)
    parameters = [inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_ONLY)]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, (kind, _) in shown.items()
    ]
    # discord.py reads what to tell Discord from a signature; ours is written by the catalogue.
    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app_commands.describe(**{name: words[:100] for name, (_, words) in shown.items()})(typed)
    options = [option for option in command.options if option.name in shown]
    short = {option.name: _choices(option) for option in options if 0 < len(option.choices) <= CHOICES}
    app_commands.choices(**short)(typed)
    completed: dict[str, Any] = {
        option.name: completion(command, option) for option in options if option.name not in short
    }
    app_commands.autocomplete(**{name: found for name, found in completed.items() if found is not None})(typed)
    return app_commands.Command(name=command.name.split()[-1], description=command.summary[:100], callback=typed)


def options_typed(command: Command, given: Mapping[str, Any]) -> tuple[dict[str, str], str]:
    """The options as they are typed elsewhere, and further ones in one line: the rare ones, and files as links."""
    values: dict[str, str] = {}
    more = [given.get(ADVANCED) or ""]
    for option in command.options:
        value = given.get(option.name)
        if value is not None:
            values[option.name] = _typed(option, value)
        file = given.get(str(command.upload)) if option.name == command.link else None
        if file is not None:
            more.append(format_option(option.name, file.url))
    return values, " ".join(filter(None, more))


def _shown(command: Command, brief: bool) -> dict[str, tuple[Any, str]]:
    """The options that people meet, each with its kind and its help."""
    shown: dict[str, tuple[Any, str]] = {}
    if brief:
        return {ADVANCED: (_Range[str, None, CHARACTERS], BRIEF_HELP)}
    for option in command.options:
        if not option.everyday:
            continue
        shown[option.name] = (_kind(option), option.help)
        if option.name == command.link:
            shown[str(command.upload)] = (discord.Attachment, _as_file(option))
    if not all(option.everyday for option in command.options):
        shown[ADVANCED] = (_Range[str, None, CHARACTERS], ADVANCED_HELP)
    return shown


def _kind(option: Option) -> Any:
    match option.kind:
        case "flag":
            return bool
        case "whole":
            low, high = option.minimum, option.maximum
            return int if low is None or high is None else _Range[int, int(low), min(int(high), LARGEST)]
        case "number":
            low, high = option.minimum, option.maximum
            return float if low is None or high is None else _Range[float, float(low), float(high)]
        case "person":
            return discord.User
        case "text" if option.max_length:
            return _Range[str, None, min(option.max_length, CHARACTERS)]
    return str


def _as_file(option: Option) -> str:
    thing = option.help.removeprefix("Link to ").removeprefix("the ")
    return f"{thing[:1].upper()}{thing[1:]}, as a file"


def _typed(option: Option, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, discord.User | discord.Member):
        return mention(str(value.id), value.display_name)
    # An option is one line in Discord; here as everywhere `\n` begins another.
    return value.replace("\\n", "\n") if option.long else str(value)


def _choices(option: Option) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=choice[:100], value=choice) for choice in option.choices]
