"""Every command where Discord shows it: alone, in a group of those that begin with the same word, or in a menu."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import discord
from discord import app_commands

from bot.commands import Command, next_words, verbs
from bot.on_discord.commands import AppCommand, app_command
from bot.replies import reply
from bot.shortcuts import SHORTCUTS

log = logging.getLogger(__name__)

# What Discord takes: characters of a command with everything in it, commands of a group.
CHARACTERS, VERBS = 8000, 25


def tree(client: discord.Client, commands: Mapping[str, Command]) -> app_commands.CommandTree[Any]:
    """Every command of the catalogue, for servers and for conversations with the bot."""
    grown: app_commands.CommandTree[Any] = app_commands.CommandTree(
        client,
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
    for top in _tops(commands):
        grown.add_command(top)
    for name in SHORTCUTS:
        grown.add_command(_shortcut(commands[name]))

    @grown.error
    async def unfit(interaction: discord.Interaction[Any], error: app_commands.AppCommandError) -> None:
        await interaction.client.reception.unfit(interaction, error)

    return grown


def _tops(commands: Mapping[str, Command]) -> Iterator[AppCommand | app_commands.Group]:
    for word in next_words(commands.values()):
        within = verbs(commands, word)
        made = _group(word, _fitted(within)) if within else app_command(commands[word])
        if all(command.admin for command in within or (commands[word],)):
            # Who is in charge is known in servers alone. Others don't see it; a server's settings may show it to more.
            # A group that is for others too shows all that is in it: what is not for them refuses them.
            made.default_permissions = discord.Permissions(manage_guild=True)
            made.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
        yield made


def _group(name: str, made: Mapping[str, AppCommand]) -> app_commands.Group:
    """What begins with the words of `name`, and in it a group of its own for what begins with one word more."""
    words = _words_behind(name, made)
    group = app_commands.Group(name=name.split()[-1], description=", ".join(words)[:100])
    for word in words:
        whole = f"{name} {word}"
        below = {other: command for other, command in made.items() if other.startswith(f"{whole} ")}
        group.add_command(_group(whole, below) if below else made[whole])
    return group


def _words_behind(name: str, names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(other.split()[len(name.split())] for other in names))


def _fitted(within: tuple[Command, ...]) -> dict[str, AppCommand]:
    """The commands of a group by their names; those with the most options are brief where it would be too long."""
    there = {command.name: command for command in within}
    for group in {command.name.rpartition(" ")[0] for command in within}:
        below = [other for other in there if other.startswith(f"{group} ")]
        if late := _words_behind(group, below)[VERBS:]:
            log.warning("Discord takes %d commands behind /%s; not there: %s", VERBS, group, ", ".join(late))
            there = {other: command for other, command in there.items() if other.removeprefix(f"{group} ") not in late}
    made = {other: app_command(command) for other, command in there.items()}
    # The groups themselves have names and descriptions too.
    most = CHARACTERS - 2 * (32 + 100)
    for longest in sorted(made, key=lambda other: _size(made[other]), reverse=True):
        if sum(map(_size, made.values())) <= most:
            break
        made[longest] = app_command(there[longest], brief=True)
    return made


def _size(command: AppCommand) -> int:
    """How many characters Discord counts for it."""
    own = len(command.name) + len(command.description)
    for option in command.parameters:
        own += len(option.name) + len(str(option.description))
        own += sum(len(choice.name) + len(str(choice.value)) for choice in option.choices)
    return own


def _shortcut(command: Command) -> app_commands.ContextMenu:
    """The command for a message that has sound in it."""

    async def chosen(interaction: discord.Interaction[Any], message: discord.Message) -> None:
        # The library knows no client but its own.
        client: Any = interaction.client
        await client.reception.chosen(interaction, command, message)

    return app_commands.ContextMenu(name=reply(f"shortcut_{command.name}"), callback=chosen)
