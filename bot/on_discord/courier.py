"""Posts the message of each job, and bulletins, and keeps them up to date. Needs only HTTP: the gateway may be away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import discord

from bot.card import Card, CardFile, card
from bot.on_discord import places
from bot.on_discord.bulletins import Bulletins
from bot.on_discord.buttons import of_card
from bot.on_discord.failures import is_too_large, judged, may_look, token_revoked
from bot.on_discord.files import FILE_LIMIT, MOST_FILES, Blob, limit_of
from bot.on_discord.post import cover_name, result, status
from bot.on_discord.wall import Wall, nonce
from bot.replies import reply
from bot.turns import Turns
from workflows.bulletins import Notice
from workflows.deliver import DeliveryFailed, Parcel
from workflows.rules import Rules
from workflows.view import JobView

log = logging.getLogger(__name__)

# How long a delivery waits for us to be logged in before it is tried again later.
PATIENCE_S = 5.0
REMEMBERED = 1000


class DiscordCourier:
    """Takes parcels and bulletins to Discord and shows progress there, while `connected` has given it a client."""

    surface = places.SURFACE

    def __init__(self, blob: Blob, rules: Rules) -> None:
        self._blob, self._capabilities = blob, rules.capabilities
        self._bulletins, self._turns = Bulletins(blob, rules), Turns()
        self._client: discord.Client | None = None
        self._logged_in = asyncio.Event()
        self._revoked = False
        # Messages that can't be edited: progress leaves them in peace, for Discord counts what it has to refuse.
        self._stuck: OrderedDict[str, None] = OrderedDict()

    @property
    def is_connected(self) -> bool:
        """Whether anything can be posted now."""
        return self._client is not None

    def connected(self, client: discord.Client) -> None:
        """From now on `client` is logged in."""
        self._client, self._revoked = client, False
        self._logged_in.set()

    def disconnected(self) -> None:
        """Nothing can be posted until we are connected again."""
        self._client = None
        self._logged_in.clear()

    def shut_out(self) -> None:
        """Our token is no longer accepted: what is to be told now can be told to nobody here."""
        self.disconnected()
        self._revoked = True

    async def deliver(self, parcel: Parcel) -> str | None:
        """Post or edit the message of the job; returns its id, None once it is deleted."""
        client, job = await self._connected(), parcel.job
        with judged(), self._authorised():
            wall = await Wall.of(client, job.channel)
            if parcel.topic == "accepted" and not job.deleted:
                return await self._begin(wall, parcel)
            async with self._turns.last(job):
                # What was taken down keeps its message: it says why.
                if not job.vanished:
                    return await self._end(wall, parcel)
                await self._remove(wall, parcel)
                return None

    async def put_up(self, notice: Notice) -> str | None:
        """Post or edit a bulletin, or take it down; returns its id, None once it is down."""
        client = await self._connected()
        with judged(), self._authorised():
            return await self._bulletins.put_up(await Wall.of(client, notice.channel), notice)

    def elsewhere(self, told: JobView | Notice) -> str | None:
        """The owner's own messages, where the channel can't be posted to."""
        return places.direct(told)

    async def show(self, job: JobView) -> bool:
        """Edit the message of a job that waits or runs."""
        client, post = self._client, job.post
        if client is None or post is None or post in self._stuck:
            return True
        async with self._turns.progress(job) as live:
            if not live:
                return True
            with self._authorised():
                wall = await Wall.of(client, job.channel)
                try:
                    there = await wall.edit(post, **_status(self._card(job, FILE_LIMIT)))
                except (discord.Forbidden, discord.NotFound):
                    self._leave_in_peace(post)
                    raise
            if not there:
                self._leave_in_peace(post)
            return True

    async def _begin(self, wall: Wall, parcel: Parcel) -> str:
        """The first message. It has no files, even if the job has ended meanwhile: that is told next."""
        if parcel.again and (found := await wall.find(parcel.job.id, parcel.since)):
            return found
        return await wall.post(_nonce(parcel), **_status(self._card(parcel.job, FILE_LIMIT)))

    async def _end(self, wall: Wall, parcel: Parcel) -> str:
        """How the job ended, with as many of its files as Discord takes."""
        limit = limit_of(wall.client, parcel.job.channel)
        while True:
            shown = self._there(self._card(parcel.job, limit))
            try:
                return await self._tell(wall, parcel, shown)
            except discord.HTTPException as refused:
                sizes = [file.size for file in (*shown.files, *([shown.cover] if shown.cover else []))]
                if not is_too_large(refused) or not sizes:
                    raise
                log.info("%s: Discord does not take a file of %s bytes", parcel.key, max(sizes))
                limit = max(sizes) - 1

    async def _tell(self, wall: Wall, parcel: Parcel, shown: Card) -> str:
        """In the message that told the progress or, where that is gone, in a new one."""
        post = parcel.job.post
        try:
            if post is not None and await self._rewrite(wall, post, shown):
                return post
        except discord.Forbidden as refused:
            # The song goes to its owner; its progress would stand here for ever.
            if post is not None and may_look(refused):
                await wall.delete(post)
            raise
        # Perhaps there is a new one already, and only we don't know.
        found = await wall.find(parcel.job.id, parcel.since)
        if found is not None and await self._rewrite(wall, found, shown):
            return found
        with self._files(shown) as files:
            return await wall.post(_nonce(parcel), **_final(shown), files=files)

    async def _rewrite(self, wall: Wall, post: str, shown: Card) -> bool:
        with self._files(shown) as files:
            return await wall.edit(post, **{"content": None, "embed": None, **_final(shown)}, attachments=files)

    async def _remove(self, wall: Wall, parcel: Parcel) -> None:
        post = parcel.job.post or await wall.find(parcel.job.id, parcel.since)
        if post is not None:
            await wall.delete(post)

    def _there(self, shown: Card) -> Card:
        """What is shown, without files that are lost: the rest is worth having."""
        files = tuple(file for file in shown.files if self._has(file))
        cover = shown.cover if shown.cover is not None and self._has(shown.cover) else None
        lost = len(shown.files) - len(files)
        notices = (*shown.notices, reply("files_lost", count=lost)) if lost else shown.notices
        return replace(shown, files=files, cover=cover, notices=notices)

    def _has(self, file: CardFile) -> bool:
        try:
            self._blob(file.digest)
        except FileNotFoundError:
            log.error("the file %s (%s) is lost", file.name, file.digest)
            return False
        return True

    @contextmanager
    def _files(self, shown: Card) -> Iterator[list[discord.File]]:
        """What goes with the message, open to be read."""
        wanted = [(file.digest, file.name) for file in shown.files]
        if shown.cover is not None:
            wanted.append((shown.cover.digest, cover_name(shown.cover)))
        with ExitStack() as stack:
            files = []
            for digest, name in wanted:
                files.append(discord.File(self._blob(digest), name))
                stack.callback(files[-1].close)
            yield files

    def _card(self, job: JobView, limit: int) -> Card:
        return card(job, self._capabilities, file_limit=limit, most_files=MOST_FILES)

    def _leave_in_peace(self, post: str) -> None:
        self._stuck[post] = None
        while len(self._stuck) > REMEMBERED:
            self._stuck.popitem(last=False)

    @contextmanager
    def _authorised(self) -> Iterator[None]:
        """A token that is no longer accepted is used no longer: each request with it counts towards a ban."""
        try:
            yield
        except discord.HTTPException as refused:
            if refused.status == 401:
                log.error("Discord no longer accepts our token")
                self.shut_out()
            raise

    async def _connected(self) -> discord.Client:
        if self._revoked:
            raise token_revoked("it was refused before")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._logged_in.wait(), PATIENCE_S)
        if self._client is None:
            raise DeliveryFailed("not logged in to Discord", permanent=False)
        return self._client


def _status(shown: Card) -> dict[str, Any]:
    return {"content": status(shown), "view": of_card(shown, "en")}


def _final(shown: Card) -> dict[str, Any]:
    if shown.state == "done":
        return {"embed": result(shown), "view": of_card(shown, "en")}
    return _status(shown)


def _nonce(parcel: Parcel) -> str:
    """The same at every try of this parcel, and another once it goes elsewhere."""
    return nonce(parcel.key, parcel.since)
