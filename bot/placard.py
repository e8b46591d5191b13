"""What a bulletin says at any moment, for every chat alike; a chat only renders it in its own format.

Texts are plain, apart from backticks and moments (`bot.moments`): whoever renders them escapes what its chat would take
for formatting.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.card import CardFile
from bot.deeds import Deed


@dataclass(frozen=True)
class Bundle:
    """Files that are handed over together, as one ZIP or as many as the chat's limit asks for.

    `name` without its extension; `files` are (name inside, digest of the blob, bytes); `texts` are (name, text) of
    small files that always go with the first.
    """

    name: str
    files: tuple[tuple[str, str, int], ...]
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Placard:
    """`line` says how things stand; `lines` stand below it, one thing each, `small` in small print.

    `deeds` are its buttons, `choices` (deed, label, in words) a menu of more than buttons are good for: one of them is
    chosen. `files` are shown with it, `bundle` is handed over with it, `sheet` is a text file (name, text) beside it.
    `owner` is what the surface calls whom it is for. `ended`: this is how it stays.
    """

    bulletin: int
    title: str
    line: str
    lines: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    prompt: str = ""
    choices: tuple[Deed, ...] = ()
    files: tuple[CardFile, ...] = ()
    bundle: Bundle | None = None
    sheet: tuple[str, str] | None = None
    owner: str | None = None
    ended: bool = False
