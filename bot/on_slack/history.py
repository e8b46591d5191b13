"""Looks for a message where it should be: what was posted before a crash is posted already."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.on_slack.failures import code_of, failure

log = logging.getLogger(__name__)

EVENT, BULLETIN = "minstrel_job", "minstrel_bulletin"
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
    """A message of ours. `key` is that of the parcel it tells the whole of; `files` are Slack's ids.

    `known`: what each file of a bulletin is, and its id.
    """

    ts: str
    key: str
    files: tuple[str, ...]
    known: Mapping[str, str] = field(default_factory=dict)


def mark(job: int, round_: int, topic: str, key: str = "") -> dict[str, Any]:
    """What a message carries to be found by. `key` only once it tells all of that parcel."""
    return {"event_type": EVENT, "event_payload": {"job": job, "round": round_, "topic": topic, "key": key}}


def bulletin_mark(bulletin: int, files: Mapping[str, str]) -> dict[str, Any]:
    """What a bulletin carries to be found by, with what its `files` are."""
    known = [f"{what}={file}" for what, file in files.items()]
    return {"event_type": BULLETIN, "event_payload": {"bulletin": bulletin, "files": known}}


def bulletin_block(bulletin: int) -> str:
    """The id of a bulletin's first block."""
    return f"b:{bulletin}"


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
        return await self._latest(place, lambda message: _is_of(message, job), since_ms)

    async def of_bulletin(self, place: Place, bulletin: int, since_ms: int) -> Found | None:
        """The same for a bulletin."""
        return await self._latest(place, lambda message: _is_bulletin(message, bulletin), since_ms)

    async def _latest(self, place: Place, is_it: Callable[[Mapping[str, Any]], bool], since_ms: int) -> Found | None:
        oldest = f"{max(since_ms / 1000 - EARLIER_S, 0):.6f}"
        latest: Found | None = None
        async for message in self._messages(place, oldest=oldest, pages=PAGES):
            if is_it(message) and (latest is None or float(message["ts"]) > float(latest.ts)):
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
    if metadata.get("event_type") in (EVENT, BULLETIN):
        return bool(metadata.get("event_payload", {}).get("job") == job)
    elements = [element for block in message.get("blocks") or () for element in block.get("elements") or ()]
    ours = (element for element in elements if str(element.get("action_id", "")).startswith(BUTTON))
    return bool(message.get("bot_id")) and any(element.get("value") == str(job) for element in ours)


def _is_bulletin(message: Mapping[str, Any], bulletin: int) -> bool:
    """The same for a bulletin: by what it carries, or by its first block."""
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") in (EVENT, BULLETIN):
        return bool(metadata.get("event_payload", {}).get("bulletin") == bulletin)
    blocks = message.get("blocks") or ()
    return bool(message.get("bot_id")) and any(block.get("block_id") == bulletin_block(bulletin) for block in blocks)


def _found(message: Mapping[str, Any]) -> Found:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    pictures = [
        ((block.get("accessory") or {}).get("slack_file") or {}).get("id") for block in message.get("blocks", ())
    ]
    files = [file.get("id") for file in message.get("files", ()) if file.get("mode") != "tombstone"]
    named = (str(file).partition("=") for file in payload.get("files") or ())
    return Found(
        ts=message["ts"],
        key=str(payload.get("key") or ""),
        files=tuple(filter(None, (*files, *pictures))),
        # One that somebody deleted has to be brought again.
        known={what: file for what, _, file in named if file in files},
    )
