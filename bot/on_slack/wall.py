"""The channels where our messages hang: put up, changed and taken down, no faster than Slack takes them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.on_slack.failures import code_of, failure, unsettled
from bot.on_slack.history import Place
from bot.on_slack.pace import Pace
from workflows.deliver import DeliveryFailed

log = logging.getLogger(__name__)

# How long a file that was just uploaded may take until it can be shown.
SETTLING_S = (0.5, 1.0, 2.0, 4.0)
_NOT_THERE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_DIRECT = "dm:"

Words = Mapping[str, Any]


class Wall:
    """Every channel of a workspace; `pace` says whose turn it is in each."""

    def __init__(self, client: AsyncWebClient, pace: Pace) -> None:
        self._client, self._pace = client, pace
        self._opened: dict[str, str] = {}

    async def place(self, channel: str, thread: str | None) -> Place:
        """Where a message is. `channel` is "team/channel", or "dm:user" where we wrote instead."""
        if not channel.startswith(_DIRECT):
            return Place(channel.rpartition("/")[2], thread)
        return Place(await self.conversation(channel.removeprefix(_DIRECT)))

    async def conversation(self, user: str) -> str:
        """The channel in which only this person and we are."""
        if user not in self._opened:
            opened = await self._client.conversations_open(users=user)
            self._opened[user] = opened["channel"]["id"]
        return self._opened[user]

    async def post(self, place: Place, words: Words, metadata: Mapping[str, Any]) -> str:
        """A new message: in a thread that is gone, in its channel; in a public channel we are not in, having joined."""
        message: dict[str, Any] = {
            "channel": place.channel,
            "thread_ts": place.thread,
            "metadata": metadata,
            "unfurl_links": False,
            "unfurl_media": False,
            **words,
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

    async def edit(
        self,
        place: Place,
        ts: str,
        words: Words,
        metadata: Mapping[str, Any],
        *,
        files: Sequence[str] = (),
        urgent: bool = True,
    ) -> None:
        """The message `ts` says something else from now on. Without `files` it keeps those that it has."""
        await self._pace.turn(place.channel, urgent=urgent)
        await self._client.chat_update(
            channel=place.channel, ts=ts, file_ids=list(files) or None, metadata=dict(metadata), **words
        )

    async def delete(self, place: Place, ts: str) -> None:
        """Take a message down, if it is there."""
        try:
            await self._client.chat_delete(channel=place.channel, ts=ts)
        except SlackApiError as error:
            if code_of(error) != "message_not_found":
                raise

    async def delete_files(self, files: Iterable[str], key: str) -> None:
        """Files of ours are gone for good, which were there for what is called `key`; those that are gone are fine."""
        for file in files:
            try:
                await self._client.files_delete(file=file)
            except SlackApiError as error:
                if not failure(error, posted=True).permanent:
                    raise
                log.info("%s: file %s stays as it is: %s", key, file, code_of(error))

    async def _join(self, place: Place, refused: SlackApiError) -> None:
        try:
            await self._client.conversations_join(channel=place.channel)
        except SlackApiError as error:
            if not failure(error, posted=False).permanent:
                raise
            log.warning("can't join %s: %s", place.channel, failure(error, posted=False))
            raise refused from error


def direct(external_id: str | None) -> str | None:
    """The channel in which only this person, as they are called here, and we are."""
    user = (external_id or "").rpartition(":")[2]
    return f"{_DIRECT}{user}" if user else None


def is_not_there(error: SlackApiError) -> bool:
    """Whether a message could not be changed because it is gone, or may be changed no more."""
    return code_of(error) in _NOT_THERE


async def settled(edit: Callable[[], Awaitable[None]]) -> bool:
    """Do `edit` once Slack has looked at the files in it; False where that takes too long."""
    for wait_s in SETTLING_S:
        try:
            await edit()
        except SlackApiError as error:
            if not unsettled(error):
                raise
        else:
            return True
        await asyncio.sleep(wait_s)
    return False
