"""The bulletins in words: one module for each thing they are about, loaded when there is something to tell of it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from bot.replies import reply

if TYPE_CHECKING:
    from bot.placard import Placard
    from workflows.bulletins import Notice
    from workflows.rules import Rules


def draw(notice: Notice, rules: Rules, locale: str = "en") -> Placard:
    """What `notice` says now; where it could not go to its channel, why not."""
    drawn: Placard = import_module(f"{__name__}.{notice.kind}").placard(notice, rules, locale)
    return drawn if notice.moved is None else replace(drawn, small=(reply(notice.moved, locale), *drawn.small))
