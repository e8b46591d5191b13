"""Buttons and menus about what is no song: what they do is in their ids, so they work after a restart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    Option,
    PlainTextObject,
    StaticSelectElement,
)

from bot.deeds import Deed
from bot.on_slack.mrkdwn import mrkdwn, plain
from bot.on_slack.parts import NOTICE, STYLES, Room, small
from bot.replies import reply

MENU = "d:menu"
BUTTONS_IN_BLOCK, OPTIONS_IN_MENU, PLACEHOLDER = 25, 100, 150
_ID = re.compile(r"d:([a-z_]+):(\d{1,18}):(\d{1,18})")


def rows(deeds: Sequence[Deed], prompt: str, choices: Sequence[Deed], room: Room, locale: str) -> list[Block]:
    """The buttons, and below them the menu with as many `choices` as there is `room` for."""
    blocks: list[Block] = [
        ActionsBlock(elements=[_button(deed, room, locale) for deed in part])
        for part in _parts(deeds, BUTTONS_IN_BLOCK)
    ]
    shown = list({_id(choice): choice for choice in choices}.values())
    menus = [
        _menu(number, prompt, part, room, locale)
        for number, part in enumerate(_parts(shown[: room.options], OPTIONS_IN_MENU))
    ]
    if menus:
        blocks.append(ActionsBlock(elements=menus))
    if (left := len(shown) - room.options) > 0:
        blocks.append(small(mrkdwn(reply("choices_left_out", locale, count=left)), NOTICE))
    return blocks


def pressed(action: Mapping[str, Any]) -> Deed | None:
    """What somebody pressed or chose, if it is one of these; another version of this program may have meant it."""
    chosen = (action.get("selected_option") or {}).get("value")
    found = _ID.fullmatch(str(chosen or action.get("action_id") or ""))
    return Deed(found[1], int(found[2]), int(found[3])) if found else None


def _parts(deeds: Sequence[Deed], size: int) -> list[Sequence[Deed]]:
    unique = list({_id(deed): deed for deed in deeds}.values())
    return [unique[start : start + size] for start in range(0, len(unique), size)]


def _button(deed: Deed, room: Room, locale: str) -> ButtonElement:
    return ButtonElement(
        text=_label(deed, room.label, locale),
        action_id=_id(deed),
        style=STYLES.get(deed.kind.style),
        confirm=_confirm(deed, locale),
    )


def _menu(number: int, prompt: str, choices: Sequence[Deed], room: Room, locale: str) -> StaticSelectElement:
    return StaticSelectElement(
        action_id=f"{MENU}:{number}",
        placeholder=_cut(prompt, PLACEHOLDER) or None,
        options=[Option(text=_label(choice, room.label, locale), value=_id(choice)) for choice in choices],
        confirm=next((asked for choice in choices if (asked := _confirm(choice, locale))), None),
    )


def _confirm(deed: Deed, locale: str) -> ConfirmObject | None:
    if not deed.kind.confirm:
        return None
    return ConfirmObject(
        title=_label(deed, 100, locale),
        text=PlainTextObject(text=_cut(reply(f"confirm_deed_{deed.name}", locale), 300)),
        confirm=_label(deed, 30, locale),
        deny=reply("button_keep", locale)[:30],
        style=STYLES.get(deed.kind.style),
    )


def _label(deed: Deed, most: int, locale: str) -> str:
    return _cut(deed.label or reply(f"deed_{deed.name}", locale), most)


def _cut(text: str, most: int) -> str:
    shown = plain(text)
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _id(deed: Deed) -> str:
    return f"d:{deed.name}:{deed.on}:{deed.which}"
