"""Posts the messages of jobs to Slack and keeps them up to date: one message a job, found again after any crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.card import Card, card
from bot.on_slack.blocks import Blocks
from bot.on_slack.failures import TROUBLE, code_of, failure, unsettled
from bot.on_slack.history import Found, History, Place, mark
from bot.on_slack.pace import Pace
from bot.on_slack.uploads import Uploads
from bot.replies import reply
from bot.turns import Turns
from engine.spec import Capabilities
from workflows.deliver import DeliveryFailed, Parcel
from workflows.view import JobView

log = logging.getLogger(__name__)

SURFACE = "slack"
FILE_LIMIT, MOST_FILES = 10**9, 10
# Slack takes about a message a second in a channel, and about 50 edits a minute in all of a workspace.
CHANNEL_S, PROGRESS_S = 1.0, 2.0
# How long a file that was just uploaded may take until it can be shown.
SETTLING_S = (0.5, 1.0, 2.0, 4.0)
_NOT_THERE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_DIRECT = "dm:"


class SlackCourier:
    """Takes parcels to Slack and shows progress there; needs only the Web API."""

    surface = SURFACE

    def __init__(
        self,
        client: AsyncWebClient,
        blob: Callable[[str], Path],
        capabilities: Capabilities,
        blocks: Blocks,
        *,
        channel_s: float = CHANNEL_S,
        progress_s: float = PROGRESS_S,
    ) -> None:
        self._client, self._capabilities, self._blocks = client, capabilities, blocks
        self._uploads, self._history, self._turns = Uploads(client, blob), History(client), Turns()
        self._pace, self._progress = Pace(channel_s), Pace(progress_s)
        self._direct: dict[str, str] = {}

    async def deliver(self, parcel: Parcel) -> str | None:
        """Post or edit the message of the job; returns its timestamp, None once it is deleted."""
        job = parcel.job
        try:
            place = await self._place(job)
            if parcel.topic == "accepted":
                return await self._begin(place, parcel)
            async with self._turns.last(job):
                if parcel.topic == "taken_down":
                    await self._delete_files(place, parcel)
                if parcel.topic != "deleted":
                    return await self._end(place, parcel)
                await self._delete(place, parcel)
                return None
        except TROUBLE as trouble:
            failed = failure(trouble, posted=job.post is not None)
            if failed.permanent:
                log.error("%s can't be posted to Slack: %s", parcel.key, failed)
            raise failed from trouble

    async def show(self, job: JobView) -> bool:
        """Edit the message of a job that waits or runs; everything else goes first."""
        if job.post is None:
            return True
        place = await self._place(job)
        if not (self._progress.is_free(SURFACE) and self._pace.is_free(place.channel)):
            return False
        await self._progress.turn(SURFACE, urgent=False)
        await self._pace.turn(place.channel, urgent=False)
        async with self._turns.progress(job) as may:
            if may:
                shown = self._card(job)
                metadata = mark(job.id, job.round, "progress")
                await self._client.chat_update(
                    channel=place.channel, ts=job.post, metadata=metadata, **self._words(shown)
                )
        return True

    def elsewhere(self, job: JobView) -> str | None:
        """The owner's own messages."""
        user = (job.owner or "").rpartition(":")[2]
        return f"{_DIRECT}{user}" if user else None

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
            if code_of(error) not in _NOT_THERE:
                raise
            ts = await self._post(place, parcel, replace(shown, cover=None, files=()), key="")
            await self._finish(place, ts, parcel, shown, cover, files)
        self._uploads.forget(parcel.key)
        return ts

    async def _standing(self, place: Place, parcel: Parcel) -> Found | None:
        """The message of the job as an earlier try left it, which may have had to post another one."""
        found = await self._history.of_job(place, parcel.job.id, parcel.since)
        return found or (await self._history.message(place, parcel.job.post) if parcel.job.post else None)

    async def _brought(self, parcel: Parcel, shown: Card) -> tuple[Card, str | None, list[str]]:
        """The card with Slack's ids of its cover and files; where Slack takes none for good, it says so."""
        wanted = (*((shown.cover,) if shown.cover else ()), *shown.files)
        try:
            ids = await self._uploads.bring(parcel.key, wanted)
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
        for wait_s in SETTLING_S:
            try:
                return await self._edit(place, ts, parcel, shown, cover, files)
            except SlackApiError as error:
                if not unsettled(error):
                    raise
            await asyncio.sleep(wait_s)
        try:
            # A picture that Slack does not take must not keep the song from people.
            return await self._edit(place, ts, parcel, shown, None, files)
        except SlackApiError as error:
            if unsettled(error):
                self._uploads.forget(parcel.key)
            raise

    async def _edit(
        self, place: Place, ts: str, parcel: Parcel, shown: Card, cover: str | None, files: Sequence[str]
    ) -> None:
        await self._pace.turn(place.channel, urgent=True)
        await self._client.chat_update(
            channel=place.channel,
            ts=ts,
            file_ids=list(files) or None,
            metadata=mark(shown.job, shown.round, parcel.topic, parcel.key),
            **self._words(shown, cover),
        )

    async def _post(self, place: Place, parcel: Parcel, shown: Card, *, key: str) -> str:
        """A new message: in a thread that is gone, in its channel; in a public channel we are not in, having joined."""
        message: dict[str, Any] = {
            "channel": place.channel,
            "thread_ts": place.thread,
            "metadata": mark(shown.job, shown.round, parcel.topic, key),
            "unfurl_links": False,
            "unfurl_media": False,
            **self._words(shown),
        }
        for _ in range(3):
            await self._pace.turn(place.channel, urgent=True)
            try:
                return str((await self._client.chat_postMessage(**message))["ts"])
            except SlackApiError as error:
                if code_of(error) == "thread_not_found" and message["thread_ts"]:
                    message["thread_ts"] = None
                elif code_of(error) == "not_in_channel":
                    await self._join(place, error)
                else:
                    raise
        raise DeliveryFailed("not_in_channel", permanent=True, why="no_permission")

    async def _join(self, place: Place, refused: SlackApiError) -> None:
        try:
            await self._client.conversations_join(channel=place.channel)
        except SlackApiError as error:
            if not failure(error, posted=False).permanent:
                raise
            log.warning("can't join %s: %s", place.channel, failure(error, posted=False))
            raise refused from error

    async def _delete(self, place: Place, parcel: Parcel) -> None:
        """The message and its files are gone for good; those that are gone already are fine."""
        post = parcel.job.post
        if post is None:
            return
        await self._delete_files(place, parcel)
        try:
            await self._client.chat_delete(channel=place.channel, ts=post)
        except SlackApiError as error:
            if code_of(error) != "message_not_found":
                raise

    async def _delete_files(self, place: Place, parcel: Parcel) -> None:
        found = await self._history.message(place, parcel.job.post) if parcel.job.post else None
        for file in found.files if found else ():
            try:
                await self._client.files_delete(file=file)
            except SlackApiError as error:
                if not failure(error, posted=True).permanent:
                    raise
                log.info("%s: file %s stays as it is: %s", parcel.key, file, code_of(error))

    async def _place(self, job: JobView) -> Place:
        """Where the message of `job` is. `job.channel` is "team/channel", or "dm:user" where we wrote instead."""
        if not job.channel.startswith(_DIRECT):
            return Place(job.channel.rpartition("/")[2], job.message)
        user = job.channel.removeprefix(_DIRECT)
        if user not in self._direct:
            opened = await self._client.conversations_open(users=user)
            self._direct[user] = opened["channel"]["id"]
        return Place(self._direct[user])

    def _card(self, job: JobView) -> Card:
        return card(job, self._capabilities, file_limit=FILE_LIMIT, most_files=MOST_FILES)

    def _words(self, shown: Card, cover: str | None = None) -> dict[str, Any]:
        blocks = [block.to_dict() for block in self._blocks.card(shown, cover)]
        return {"text": self._blocks.notification(shown), "blocks": blocks}
