"""Files that people put into the workspace. Our token opens them, and goes to Slack's own place for files alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.on_slack.asking import Asking
from bot.on_slack.failures import code_of
from workflows.batches import files
from workflows.batches.reading import MOST_BYTES
from workflows.incoming import Incoming
from workflows.limits import Fetching
from workflows.refusal import Refusal

FILES = "https://files.slack.com"
MB, PIECE = 1_000_000, 1 << 16
_PRIVATE = re.compile(r"/files-pri/\w+-(F\w+)(?:/|$)")
# What people copy from a message; the page there is none of ours to open, but it names the file.
_PAGE = re.compile(r"/files/\w+/(F\w+)(?:/|$)")
_GONE = frozenset({"file_not_found", "file_deleted", "not_visible"})
_CLOSED = frozenset({"missing_scope", "no_permission", "not_allowed_token_type"})


class SharedFiles:
    """Takes files of one workspace in. A Slack elsewhere has its files where its API is."""

    def __init__(self, client: AsyncWebClient, incoming: Incoming | None, limits: Fetching) -> None:
        self._client, self._incoming, self._limits = client, incoming, limits
        real = client.base_url == AsyncWebClient.BASE_URL
        self._place = FILES if real else "{0.scheme}://{0.netloc}".format(urlsplit(client.base_url))

    async def bring(self, asking: Asking, field: str, link: str) -> str:
        """One of our own links to the file that `link` names; `link` itself where that is no file of Slack's.

        Raises `Refusal` that names `field`: also for a file that whoever asks can't see, though we may.
        """
        number = self._number(link)
        if number is None or self._incoming is None:
            return link
        file = await self._described(number, field)
        if not _may_see(asking, file):
            raise Refusal("slack_file_unseen", field=field)
        name = str(file.get("name") or "")
        is_text = field in files.LINKS
        most = MOST_BYTES if is_text else self._limits.most_mb * MB
        code = "rows_too_big" if is_text else "link_too_big"
        too_big = Refusal(code, field=field, value=name or None, most=most / MB)

        async def get(room: Path) -> Path:
            there = room / "fetched"
            await self._download(file, there, field, name, most, too_big)
            return there

        if is_text:
            return await files.received(self._incoming, get, name, asking.who, field=field)
        return (await self._incoming.receive(get, PurePosixPath(name).stem, asking.who, field=field)).link

    def _number(self, link: str) -> str | None:
        """Slack's own number of the file behind `link`."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return None
        if self._is_here(link):
            found = _PRIVATE.match(parts.path) or _PAGE.match(parts.path)
        else:
            ours = parts.scheme == "https" and parts.netloc.casefold().endswith(".slack.com")
            found = _PAGE.match(parts.path) if ours else None
        return found[1] if found else None

    def _is_here(self, link: str) -> bool:
        """Whether `link` leads to the place for files, to the letter: nothing else is shown our token."""
        parts = urlsplit(link)
        return f"{parts.scheme}://{parts.netloc}".casefold() == self._place

    async def _described(self, number: str, field: str) -> Mapping[str, Any]:
        try:
            return dict((await self._client.files_info(file=number)).get("file") or {})
        except SlackApiError as error:
            code = code_of(error)
            known = "slack_file_unseen" if code in _GONE else "slack_file_closed" if code in _CLOSED else None
            raise Refusal(known or "link_unreachable", field=field) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Refusal("link_unreachable", field=field) from error

    async def _download(
        self, file: Mapping[str, Any], to: Path, field: str, name: str, most: float, too_big: Refusal
    ) -> None:
        link = str(file.get("url_private_download") or file.get("url_private") or "")
        session, limits = self._client.session, self._limits
        if session is None or not self._is_here(link):
            raise Refusal("slack_file_unseen", field=field)
        if int(file.get("size") or 0) > most:
            raise too_big
        timeout = aiohttp.ClientTimeout(limits.most_s, sock_connect=limits.silent_s, sock_read=limits.silent_s)
        headers = {"Authorization": f"Bearer {self._client.token}"}
        try:
            # A redirect would take the token along.
            async with session.get(
                link, headers=headers, allow_redirects=False, timeout=timeout, proxy=self._client.proxy
            ) as answer:
                # Whom Slack does not let read files it shows a page to sign in on.
                if answer.status != 200 or answer.content_type == "text/html":
                    raise Refusal("slack_file_closed", field=field)
                size = 0
                with to.open("wb") as kept:
                    async for piece in answer.content.iter_chunked(PIECE):
                        size += len(piece)
                        if size > most:
                            raise too_big
                        kept.write(piece)
        except TimeoutError as late:
            raise Refusal("link_too_slow", field=field, value=name or None, most_s=limits.most_s) from late
        except aiohttp.ClientError as failed:
            raise Refusal("link_unreachable", field=field, value=name or None) from failed


def _may_see(asking: Asking, file: Mapping[str, Any]) -> bool:
    """Whether it is theirs, was shown where they ask, or is there for every member: we may see more than that."""
    if file.get("user") == asking.user:
        return True
    shown = {channel for kind in ("channels", "groups", "ims") for channel in file.get(kind) or ()}
    shown |= {channel for among in (file.get("shares") or {}).values() for channel in among}
    return asking.channel in shown or bool(file.get("is_public") and asking.who.roles)
