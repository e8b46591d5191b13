"""Bulletins on Discord: each is one message, posted once, edited in place, and found again after a crash."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot import placards
from bot.on_discord import deeds
from bot.on_discord.failures import is_too_large, may_look
from bot.on_discord.files import Blob, limit_of, opened
from bot.on_discord.post import COLOUR, DESCRIPTION, owner_line
from bot.on_discord.wall import Wall, nonce
from bot.on_discord.words import clipped, plain, said
from bot.placard import Placard
from bot.replies import reply
from workflows.bulletins import Notice
from workflows.rules import Rules

log = logging.getLogger(__name__)

TITLE, LINE, SMALL = 256, 1200, 300
# Kept free for what could not be brought along.
SPARE = 2 * SMALL
REMEMBERED = 1000


@dataclass(frozen=True)
class _Hung:
    """The files that a message has: `sign` says which, `notices` what there was no room for."""

    sign: int
    notices: tuple[str, ...]


class Bulletins:
    """Puts placards up on walls. Remembers which files hang where, so that an edit does not bring them again."""

    def __init__(self, blob: Blob, rules: Rules) -> None:
        self._blob, self._rules = blob, rules
        self._hung: OrderedDict[str, _Hung] = OrderedDict()

    async def put_up(self, wall: Wall, notice: Notice) -> str | None:
        """Post it, edit it, or take it down; returns its id, None once it is down."""
        if notice.withdrawn:
            post = notice.post or (await wall.find_bulletin(notice.id, notice.since, None) if notice.again else None)
            if post is not None:
                await wall.delete(post)
            return None
        shown = placards.draw(notice, self._rules)
        limit = limit_of(wall.client, notice.channel)
        while True:
            try:
                return await self._show(wall, notice, shown, limit)
            except discord.HTTPException as refused:
                if not is_too_large(refused) or not (shown.files or shown.bundle or shown.sheet) or limit < 1:
                    raise
                log.info("%s: Discord does not take files of up to %s bytes", notice.key, limit)
                limit //= 2

    async def _show(self, wall: Wall, notice: Notice, shown: Placard, limit: int) -> str:
        """In the message that is there or, where there is none, in a new one."""
        post = notice.post
        try:
            if post is not None and await self._rewrite(wall, post, shown, limit):
                return post
        except discord.Forbidden as refused:
            # It goes to its owner; what it said here would stand here for ever.
            if post is not None and notice.owner is not None and may_look(refused):
                await wall.delete(post)
            raise
        if post is not None and not (notice.owner is not None and shown.ended):
            # Somebody took it down, and that is theirs to do; only how it ended is owed to whom it is for.
            return post
        if post is not None or notice.again:
            words = None if shown.deeds or shown.choices else embed(shown)
            found = await wall.find_bulletin(notice.id, notice.since, words)
            if found is not None and await self._rewrite(wall, found, shown, limit):
                return found
        async with opened(self._blob, limit, "en", **_along(shown)) as carried:
            new = await wall.post(_nonce(notice), **_parts(shown, carried.notices), files=list(carried.files))
        self._remember(new, _Hung(_sign(shown, limit), carried.notices))
        return new

    async def _rewrite(self, wall: Wall, post: str, shown: Placard, limit: int) -> bool:
        there, sign = self._hung.get(post), _sign(shown, limit)
        if there is not None and there.sign == sign:
            return await wall.edit(post, content=None, **_parts(shown, there.notices))
        async with opened(self._blob, limit, "en", **_along(shown)) as carried:
            done = await wall.edit(
                post, content=None, **_parts(shown, carried.notices), attachments=list(carried.files)
            )
        self._remember(post, _Hung(sign, carried.notices))
        return done

    def _remember(self, post: str, hung: _Hung) -> None:
        self._hung[post] = hung
        self._hung.move_to_end(post)
        while len(self._hung) > REMEMBERED:
            self._hung.popitem(last=False)


def embed(shown: Placard, notices: tuple[str, ...] = (), locale: str = "en") -> discord.Embed:
    """The card of a bulletin. Lines that there is no room for are counted; `notices` stand at its end."""
    small = [*([owner_line(shown.owner, locale)] if shown.owner else []), *(said(line) for line in shown.small)]
    first, last = clipped(said(shown.line), LINE), [clipped(line, SMALL) for line in small]
    room = DESCRIPTION - SPARE - len("\n".join([first, *last]))
    lines: list[str] = []
    for line in (clipped(said(line), LINE) for line in shown.lines):
        if len(line) + 1 > room:
            lines.append(said(reply("more_of_them", locale, count=len(shown.lines) - len(lines))))
            break
        lines.append(line)
        room -= len(line) + 1
    told = [clipped(said(line), SMALL) for line in notices]
    description = "\n".join(filter(None, [first, *lines, *last, *told]))
    return discord.Embed(title=clipped(plain(shown.title), TITLE), description=description[:DESCRIPTION], colour=COLOUR)


def _parts(shown: Placard, notices: tuple[str, ...], locale: str = "en") -> dict[str, Any]:
    view = ui.View(timeout=None)
    left = deeds.hung(
        view, locale, deeds=shown.deeds, prompt=shown.prompt, choices=shown.choices, bulletin=shown.bulletin
    )
    if left:
        notices = (reply("choices_left_out", locale, count=left), *notices)
    return {"embed": embed(shown, notices, locale), "view": view if view.children else None}


def _along(shown: Placard) -> dict[str, Any]:
    return {"files": shown.files, "texts": (shown.sheet,) if shown.sheet else (), "bundle": shown.bundle}


def _sign(shown: Placard, limit: int) -> int:
    return hash((limit, shown.files, shown.sheet, shown.bundle))


def _nonce(notice: Notice) -> str:
    """The same at every try to post it, and another once it goes elsewhere or takes the place of one that is gone."""
    return nonce("bulletin", notice.key, notice.since, notice.post)
