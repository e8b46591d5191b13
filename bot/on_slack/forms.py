"""A form as a modal, and what comes back when somebody sends it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import InputBlock, PlainTextInputElement, UserSelectElement
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from bot.answers import refusal_words
from bot.commands import Command
from bot.forms import LONGEST, Field, Form
from bot.on_slack.blocks import titled
from bot.on_slack.mrkdwn import plain, typed
from bot.replies import reply
from workflows.named import MENTION
from workflows.people import ReplyTo
from workflows.refusal import Refusal

FORM = "m:form"
_TEXT, _PERSON, _FILE = "text", "person", "file"


@dataclass(frozen=True)
class Sent:
    """A form that somebody filled in and sent. `where` is where it was opened."""

    command: str
    answers: Mapping[str, str | None]
    parent: int | None
    where: ReplyTo
    request: str


def modal(form: Form, where: ReplyTo, locale: str, *, files: bool = True) -> View:
    """The form, with everything in it that its answer needs: nothing about it is kept here.

    Without `files` it asks for none: Slack opens none that do where the app may not read them.
    """
    kept = {"command": form.command, "parent": form.parent, "channel": where.channel, "thread": where.message}
    return View(
        type="modal",
        callback_id=FORM,
        title=titled(form.command),
        submit=reply("button_send", locale, ask=None if form.music else True)[:24],
        blocks=[_input(field) for field in form.fields if files or not field.file],
        private_metadata=json.dumps(kept),
    )


def sent(view: Mapping[str, Any]) -> Sent:
    """What came back with the submission of `view`."""
    kept = json.loads(view["private_metadata"])
    values = view["state"]["values"]
    return Sent(
        command=kept["command"],
        answers={name: _answer(inside) for name, inside in values.items()},
        parent=kept["parent"],
        where=ReplyTo("slack", kept["channel"], kept["thread"]),
        request=f"slack:{view['id']}:{view['hash']}",
    )


def corrections(refusal: Refusal, command: Command, fields: Sequence[str], locale: str) -> dict[str, str]:
    """A refusal under that of the form's `fields` which it is about, else under the last one."""
    # One line takes the number of a song, or a link.
    about = command.song if refusal.field == command.sound and command.song else refusal.field
    name = about if about in fields else fields[-1]
    return {str(name): plain(refusal_words(refusal, locale)).replace("`", "")}


def _answer(inside: Mapping[str, Any]) -> str | None:
    """What was written, who was chosen as it is typed elsewhere, or the link to a file."""
    if files := (inside.get(_FILE) or {}).get("files"):
        return str(files[0].get("url_private") or "") or None
    person = (inside.get(_PERSON) or {}).get("selected_user")
    if person is not None:
        return f"<@{person}>"
    text = (inside.get(_TEXT) or {}).get("value")
    return None if text is None else typed(text)


def _input(field: Field) -> InputBlock:
    return InputBlock(
        block_id=field.name,
        label=field.label or field.name,
        hint=None if field.person else field.hint or None,
        optional=not field.required,
        element=_element(field),
    )


def _element(field: Field) -> FileInputElement | PlainTextInputElement | UserSelectElement:
    if field.file:
        # Which kinds of files hold sound is for the house to say.
        return FileInputElement(action_id=_FILE, max_files=1)
    return _person(field) if field.person else _text(field)


def _person(field: Field) -> UserSelectElement:
    there = MENTION.fullmatch(field.value)
    return UserSelectElement(action_id=_PERSON, initial_user=there[1] if there else None)


def _text(field: Field) -> PlainTextInputElement:
    return PlainTextInputElement(
        action_id=_TEXT,
        initial_value=field.value[:LONGEST] or None,
        multiline=field.long,
        # What is too long already must fit all the same, or its author could not cut it.
        max_length=min(max(field.max_length, len(field.value)), LONGEST),
    )
