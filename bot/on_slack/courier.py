"""Posts the messages of jobs to Slack and keeps them up to date: one message a job, found again after any crash."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Card, card
from bot.on_slack.blocks import Blocks
from bot.on_slack.bulletins import PROGRESS, Bulletins
from bot.on_slack.failures import TROUBLE, code_of, failure, judged, unsettled
from bot.on_slack.history import Found, History, Place, mark
from bot.on_slack.pace import Pace
from bot.on_slack.uploads import MOST_FILES, Uploads
from bot.on_slack.wall import Wall, direct, is_not_there, settled
from bot.replies import reply
from bot.turns import Turns
from workflows.bulletins import Notice
from workflows.deliver import Parcel
from workflows.rules import Rules
from workflows.view import JobView

log = logging.getLogger(__name__)

SURFACE = "slack"
FILE_LIMIT = 10**9
# Slack takes about a message a second in a channel, and about 50 edits a minute in all of a workspace.
CHANNEL_S, PROGRESS_S = 1.0, 2.0


class SlackCourier:
    """Takes parcels and bulletins to Slack and shows progress there; needs only the Web API."""

    surface = SURFACE

    def __init__(
        self,
        client: AsyncWebClient,
        blob: Callable[[str], Path],
        rules: Rules,
        blocks: Blocks,
        *,
        channel_s: float = CHANNEL_S,
        progress_s: float = PROGRESS_S,
    ) -> None:
        self._client, self._capabilities, self._blocks = client, rules.capabilities, blocks
        self._pace, self._progress = Pace(channel_s), Pace(progress_s)
        self._history, self._turns = History(client), Turns()
        self._wall, self.uploads = Wall(client, self._pace), Uploads(client, blob)
        self._bulletins = Bulletins(self._wall, self._history, self.uploads, blocks, rules, self._progress)

    async def deliver(self, parcel: Parcel) -> str | None:
        """Post or edit the message of the job; returns its timestamp, None once it is deleted."""
        job = parcel.job
        with judged(parcel.key, posted=job.post is not None):
            place = await self._place(job)
            if parcel.topic == "accepted":
                return await self._begin(place, parcel)
            async with self._turns.last(job):
                if parcel.topic in ("taken_down", "expired"):
                    await self._delete_files(place, parcel)
                if parcel.topic != "deleted":
                    return await self._end(place, parcel)
                await self._delete(place, parcel)
                return None

    async def put_up(self, notice: Notice) -> str | None:
        """Post, edit or take down a bulletin; returns its timestamp, None once it is down."""
        return await self._bulletins.put_up(notice)

    async def show(self, job: JobView) -> bool:
        """Edit the message of a job that waits or runs; everything else goes first."""
        if job.post is None:
            return True
        place = await self._place(job)
        if not (self._progress.is_free(PROGRESS) and self._pace.is_free(place.channel)):
            return False
        await self._progress.turn(PROGRESS, urgent=False)
        await self._pace.turn(place.channel, urgent=False)
        async with self._turns.progress(job) as may:
            if may:
                shown = self._card(job)
                metadata = mark(job.id, job.round, "progress")
                await self._client.chat_update(
                    channel=place.channel, ts=job.post, metadata=metadata, **self._words(shown)
                )
        return True

    def elsewhere(self, told: JobView | Notice, /) -> str | None:
        """The messages of whoever it is for."""
        return direct(told.owner)

    async def _begin(self, place: Place, parcel: Parcel) -> str:
        if parcel.again and (found := await self._history.of_job(place, parcel.job.id, parcel.since)):
            return found.ts
        return await self._post(place, parcel, replace(self._card(parcel.job), cover=None, files=()), key=parcel.key)

    async def _end(self, place: Place, parcel: Parcel) -> str:
        """The message as it stays. Files are there before it shows them, so it never shows half of them."""
        found = await self._standing(place, parcel) if parcel.again else None
        if found is not None and found.key == parcel.key:
            return found.ts
        ts = found.ts if found else parcel.job.post
        shown = self._card(parcel.job)
        if ts is None:
            # Whole, unless files follow: Slack adds those to a message that is there already.
            bare = replace(shown, cover=None, files=())
            ts = await self._post(place, parcel, bare, key=parcel.key if bare == shown else "")
            if bare == shown:
                return ts
        shown, cover, files = await self._brought(parcel, shown)
        try:
            await self._finish(place, ts, parcel, shown, cover, files)
        except SlackApiError as error:
            if not is_not_there(error):
                raise
            ts = await self._post(place, parcel, replace(shown, cover=None, files=()), key="")
            await self._finish(place, ts, parcel, shown, cover, files)
        self.uploads.forget(parcel.key)
        return ts

    async def _standing(self, place: Place, parcel: Parcel) -> Found | None:
        """The message of the job as an earlier try left it, which may have had to post another one."""
        found = await self._history.of_job(place, parcel.job.id, parcel.since)
        return found or (await self._history.message(place, parcel.job.post) if parcel.job.post else None)

    async def _brought(self, parcel: Parcel, shown: Card) -> tuple[Card, str | None, list[str]]:
        """The card with Slack's ids of its cover and files; where Slack takes none for good, it says so."""
        wanted = (*((shown.cover,) if shown.cover else ()), *shown.files)
        try:
            ids = await self.uploads.bring(parcel.key, [self.uploads.of(file) for file in wanted])
        except (FileNotFoundError, *TROUBLE) as trouble:
            if isinstance(trouble, TROUBLE) and not failure(trouble, posted=True).permanent:
                raise
            log.error("the files of job %s are left out: %s", shown.job, code_of(trouble) or repr(trouble))
            count = sum(file.kind != "lrc" for file in shown.files)
            notices = (*shown.notices, reply("files_lost", count=count))
            return replace(shown, cover=None, files=(), notices=notices), None, []
        return (shown, ids[0], ids[1:]) if shown.cover else (shown, None, ids)

    async def _finish(
        self, place: Place, ts: str, parcel: Parcel, shown: Card, cover: str | None, files: Sequence[str]
    ) -> None:
        if await settled(lambda: self._edit(place, ts, parcel, shown, cover, files)):
            return
        try:
            # A picture that Slack does not take must not keep the song from people.
            await self._edit(place, ts, parcel, shown, None, files)
        except SlackApiError as error:
            if unsettled(error):
                self.uploads.forget(parcel.key)
            raise

    async def _edit(
        self, place: Place, ts: str, parcel: Parcel, shown: Card, cover: str | None, files: Sequence[str]
    ) -> None:
        metadata = mark(shown.job, shown.round, parcel.topic, parcel.key)
        await self._wall.edit(place, ts, self._words(shown, cover), metadata, files=files)

    async def _post(self, place: Place, parcel: Parcel, shown: Card, *, key: str) -> str:
        return await self._wall.post(place, self._words(shown), mark(shown.job, shown.round, parcel.topic, key))

    async def _delete(self, place: Place, parcel: Parcel) -> None:
        """The message and its files are gone for good; those that are gone already are fine."""
        post = parcel.job.post
        if post is None:
            return
        await self._delete_files(place, parcel)
        await self._wall.delete(place, post)

    async def _delete_files(self, place: Place, parcel: Parcel) -> None:
        found = await self._history.message(place, parcel.job.post) if parcel.job.post else None
        await self._wall.delete_files(found.files if found else (), parcel.key)

    async def _place(self, job: JobView) -> Place:
        return await self._wall.place(job.channel, job.message)

    def _card(self, job: JobView) -> Card:
        return card(job, self._capabilities, file_limit=FILE_LIMIT, most_files=MOST_FILES)

    def _words(self, shown: Card, cover: str | None = None) -> dict[str, Any]:
        blocks = [block.to_dict() for block in self._blocks.card(shown, cover)]
        return {"text": self._blocks.notification(shown), "blocks": blocks}
