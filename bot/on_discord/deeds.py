"""Buttons and menus about what is no song. What they do is in their ids and nowhere else, as with those about songs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import discord
from discord import ui

from bot.deeds import Deed
from bot.on_discord.buttons import KEEP, STYLES, Button, Press
from bot.on_discord.words import clipped
from bot.replies import reply

# What Discord takes: rows of a message, buttons in a row (a menu has one to itself), options of a menu, characters.
ROWS, BUTTONS, OPTIONS = 5, 5, 25
LABEL, OPTION, PROMPT = 80, 100, 150

_DEED = r"(?P<name>[a-z_]+):(?P<on>\d{1,18}):(?P<which>\d{1,18})"
_BUTTON = re.compile(rf"d:{_DEED}:(?P<bulletin>\d+)(?P<sure>:sure)?")
_MENU = re.compile(r"menu:(?P<bulletin>\d+):\d+")
_OPTION = re.compile(_DEED)


@dataclass(frozen=True)
class Wish:
    """What somebody wants done. `bulletin` is the message where they said so, 0: a private one. `sure`: they were
    asked first."""

    deed: Deed
    bulletin: int = 0
    sure: bool = False

    @property
    def custom_id(self) -> str:
        """How Discord hands it back."""
        return f"d:{_text(self.deed)}:{self.bulletin}" + (":sure" if self.sure else "")


class DeedButton(ui.DynamicItem[ui.Button[Any]], template=_BUTTON):
    """One button, made to be posted or found again in a message."""

    def __init__(self, wish: Wish, label: str = "", style: discord.ButtonStyle = STYLES["plain"]) -> None:
        super().__init__(ui.Button(label=label, style=style, custom_id=wish.custom_id))
        self.wish = wish

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> DeedButton:
        """The button somebody pressed."""
        del interaction, item
        return cls(Wish(_deed(match), int(match["bulletin"]), match["sure"] is not None))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand it to the reception."""
        await interaction.client.reception.wished(interaction, self.wish)


class Menu(ui.DynamicItem[ui.Select[Any]], template=_MENU):
    """Several of which one is chosen."""

    def __init__(self, select: ui.Select[Any], bulletin: int) -> None:
        super().__init__(select)
        self._bulletin = bulletin

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Menu:
        """The menu somebody chose from."""
        del interaction
        # Only a menu has an id like that.
        return cls(cast("ui.Select[Any]", item), int(match["bulletin"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand what was chosen to the reception."""
        chosen = _OPTION.fullmatch(self.item.values[0]) if self.item.values else None
        wish = None if chosen is None else Wish(_deed(chosen), self._bulletin)
        await interaction.client.reception.wished(interaction, wish)


def hung(
    view: ui.View, locale: str, *, deeds: Sequence[Deed], prompt: str, choices: Sequence[Deed], bulletin: int = 0
) -> int:
    """Add buttons and menus to `view` as far as there is room; returns how many choices were left out."""
    for deed in _once(deeds)[: BUTTONS * ROWS - len(view.children)]:
        wish = Wish(deed, bulletin)
        view.add_item(DeedButton(wish, clipped(_label(deed, locale), LABEL), STYLES[deed.kind.style]))
    room = (ROWS - -(-len(view.children) // BUTTONS)) * OPTIONS
    offered = _once(choices)
    for page, part in enumerate(_parts(offered[:room])):
        options = [
            discord.SelectOption(label=clipped(_label(deed, locale), OPTION), value=_text(deed)) for deed in part
        ]
        select: ui.Select[Any] = ui.Select(
            custom_id=f"menu:{bulletin}:{page}", placeholder=clipped(prompt, PROMPT) or None, options=options
        )
        view.add_item(Menu(select, bulletin))
    return max(len(offered) - room, 0)


def of_question(wish: Wish, locale: str) -> ui.View:
    """The two ways on from the question whether somebody means it."""
    deed = wish.deed
    yes = DeedButton(
        Wish(deed, wish.bulletin, sure=True), clipped(_label(deed, locale), LABEL), STYLES[deed.kind.style]
    )
    return ui.View(timeout=None).add_item(yes).add_item(Button(Press(KEEP, "0"), reply("button_keep", locale)))


def bulletin_of(message: discord.Message) -> int | None:
    """The bulletin that a message of ours is, as its buttons and menus say."""
    shown = (item for row in message.components for item in getattr(row, "children", ()))
    ids = (getattr(item, "custom_id", None) or "" for item in shown)
    found = (_BUTTON.fullmatch(custom_id) or _MENU.fullmatch(custom_id) for custom_id in ids)
    return next((int(match["bulletin"]) for match in found if match is not None), None)


def _once(deeds: Iterable[Deed]) -> list[Deed]:
    """Discord takes no two of the same."""
    return list({_text(deed): deed for deed in deeds}.values())


def _parts(choices: Sequence[Deed]) -> Iterator[Sequence[Deed]]:
    return (choices[start : start + OPTIONS] for start in range(0, len(choices), OPTIONS))


def _label(deed: Deed, locale: str) -> str:
    return deed.label or reply(f"deed_{deed.name}", locale)


def _text(deed: Deed) -> str:
    return f"{deed.name}:{deed.on}:{deed.which}"


def _deed(match: re.Match[str]) -> Deed:
    return Deed(match["name"], int(match["on"]), int(match["which"]))
