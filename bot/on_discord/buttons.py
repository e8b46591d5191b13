"""Buttons: what they do is in their custom_id and nowhere else, so they work after a restart and in a year."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.actions import Action
from bot.answers import Answer
from bot.card import Card
from bot.replies import reply

# Bring back what was refused; leave things as they are.
DRAFT, KEEP = "draft", "keep"

STYLES = {
    "plain": discord.ButtonStyle.secondary,
    "main": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}
_TEMPLATE = re.compile(r"m:(?P<does>[a-z_]+):(?P<on>[\w-]+)(?P<sure>:sure)?")


@dataclass(frozen=True)
class Press:
    """What a button does, and on what: a job's number, or the id of a draft. `sure`: they were asked first."""

    does: str
    on: str
    sure: bool = False

    @property
    def custom_id(self) -> str:
        """How Discord hands it back."""
        return f"m:{self.does}:{self.on}" + (":sure" if self.sure else "")

    @property
    def job(self) -> int | None:
        """The job it acts on."""
        return int(self.on) if self.does not in (DRAFT, KEEP) and self.on.isdecimal() else None


class Button(ui.DynamicItem[ui.Button[Any]], template=_TEMPLATE):
    """One of our buttons, made to be posted or found again in a message."""

    def __init__(self, press: Press, label: str = "", style: discord.ButtonStyle = STYLES["plain"]) -> None:
        super().__init__(ui.Button(label=label, style=style, custom_id=press.custom_id))
        self.press = press

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Button:
        """The button somebody pressed."""
        del interaction, item
        return cls(_pressed(match))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand it to the reception."""
        await interaction.client.reception.pressed(interaction, self.press)


def press_of(custom_id: str) -> Press | None:
    """What a button of that custom_id does, if it is one of ours."""
    match = _TEMPLATE.fullmatch(custom_id)
    return None if match is None else _pressed(match)


def job_of(message: discord.Message) -> int | None:
    """The job that a message of ours is about, as its buttons say."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    presses = (press_of(part.custom_id or "") for row in rows for part in row.children)
    return next((press.job for press in presses if press is not None and press.job is not None), None)


def of_card(card: Card, locale: str) -> ui.View | None:
    """The buttons below the message of a job."""
    view = _view(_action(action, card.job, locale) for action in card.buttons)
    return view if view.children else None


def of_answer(answer: Answer, locale: str) -> ui.View:
    """The buttons of a private answer; those that act on one job of several say on which."""
    shown = [_action(action, job, locale, f" #{job}") for action, job in answer.buttons]
    if answer.draft is not None:
        shown.append(Button(Press(DRAFT, answer.draft), reply("button_change", locale), STYLES["main"]))
    return _view(shown)


def of_question(action: Action, job: int, locale: str) -> ui.View:
    """The two ways on from the question whether somebody means it."""
    keep = Button(Press(KEEP, str(job)), reply("button_keep", locale), STYLES["plain"])
    return ui.View(timeout=None).add_item(_action(action, job, locale, sure=True)).add_item(keep)


def _action(action: Action, job: int, locale: str, which: str = "", *, sure: bool = False) -> Button:
    label = reply(f"button_{action.name}", locale) + which
    return Button(Press(action.name, str(job), sure), label, STYLES[action.style])


def _view(buttons: Iterable[Button]) -> ui.View:
    view = ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def _pressed(match: re.Match[str]) -> Press:
    return Press(match["does"], match["on"], match["sure"] is not None)
