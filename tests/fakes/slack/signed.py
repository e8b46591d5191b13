"""Requests by HTTP, signed like Slack signs them, or wrongly where a test wants that."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from tests.fakes.slack.interactions import Interaction


class SignedHttp:
    """Sends to one address of the app. `age_s`: how long ago the request says it was made."""

    def __init__(self, url: str, secret: str, *, age_s: float = 0) -> None:
        self.url = url
        self._secret = secret
        self._age_s = age_s
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, interaction: Interaction, *, retry_num: int = 0, retry_reason: str = "http_timeout") -> None:
        """Returns when the request is under way; the answer settles the interaction."""
        body, content_type = _encoded(interaction)
        headers = {"Content-Type": content_type, **self._signature(body)}
        if retry_num:
            headers |= {"X-Slack-Retry-Num": str(retry_num), "X-Slack-Retry-Reason": retry_reason}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        interaction.send_now()
        task = asyncio.create_task(self._deliver(self._session, interaction, body, headers))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session:
            await self._session.close()
            self._session = None

    def _signature(self, body: str) -> dict[str, str]:
        timestamp = str(int(time.time() - self._age_s))
        digest = hmac.new(self._secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
        return {"X-Slack-Signature": f"v0={digest}", "X-Slack-Request-Timestamp": timestamp}

    async def _deliver(
        self, session: aiohttp.ClientSession, interaction: Interaction, body: str, headers: dict[str, str]
    ) -> None:
        try:
            async with session.post(self.url, data=body.encode(), headers=headers) as response:
                status, answer = response.status, await response.text()
        except aiohttp.ClientError as error:
            interaction.settle(0, None, str(error))
            return
        try:
            payload = json.loads(answer) if answer else {}
        except ValueError:
            payload = {"text": answer}
        interaction.settle(status, payload, answer)


def _encoded(interaction: Interaction) -> tuple[str, str]:
    """Commands are plain forms, events JSON, everything else JSON inside a form."""
    form = "application/x-www-form-urlencoded"
    match interaction.kind:
        case "slash_commands":
            return urlencode(interaction.payload), form
        case "events_api":
            return json.dumps(interaction.payload), "application/json"
        case "interactive":
            return urlencode({"payload": json.dumps(interaction.payload)}), form
