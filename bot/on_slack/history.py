"""Looks for the message of a job where it should be: what was posted before a crash is posted already."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.on_slack.failures import code_of, failure

log = logging.getLogger(__name__)

EVENT = "minstrel_job"
BUTTON = "m:"
# Clocks differ; and a page is what Slack likes to hand out.
EARLIER_S, PAGE, PAGES = 120, 200, 10


@dataclass(frozen=True)
class Place:
    """A channel, and the thread in it if there is one."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True)
class Found:
    """A message of ours. `key` is that of the parcel it tells the whole of; `files` are Slack's ids."""

    ts: str
    key: str
    files: tuple[str, ...]


def mark(job: int, round_: int, topic: str, key: str = "") -> dict[str, Any]:
    """What a message carries to be found by. `key` only once it tells all of that parcel."""
    return {"event_type": EVENT, "event_payload": {"job": job, "round": round_, "topic": topic, "key": key}}


class History:
    """Reads what is posted. What we may not read we can't know: then nothing is found."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client

    async def message(self, place: Place, ts: str) -> Found | None:
        """The message `ts`, if it is still there."""
        async for message in self._messages(place, oldest=ts, latest=ts, pages=1):
            if message.get("ts") == ts:
                return _found(message)
        return None

    async def of_job(self, place: Place, job: int, since_ms: int) -> Found | None:
        """The latest message of `job` from `since_ms` (milliseconds since the epoch) on."""
        oldest = f"{max(since_ms / 1000 - EARLIER_S, 0):.6f}"
        latest: Found | None = None
        async for message in self._messages(place, oldest=oldest, pages=PAGES):
            if _is_of(message, job) and (latest is None or float(message["ts"]) > float(latest.ts)):
                latest = _found(message)
        return latest

    async def _messages(self, place: Place, *, pages: int, **between: str) -> AsyncIterator[Mapping[str, Any]]:
        cursor: str | None = None
        for _ in range(pages):
            try:
                page = await self._page(place, cursor, between)
            except SlackApiError as error:
                if not failure(error, posted=True).permanent:
                    raise
                log.warning("can't look into %s: %s", place.channel, failure(error, posted=True))
                return
            for message in page.get("messages") or ():
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    async def _page(self, place: Place, cursor: str | None, between: dict[str, str]) -> Any:
        asked: dict[str, Any] = {**between, "inclusive": True, "include_all_metadata": True, "limit": PAGE}
        if place.thread is not None:
            return await self._client.conversations_replies(
                channel=place.channel, ts=place.thread, cursor=cursor, **asked
            )
        try:
            return await self._client.conversations_history(channel=place.channel, cursor=cursor, **asked)
        except SlackApiError as error:
            if code_of(error) != "not_in_channel":
                raise
        await self._client.conversations_join(channel=place.channel)
        return await self._client.conversations_history(channel=place.channel, cursor=cursor, **asked)


def _is_of(message: Mapping[str, Any], job: int) -> bool:
    """Whether it is the message of `job`: by what it carries or, where that is not shown to us, by its buttons."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == EVENT:
        return bool(metadata.get("event_payload", {}).get("job") == job)
    elements = [element for block in message.get("blocks") or () for element in block.get("elements") or ()]
    ours = (element for element in elements if str(element.get("action_id", "")).startswith(BUTTON))
    return bool(message.get("bot_id")) and any(element.get("value") == str(job) for element in ours)


def _found(message: Mapping[str, Any]) -> Found:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    pictures = [
        ((block.get("accessory") or {}).get("slack_file") or {}).get("id") for block in message.get("blocks", ())
    ]
    files = [file.get("id") for file in message.get("files", ())]
    return Found(message["ts"], str(payload.get("key") or ""), tuple(filter(None, (*files, *pictures))))
