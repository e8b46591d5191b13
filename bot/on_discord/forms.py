"""Forms as Discord's modals. What was sent is read from the interaction: a form outlives the process that opened it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.forms import Field, Form

# How long discord.py remembers that it showed a modal; ours need no memory.
_FORGOTTEN_S = 900.0
_CUSTOM_ID = re.compile(r"form:(?P<command>[\w-]+):(?P<parent>\d+)")
_ROW, _TEXT, _LABEL = 1, 4, 18


@dataclass(frozen=True)
class Sent:
    """A filled-in form: its command, the job it started from, and the text of each field."""

    command: str
    parent: int | None
    answers: dict[str, str | None]


def modal(form: Form) -> ui.Modal:
    """`form` to fill in."""
    shown = ui.Modal(title=form.title, timeout=_FORGOTTEN_S, custom_id=f"form:{form.command}:{form.parent or 0}")
    for field in form.fields:
        shown.add_item(ui.Label(text=field.label, component=_input(field)))
    return shown


def sent(interaction: discord.Interaction[Any]) -> Sent | None:
    """What somebody sent, if it is a form of ours."""
    data: Mapping[str, Any] = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id")))
    if match is None:
        return None
    answers = {text["custom_id"]: text.get("value") for text in _texts(data.get("components") or ())}
    return Sent(match["command"], int(match["parent"]) or None, answers)


def _input(field: Field) -> ui.TextInput[Any]:
    return ui.TextInput(
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.long else discord.TextStyle.short,
        placeholder=field.hint,
        default=field.value or None,
        required=field.required,
        max_length=field.max_length,
    )


def _texts(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        if component["type"] == _LABEL:
            yield from _texts([component["component"]])
        elif component["type"] == _ROW:
            yield from _texts(component["components"])
        elif component["type"] == _TEXT:
            yield component
