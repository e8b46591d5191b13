"""What is offered while somebody types into an option."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import discord
from discord import app_commands
from pydantic_core import PydanticCustomError

from bot.commands import Command, Option
from bot.names import name_of
from engine.spec.fields import TONICS, Key
from engine.spec.languages import LANGUAGES, OWN_NAMES

MOST = 25

Offered = list[app_commands.Choice[Any]]
Completion = Callable[[discord.Interaction[Any], str], Awaitable[Offered]]


def completion(command: Command, option: Option) -> Completion | None:
    """How to complete `option`: songs of one's own, keys, or a list that is too long to show. None for free text."""
    if option.song:
        # What is reported or looked at is somebody else's.
        anybodys = command.admin or command.task == "report"
        return None if anybodys else _songs
    if option.kind == "key":
        return _keys
    if option.choices:
        return _listed({_named(choice): choice for choice in option.choices})
    return None


async def _songs(interaction: discord.Interaction[Any], typed: str) -> Offered:
    # What does not look like a number arrives as it was typed all the same.
    songs = await interaction.client.reception.suggested(interaction, str(typed))
    return [app_commands.Choice(name=f"#{job.id} {name_of(job)}"[:100], value=job.id) for job in songs[:MOST]]


async def _keys(interaction: discord.Interaction[Any], typed: str) -> Offered:
    del interaction
    names = [f"{tonic} {mode}" for mode in ("Major", "Minor") for tonic in TONICS]
    try:
        # "am" is A Minor, as everywhere.
        meant = [Key().check(typed)]
    except PydanticCustomError:
        meant = []
    return [app_commands.Choice(name=name, value=name) for name in dict.fromkeys([*meant, *_likely(names, typed)])][
        :MOST
    ]


def _listed(values: dict[str, str]) -> Completion:
    async def matching(interaction: discord.Interaction[Any], typed: str) -> Offered:
        del interaction
        return [app_commands.Choice(name=name[:100], value=values[name]) for name in _likely(values, typed)]

    return matching


def _likely(names: Iterable[str], typed: str) -> list[str]:
    """Names with `typed` in them, those that begin with it first."""
    wanted = typed.strip().casefold()
    found = [name for name in names if wanted in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().startswith(wanted))[:MOST]


def _named(choice: str) -> str:
    """A language under its names as well as its code: whoever speaks it may not know what English calls it."""
    if choice not in LANGUAGES:
        return choice
    return " · ".join(filter(None, (LANGUAGES[choice], OWN_NAMES.get(choice)))) + f" ({choice})"
