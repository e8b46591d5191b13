"""Forms as Discord's modals. What was sent is read from the interaction: a form outlives the process that opened it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.forms import Field, Form
from workflows.named import MENTION, mention

# How long discord.py remembers that it showed a modal; ours need no memory.
_FORGOTTEN_S = 900.0
# The words of a name are joined: "form:recipe.run.karaoke:0".
_CUSTOM_ID = re.compile(r"form:(?P<command>[\w.-]+):(?P<parent>\d+)")
_ROW, _TEXT, _PEOPLE, _LABEL, _FILE = 1, 4, 5, 18, 19
# What Discord takes in one form: fields, characters of its title.
FIELDS, TITLE = 5, 45


@dataclass(frozen=True)
class Sent:
    """A filled-in form: its command, the job it started from, and the text of each field."""

    command: str
    parent: int | None
    answers: dict[str, str | None]


def modal(form: Form) -> ui.Modal:
    """`form` to fill in."""
    named = form.command.replace(" ", ".")
    shown = ui.Modal(title=form.title[:TITLE], timeout=_FORGOTTEN_S, custom_id=f"form:{named}:{form.parent or 0}")
    room = len(form.fields) <= FIELDS
    for field in form.fields:
        if field.file and not room:
            # The command has a place for it.
            continue
        shown.add_item(ui.Label(text=field.label, component=_input(field)))
    return shown


def sent(interaction: discord.Interaction[Any]) -> Sent | None:
    """What somebody sent, if it is a form of ours."""
    data: Mapping[str, Any] = interaction.data or {}
    match = _CUSTOM_ID.fullmatch(str(data.get("custom_id")))
    if match is None:
        return None
    inputs = _inputs(data.get("components") or ())
    answers = {part["custom_id"]: _answer(part, data.get("resolved") or {}) for part in inputs}
    return Sent(match["command"].replace(".", " "), int(match["parent"]) or None, answers)


def _input(field: Field) -> ui.TextInput[Any] | ui.UserSelect[Any] | ui.FileUpload[Any]:
    if field.file:
        return ui.FileUpload(custom_id=field.name, required=field.required, max_values=1)
    if field.person:
        there = MENTION.fullmatch(field.value)
        chosen = [discord.Object(int(there[1]), type=discord.User)] if there and there[1].isdecimal() else []
        return ui.UserSelect(custom_id=field.name, default_values=chosen, required=field.required)
    return ui.TextInput(
        custom_id=field.name,
        style=discord.TextStyle.paragraph if field.long else discord.TextStyle.short,
        placeholder=field.hint,
        default=field.value or None,
        required=field.required,
        max_length=field.max_length,
    )


def _inputs(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        if component["type"] == _LABEL:
            yield from _inputs([component["component"]])
        elif component["type"] == _ROW:
            yield from _inputs(component["components"])
        elif component["type"] in (_TEXT, _PEOPLE, _FILE):
            yield component


def _answer(part: Mapping[str, Any], resolved: Mapping[str, Any]) -> str | None:
    """What was written, who was chosen as it is typed elsewhere, or the link to a file."""
    if part["type"] == _TEXT:
        return part.get("value")
    chosen = [str(number) for number in part.get("values") or ()]
    if not chosen:
        return None
    if part["type"] == _FILE:
        file = (resolved.get("attachments") or {}).get(chosen[0]) or {}
        return file.get("url")
    known = (resolved.get("users") or {}).get(chosen[0]) or {}
    return mention(chosen[0], known.get("global_name") or known.get("username") or chosen[0])
